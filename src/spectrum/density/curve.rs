//! Curves, shares and distances of a density.

use std::f64::consts::PI;

use super::Density;
use crate::spectrum::estimate::student_quantile;
use crate::{Error, Result};

/// A smoothed density with its band over the probes.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DensityCurve {
    /// Where; in the form by decades, `log10 |lambda|`.
    pub value: Vec<f64>,
    /// Share of the eigenvalues for each unit of the axis.
    pub density: Vec<f64>,
    /// Lower end of the 95 % interval of the mean over probes (Student's), zero at least.
    pub low: Vec<f64>,
    /// Upper end; infinite with one probe.
    pub high: Vec<f64>,
    /// Standard deviation of the normal curve in place of each eigenvalue.
    pub width: f64,
}

/// A density by decades, for each sign.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LogDensity {
    /// Positive eigenvalues above the floor, over `log10 lambda`.
    pub positive: DensityCurve,
    /// Negative eigenvalues below minus the floor, over `log10 -lambda`.
    pub negative: DensityCurve,
    /// Share of the eigenvalues with `|lambda| <= floor`, with the ends of its 95 % interval.
    pub near_zero: (f64, f64, f64),
    /// The floor.
    pub floor: f64,
}

impl Density {
    /// The density at `points` even places, each eigenvalue spread to a normal curve of standard deviation `width`.
    ///
    /// The ends are four widths beyond the outermost nodes. Without a width, a hundredth of their distance.
    ///
    /// # Errors
    /// Fewer than two points, or a width that is not positive.
    pub fn curve(&self, points: usize, width: Option<f64>) -> Result<DensityCurve> {
        let all = || self.nodes.iter().flatten().chain(&self.outliers).copied();
        let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        let scale = least.abs().max(most.abs());
        // All eigenvalues equal: a curve needs some width.
        let width = width.unwrap_or((most - least).max(1e-3 * scale).max(f64::MIN_POSITIVE) / 100.0);
        self.spread(points, width, (least - 4.0 * width, most + 4.0 * width), Some)
    }

    /// The density by decades: for each sign over `log10 |lambda|`, with `width` in decades, and the share below `floor`.
    ///
    /// # Errors
    /// A floor or width that is not positive, or fewer than two points.
    pub fn log_curve(&self, points: usize, width: f64, floor: f64) -> Result<LogDensity> {
        if !(floor > 0.0 && floor.is_finite()) {
            return Err(Error::argument("floor", "a finite number above 0", floor));
        }
        let all = self.nodes.iter().flatten().chain(&self.outliers);
        let most = all.fold(floor, |most: f64, v| most.max(v.abs())).log10();
        let ends = (floor.log10(), most + 4.0 * width);
        let side =
            |sign: f64| self.spread(points, width, ends, |v| (sign * v > floor).then(|| (sign * v).log10()));
        Ok(LogDensity {
            positive: side(1.0)?,
            negative: side(-1.0)?,
            near_zero: self.interval(|v| f64::from(u8::from(v.abs() <= floor)), 0.0),
            floor,
        })
    }

    fn spread(
        &self,
        points: usize,
        width: f64,
        ends: (f64, f64),
        place: impl Fn(f64) -> Option<f64>,
    ) -> Result<DensityCurve> {
        if points < 2 || !(width > 0.0 && width.is_finite()) {
            let found = format!("{points} points, width {width}");
            return Err(Error::argument("curve", "two points or more and a width above 0", found));
        }
        let step = (ends.1 - ends.0) / (points - 1) as f64;
        let mut curve =
            DensityCurve { value: Vec::new(), density: Vec::new(), low: Vec::new(), high: Vec::new(), width };
        for k in 0..points {
            let x = ends.0 + step * k as f64;
            let bell = |v: f64| {
                place(v).map_or(0.0, |v| {
                    let t = (x - v) / width;
                    (-0.5 * t * t).exp() / (width * (2.0 * PI).sqrt())
                })
            };
            let (mean, low, high) = self.interval(bell, 0.0);
            curve.value.push(x);
            curve.density.push(mean);
            curve.low.push(low);
            curve.high.push(high);
        }
        Ok(curve)
    }

    /// Share of the eigenvalues that are at most `x`, with the ends of its 95 % interval.
    pub fn below(&self, x: f64) -> (f64, f64, f64) {
        let (mean, low, high) = self.interval(|v| f64::from(u8::from(v <= x)), 0.0);
        (mean, low, high.min(1.0))
    }

