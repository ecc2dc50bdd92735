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

/// All eigenvalues, ascending, and the eigenvectors as columns (LAPACK `dsyevd`).
pub(crate) fn symmetric_eigen(matrix: Array2<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
    let (values, vectors) = dsyevd(matrix, b'V')?;
    // LAPACK wrote vector k into column k of a column-major matrix: row k of ours.
    Ok((values, vectors.reversed_axes()))
}

fn order_of(matrix: &Array2<f64>) -> Result<usize> {
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
    let info = with_work_space(&mut call)?;
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
    let info = with_work_space(&mut call)?;
    check("dsyevr", info, order)?;
    let values = values.slice(ndarray::s![..count]).to_owned();
    Ok((values, z.reversed_axes()))
}

/// Takes the matrix as work space, in a copy only where it is not row-major.
fn row_major(matrix: Array2<f64>) -> Array2<f64> {
    if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() }
}

/// Asks a routine how much work space it wants (lengths of -1), then runs it with that; returns its `info`.
fn with_work_space(call: &mut impl FnMut(&mut [f64], c_int, &mut [c_int], c_int) -> c_int) -> Result<c_int> {
    let (mut size, mut isize) = ([0.0], [0]);
    call(&mut size, -1, &mut isize, -1);
    let (lwork, liwork) = (work_size(size[0])?, isize[0].max(1));
    Ok(whole_machine(|| call(&mut vec![0.0; lwork as usize], lwork, &mut vec![0; liwork as usize], liwork)))
}

fn work_size(answer: f64) -> Result<c_int> {
    if answer > f64::from(c_int::MAX) {
        return Err(Error::argument("LAPACK work space", format!("at most {} numbers", c_int::MAX), answer));
    }
    Ok(answer as c_int)
}

fn check(routine: &'static str, info: c_int, order: usize) -> Result<()> {
    if info == 0 { Ok(()) } else { Err(Error::Lapack { routine, info, order }) }
}

/// Number of eigenvalues above `shift`, by Sylvester's law of inertia (LAPACK `dsytrf` of `matrix - shift I`).
pub(crate) fn count_above(matrix: &Array2<f64>, shift: f64) -> Result<usize> {
    let order = order_of(matrix)?;
    let mut a = matrix.as_standard_layout().into_owned();
    a.diag_mut().mapv_inplace(|v| v - shift);
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
                &n,
                pivots.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                &mut info,
            );
        }
        info
    };
    let mut size = [0.0];
    call(&mut size, -1);
    let lwork = work_size(size[0])?;
    let info = whole_machine(|| call(&mut vec![0.0; lwork as usize], lwork));
    // A positive info names an exactly zero pivot: the factorisation is complete all the same.
    if info < 0 {
        return Err(Error::Lapack { routine: "dsytrf", info, order });
    }
    let mut above = 0;
    let mut k = 0;
    while k < order {
        if pivots[k] > 0 {
            above += usize::from(a[[k, k]] > 0.0);
            k += 1;
        } else {
            // A 2 x 2 block has one eigenvalue of each sign: dsytrf chooses it only where its determinant is negative.
            above += 1;
            k += 2;
        }
    }
    Ok(above)
}
