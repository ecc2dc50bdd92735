//! Extreme pairs as found, with what is known of their errors and of those that may be missing.

use std::fmt;

use ndarray::{Array1, Array2, Axis, s};

use super::ExtremeSolver;
use crate::linalg::{tall_gram, workers};
use crate::operator::{LinearOperator, check_symmetry, finite_product};
use crate::{Result, eigh};

/// With which right the pairs found are taken for all there are at that end.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// Proved: the whole matrix was formed and solved.
    WholeSpace,
    /// Proved: the exact trace leaves less for all other eigenvalues together than the least of those found.
    Trace,
    /// Proved: the exact Frobenius norm leaves less for any other eigenvalue than the least of those found.
    Squares,
    /// Not proved: a second search from a random start would have shown a missed one but for this probability.
    Probable(f64),
    /// Not proved: the values beside the last one found are too close to it to tell, or the products were used up.
    Unknown,
}

/// Extreme eigenpairs, the best first.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ExtremePairs {
    /// Eigenvalues: the largest downwards, the smallest upwards, or by magnitude downwards; for both ends the largest
    /// and then the smallest.
    pub values: Vec<f64>,
    /// Unit eigenvectors as columns, shape (order, pairs).
    #[serde(skip)]
    pub vectors: Array2<f64>,
    /// `||A v - lambda v||_2` of every pair, measured with one more product: so far at most an eigenvalue lies.
    pub residuals: Vec<f64>,
    /// So far at most the values, taken together and each with an eigenvalue of its own, can be off: `√2 ||R||_F` for
    /// the residuals R of all pairs.
    pub bound: f64,
    /// Largest entry of `|Vᵀ V - I|`.
    pub orthogonality: f64,
    /// Largest absolute value found: the scale of the tolerance.
    pub norm: f64,
    /// Whether every residual reached the tolerance and missed pairs were looked for.
    pub converged: bool,
    /// With which right they are taken for complete.
    pub completeness: Completeness,
    /// Products with single vectors taken in all.
    pub products: usize,
    /// Restarts of the basis.
    pub restarts: usize,
    /// Time spent, in seconds.
    pub seconds: f64,
}

impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Completeness::WholeSpace => write!(f, "none missed: the whole matrix was solved"),
            Completeness::Trace => write!(f, "none missed: the trace leaves no room"),
            Completeness::Squares => write!(f, "none missed: the Frobenius norm leaves no room"),
            Completeness::Probable(miss) => {
                write!(f, "none seen beside them; one missed with probability {miss:.0e}")
            }
            Completeness::Unknown => write!(f, "not known to be complete"),
        }
    }
}

impl fmt::Display for ExtremePairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = self.residuals.iter().fold(0.0_f64, |most, v| most.max(*v));
        let state = if self.converged { "" } else { "not converged; " };
        let (count, products) = (self.values.len(), self.products);
        write!(
            f,
            "{count} pairs, {state}largest residual {worst:.1e} at norm {:.6e}, {products} products; ",
            self.norm
        )?;
        write!(f, "{}", self.completeness)
    }
}

/// Measures the pairs, and looks for a proof that none was missed.
pub(super) fn finish(
    solver: &mut ExtremeSolver,
    operator: &impl LinearOperator,
    values: Array1<f64>,
    vectors: Array2<f64>,
    done: bool,
) -> Result<ExtremePairs> {
    let mut gap = if values.is_empty() { vectors.clone() } else { finite_product(operator, &vectors)? };
    solver.products += values.len();
    gap -= &(&vectors * &values);
    let norm = values.iter().fold(0.0_f64, |norm, v| norm.max(v.abs()));
    let completeness = match done {
        true if solver.miss <= super::MISS => Completeness::Probable(solver.miss),
        _ => Completeness::Unknown,
    };
    let mut pairs = measured(solver, values, vectors, &gap);
    // Where the end wanted is small against the other one, the other sets the scale, as it did in the search.
    pairs.norm = norm;
    pairs.converged = done;
    pairs.completeness = completeness;
    if done && let Some(proof) = proof(solver, &pairs) {
        pairs.completeness = proof;
    }
    Ok(pairs)
}

