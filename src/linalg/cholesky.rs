//! Positive definite systems.

use ndarray::{Array1, Array2};
use ndarray_linalg::error::LinalgError;
use ndarray_linalg::{FactorizeCInto, SolveC, UPLO};

use super::whole_machine;
use crate::{Error, Result};

/// Solves `(matrix + shift I) x = right` for a symmetric matrix (LAPACK `dpotrf` and `dpotrs`), or returns none where the
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
    // Row by row the lower triangle is what LAPACK, column by column, takes as the upper one.
    let factorised = whole_machine(|| std::mem::take(factor).factorizec_into(UPLO::Lower));
    match factorised {
        Ok(cholesky) => {
            let x = whole_machine(|| cholesky.solvec(right))?;
            *factor = cholesky.factor;
            Ok(Some(x))
        }
        Err(LinalgError::Lapack(_)) => Ok(None),
        Err(error) => Err(error.into()),
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
