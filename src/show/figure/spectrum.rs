//! Eigenvalues in ascending order on a symmetric-logarithmic axis, and how they are spread.

use plotly::common::{HoverInfo, Marker, Mode};
use plotly::{Bar, Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::style::{self, rounded};
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

/// A symmetric-logarithmic axis, which plotly does not have: values are placed, ticks are labelled. Linear within
/// `linear` of zero, logarithmic beyond; one unit of length a decade.
#[derive(Debug, Clone, Copy)]
struct SymLog {
    linear: f64,
}

impl SymLog {
    /// `linear` must be positive.
    fn new(linear: f64) -> Self {
        SymLog { linear }
    }

    /// `v / linear` where `|v| <= linear`, else `sign(v) (1 + log10(|v| / linear))`.
    fn place(self, value: f64) -> f64 {
        let size = value.abs() / self.linear;
        if size <= 1.0 { value / self.linear } else { value.signum() * (1.0 + size.log10()) }
    }

    /// Places and labels of zero and of powers of ten between the smallest and the largest value.
    fn ticks(self, low: f64, high: f64) -> (Vec<f64>, Vec<String>) {
        let first = self.linear.log10().ceil() as i32;
        let top = low.abs().max(high.abs()).max(self.linear).log10();
        let last = (top - 1e-9).ceil() as i32;
        // At most about seven labels on a side.
        let step = ((last - first) / 6 + 1).max(1);
        let powers: Vec<i32> = (0..).map(|k| last - k * step).take_while(|&k| k >= first).collect();
        let mut places = vec![0.0];
        let mut labels = vec!["0".to_string()];
        for power in powers {
            let value = 10_f64.powi(power);
            for (sign, shown) in [("−", low < -self.linear), ("", high > self.linear)] {
                let signed = if sign.is_empty() { value } else { -value };
                let within = signed >= 10.0 * low && signed <= 10.0 * high;
                if shown && within {
                    places.push(self.place(signed));
                    labels.push(format!("{sign}10<sup>{power}</sup>"));
                }
            }
        }
        (places, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::SymLog;

    #[test]
    fn places_are_odd_increasing_and_continuous() {
        let axis = SymLog::new(1e-6);
        assert_eq!(axis.place(0.0), 0.0);
        assert_eq!(axis.place(1e-6), 1.0);
        assert!((axis.place(1e-3) - 4.0).abs() < 1e-12);
        assert_eq!(axis.place(-1e-3), -axis.place(1e-3));
        let below = axis.place(1e-6 * (1.0 - 1e-9));
        let above = axis.place(1e-6 * (1.0 + 1e-9));
        assert!(below < 1.0 && 1.0 < above && above - below < 1e-8);
    }

    #[test]
    fn ticks_stand_where_their_labels_say() {
        let axis = SymLog::new(1e-4);
        let (places, labels) = axis.ticks(-0.02, 30.0);
        let power = |label: &str| axis.place(10_f64.powi(label.parse().unwrap()));
        assert_eq!((places[0], labels[0].as_str()), (0.0, "0"));
        assert!(labels.len() > 4);
        for (place, label) in places.iter().zip(&labels).skip(1) {
            let digits =
                label.trim_start_matches('−').trim_start_matches("10<sup>").trim_end_matches("</sup>");
            let expected = if label.starts_with('−') { -power(digits) } else { power(digits) };
            assert!((place - expected).abs() < 1e-12, "{label} at {place}");
        }
        assert!(
            labels.iter().any(|l| l.starts_with('−')) && !labels.contains(&"−10<sup>1</sup>".to_string())
        );
    }

    #[test]
    fn one_sided_values_get_one_sided_ticks() {
        let (places, _) = SymLog::new(1e-12).ticks(0.0, 5.0);
        assert!(places.iter().all(|&p| p >= 0.0));
        assert!(places.len() <= 9);
    }
}
