//! Writes finished tiles to their places in the Hessian, and their mirror images with them.

use ndarray::ArrayView2;

use crate::linalg::SharedMatrix;

/// Which of the two symmetric places an entry is written to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Half {
    Direct,
    Both,
}

/// The result under construction.
///
/// Every pair of parameters belongs to exactly one tile of one task, so that tasks never write the same entry.
pub(super) struct Scatter<'a> {
    pub(super) out: SharedMatrix<'a>,
    /// Place in theta of the first row of the result.
    pub(super) first_row: usize,
    /// Place in theta of the first column of the result.
    pub(super) first_column: usize,
    /// The normaliser of the loss.
    pub(super) scale: f64,
    /// Whether there are sums of earlier objects to add to.
    pub(super) add: bool,
}

/// A parameter: its place in theta, and its row or column in the tile.
type Parameter = (usize, usize);

/// Mirror images are written this many rows at a time: one cache line of the tile.
const LANES: usize = 8;

impl Scatter<'_> {
    /// Writes a tile between different outputs or layers.
    pub(super) fn write(
        &self,
        rows: &[Parameter],
        columns: &[Parameter],
        tile: ArrayView2<'_, f64>,
        half: Half,
    ) {
        for &(row, r) in rows {
            let target = self.out.row(row - self.first_row);
            let values = tile.row(r);
            for &(column, c) in columns {
                self.put(target, column - self.first_column, values[c]);
            }
        }
        if half == Half::Direct {
            return;
        }
        for lanes in columns.chunks(LANES) {
            for &(row, r) in rows {
                let values = tile.row(r);
                for &(column, c) in lanes {
                    self.put(self.out.row(column - self.first_row), row - self.first_column, values[c]);
                }
            }
        }
    }

    /// Writes a tile between an output and itself, whose entries (a, b) and (b, a) are equal.
    ///
    /// `shift` holds the numbers of the tile's first row and column among the inputs; only entries on or above
    /// the diagonal are read, so that the result is symmetric to the last bit.
    pub(super) fn symmetric(
        &self,
        rows: &[Parameter],
        columns: &[Parameter],
        tile: ArrayView2<'_, f64>,
        shift: (usize, usize),
    ) {
        for &(row, r) in rows {
            let target = self.out.row(row - self.first_row);
            let values = tile.row(r);
            for &(column, c) in columns {
                if r + shift.0 <= c + shift.1 {
                    self.put(target, column - self.first_column, values[c]);
                }
            }
        }
        for lanes in columns.chunks(LANES) {
            for &(row, r) in rows {
                let values = tile.row(r);
                for &(column, c) in lanes {
                    if r + shift.0 < c + shift.1 {
                        self.put(self.out.row(column - self.first_row), row - self.first_column, values[c]);
                    }
                }
            }
        }
    }

    fn put(&self, row: *mut f64, column: usize, value: f64) {
        debug_assert!(column < self.out.columns());
        // SAFETY: the column lies inside the row, and no other task writes this entry.
        unsafe {
            let entry = row.add(column);
            *entry = if self.add { *entry + self.scale * value } else { self.scale * value };
        }
    }
}
