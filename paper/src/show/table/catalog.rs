//! The data sets.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::data::{CATALOG, CatalogEntry};
use hessia::Result;

/// Table 1 of the paper from the [`CATALOG`]: `name`, `title`, `shows`, `colour` (grey or RGB), `rows` and `columns`
/// of pixels, `inputs` (channels x rows x columns), `objects` (of the official training set) and `classes`.
///
/// # Errors
/// None but polars' own.
///
/// ```
/// let table = hessia::table::catalog_table()?;
/// assert_eq!(table.height(), 4);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn catalog_table() -> Result<DataFrame> {
    let text = |name: &str, value: &dyn Fn(&CatalogEntry) -> String| {
        Series::new(name.into(), CATALOG.iter().map(value).collect::<Vec<_>>()).into_column()
    };
    let number = |name: &str, value: &dyn Fn(&CatalogEntry) -> usize| {
        Series::new(name.into(), hessia::table::integers(CATALOG.iter().map(value))).into_column()
    };
    hessia::table::frame(vec![
        text("name", &|entry| entry.name.to_string()),
        text("title", &|entry| entry.title.to_string()),
        text("shows", &|entry| entry.shows.to_string()),
        text("colour", &|entry| entry.colour.to_string()),
        number("rows", &|entry| entry.resolution.0),
        number("columns", &|entry| entry.resolution.1),
        number("inputs", &|entry| entry.inputs()),
        number("objects", &|entry| entry.objects),
        number("classes", &|entry| entry.classes),
    ])
}
