//! Row-major products and the entries behind them.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayRef2};

/// `a b`, row-major whatever the layouts of `a` and `b` (ndarray's `dot` may answer column-major).
pub fn matmul(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Array2<f64> {
    let mut product = Array2::zeros((a.nrows(), b.ncols()));
    general_mat_mul(1.0, a, b, 0.0, &mut product);
    product
}

/// All entries of a matrix that this crate has made row-major.
///
/// # Panics
/// If it is not: a mistake in this crate that must not pass unseen.
pub(crate) fn entries<T>(matrix: &ArrayRef2<T>) -> &[T] {
    matrix.as_slice().expect("matrix is row-major by construction")
}

/// As [`entries`], to write.
///
/// # Panics
/// As [`entries`].
pub(crate) fn entries_mut<T>(matrix: &mut ArrayRef2<T>) -> &mut [T] {
    matrix.as_slice_mut().expect("matrix is row-major by construction")
}
