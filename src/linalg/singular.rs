//! Singular values.

use ndarray::{Array2, ArrayRef2};
use ndarray_linalg::{JobSvd, SVDDCInplace};

use super::whole_machine;
use crate::Result;

/// Spectral norm `||A||_2`, the largest singular value (LAPACK `dgesdd`, values only).
///
/// # Errors
/// NaN or infinity, failure of LAPACK.
pub fn spectral_norm(matrix: &ArrayRef2<f64>) -> Result<f64> {
    if matrix.is_empty() {
        return Ok(0.0);
    }
    crate::error::check_finite("matrix of a spectral norm", matrix.view().into_dyn())?;
    let mut work: Array2<f64> = matrix.as_standard_layout().into_owned();
    let (_, values, _) = whole_machine(|| work.svddc_inplace(JobSvd::None))?;
    Ok(values[0])
}

/// Euclidean norm, scaled so that the squares of huge entries do not overflow nor those of tiny ones vanish.
pub fn euclidean_norm<'a>(values: impl Iterator<Item = &'a f64> + Clone) -> f64 {
    let largest = largest_magnitude(values.clone());
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    // A power of two: the scaling itself is free of rounding.
    let scale = 2.0_f64.powi(largest.log2().floor().clamp(-1000.0, 1000.0) as i32);
    scale * values.map(|v| (v / scale) * (v / scale)).sum::<f64>().sqrt()
}

/// Largest magnitude, NaN where there is one, 0 of nothing.
pub(crate) fn largest_magnitude<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.fold(0.0, |largest, v| if v.abs() > largest || v.is_nan() { v.abs() } else { largest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn norms_of_extreme_entries() {
        for scale in [1e-300, 1.0, 1e300] {
            let norm = euclidean_norm([3.0 * scale, -4.0 * scale].iter());
            assert!((norm / scale - 5.0).abs() < 1e-14, "{norm:e}");
            let norm = spectral_norm(&array![[3.0 * scale, 0.0, 0.0], [4.0 * scale, 0.0, 0.0]]).unwrap();
            assert!((norm / scale - 5.0).abs() < 1e-14, "{norm:e}");
        }
        assert_eq!(euclidean_norm([0.0, 0.0].iter()), 0.0);
        assert!(euclidean_norm([1.0, f64::NAN, 2.0].iter()).is_nan());
        assert!(largest_magnitude([f64::NAN, 2.0].iter()).is_nan());
        assert!(largest_magnitude([2.0, f64::NAN].iter()).is_nan());
        assert!(spectral_norm(&array![[1.0, f64::NAN]]).is_err());
        assert_eq!(spectral_norm(&Array2::zeros((2, 3))).unwrap(), 0.0);
    }
}
