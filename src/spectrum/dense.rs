//! Dense symmetric eigenproblems by LAPACK, checked.

use std::ops::Range;

use ndarray::{Array1, Array2, Axis};

use super::Spectrum;
use crate::linalg::{
    euclidean_norm, largest_magnitude, symmetric_eigen, symmetric_eigen_range, symmetric_eigenvalues,
    whole_machine,
};
use crate::{Error, Result};

/// All eigenvalues of a symmetric matrix.
///
/// # Errors
/// A matrix that is not square, not symmetric or not finite; failure of LAPACK.
///
/// Source: LAPACK `dsyevd`, values only.
///
/// ```
/// let spectrum = hessia::eigvalsh(&ndarray::array![[2.0, 1.0], [1.0, 2.0]])?;
/// assert!((spectrum.eigenvalues[0] - 1.0).abs() < 1e-14);
/// assert_eq!(spectrum.rank(), 2);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn eigvalsh(matrix: &Array2<f64>) -> Result<Spectrum> {
    let tolerance = check(matrix)?;
    let eigenvalues = symmetric_eigenvalues(matrix.as_standard_layout().into_owned())?;
    Ok(Spectrum {
        eigenvalues,
        eigenvectors: None,
        residuals: None,
        orthogonality: None,
        order: matrix.nrows(),
        first: 0,
        implied_zeros: 0..0,
        tolerance,
    })
}

/// All eigenvalues and eigenvectors of a symmetric matrix, with residuals and orthogonality.
///
/// # Errors
/// As [`eigvalsh`].
///
/// Source: LAPACK `dsyevd`.
///
/// ```
/// let spectrum = hessia::eigh(&ndarray::array![[2.0, 1.0], [1.0, 2.0]])?;
/// assert!(spectrum.residuals.unwrap().iter().all(|&r| r < 1e-14));
/// assert!(spectrum.orthogonality.unwrap() < 1e-14);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn eigh(matrix: &Array2<f64>) -> Result<Spectrum> {
    let tolerance = check(matrix)?;
    let (eigenvalues, vectors) = symmetric_eigen(matrix.as_standard_layout().into_owned())?;
    Ok(checked(matrix, eigenvalues, vectors, 0, tolerance))
}

/// The eigenvalues with the numbers `range`, counted from the smallest, and their eigenvectors.
///
/// `eigh_range(&h, p - 10..p)` gives the ten largest of a matrix of order p.
///
/// # Errors
/// An empty range or one that goes past the order; otherwise as [`eigvalsh`].
///
/// Source: LAPACK `dsyevr`.
///
/// ```
/// let top = hessia::eigh_range(&ndarray::array![[2.0, 1.0], [1.0, 2.0]], 1..2)?;
/// assert!((top.eigenvalues[0] - 3.0).abs() < 1e-14);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn eigh_range(matrix: &Array2<f64>, range: Range<usize>) -> Result<Spectrum> {
    let tolerance = check(matrix)?;
    let first = range.start;
    let copy = matrix.as_standard_layout().into_owned();
    let (eigenvalues, vectors) = symmetric_eigen_range(copy, range)?;
    Ok(checked(matrix, eigenvalues, vectors, first, tolerance))
}

pub(super) fn checked(
    matrix: &Array2<f64>,
    eigenvalues: Array1<f64>,
    vectors: Array2<f64>,
    first: usize,
    tolerance: f64,
) -> Spectrum {
    let (residuals, orthogonality) = whole_machine(|| {
        let mut gap = matrix.dot(&vectors);
        gap -= &(&vectors * &eigenvalues);
        let residuals = gap.map_axis(Axis(0), |column| column.dot(&column).sqrt());
        let mut gram = vectors.t().dot(&vectors);
        gram.diag_mut().mapv_inplace(|v| v - 1.0);
        (residuals, largest_magnitude(gram.iter()))
    });
    Spectrum {
        eigenvalues,
        eigenvectors: Some(vectors),
        residuals: Some(residuals),
        orthogonality: Some(orthogonality),
        order: matrix.nrows(),
        first,
        implied_zeros: 0..0,
        tolerance,
    }
}

/// Refuses what is not a finite symmetric matrix, and returns the tolerance of its spectrum.
pub(super) fn check(matrix: &Array2<f64>) -> Result<f64> {
    let (rows, columns) = matrix.dim();
    if rows != columns {
        return Err(Error::shape("symmetric matrix", &[rows, rows], &[rows, columns]));
    }
    crate::error::check_finite("symmetric matrix", matrix.view().into_dyn())?;
    let norm = euclidean_norm(matrix.iter());
    // A computed symmetric matrix may differ from its transpose by rounding, not by more.
    let asymmetry = Asymmetry::of(matrix);
    if let Some((i, j)) = asymmetry.place
        && asymmetry.largest > 1e-10 * norm
    {
        return Err(Error::argument(
            "symmetric matrix",
            format!("entry ({i}, {j}) equal to its mirror image {:e}", matrix[[j, i]]),
            format!("{:e}", matrix[[i, j]]),
        ));
    }
    // LAPACK reads one triangle: the other would have moved each eigenvalue by at most this norm.
    Ok(rows as f64 * f64::EPSILON * norm + asymmetry.norm())
}

/// How far a matrix is from its transpose.
struct Asymmetry {
    /// Largest `|a_ij - a_ji|`.
    largest: f64,
    /// An entry below the diagonal that differs most from its mirror image.
    place: Option<(usize, usize)>,
    /// Number of pairs that differ.
    pairs: usize,
}

impl Asymmetry {
    fn of(matrix: &Array2<f64>) -> Asymmetry {
        // In square blocks, because one of the two entries is read across rows.
        const BLOCK: usize = 32;
        let order = matrix.nrows();
        let mut found = Asymmetry { largest: 0.0, place: None, pairs: 0 };
        for top in (0..order).step_by(BLOCK) {
            for left in (0..=top).step_by(BLOCK) {
                for i in top..order.min(top + BLOCK) {
                    for j in left..i.min(left + BLOCK) {
                        let gap = (matrix[[i, j]] - matrix[[j, i]]).abs();
                        found.pairs += usize::from(gap > 0.0);
                        if gap > found.largest {
                            (found.largest, found.place) = (gap, Some((i, j)));
                        }
                    }
                }
            }
        }
        found
    }

    /// Bound of `||A - Aᵀ||_F`: every pair that differs counted with the largest difference.
    fn norm(&self) -> f64 {
        self.largest * (2.0 * self.pairs as f64).sqrt()
    }
}
