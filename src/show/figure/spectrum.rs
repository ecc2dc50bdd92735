//! Eigenvalues in ascending order on a symmetric-logarithmic axis, and how they are spread.

use plotly::common::{HoverInfo, Marker, Mode};
use plotly::{Bar, Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::style::{self, rounded};
use super::symlog::SymLog;
use crate::format::short;
use crate::{Error, Result};

/// Draws a [`spectrum_table`](crate::show::table::spectrum_table): eigenvalue over index, symmetric-logarithmic.
///
/// Values within `zero` of zero are drawn as zero, on the linear stretch in the middle of the axis;
/// `Spectrum::tolerance` is the natural choice. Negative, zero and positive ones have their own colours and counts.
///
/// # Errors
/// A table without `index` or `eigenvalue`, or a `zero` that is negative or not finite.
///
/// ```
/// use hessia::{eigvalsh, figure::spectrum_figure, table::spectrum_table};
/// let spectrum = eigvalsh(&ndarray::array![[1.0, 2.0], [2.0, 1.0]])?;
/// let plot = spectrum_figure(&spectrum_table(&spectrum)?, spectrum.tolerance)?;
/// assert!(plot.to_json().contains("positive (1)"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn spectrum_figure(table: &DataFrame, zero: f64) -> Result<Plot> {
    if !(zero >= 0.0 && zero.is_finite()) {
        return Err(Error::argument("zero", "a finite number of at least 0", zero));
    }
    let index = super::numbers(table, "index")?;
    let eigenvalue = super::numbers(table, "eigenvalue")?;
    let low = eigenvalue.iter().copied().fold(0.0, f64::min);
    let high = eigenvalue.iter().copied().fold(0.0, f64::max);
    let largest = high.max(-low);
    // A zero matrix has tolerance 0, and an axis needs a scale.
    let linear = if zero > 0.0 {
        zero
    } else if largest > 0.0 {
        largest * 1e-16
    } else {
        1.0
    };
    let axis = SymLog::new(linear);

    type Keep = fn(f64, f64) -> bool;
    let kinds: [(&str, &str, Keep); 3] = [
        ("negative", style::VERMILLION, |v, zero| v < -zero),
        ("zero", style::GREY, |v, zero| v.abs() <= zero),
        ("positive", style::BLUE, |v, zero| v > zero),
    ];
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (name, colour, keep) in kinds {
        let (mut x, mut y, mut text) = (Vec::new(), Vec::new(), Vec::new());
        for (&i, &value) in index.iter().zip(&eigenvalue).filter(|(_, v)| keep(**v, zero)) {
            x.push(i);
            y.push(rounded(axis.place(value)));
            text.push(format!("λ<sub>{i}</sub> = {}", short(value)));
        }
        if !x.is_empty() {
            let trace = Scatter::new(x, y)
                .name(format!("{name} ({})", text.len()))
                .mode(Mode::Markers)
                .marker(Marker::new().color(colour).size(5))
                .hover_text_array(text)
                .hover_info(HoverInfo::Text);
            traces.push(trace);
        }
    }
    let (places, labels) = axis.ticks(low, high);
    let y = style::axis("eigenvalue λ<sub>i</sub>").tick_values(places).tick_text(labels);
    let title = format!("{} eigenvalues, linear within ±{linear:.1e}", eigenvalue.len());
    Ok(style::plot(&title, style::axis("index i, ascending"), y, traces))
}

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