fn measured(
    solver: &ExtremeSolver,
    values: Array1<f64>,
    vectors: Array2<f64>,
    gap: &Array2<f64>,
) -> ExtremePairs {
    let residuals: Vec<f64> = gap.columns().into_iter().map(|column| column.dot(&column).sqrt()).collect();
    let mut gram = workers(|| tall_gram(vectors.view(), vectors.view()));
    gram.diag_mut().mapv_inplace(|v| v - 1.0);
    ExtremePairs {
        bound: (2.0 * residuals.iter().map(|r| r * r).sum::<f64>()).sqrt(),
        orthogonality: gram.iter().fold(0.0, |worst, v| worst.max(v.abs())),
        norm: values.iter().fold(0.0_f64, |norm, v| norm.max(v.abs())),
        values: values.to_vec(),
        vectors,
        residuals,
        converged: true,
        completeness: Completeness::Unknown,
        products: solver.products,
        restarts: solver.restarts,
        seconds: solver.seconds,
    }
}

/// Whether the exact trace or Frobenius norm leaves room for another value as good as the worst found.
fn proof(solver: &ExtremeSolver, pairs: &ExtremePairs) -> Option<Completeness> {
    let (low, high) = solver.settings.thresholds(&pairs.values);
    let bound = pairs.bound;
    if let Some(trace) = solver.settings.trace {
        let found: f64 = pairs.values.iter().sum();
        // Rounding of the trace and of the sum, each of as many terms.
        let slack = bound * pairs.values.len() as f64 + 1e-12 * trace.abs();
        let rest = trace - found + slack;
        if rest < high - bound && low < -bound {
            return Some(Completeness::Trace);
        }
    }
    let squares = solver.settings.squares?;
    let found: f64 = pairs.values.iter().map(|v| (v.abs() - bound).max(0.0).powi(2)).sum();
    let rest = (squares * (1.0 + 1e-12) - found).max(0.0).sqrt();
    (rest < high - bound && -rest > low + bound).then_some(Completeness::Squares)
}

/// All pairs of the matrix itself, from products with the columns of the identity.
pub(super) fn whole_space(
    solver: &mut ExtremeSolver,
    operator: &impl LinearOperator,
) -> Result<ExtremePairs> {
    let order = solver.order;
    let mut matrix = Array2::zeros((order, order));
    let width = solver.settings.block.max(32);
    for start in (0..order).step_by(width) {
        let columns = start..order.min(start + width);
        let mut unit = Array2::zeros((order, columns.len()));
        columns.clone().for_each(|c| unit[[c, c - start]] = 1.0);
        let product = finite_product(operator, &unit)?;
        matrix.slice_mut(s![.., columns]).assign(&product);
        solver.products += unit.ncols();
    }
    let eye = Array2::eye(order);
    check_symmetry(&eye, &matrix, &eye, &matrix)?;
    let matrix = (&matrix + &matrix.t()) * 0.5;
    // In a worker, so that LAPACK's bytes do not depend on the threads.
    let all = workers(|| eigh(&matrix))?;
    let best = solver.settings.select(&all.eigenvalues.to_vec(), solver.settings.total());
    let values = all.eigenvalues.select(Axis(0), &best);
    let vectors =
        all.eigenvectors.unwrap_or_default().select(Axis(1), &best).as_standard_layout().into_owned();
    let gap = workers(|| matrix.dot(&vectors)) - &(&vectors * &values);
    let mut pairs = measured(solver, values, vectors, &gap);
    pairs.norm = all.eigenvalues.iter().fold(0.0_f64, |norm, v| norm.max(v.abs()));
    pairs.completeness = Completeness::WholeSpace;
    Ok(pairs)
}
