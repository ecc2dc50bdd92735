//! Writes finished tiles to their places in the Hessian, and their mirror images with them.

use ndarray::ArrayView2;

use super::columns::Run;
use crate::linalg::SharedMatrix;

/// Which of the two symmetric places an entry is written to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Half {
    Direct,
    Both,
}

/// A finished tile, and its transpose.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    pub(super) values: ArrayView2<'a, f64>,
    pub(super) turned: ArrayView2<'a, f64>,
}

/// The result under construction.
///
/// Every pair of parameters belongs to exactly one tile of one task, so that tasks never write the same entry.
/// Runs of parameters lead from places in theta to rows or columns of the tile.
pub(super) struct Scatter<'a> {
    pub(super) out: SharedMatrix<'a>,
    /// Place in theta of the first row of the result.
    pub(super) first_row: usize,
    /// Place in theta of the first column of the result.
    pub(super) first_column: usize,
    /// Whether there are sums of earlier objects to add to.
    pub(super) add: bool,
}

impl Scatter<'_> {
    /// Writes a tile between different outputs or layers.
    pub(super) fn write(&self, rows: &[Run], columns: &[Run], tile: Tile<'_>, half: Half) {
        self.put(rows, columns, tile.values);
        if half == Half::Both {
            self.put(columns, rows, tile.turned);
        }
    }

    /// Writes a tile between an output and itself, whose entries (a, b) and (b, a) are equal.
    ///
    /// `corner` holds the numbers of the tile's first row and column among the inputs. Only entries on or above
    /// the diagonal are read, so that the result is symmetric to the last bit.
    pub(super) fn symmetric(&self, rows: &[Run], columns: &[Run], tile: Tile<'_>, corner: (usize, usize)) {
        let above = corner.1.saturating_sub(corner.0);
        let upper: Vec<_> = rows.iter().filter_map(|run| run.clip(&(0..above), 0)).collect();
        self.write(&upper, columns, tile, Half::Both);
        for (row, r) in rows.iter().flat_map(Run::pairs).filter(|&(_, r)| r >= above) {
            for (column, c) in columns.iter().flat_map(Run::pairs) {
                let (a, b) = (r + corner.0, c + corner.1);
                if a <= b {
                    self.put_one(row, column, tile.values[[r, c]]);
                }
                if a < b {
                    self.put_one(column, row, tile.values[[r, c]]);
                }
            }
        }
    }

    fn put(&self, rows: &[Run], columns: &[Run], values: ArrayView2<'_, f64>) {
        for (row, r) in rows.iter().flat_map(Run::pairs) {
            // Tiles are cut from row-major buffers along whole rows or columns: rows are contiguous.
            let line = values.row(r);
            let line = line.to_slice().expect("rows of a tile are contiguous");
            for run in columns {
                // SAFETY: no other task writes these entries.
                let out =
                    unsafe { self.out.stretch(row - self.first_row, run.from - self.first_column, run.len) };
                match (run.step, self.add) {
                    (0, false) => out.fill(line[run.to]),
                    (0, true) => out.iter_mut().for_each(|entry| *entry += line[run.to]),
                    (_, false) => out.copy_from_slice(&line[run.to..run.to + run.len]),
                    (_, true) => {
                        out.iter_mut()
                            .zip(&line[run.to..run.to + run.len])
                            .for_each(|(entry, v)| *entry += v);
                    }
                }
            }
        }
    }

    fn put_one(&self, row: usize, column: usize, value: f64) {
        // SAFETY: no other task writes this entry.
        let out = unsafe { self.out.stretch(row - self.first_row, column - self.first_column, 1) };
        out[0] = if self.add { out[0] + value } else { value };
    }
}
