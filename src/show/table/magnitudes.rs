//! A matrix by the size of its entries, small enough to draw.

use ndarray::{Array2, s};
use polars::prelude::DataFrame;

use super::Columns;
use crate::{Error, Result};

/// Largest `|entry|` of each cell of `factor` x `factor` entries: `row`, `column`, `factor`, `magnitude`.
///
/// `factor` is the smallest for which no side has more than `max_side` cells; 1 keeps every entry. `row` and
/// `column` are the indices of the cell's first entry; cells at the lower and right edge may be cut off. Taking the
/// largest keeps single large entries visible, which a mean would wash out. A cell with a NaN in it is NaN.
///
/// # Errors
/// An empty matrix, or no cells.
///
/// ```
/// use hessia::table::magnitude_table;
/// let table = magnitude_table(&ndarray::array![[1.0, -5.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0]], 2)?;
/// let magnitude: Vec<_> = table.column("magnitude")?.f64()?.into_no_null_iter().collect();
/// assert_eq!(magnitude, [5.0, 0.0, 0.0, 3.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn magnitude_table(matrix: &Array2<f64>, max_side: usize) -> Result<DataFrame> {
    if matrix.is_empty() {
        return Err(Error::argument("matrix", "at least one entry", format!("shape {:?}", matrix.shape())));
    }
    if max_side == 0 {
        return Err(Error::argument("max_side", "at least one cell", max_side));
    }
    let (rows, columns) = matrix.dim();
    let factor = rows.max(columns).div_ceil(max_side);
    let (mut row, mut column, mut magnitude) = (Vec::new(), Vec::new(), Vec::new());
    for i in (0..rows).step_by(factor) {
        for j in (0..columns).step_by(factor) {
            let cell = matrix.slice(s![i..rows.min(i + factor), j..columns.min(j + factor)]);
            row.push(i);
            column.push(j);
            magnitude.push(largest(cell.iter().copied()));
        }
    }
    let factors = vec![factor; row.len()];
    Columns::new()
        .count("row", row)
        .count("column", column)
        .count("factor", factors)
        .number("magnitude", magnitude)
        .into_table()
}

/// The largest size; NaN if one of the values is, which `f64::max` would pass over.
pub(crate) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    let larger = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b.abs()) };
    values.into_iter().fold(0.0, larger)
}

#[cfg(test)]
mod tests {
    use super::largest;

    #[test]
    fn nan_is_not_passed_over() {
        assert_eq!(largest([1.0, -5.0]), 5.0);
        assert!(largest([f64::NAN, 1.0]).is_nan() && largest([1.0, f64::NAN]).is_nan());
    }
}
