//! Matrix products, counted.

use std::cell::Cell;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayRef2, ArrayView2, ArrayViewMut2};

thread_local! {
    /// Additions and multiplications on this thread since the last [`take_flops`].
    static FLOPS: Cell<u64> = const { Cell::new(0) };
}

/// What this thread has counted since the last call. A block of objects is worked on by one thread alone.
pub(super) fn take_flops() -> u64 {
    FLOPS.replace(0)
}

/// Counts work that is not a matrix product but as large as one.
pub(super) fn count(flops: usize) {
    FLOPS.set(FLOPS.get() + flops as u64);
}

/// `c = a b`, or `c += a b`.
pub(super) fn multiply(
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    mut c: ArrayViewMut2<'_, f64>,
    add: bool,
) {
    count(2 * a.nrows() * a.ncols() * b.ncols());
    let c: &mut ArrayRef2<f64> = &mut c;
    general_mat_mul(1.0, &a, &b, f64::from(u8::from(add)), c);
}

/// `a b`, row-major.
pub(super) fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Vec<f64> {
    let mut out = vec![0.0; a.nrows() * b.ncols()];
    let (rows, columns) = (a.nrows(), b.ncols());
    multiply(a, b, super::tensor::view_mut(&mut out, rows, columns), false);
    out
}
