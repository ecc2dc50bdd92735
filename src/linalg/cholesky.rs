//! Positive definite systems.

use std::os::raw::{c_char, c_int};

use ndarray::{Array1, Array2};

use super::whole_machine;
use crate::{Error, Result};

/// Solves `(matrix + shift I) x = right` for a symmetric matrix (LAPACK `dposv`), or returns none where the
/// shifted matrix is not positive definite. `factor` is work space of the matrix's shape.
pub(crate) fn solve_shifted(
    matrix: &Array2<f64>,
    shift: f64,
    right: &Array1<f64>,
    factor: &mut Array2<f64>,
) -> Result<Option<Array1<f64>>> {
    let order = right.len();
    if matrix.dim() != (order, order) {
        return Err(Error::shape("symmetric matrix", &[order, order], matrix.shape()));
    }
    if factor.dim() != matrix.dim() || !factor.is_standard_layout() {
        *factor = Array2::zeros(matrix.dim());
    }
    factor.assign(matrix);
    factor.diag_mut().mapv_inplace(|v| v + shift);
    let n = c_int::try_from(order)
        .map_err(|_| Error::argument("order of the matrix", "less than 2^31", order))?;
    let mut x = right.to_vec();
    let mut info = 0;
    // SAFETY: factor is n x n and contiguous, x has n entries.
    whole_machine(|| unsafe {
        lapack_sys::dposv_(&(b'U' as c_char), &n, &1, factor.as_mut_ptr(), &n, x.as_mut_ptr(), &n, &mut info);
    });
    match info {
        0 => Ok(Some(Array1::from(x))),
        1.. => Ok(None),
        _ => Err(Error::Lapack { routine: "dposv", info, order }),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn solves_and_notices_what_is_not_positive_definite() {
        let matrix = array![[1.0, 2.0], [2.0, 1.0]];
        let mut factor = Array2::zeros((0, 0));
        assert_eq!(solve_shifted(&matrix, 0.0, &array![1.0, 1.0], &mut factor).unwrap(), None);
        // (matrix + 3 I) (1, 2) = (8, 10).
        let x = solve_shifted(&matrix, 3.0, &array![8.0, 10.0], &mut factor).unwrap().unwrap();
        assert!((x[0] - 1.0).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15, "{x}");
        assert_eq!(matrix, array![[1.0, 2.0], [2.0, 1.0]]);
    }
}
