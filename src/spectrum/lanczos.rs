//! The largest eigenvalues alone: Lanczos, and a count that proves none was missed.

use ndarray::{Array1, Array2, ArrayView2, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::dense::{check, checked};
use super::{Spectrum, eigh_range};
use crate::linalg::{count_above, symmetric_eigen, whole_machine};
use crate::{Error, Result};

/// Most basis vectors before the dense solver takes over.
const LARGEST_BASIS: usize = 400;
/// Steps between two looks at convergence.
const LOOK_EVERY: usize = 10;

/// The `count` largest eigenvalues (algebraically) of a symmetric matrix and their eigenvectors.
///
/// Lanczos with full reorthogonalisation, from a fixed start; then Sylvester's law of inertia: a factorisation
/// `H - s I = L D Lᵀ` with s below the last of them counts the eigenvalues above s, so that a repeated one
/// cannot be missed: s is farther from the last of them than the backward error of the factors, their growth included.
/// Where Lanczos does not settle, the count disagrees or the gap is too small, LAPACK's `dsyevr` is used.
/// Cheaper than all eigenvalues from an order of about a thousand on.
///
/// # Errors
/// A count of zero or more than the order; otherwise as [`eigvalsh`](crate::eigvalsh).
///
/// Source: LAPACK `dsytrf` for the count; theorem 11.3 of N. Higham, "Accuracy and Stability of Numerical
/// Algorithms", 2002, for its error.
///
/// ```
/// let top = hessia::eigh_largest(&ndarray::array![[2.0, 1.0], [1.0, 2.0]], 1)?;
/// assert!((top.eigenvalues[0] - 3.0).abs() < 1e-14);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn eigh_largest(matrix: &Array2<f64>, count: usize) -> Result<Spectrum> {
    let order = matrix.nrows();
    let tolerance = check(matrix)?;
    if count == 0 || count > order {
        return Err(Error::argument("number of eigenvalues", format!("a number in 1..={order}"), count));
    }
    let range = order - count..order;
    match lanczos(matrix, count, tolerance)? {
        Some((values, vectors)) => Ok(checked(matrix, values, vectors, range.start, tolerance)),
        None => eigh_range(matrix, range),
    }
}

/// The `count` largest pairs, ascending, if they settle and are proved complete.
fn lanczos(matrix: &Array2<f64>, count: usize, tolerance: f64) -> Result<Option<(Array1<f64>, Array2<f64>)>> {
    let order = matrix.nrows();
    let most = LARGEST_BASIS.min(order / 3);
    let mut basis = Array2::<f64>::zeros((most + 1, order));
    basis.row_mut(0).assign(&start(order));
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    for step in 0..most {
        let mut next = whole_machine(|| matrix.dot(&basis.row(step)));
        diagonal.push(next.dot(&basis.row(step)));
        orthogonalise(&mut next, basis.slice(s![..=step, ..]));
        let length = next.dot(&next).sqrt();
        beside.push(length);
        let exhausted = length <= tolerance;
        let steps = step + 1;
        if exhausted && steps < count {
            return Ok(None);
        }
        if steps > count && (exhausted || steps % LOOK_EVERY == 0 || steps == most) {
            let (values, vectors) = tridiagonal(&diagonal, &beside)?;
            let first = steps - count;
            let settled = (first..steps).all(|k| length * vectors[[steps - 1, k]].abs() <= tolerance);
            if settled || exhausted {
                let (next, last) = (values[first - 1], values[first]);
                // Between the last one wanted and the next: an eigenvalue within rounding of both proves nothing.
                let shift = next + 0.5 * (last - next);
                if last - next <= 4.0 * tolerance {
                    return Ok(None);
                }
                // As many eigenvalues as were found lie above `least`: each within the norm of all residuals (Kahan).
                let residuals = (first..steps).map(|k| length * vectors[[steps - 1, k]]);
                let least = last - residuals.map(|r| r * r).sum::<f64>().sqrt() - tolerance;
                let counted = count_above(matrix, shift)?;
                if counted.above != count || least - shift <= counted.bound {
                    return Ok(None);
                }
                let known = basis.slice(s![..steps, ..]);
                let vectors = known.t().dot(&vectors.slice(s![.., first..]));
                return Ok(Some((values.slice(s![first..]).to_owned(), vectors)));
            }
        }
        if exhausted {
            return Ok(None);
        }
        basis.row_mut(steps).assign(&(next / length));
    }
    Ok(None)
}

/// The fixed unit vector that every basis starts from.
pub(super) fn start(order: usize) -> Array1<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let start: Array1<f64> = Array1::from_shape_simple_fn(order, || rng.random_range(-1.0..1.0));
    &start / start.dot(&start).sqrt()
}

/// Takes from `next` what lies along the rows of `known`, which are orthonormal.
pub(super) fn orthogonalise(next: &mut Array1<f64>, known: ArrayView2<'_, f64>) {
    // Twice: once leaves rounding that grows as pairs converge.
    for _ in 0..2 {
        let along = known.dot(next);
        *next -= &known.t().dot(&along);
    }
}

pub(super) fn tridiagonal(diagonal: &[f64], beside: &[f64]) -> Result<(Array1<f64>, Array2<f64>)> {
    let order = diagonal.len();
    let mut matrix = Array2::zeros((order, order));
    for (k, &value) in diagonal.iter().enumerate() {
        matrix[[k, k]] = value;
        if k + 1 < order {
            matrix[[k, k + 1]] = beside[k];
            matrix[[k + 1, k]] = beside[k];
        }
    }
    symmetric_eigen(matrix)
}
