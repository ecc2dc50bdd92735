//! Counting eigenvalues by Sylvester's law of inertia.

use std::os::raw::{c_char, c_int};

use ndarray::Array2;

use super::eigen::{order_of, work_size};
use super::whole_machine;
use crate::{Error, Result};

/// How many eigenvalues lie above a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Count {
    /// Eigenvalues above the shift of a matrix that differs from the given one by at most `bound`.
    pub(crate) above: usize,
    /// Bound of that difference in the spectral norm: eigenvalues within it of the shift may be counted wrongly.
    pub(crate) bound: f64,
}

/// Counts the eigenvalues above `shift` from the signs of D in `matrix - shift I = U D Uᵀ` (LAPACK `dsytrf`).
///
/// The computed factors are those of `matrix - shift I + E` with
/// `|E| <= p(n) u (|matrix - shift I| + |U| |D| |Uᵀ|)`, the growth of the factors being in their own magnitude, and
/// `p(n) = 4 n`: sums of at most n terms, each of two products and rounded once more where D has 2 x 2 blocks.
///
/// Source: N. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, theorem 11.3.
pub(crate) fn count_above(matrix: &Array2<f64>, shift: f64) -> Result<Count> {
    let order = order_of(matrix)?;
    let mut a = matrix.as_standard_layout().into_owned();
    a.diag_mut().mapv_inplace(|v| v - shift);
    let size = a.rows().into_iter().map(|row| row.iter().map(|v| v.abs()).sum()).fold(shift.abs(), f64::max);
    let n = order as c_int;
    let mut pivots = vec![0; order];
    let mut info = 0;
    let mut call = |work: &mut [f64], lwork: c_int| {
        // SAFETY: a is n x n, pivots has n entries, work the length stated (or -1: a query).
        unsafe {
            lapack_sys::dsytrf_(
                &(b'U' as c_char),
                &n,
                a.as_mut_ptr(),
                &n.max(1),
                pivots.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                &mut info,
            );
        }
        info
    };
    let mut wanted = [0.0];
    call(&mut wanted, -1);
    let lwork = work_size("dsytrf", wanted[0].max(1.0))?;
    let info = whole_machine(|| call(&mut vec![0.0; lwork as usize], lwork));
    // A positive info names an exactly zero pivot: the factorisation is complete all the same.
    if info < 0 {
        return Err(Error::Lapack { routine: "dsytrf", info, order });
    }
    let factors = Factors { a: &a, pivots: &pivots };
    let growth = factors.magnitude_times_ones().into_iter().fold(0.0, f64::max);
    // Half of f64::EPSILON is the unit roundoff u.
    let bound = 2.0 * f64::EPSILON * order as f64 * (size + growth);
    // A sum that overflowed bounds nothing.
    Ok(Count { above: factors.positive(), bound: if bound.is_finite() { bound } else { f64::INFINITY } })
}

/// U and D as `dsytrf` leaves them; column k of LAPACK's upper triangle is row k of `a`.
struct Factors<'a> {
    a: &'a Array2<f64>,
    pivots: &'a [c_int],
}

impl Factors<'_> {
    /// Number of positive eigenvalues of D.
    fn positive(&self) -> usize {
        let one = |k: usize| match self.pivots[k] > 0 {
            true => usize::from(self.a[[k, k]] > 0.0),
            // A 2 x 2 block has one eigenvalue of each sign: dsytrf chooses it only where its determinant is negative.
            false => 1,
        };
        self.blocks().iter().map(|&(_, last)| one(last)).sum()
    }

    /// First and last column of each block of D, in ascending order.
    fn blocks(&self) -> Vec<(usize, usize)> {
        let mut blocks = Vec::new();
        let mut k = 0;
        while k < self.pivots.len() {
            let last = if self.pivots[k] > 0 { k } else { (k + 1).min(self.pivots.len() - 1) };
            blocks.push((k, last));
            k = last + 1;
        }
        blocks
    }

    /// `|U| |D| |Uᵀ| e` with e all ones, in the order of rows that U itself has.
    fn magnitude_times_ones(&self) -> Vec<f64> {
        let a = |k: usize, i: usize| self.a[[k, i]].abs();
        let mut v = vec![1.0; self.pivots.len()];
        let blocks = self.blocks();
        // U = P(n) U(n) ... P(1) U(1): its transpose meets P(n) first.
        for &(first, last) in blocks.iter().rev() {
            v.swap(first, self.partner(last));
            for k in first..=last {
                v[k] += (0..first).map(|i| a(k, i) * v[i]).sum::<f64>();
            }
        }
        for &(first, last) in &blocks {
            let (low, high) = (v[first], v[last]);
            v[first] = a(first, first) * low;
            if first < last {
                v[first] += a(last, first) * high;
                v[last] = a(last, first) * low + a(last, last) * high;
            }
        }
        for &(first, last) in &blocks {
            for k in first..=last {
                let at = v[k];
                v[..first].iter_mut().enumerate().for_each(|(i, entry)| *entry += a(k, i) * at);
            }
            v.swap(first, self.partner(last));
        }
        v
    }

    /// The row that was interchanged with the first one of the block that ends with column `last`.
    fn partner(&self, last: usize) -> usize {
        (self.pivots[last].unsigned_abs() as usize).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::symmetric_eigen;

    /// An orthogonal matrix times `values` times its transpose.
    fn with_eigenvalues(values: &[f64]) -> Array2<f64> {
        let order = values.len();
        let a =
            Array2::from_shape_fn((order, order), |(i, j)| ((1 + i + j) as f64 * 1.7 + (i * j) as f64).sin());
        let (_, q) = symmetric_eigen(&a + &a.t()).unwrap();
        let a = (&q * &ndarray::ArrayView1::from(values)).dot(&q.t());
        (&a + &a.t()) * 0.5
    }

    #[test]
    fn counts_are_right_beyond_their_bound() {
        let order = 60;
        let values: Vec<f64> = (0..order).map(|k| (k as f64 - 30.0) / 7.0 + 0.01).collect();
        let a = with_eigenvalues(&values);
        // The matrix itself has its eigenvalues to rounding only.
        let rounding = 20.0 * f64::EPSILON * order as f64;
        for k in 0..order {
            for distance in [-0.05, -1e-10, -1e-14, 0.0, 1e-14, 1e-10, 0.05] {
                let shift = values[k] + distance;
                let found = count_above(&a, shift).unwrap();
                let right = values.iter().filter(|&&v| v > shift).count();
                let sure = distance.abs() > found.bound + rounding;
                assert!(found.above == right || !sure, "{k} {distance:e}: {found:?}");
                // Bunch-Kaufman's growth is small on such matrices: the bound still tells neighbours apart.
                assert!(found.bound > f64::EPSILON && found.bound < 1e-10, "{:e}", found.bound);
            }
        }
    }

    #[test]
    fn the_bound_grows_with_the_factors() {
        // Symmetric, pivots of 2 x 2 and 1 x 1, interchanges.
        let a = ndarray::array![[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 1e-3]];
        let found = count_above(&a, 0.0).unwrap();
        assert_eq!(found.above, 1 + usize::from(a[[2, 2]] > 5.0));
        let all = symmetric_eigen(a.clone()).unwrap().0;
        assert_eq!(found.above, all.iter().filter(|&&v| v > 0.0).count());
        let huge = count_above(&(&a * 1e300), 0.0).unwrap();
        assert!((huge.bound / found.bound / 1e300 - 1.0).abs() < 1e-9);
    }
}
