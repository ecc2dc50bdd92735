//! The paper's Figures 2 to 5 as numbers.

use serde::{Deserialize, Serialize};

use super::Mode;

const NUMBERS: &str = include_str!("../../paper-figures/curves.csv");

/// Which of the two sections through the grid a figure shows.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantNames,
    strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Slice {
    /// Over the width h at N = 5: the curves are to fall as h grows.
    Width,
    /// Over the depth N at h = 16: the curves are to rise as N grows.
    Depth,
}

impl Slice {
    /// Both.
    pub const ALL: [Slice; 2] = [Slice::Width, Slice::Depth];

    /// The name used in tables: `width` or `depth`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The paper's claim of C.
    pub fn claim(self) -> &'static str {
        match self {
            Slice::Width => "falls with h",
            Slice::Depth => "rises with N",
        }
    }

    /// Whether a network of this shape stands in it.
    pub fn has(self, hidden: usize, inner_layers: usize) -> bool {
        match self {
            Slice::Width => inner_layers == 5,
            Slice::Depth => hidden == 16,
        }
    }

    /// What varies along it: h or N.
    pub fn along(self, hidden: usize, inner_layers: usize) -> usize {
        match self {
            Slice::Width => hidden,
            Slice::Depth => inner_layers,
        }
    }
}

/// One curve of the paper's figures: one network, whose seed is not known.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperCurve {
    /// Direct classification of pixels, or of extracted features.
    pub mode: Mode,
    /// Name of the data set in the catalog.
    pub dataset: String,
    /// Which figure.
    pub slice: Slice,
    /// Hidden width h.
    pub hidden: usize,
    /// N, which the figures call L.
    pub inner_layers: usize,
    /// C with curve ≈ C / (k+1), the smoothing undone; none for the one curve that the figure does not show.
    pub constant: Option<f64>,
    /// Some k, and the curve there: mean over 100 orders of `|L_{k+1} - L_k|`, smoothed with 0.99.
    pub points: Vec<(usize, f64)>,
}

/// The 80 curves of Figures 2 to 5.
///
/// Recovered from the vector graphics of the authors' repository; what the columns are is told in
/// `data/README.md`.
///
/// ```
/// let curves = hessia_paper::experiment::paper_curves();
/// assert_eq!(curves.len(), 80);
/// assert_eq!(curves.iter().filter(|curve| curve.constant.is_none()).count(), 1);
/// ```
pub fn paper_curves() -> Vec<PaperCurve> {
    let mut lines = NUMBERS.lines();
    let names = lines.next().unwrap_or_default().split(',').skip(6);
    let places: Vec<usize> = names.filter_map(|name| name.strip_prefix('k')?.parse().ok()).collect();
    lines.filter_map(|line| read(line, &places)).collect()
}

fn read(line: &str, places: &[usize]) -> Option<PaperCurve> {
    let mut fields = line.split(',');
    let mode = fields.next()?.parse().ok()?;
    let dataset = fields.next()?.to_string();
    let slice = fields.next()?;
    let slice = Slice::ALL.into_iter().find(|known| known.name() == slice)?;
    let (hidden, inner_layers) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let constant = fields.next()?.parse().ok();
    let points = places.iter().zip(fields).filter_map(|(&k, value)| Some((k, value.parse().ok()?)));
    Some(PaperCurve { mode, dataset, slice, hidden, inner_layers, constant, points: points.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_every_curve_follows_its_constant() {
        let curves = paper_curves();
        assert_eq!(curves.len(), NUMBERS.lines().count() - 1);
        for curve in &curves {
            let Some(constant) = curve.constant else {
                assert!(curve.points.is_empty());
                continue;
            };
            assert_eq!(curve.points.len(), 11);
            let (k, value) = curve.points[10];
            // The mean of 100 orders and the smoothing over some 100 places leave a few per cent.
            let ratio = value * (k + 1) as f64 / constant;
            assert!((ratio - 1.0).abs() < 0.05, "{curve:?}");
        }
    }

    #[test]
    fn a_network_in_both_figures_is_the_same_network() {
        let curves = paper_curves();
        let both = curves.iter().filter(|curve| curve.hidden == 16 && curve.inner_layers == 5);
        let constants: Vec<f64> = both.filter_map(|curve| curve.constant).collect();
        assert_eq!(constants.len(), 16);
        for dataset in 0..8 {
            let same = |a: f64, b: f64| (a / b - 1.0).abs() < 0.005;
            let first = constants[2 * dataset];
            assert!(constants.iter().filter(|&&other| same(first, other)).count() >= 2);
        }
    }
}
