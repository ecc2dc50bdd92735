//! The density of all eigenvalues of an operator, by stochastic Lanczos quadrature.

mod curve;

use std::time::Instant;

use ndarray::Array2;

use super::estimate::Estimate;
use super::extreme::ExtremePairs;
use super::probes::{lanczos_from, normal_probes, take_out};
use crate::operator::LinearOperator;
use crate::progress::Progress;
use crate::{Error, Result};

pub use curve::{DensityCurve, LogDensity, kolmogorov, wasserstein};

/// Bases held at once may take this many bytes: more probes go one group after another.
const BASES: usize = 1 << 30;

/// How a density is estimated.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DensitySettings {
    /// Random vectors: the error falls with the root of their number and of the order.
    pub probes: usize,
    /// Lanczos steps from each: the resolution along the axis.
    pub steps: usize,
    /// Seed of the vectors.
    pub seed: u64,
}

impl Default for DensitySettings {
    fn default() -> Self {
        DensitySettings { probes: 10, steps: 80, seed: 0 }
    }
}

/// A density of eigenvalues: a quadrature for each probe, and eigenvalues known by themselves.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Density {
    /// Order of the operator.
    pub order: usize,
    /// How it was estimated.
    pub settings: DensitySettings,
    /// Eigenvalues that were found apart and taken out; each has the share 1 / order.
    pub outliers: Vec<f64>,
    /// For each probe the nodes, ascending.
    pub nodes: Vec<Vec<f64>>,
    /// For each probe the weights of its nodes, which sum to the share of what was not taken out.
    pub weights: Vec<Vec<f64>>,
    /// The trace, from the first step of each probe.
    pub trace: Estimate,
    /// The square of the Frobenius norm, from the first step of each probe.
    pub squares: Estimate,
    /// Products with single vectors.
    pub products: usize,
    /// Time spent, in seconds.
    pub seconds: f64,
}

/// The density of the eigenvalues of a symmetric operator of order n.
///
/// For a normal random vector v, `sum_k (u_k·v)² / |v|² δ(x - lambda_k)` is the density on average, and Lanczos from v
/// gives the Gauss quadrature of it: nodes are the eigenvalues of the tridiagonal matrix, weights the squares of the
/// first components of its eigenvectors. Full reorthogonalisation. `outliers` are taken out of the space before, and
/// put back with their exact shares. The spread over probes is the error; see [`Density::curve`].
///
/// Memory for `probes · steps` vectors, in groups of at most 1 GiB, at least one probe's.
///
/// # Errors
/// No probe or no step, outliers of another order, a product that is not finite, an interrupt.
///
/// Source: G. Golub, J. Welsch, "Calculation of Gauss quadrature rules", 1969; L. Lin, Y. Saad, C. Yang,
/// "Approximating spectral densities of large matrices", 2016.
///
/// ```
/// use hessia::spectrum::{DensitySettings, spectral_density};
/// use ndarray::{Array1, Array2};
/// let values = Array1::linspace(0.0, 1.0, 300);
/// let settings = DensitySettings { probes: 8, steps: 30, seed: 1 };
/// let density = spectral_density(&Array2::from_diag(&values), None, &settings)?;
/// assert!(density.wasserstein(&values.to_vec()) < 0.03);
/// let (share, low, high) = density.below(0.5);
/// assert!(low <= share && share <= high && (share - 0.5).abs() < 0.1);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn spectral_density(
    operator: &impl LinearOperator,
    outliers: Option<&ExtremePairs>,
    settings: &DensitySettings,
) -> Result<Density> {
    let start = Instant::now();
    let order = operator.order();
    let (probes, steps) = (settings.probes, settings.steps);
    if probes == 0 || steps == 0 || order == 0 {
        let found = format!("{probes} probes of {steps} steps at order {order}");
        return Err(Error::argument("density", "at least one probe, step and row", found));
    }
    let none = Array2::zeros((order, 0));
    let outside = outliers.map_or(&none, |pairs| &pairs.vectors);
    if outside.nrows() != order {
        return Err(Error::shape("outliers", &[order, outside.ncols()], outside.shape()));
    }
    let values = outliers.map_or(Vec::new(), |pairs| pairs.values.clone());
    let rest = order - values.len();
    let mut density = Density {
        order,
        settings: *settings,
        nodes: Vec::new(),
        weights: Vec::new(),
        trace: Estimate::exact(values.iter().sum(), 0),
        squares: Estimate::exact(values.iter().map(|v| v * v).sum(), 0),
        outliers: values,
        products: 0,
        seconds: 0.0,
    };
    if rest > 0 {
        let progress = Progress::new("Density", probes as u64, "probes");
        let group = (BASES / (size_of::<f64>() * order * steps.min(rest))).clamp(1, probes);
        let (mut traces, mut squares) = (Vec::new(), Vec::new());
        for first in (0..probes).step_by(group) {
            let numbers = first..probes.min(first + group);
            let mut starts = normal_probes(order, numbers.clone(), settings.seed);
            take_out(outside, &mut starts);
            for run in lanczos_from(operator, starts, steps, outside)? {
                let (nodes, vectors) = run.eigen()?;
                let share = rest as f64 / order as f64;
                density.nodes.push(nodes.to_vec());
                density.weights.push(vectors.row(0).iter().map(|v| share * v * v).collect());
                traces.push(rest as f64 * run.diagonal[0]);
                squares.push(rest as f64 * (run.diagonal[0].powi(2) + run.beside[0].powi(2)));
                density.products += run.diagonal.len();
            }
            progress.advance(numbers.len() as u64)?;
        }
        density.trace = Estimate::mean(&traces, probes).plus(density.trace.value);
        density.squares = Estimate::mean(&squares, probes).plus(density.squares.value);
    }
    density.seconds = start.elapsed().as_secs_f64();
    Ok(density)
}
