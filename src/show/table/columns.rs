//! Typed columns, one after the other.

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, PlSmallStr, Series};

use crate::Result;
use crate::facts::{Cell, FactList, Facts};

/// Columns of equal length, one after the other, as a table: integers and floats of 64 bits, text, yes and no.
///
/// ```
/// use hessia::table::Columns;
/// let made = Columns::new()
///     .text("dataset", ["mnist", "cifar10"])
///     .count("k", [10, 20])
///     .number("mean", [Some(0.5), None])
///     .flag("dead", [false, true]);
/// let table = made.into_table()?;
/// assert_eq!(table.get_column_names(), ["dataset", "k", "mean", "dead"]);
/// assert_eq!(table.column("mean")?.null_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Columns {
    columns: Vec<Column>,
}

impl Columns {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Words.
    pub fn text<S: AsRef<str>>(self, name: &str, values: impl IntoIterator<Item = S>) -> Self {
        self.text_or_null(name, values.into_iter().map(Some))
    }

    /// Words, null where there are none.
    pub fn text_or_null<S: AsRef<str>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = Option<S>>,
    ) -> Self {
        let values: Vec<Option<S>> = values.into_iter().collect();
        let words: Vec<Option<&str>> = values.iter().map(|value| value.as_ref().map(S::as_ref)).collect();
        self.push(name, words)
    }

    /// Counts and indices, as the signed integers that readers can subtract without wrapping.
    pub fn count<V: Into<Option<usize>>>(self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        let signed = |value: V| value.into().map(|count| count as i64);
        self.push(name, values.into_iter().map(signed).collect::<Vec<_>>())
    }

    /// Numbers; `None` is null, NaN stays NaN.
    pub fn number<V: Into<Option<f64>>>(self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.push(name, values.into_iter().map(V::into).collect::<Vec<Option<f64>>>())
    }

    /// Yes and no.
    pub fn flag<V: Into<Option<bool>>>(self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.push(name, values.into_iter().map(V::into).collect::<Vec<Option<bool>>>())
    }

    /// The facts of results, one row each.
    pub fn facts<'a, T: Facts + 'static>(self, results: impl IntoIterator<Item = &'a T>) -> Self {
        self.list(&T::facts(), results)
    }

    /// Some facts of results, one row each. Several values of one fact stand as text.
    pub fn list<'a, T: 'static>(self, list: &FactList<T>, results: impl IntoIterator<Item = &'a T>) -> Self {
        let names = list.columns();
        let mut columns: Vec<Vec<Cell>> = vec![Vec::new(); names.len()];
        for result in results {
            for (column, cell) in columns.iter_mut().zip(list.cells(result)) {
                column.push(cell);
            }
        }
        names.into_iter().zip(columns).fold(self, |made, ((name, kind), cells)| {
            let cells = cells.into_iter();
            match kind {
                Cell::Count(_) => made.count(
                    &name,
                    cells.map(|cell| match cell {
                        Cell::Count(count) => count,
                        _ => None,
                    }),
                ),
                Cell::Number(_) => made.number(
                    &name,
                    cells.map(|cell| match cell {
                        Cell::Number(number) => number,
                        _ => None,
                    }),
                ),
                Cell::Flag(_) => made.flag(
                    &name,
                    cells.map(|cell| match cell {
                        Cell::Flag(flag) => flag,
                        _ => None,
                    }),
                ),
                Cell::Text(_) | Cell::Numbers(_) | Cell::Counts(_) => {
                    made.text_or_null(&name, cells.map(words))
                }
            }
        })
    }

    fn push<T>(mut self, name: &str, values: Vec<T>) -> Self
    where
        Series: NamedFrom<Vec<T>, [T]>,
    {
        self.columns
            .push(<Series as NamedFrom<Vec<T>, [T]>>::new(PlSmallStr::from_str(name), values).into_column());
        self
    }

    /// The table.
    ///
    /// # Errors
    /// Columns of different lengths or of one name.
    pub fn into_table(self) -> Result<DataFrame> {
        Ok(DataFrame::new_infer_height(self.columns)?)
    }
}

fn words(cell: Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => text,
        Cell::Numbers(numbers) => Some(numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")),
        Cell::Counts(counts) => Some(counts.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
        _ => None,
    }
}