    /// The mean of `f` over the eigenvalues, `1/n Σ_k f(lambda_k)`, with the ends of its 95 % interval.
    pub fn mean_of(&self, f: impl Fn(f64) -> f64) -> (f64, f64, f64) {
        self.interval(f, f64::NEG_INFINITY)
    }

    fn interval(&self, f: impl Fn(f64) -> f64, least: f64) -> (f64, f64, f64) {
        let known: f64 = self.outliers.iter().map(|&v| f(v) / self.order as f64).sum();
        let each: Vec<f64> = self
            .nodes
            .iter()
            .zip(&self.weights)
            .map(|(nodes, weights)| nodes.iter().zip(weights).map(|(&v, w)| w * f(v)).sum())
            .collect();
        if each.is_empty() {
            return (known, known, known);
        }
        let count = each.len() as f64;
        let mean = each.iter().sum::<f64>() / count;
        let half = if each.len() == 1 {
            f64::INFINITY
        } else {
            let spread = each.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
            student_quantile(each.len() - 1) * (spread / count).sqrt()
        };
        (known + mean, (known + mean - half).max(least), known + mean + half)
    }

    /// The measure averaged over probes: nodes ascending with their weights, which sum to one.
    pub fn measure(&self) -> Vec<(f64, f64)> {
        let count = self.nodes.len().max(1) as f64;
        let nodes =
            self.nodes.iter().flatten().zip(self.weights.iter().flatten()).map(|(&v, w)| (v, w / count));
        let mut all: Vec<_> =
            nodes.chain(self.outliers.iter().map(|&v| (v, 1.0 / self.order as f64))).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    }

    /// Wasserstein distance to a spectrum at hand: the area between the two cumulated shares.
    pub fn wasserstein(&self, spectrum: &[f64]) -> f64 {
        wasserstein(&self.measure(), &even(spectrum))
    }

    /// Kolmogorov distance to a spectrum at hand: the largest gap between the two cumulated shares.
    ///
    /// Places closer than `tolerance` count as one, so that zeros with rounding are zeros.
    pub fn kolmogorov(&self, spectrum: &[f64], tolerance: f64) -> f64 {
        kolmogorov(&self.measure(), &even(spectrum), tolerance)
    }
}

/// Each eigenvalue with the same share.
fn even(spectrum: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted = spectrum.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.iter().map(|&v| (v, 1.0 / spectrum.len() as f64)).collect()
}

/// Wasserstein distance of two measures, pairs (place, share) by ascending place: `∫ |F(x) - G(x)| dx`.
///
/// ```
/// use hessia::spectrum::wasserstein;
/// assert_eq!(wasserstein(&[(0.0, 0.5), (1.0, 0.5)], &[(0.0, 0.5), (3.0, 0.5)]), 1.0);
/// ```
pub fn wasserstein(a: &[(f64, f64)], b: &[(f64, f64)]) -> f64 {
    let mut steps: Vec<(f64, f64)> = a.iter().copied().chain(b.iter().map(|&(v, w)| (v, -w))).collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut area, mut gap) = (0.0, 0.0_f64);
    for pair in steps.windows(2) {
        gap += pair[0].1;
        area += gap.abs() * (pair[1].0 - pair[0].0);
    }
    area
}

/// Kolmogorov distance of two measures: `max |F(x) - G(x)|`, where either may move by `tolerance` along the axis.
///
/// ```
/// use hessia::spectrum::kolmogorov;
/// let (a, b) = ([(0.0, 0.5), (1.0, 0.5)], [(1e-9, 0.5), (2.0, 0.5)]);
/// assert_eq!(kolmogorov(&a, &b, 1e-6), 0.5);
/// ```
pub fn kolmogorov(a: &[(f64, f64)], b: &[(f64, f64)], tolerance: f64) -> f64 {
    let one_way = |a: &[(f64, f64)], b: &[(f64, f64)]| {
        // F(x) - G(x + tolerance) is largest where F has just risen.
        let (mut worst, mut f, mut g, mut k) = (0.0_f64, 0.0, 0.0, 0);
        for (at, &(x, share)) in a.iter().enumerate() {
            f += share;
            if a.get(at + 1).is_some_and(|next| next.0 == x) {
                continue;
            }
            while k < b.len() && b[k].0 <= x + tolerance {
                g += b[k].1;
                k += 1;
            }
            worst = worst.max(f - g);
        }
        worst
    };
    one_way(a, b).max(one_way(b, a))
}
