//! LAPACK's symmetric eigensolvers.

use std::ops::Range;
use std::os::raw::{c_char, c_int};

use ndarray::{Array1, Array2};

use super::whole_machine;
use crate::{Error, Result};

/// All eigenvalues, ascending (LAPACK `dsyevd`, values only). The matrix is consumed as work space.
///
/// # Errors
/// Failure of LAPACK.
pub fn symmetric_eigenvalues(matrix: Array2<f64>) -> Result<Array1<f64>> {
    Ok(dsyevd(matrix, b'N')?.0)
}

/// All eigenvalues, ascending, and the eigenvectors as columns (LAPACK `dsyevd`, from order 32,767 on `dsyevr`).
pub(crate) fn symmetric_eigen(matrix: Array2<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
    let order = order_of(&matrix)?;
    match driver(order) {
        Driver::Dsyevd => {
            let (values, vectors) = dsyevd(matrix, b'V')?;
            // LAPACK wrote vector k into column k of a column-major matrix: row k of ours.
            Ok((values, vectors.reversed_axes()))
        }
        Driver::Dsyevr => symmetric_eigen_range(matrix, 0..order),
    }
}

/// LAPACK's routines for all eigenvectors.
#[derive(Debug, PartialEq)]
enum Driver {
    /// Divide and conquer: quicker, with work space of `2 n²` numbers.
    Dsyevd,
    /// Relatively robust representations: work space of `26 n` numbers.
    Dsyevr,
}

/// The routine for all eigenvectors of a matrix of this order.
fn driver(order: usize) -> Driver {
    if dsyevd_work(order, b'V').fits() { Driver::Dsyevd } else { Driver::Dsyevr }
}

/// The least work space that a routine is documented to take, in numbers and in integers.
#[derive(Clone, Copy)]
struct Work {
    numbers: u128,
    integers: u128,
}

impl Work {
    /// Whether LAPACK's 32-bit integers can say its size.
    fn fits(self) -> bool {
        self.numbers.max(self.integers) <= c_int::MAX as u128
    }
}

fn dsyevd_work(order: usize, job: u8) -> Work {
    let n = order as u128;
    match job {
        _ if n <= 1 => Work { numbers: 1, integers: 1 },
        b'V' => Work { numbers: 1 + 6 * n + 2 * n * n, integers: 3 + 5 * n },
        _ => Work { numbers: 2 * n + 1, integers: 1 },
    }
}

fn dsyevr_work(order: usize) -> Work {
    let n = order.max(1) as u128;
    Work { numbers: 26 * n, integers: 10 * n }
}

pub(super) fn order_of(matrix: &Array2<f64>) -> Result<usize> {
    let (rows, columns) = matrix.dim();
    if rows != columns {
        return Err(Error::shape("symmetric matrix", &[rows, rows], &[rows, columns]));
    }
    if rows > c_int::MAX as usize / 2 {
        return Err(Error::argument("order of the matrix", "less than 2^30", rows));
    }
    Ok(rows)
}

fn dsyevd(matrix: Array2<f64>, job: u8) -> Result<(Array1<f64>, Array2<f64>)> {
    let order = order_of(&matrix)?;
    let mut a = row_major(matrix);
    let mut values = Array1::zeros(order);
    if order == 0 {
        return Ok((values, a));
    }
    let n = order as c_int;
    let mut info = 0;
    let mut call = |work: &mut [f64], lwork: c_int, iwork: &mut [c_int], liwork: c_int| {
        // SAFETY: a is n x n, values has n entries, work and iwork have the lengths stated (or -1: a query).
        unsafe {
            lapack_sys::dsyevd_(
                &(job as c_char),
                &(b'U' as c_char),
                &n,
                a.as_mut_ptr(),
                &n,
                values.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                iwork.as_mut_ptr(),
                &liwork,
                &mut info,
            );
        }
        info
    };
    let info = with_work_space("dsyevd", dsyevd_work(order, job), &mut call)?;
    check("dsyevd", info, order)?;
    Ok((values, a))
}

