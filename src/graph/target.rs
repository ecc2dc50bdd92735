//! The matrix under construction.

use std::ops::Range;

use ndarray::Array2;

use crate::linalg::{available_memory, zeros};
use crate::{Error, Result};

/// The part of the matrix that is asked for.
pub(super) struct Target {
    matrix: Array2<f64>,
    rows: Range<usize>,
    columns: Range<usize>,
    /// Whether it is the whole matrix, of which the upper triangle is filled and then mirrored.
    whole: bool,
}

impl Target {
    pub fn whole(order: usize) -> Result<Target> {
        let mut target = Target::part(0..order, 0..order)?;
        target.whole = true;
        Ok(target)
    }

    pub fn part(rows: Range<usize>, columns: Range<usize>) -> Result<Target> {
        let needed = rows.len() as u128 * columns.len() as u128 * size_of::<f64>() as u128 * 11 / 10;
        let available = available_memory();
        if needed > u128::from(available) {
            return Err(Error::OutOfMemory {
                what: format!("matrix of {} x {} numbers", rows.len(), columns.len()),
                needed: u64::try_from(needed).unwrap_or(u64::MAX),
                available,
            });
        }
        Ok(Target { matrix: zeros(rows.len(), columns.len()), rows, columns, whole: false })
    }

    /// Whether a block between these places in theta, or its mirror image, has a part in the target.
    pub fn wants(&self, rows: &[usize], columns: &[usize]) -> bool {
        let meets = |index: &[usize], range: &Range<usize>| index.iter().any(|i| range.contains(i));
        self.whole
            || meets(rows, &self.rows) && meets(columns, &self.columns)
            || meets(columns, &self.rows) && meets(rows, &self.columns)
    }

    /// Adds a block between two maps, or (`own` its first row) rows of the block of a map with itself.
    pub fn add(&mut self, rows: &[usize], columns: &[usize], block: &[f64], own: Option<usize>) {
        for (r, (&i, line)) in rows.iter().zip(block.chunks_exact(columns.len())).enumerate() {
            // Of a symmetric block the half from the diagonal on.
            let first = own.map_or(0, |first| first + r);
            for (&j, &value) in columns.iter().zip(line).skip(first) {
                if self.whole {
                    let value = if i == j && own.is_none() { 2.0 * value } else { value };
                    self.matrix[[i.min(j), i.max(j)]] += value;
                } else {
                    self.add_one(i, j, value);
                    if i != j || own.is_none() {
                        self.add_one(j, i, value);
                    }
                }
            }
        }
    }

    fn add_one(&mut self, i: usize, j: usize, value: f64) {
        if self.rows.contains(&i) && self.columns.contains(&j) {
            self.matrix[[i - self.rows.start, j - self.columns.start]] += value;
        }
    }

    pub fn finish(mut self) -> Array2<f64> {
        if self.whole {
            for i in 0..self.rows.len() {
                for j in 0..i {
                    self.matrix[[i, j]] = self.matrix[[j, i]];
                }
            }
        }
        self.matrix
    }
}
