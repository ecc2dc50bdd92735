//! The course of a training.

use plotly::common::{Line, Mode};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::style;
use crate::{Error, Result};

/// Draws columns of losses over the column `epoch`, the losses on a logarithmic axis.
///
/// # Errors
/// No losses, or a column that the table does not have.
///
/// ```
/// use hessia::figure::training_figure;
/// use polars::df;
/// let table = df!["epoch" => [1_i64, 2, 3], "loss" => [2.3, 0.9, 0.5]]?;
/// assert!(training_figure(&table, &["loss"])?.to_json().contains("epoch"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn training_figure(table: &DataFrame, losses: &[&str]) -> Result<Plot> {
    if losses.is_empty() {
        return Err(Error::argument("losses", "at least one column", "none"));
    }
    let epoch = super::numbers(table, "epoch")?;
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (k, name) in losses.iter().enumerate() {
        let colour = style::COLOURS[k % style::COLOURS.len()];
        let trace = Scatter::new(epoch.clone(), super::numbers(table, name)?)
            .name(*name)
            .show_legend(losses.len() > 1)
            .mode(Mode::LinesMarkers)
            .line(Line::new().color(colour).width(2.0));
        traces.push(trace);
    }
    let y = style::log_axis("loss L(θ)");
    Ok(style::plot("Training", style::axis("epoch"), y, traces))
}
