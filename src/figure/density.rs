//! How eigenvalues are spread.

use plotly::common::{Fill, Line, LineShape, Mode};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::style;
use crate::Result;

/// Draws a [`density_table`](crate::table::density_table): density of eigenvalues, on a logarithmic axis.
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
    let mut x = Vec::new();
    let mut y = Vec::new();
    for ((&from, &to), &density) in from.iter().zip(&to).zip(&density) {
        let shown = (density > 0.0).then_some(density);
        x.extend([from, to]);
        y.extend([shown, shown]);
    }
    let steps: Box<dyn Trace> = Scatter::new(x, y)
        .mode(Mode::Lines)
        .line(Line::new().color(style::BLUE).width(2.0).shape(LineShape::Linear))
        .fill(Fill::ToZeroY);
    let y = style::log_axis("density ρ(λ)");
    Ok(style::plot("Spectral density", style::axis("eigenvalue λ"), y, vec![steps]))
}