/// The eigenvalues number `range` in ascending order and their vectors as columns (LAPACK `dsyevr`).
pub(crate) fn symmetric_eigen_range(
    matrix: Array2<f64>,
    range: Range<usize>,
) -> Result<(Array1<f64>, Array2<f64>)> {
    let order = order_of(&matrix)?;
    if range.start >= range.end || range.end > order {
        return Err(Error::argument(
            "range of eigenvalues",
            format!("a non-empty range within 0..{order}"),
            format!("{}..{}", range.start, range.end),
        ));
    }
    let mut a = row_major(matrix);
    let (n, count) = (order as c_int, range.len());
    let mut values = Array1::<f64>::zeros(order);
    let mut z = Array2::<f64>::zeros((count, order));
    let mut support = vec![0; 2 * order];
    let (lower, upper) = (range.start as c_int + 1, range.end as c_int);
    let (mut found, mut info) = (0, 0);
    let mut call = |work: &mut [f64], lwork: c_int, iwork: &mut [c_int], liwork: c_int| {
        // SAFETY: all arrays have the lengths that dsyevr asks for; values has n entries, z count columns.
        unsafe {
            lapack_sys::dsyevr_(
                &(b'V' as c_char),
                &(b'I' as c_char),
                &(b'U' as c_char),
                &n,
                a.as_mut_ptr(),
                &n,
                &0.0,
                &0.0,
                &lower,
                &upper,
                &0.0,
                &mut found,
                values.as_mut_ptr(),
                z.as_mut_ptr(),
                &n,
                support.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                iwork.as_mut_ptr(),
                &liwork,
                &mut info,
            );
        }
        info
    };
    let info = with_work_space("dsyevr", dsyevr_work(order), &mut call)?;
    check("dsyevr", info, order)?;
    let values = values.slice(ndarray::s![..count]).to_owned();
    Ok((values, z.reversed_axes()))
}

/// Takes the matrix as work space, in a copy only where it is not row-major.
fn row_major(matrix: Array2<f64>) -> Array2<f64> {
    if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() }
}

/// Asks a routine how much work space it wants (lengths of -1), then runs it with that, but no less than `least`;
/// returns its `info`.
fn with_work_space(
    routine: &str,
    least: Work,
    call: &mut impl FnMut(&mut [f64], c_int, &mut [c_int], c_int) -> c_int,
) -> Result<c_int> {
    // The routine computes its answer in 32 bits: a least size beyond them must not come to it.
    if !least.fits() {
        return Err(too_much_work(routine, least.numbers.max(least.integers) as f64));
    }
    let (mut size, mut isize) = ([0.0], [0]);
    call(&mut size, -1, &mut isize, -1);
    let lwork = work_size(routine, size[0].max(least.numbers as f64))?;
    let liwork = work_size(routine, f64::from(isize[0]).max(least.integers as f64))?;
    Ok(whole_machine(|| call(&mut vec![0.0; lwork as usize], lwork, &mut vec![0; liwork as usize], liwork)))
}

pub(super) fn work_size(routine: &str, wanted: f64) -> Result<c_int> {
    if wanted > f64::from(c_int::MAX) { Err(too_much_work(routine, wanted)) } else { Ok(wanted as c_int) }
}

fn too_much_work(routine: &str, wanted: f64) -> Error {
    let what = format!("work space of LAPACK's {routine}");
    Error::argument(what, format!("at most {} numbers", c_int::MAX), wanted)
}

fn check(routine: &'static str, info: c_int, order: usize) -> Result<()> {
    if info == 0 { Ok(()) } else { Err(Error::Lapack { routine, info, order }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_follows_from_the_work_space() {
        // 1 + 6 n + 2 n² passes 2^31 - 1 between these two.
        assert_eq!(driver(32_766), Driver::Dsyevd);
        assert_eq!(driver(32_767), Driver::Dsyevr);
        assert!(dsyevd_work(1 << 29, b'N').fits() && !dsyevd_work(1 << 30, b'N').fits());
        assert!(dsyevr_work(82_000_000).fits() && !dsyevr_work(83_000_000).fits());
        let refused =
            with_work_space("dsyevd", dsyevd_work(32_767, b'V'), &mut |_, _, _, _| panic!("called"));
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("dsyevd") && message.contains("2147549181"), "{message}");
    }

    #[test]
    fn both_drivers_find_the_same() {
        let a = Array2::from_shape_fn((40, 40), |(i, j)| ((i + j) as f64).sin() + (i * j) as f64 / 400.0);
        let (values, vectors) = dsyevd(a.clone(), b'V').unwrap();
        let (others, other_vectors) = symmetric_eigen_range(a, 0..40).unwrap();
        let norm = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        assert!((&values - &others).iter().all(|gap| gap.abs() < 40.0 * f64::EPSILON * norm));
        // The vectors of the largest eigenvalue, which stands alone; either sign.
        let along = vectors.reversed_axes().column(39).dot(&other_vectors.column(39)).abs();
        assert!((along - 1.0).abs() < 1e-12, "{along}");
    }
}
