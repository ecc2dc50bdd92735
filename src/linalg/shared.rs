//! A matrix that several threads fill at once, each its own entries.

use std::marker::PhantomData;

use ndarray::Array2;

/// Mutable access to a row-major matrix from several threads.
///
/// Callers write disjoint sets of entries; [`SharedMatrix::stretch`] asks them to promise it.
pub(crate) struct SharedMatrix<'a> {
    start: *mut f64,
    rows: usize,
    columns: usize,
    owner: PhantomData<&'a mut f64>,
}

// SAFETY: entries are only reached through `stretch`, whose callers promise disjoint ones.
unsafe impl Sync for SharedMatrix<'_> {}
// SAFETY: it is a pointer into memory that its owner has lent for 'a.
unsafe impl Send for SharedMatrix<'_> {}

impl<'a> SharedMatrix<'a> {
    /// Lends out `matrix`, which must be in standard (row-major) layout.
    pub(crate) fn new(matrix: &'a mut Array2<f64>) -> Self {
        assert!(matrix.is_standard_layout(), "a shared matrix must be row-major");
        let (rows, columns) = matrix.dim();
        SharedMatrix { start: matrix.as_mut_ptr(), rows, columns, owner: PhantomData }
    }

    /// The entries `column..column + count` of a row.
    ///
    /// # Safety
    /// No other thread may read or write these entries while the slice lives.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn stretch(&self, row: usize, column: usize, count: usize) -> &mut [f64] {
        assert!(row < self.rows && column + count <= self.columns, "({row}, {column}) + {count}");
        // SAFETY: the stretch lies inside the matrix, and the caller has it alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(row * self.columns + column), count) }
    }
}

/// A P x Q matrix of zeros, on large memory pages where the system grants them.
///
/// First use of a page costs as much as filling it; large pages make a big Hessian's memory several times
/// cheaper to get.
pub(crate) fn zeros(rows: usize, columns: usize) -> Array2<f64> {
    let mut matrix = Array2::<f64>::zeros((rows, columns));
    advise_large_pages(matrix.as_mut_ptr(), rows * columns);
    matrix
}

#[cfg(target_os = "linux")]
fn advise_large_pages(start: *mut f64, count: usize) {
    const PAGE: usize = 2 << 20;
    let first = (start as usize).next_multiple_of(PAGE);
    let last = (start as usize + count * size_of::<f64>()) / PAGE * PAGE;
    if last > first {
        // SAFETY: the range lies inside memory that we own; the advice changes no content.
        unsafe { libc::madvise(first as *mut libc::c_void, last - first, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn advise_large_pages(_start: *mut f64, _count: usize) {}
