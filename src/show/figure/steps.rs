//! The error of finite differences against their step.

use plotly::common::{Line, Marker, Mode};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::style;
use crate::Result;

/// Draws errors against steps on logarithmic axes, each column besides `step` as a line of its own.
///
/// Errors that are zero are left out.
///
/// # Errors
/// A table without `step`, or with columns that hold no numbers.
///
/// ```
/// use hessia::figure::step_figure;
/// let table = polars::df!["step" => [1e-4, 1e-3], "largest error" => [1e-9, 1e-7]]?;
/// assert!(step_figure(&table)?.to_json().contains("largest error"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn step_figure(table: &DataFrame) -> Result<Plot> {
    let steps = super::numbers(table, "step")?;
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    let series = table.get_column_names().into_iter().filter(|name| name.as_str() != "step");
    for (name, colour) in series.zip(style::COLOURS.into_iter().cycle()) {
        let errors: Vec<Option<f64>> =
            super::numbers(table, name)?.into_iter().map(|e| (e > 0.0).then_some(e)).collect();
        let line = Scatter::new(steps.clone(), errors)
            .mode(Mode::LinesMarkers)
            .name(name.as_str())
            .line(Line::new().color(colour))
            .marker(Marker::new().color(colour).size(6));
        traces.push(line);
    }
    let (x, y) = (style::log_axis("step h"), style::log_axis("error"));
    Ok(style::plot("Finite differences against their step", x, y, traces))
}
