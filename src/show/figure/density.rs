//! How eigenvalues are spread.

use plotly::common::Marker;
use plotly::{Bar, Plot, Trace};
use polars::prelude::DataFrame;

use super::style;
use crate::Result;

/// Draws a [`density_table`](crate::show::table::density_table): density of eigenvalues, on a logarithmic axis.
///
/// Spectra of networks pile up at zero by many orders of magnitude, so that a linear axis would show one bar.
/// Empty intervals leave gaps.
///
/// # Errors
/// A table without `from`, `to` or `density`.
///
/// ```
/// use hessia::{figure::density_figure, table::density_table};
/// let table = density_table(&ndarray::array![0.0, 0.1, 0.9, 1.0], 2)?;
/// assert!(density_figure(&table)?.to_json().contains("density"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn density_figure(table: &DataFrame) -> Result<Plot> {
    let from = super::numbers(table, "from")?;
    let to = super::numbers(table, "to")?;
    let density = super::numbers(table, "density")?;
    let places = from.iter().zip(&to).map(|(from, to)| (from + to) / 2.0).collect();
    let heights = density.iter().map(|&d| (d > 0.0).then_some(d)).collect();
    let width = from.first().zip(to.first()).map_or(1.0, |(from, to)| to - from);
    let bars: Box<dyn Trace> =
        Bar::new(places, heights).width(width).marker(Marker::new().color(style::BLUE)).show_legend(false);
    let y = style::log_axis("density ρ(λ)");
    Ok(style::plot("Spectral density", style::axis("eigenvalue λ"), y, vec![bars]))
}
