//! Any columns over any other.

use plotly::common::{DashType, Line, Mode};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::style;
use crate::{Error, Result};

/// Draws columns of positive numbers over another one, in its order, both axes logarithmic.
///
/// `label` names the vertical axis. Lines are solid, dashed and dotted in turn, so that equal ones both show. What
/// is not positive has no place on the axes and is left out.
///
/// # Errors
/// No columns, or one that the table does not have.
///
/// ```
/// use hessia::figure::columns_figure;
/// use polars::df;
/// let table = df!["size" => [0.1, 1.0], "norm" => [1.5, 1.5], "bound" => [0.06, 6.0]]?;
/// let plot = columns_figure(&table, "size", &["norm", "bound"], "norm of one object")?;
/// assert!(plot.to_json().contains("norm of one object"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn columns_figure(table: &DataFrame, x: &str, columns: &[&str], label: &str) -> Result<Plot> {
    if columns.is_empty() {
        return Err(Error::argument("columns", "at least one column", "none"));
    }
    const DASHES: [DashType; 3] = [DashType::Solid, DashType::Dash, DashType::Dot];
    let places = super::numbers(table, x)?;
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (k, name) in columns.iter().enumerate() {
        let heights = super::numbers(table, name)?;
        let kept: (Vec<f64>, Vec<f64>) = places
            .iter()
            .zip(&heights)
            .filter(|(x, y)| **x > 0.0 && **y > 0.0 && y.is_finite())
            .map(|(&x, &y)| (x, y))
            .unzip();
        let line = Line::new()
            .color(style::COLOURS[k % style::COLOURS.len()])
            .dash(DASHES[k % DASHES.len()].clone())
            .width(2.5);
        traces.push(Scatter::new(kept.0, kept.1).name(*name).mode(Mode::Lines).line(line));
    }
    Ok(style::plot(&format!("{label} over {x}"), style::log_axis(x), style::log_axis(label), traces))
}
