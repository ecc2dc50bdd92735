//! The data sets, and the finished experiment that comes with the project.

use polars::prelude::DataFrame;

use crate::data::{CATALOG, search_folders};
use crate::experiment::Mode;
use hessia::table::{Columns, read_table};
use hessia::{Error, Result};

/// Table 1 of the paper from the [`CATALOG`]: `name`, `title`, `shows`, `colour` (grey or RGB), `rows` and `columns`
/// of pixels, `inputs` (channels x rows x columns), `objects` (of the official training set), `classes` and `source`.
///
/// # Errors
/// None but polars' own.
///
/// ```
/// let table = hessia_paper::table::catalog_table()?;
/// assert_eq!(table.height(), 4);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn catalog_table() -> Result<DataFrame> {
    Columns::new().facts(&CATALOG).into_table()
}

/// The [`configuration_table`](super::configuration_table) of the paper's whole grid with five seeds, on four data
/// sets and in both modes: 1,000 networks, as `hessia experiment` left them in `data/experiment`.
///
/// # Errors
/// A data folder without one of the eight files, or a file that is not such a table.
///
/// ```
/// let table = hessia_paper::table::recorded_experiment()?;
/// assert_eq!(table.height(), 4 * 2 * 25 * 5);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn recorded_experiment() -> Result<DataFrame> {
    let folders = search_folders()?;
    let mut all: Option<DataFrame> = None;
    for entry in CATALOG {
        for mode in [Mode::Pixels, Mode::Features] {
            let name = format!("experiment/{}-{mode}.parquet", entry.name);
            let path =
                folders.iter().map(|folder| folder.join(&name)).find(|path| path.is_file()).ok_or_else(
                    || Error::format(format!("data/{name}"), "the recorded experiment", "no such file"),
                )?;
            let table = read_table(path)?;
            all = Some(match all {
                Some(all) => all.vstack(&table)?,
                None => table,
            });
        }
    }
    all.ok_or_else(|| Error::Table { message: "an empty catalog".to_string() })
}
