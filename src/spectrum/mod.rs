//! Eigenvalues of symmetric matrices, and what they say.

mod dense;
mod density;
mod estimate;
mod extreme;
mod function;
mod lanczos;
mod landscape;
mod network;
mod operator;
mod probes;
mod solve;
mod structure;
mod trace;

pub use dense::{eigh, eigh_range, eigvalsh};
pub use density::{
    Density, DensityCurve, DensitySettings, LogDensity, kolmogorov, spectral_density, wasserstein,
};
pub use estimate::Estimate;
pub use extreme::{Completeness, ExtremePairs, ExtremeSettings, ExtremeSolver, Which, extreme_pairs};
pub use function::{FunctionProduct, function_product};
pub use lanczos::eigh_largest;
pub use landscape::{Line, LossPlane, layer_normalised_direction, loss_line, loss_plane, quadratic_radius};
pub use network::{Route, network_spectrum};
pub use operator::{Outermost, outermost};
pub use solve::{Solution, SolveSettings, conjugate_gradients, minres};
pub use structure::{
    LayerShares, LinearRanks, PowerTail, RankReport, estimated_layer_shares, jensen_shannon, layer_shares,
    linear_ranks, power_tail, rank_report, subspace_overlap, vector_overlap,
};
pub use trace::{DiagonalEstimate, frobenius_squares, hutch_plus_plus, hutchinson, xdiag, xtrace};

use std::ops::Range;

use ndarray::{Array1, Array2};

use crate::linalg::largest_magnitude;

/// From this order on a few eigenvalues are found by Lanczos' method ([`eigh_largest`]) instead of all of them.
pub const LANCZOS_ORDER: usize = 1000;

/// Eigenvalues of a symmetric matrix, with eigenvectors and their checks where they were asked for.
#[derive(Debug, Clone)]
pub struct Spectrum {
    /// Eigenvalues, ascending.
    pub eigenvalues: Array1<f64>,
    /// Eigenvectors as columns, in the order of the eigenvalues but for the [`implied_zeros`](Self::implied_zeros).
    pub eigenvectors: Option<Array2<f64>>,
    /// `||H v - lambda v||_2` of every pair.
    pub residuals: Option<Array1<f64>>,
    /// Largest entry of `|Vᵀ V - I|`.
    pub orthogonality: Option<f64>,
    /// Order of the matrix; more than the number of eigenvalues where only a range was asked for.
    pub order: usize,
    /// Index in ascending order of the first eigenvalue held.
    pub first: usize,
    /// Stretch of `eigenvalues` that is known to be zero without having been computed; empty for a plain matrix.
    pub implied_zeros: Range<usize>,
    /// What rounding alone can make of an eigenvalue that is zero: `order * eps * ||H||_F`, and a bound of
    /// `||H - Hᵀ||_F` where the matrix given is symmetric to rounding only.
    pub tolerance: f64,
}

/// Counts of eigenvalues by sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Inertia {
    /// Below minus the tolerance.
    pub negative: usize,
    /// Within the tolerance of zero.
    pub zero: usize,
    /// Above the tolerance.
    pub positive: usize,
}

impl Spectrum {
    /// Counts of negative, zero and positive eigenvalues among those held, zero meaning `|lambda| <= tolerance`.
    ///
    /// ```
    /// use hessia::{Inertia, eigvalsh};
    /// let spectrum = eigvalsh(&ndarray::array![[1.0, 2.0], [2.0, 1.0]])?;
    /// assert_eq!(spectrum.inertia(), Inertia { negative: 1, zero: 0, positive: 1 });
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn inertia(&self) -> Inertia {
        let count = |keep: &dyn Fn(f64) -> bool| self.eigenvalues.iter().filter(|&&v| keep(v)).count();
        Inertia {
            negative: count(&|v| v < -self.tolerance),
            zero: count(&|v| v.abs() <= self.tolerance),
            positive: count(&|v| v > self.tolerance),
        }
    }

    /// Number of eigenvalues held that are not zero within the tolerance.
    pub fn rank(&self) -> usize {
        let inertia = self.inertia();
        inertia.negative + inertia.positive
    }

    /// Largest absolute eigenvalue held: the spectral norm `||H||_2` where all or the extreme ones are held.
    pub fn norm(&self) -> f64 {
        largest_magnitude(self.eigenvalues.iter())
    }

    /// Largest `||H v - lambda v||_2` of the pairs held; none where no eigenvector was computed.
    pub fn largest_residual(&self) -> Option<f64> {
        self.residuals.iter().flatten().copied().filter(|residual| !residual.is_nan()).reduce(f64::max)
    }

    /// Largest over smallest absolute eigenvalue held; infinite where one is zero within the tolerance.
    pub fn condition(&self) -> f64 {
        let smallest = self.eigenvalues.iter().fold(f64::INFINITY, |least, v| least.min(v.abs()));
        if smallest <= self.tolerance { f64::INFINITY } else { self.norm() / smallest }
    }

    /// The eigenvalues above the widest gap (as a ratio) among the `limit + 1` largest, in descending order.
    ///
    /// Spectra of classifiers show a bulk near zero and a few outliers, of the order of the number of classes;
    /// the widest relative gap between neighbours is where the two part.
    pub fn outliers(&self, limit: usize) -> Vec<f64> {
        let floor = self.tolerance.max(f64::MIN_POSITIVE);
        let top: Vec<f64> =
            self.eigenvalues.iter().rev().copied().take_while(|&v| v > floor).take(limit + 1).collect();
        let gap = |k: usize| top[k] / top.get(k + 1).copied().unwrap_or(floor);
        let cut = (0..top.len().min(limit)).max_by(|&a, &b| gap(a).total_cmp(&gap(b)));
        top[..cut.map_or(0, |k| k + 1)].to_vec()
    }
}
