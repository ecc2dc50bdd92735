//! Bounds against what they bound.

use plotly::common::{DashType, Line, Marker, Mode};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use hessia::figure::label::label;
use hessia::figure::style;
use hessia::{Error, Result};

/// Draws columns of bounds over the column that they bound, both axes logarithmic, with the line `bound = measured`.
///
/// A point above the line is a bound that holds, by a factor that the distance shows; below, it fails. Rows where
/// either is zero have no place on the axes and are left out.
///
/// # Errors
/// No bounds, or a column that the table does not have.
///
/// ```
/// use hessia_paper::figure::bounds_figure;
/// use polars::df;
/// let table = df!["norm" => [1.0, 2.0], "stated" => [0.5, 30.0], "corrected" => [1.5, 2.5]]?;
/// let plot = bounds_figure(&table, "norm", &["stated", "corrected"])?;
/// assert!(plot.to_json().contains("corrected"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn bounds_figure(table: &DataFrame, measured: &str, bounds: &[&str]) -> Result<Plot> {
    if bounds.is_empty() {
        return Err(Error::argument("bounds", "at least one column", "none"));
    }
    let x = hessia::figure::numbers(table, measured)?;
    let positive = |v: &f64| *v > 0.0 && v.is_finite();
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    let widen = |(low, high): (f64, f64), v: &f64| (low.min(*v), high.max(*v));
    let mut ends = (f64::INFINITY, 0.0_f64);
    let mut heights = ends;
    for (k, name) in bounds.iter().enumerate() {
        let y = hessia::figure::numbers(table, name)?;
        let kept: (Vec<f64>, Vec<f64>) =
            x.iter().zip(&y).filter(|(x, y)| positive(x) && positive(y)).map(|(&x, &y)| (x, y)).unzip();
        ends = kept.0.iter().fold(ends, widen);
        heights = kept.1.iter().fold(heights, widen);
        let colour = style::COLOURS[k % style::COLOURS.len()];
        let trace = Scatter::new(kept.0, kept.1)
            .name(label(name))
            .mode(Mode::Markers)
            .marker(Marker::new().color(colour).size(6).opacity(0.7));
        traces.push(trace);
    }
    if ends.0 <= ends.1 {
        let line = Scatter::new(vec![ends.0, ends.1], vec![ends.0, ends.1])
            .name("bound = measured")
            .mode(Mode::Lines)
            .line(Line::new().color(style::BLACK).dash(DashType::Dash).width(1.5));
        traces.push(line);
    }
    let x = style::log_axis(&format!("measured: {}", label(measured)));
    // Over many decades, plotly's own ticks between the powers of ten run into them.
    let y = style::log_axis("bound");
    let y = if heights.1 > 100.0 * heights.0 { y.dtick(1.0) } else { y };
    Ok(style::plot("Bounds against measured norms", x, y, traces))
}
