//! What this machine's BLAS can do.

use std::time::Instant;

use ndarray::Array2;
use ndarray::linalg::general_mat_mul;

use super::whole_machine;

/// The rate of `dgemm` now, on all threads, in GFLOP/s: the best of five products of order 2,048.
///
/// Everything else that runs on the machine lowers it: compare only with what was measured beside it.
#[must_use]
pub fn dgemm_rate() -> f64 {
    const ORDER: usize = 2048;
    let (a, b) = (Array2::from_elem((ORDER, ORDER), 0.5), Array2::from_elem((ORDER, ORDER), 0.25));
    let mut c = Array2::zeros((ORDER, ORDER));
    whole_machine(|| {
        let seconds = (0..5).map(|_| {
            let start = Instant::now();
            general_mat_mul(1.0, &a, &b, 0.0, &mut c);
            start.elapsed().as_secs_f64()
        });
        2.0 * (ORDER as f64).powi(3) / seconds.fold(f64::INFINITY, f64::min) / 1e9
    })
}
