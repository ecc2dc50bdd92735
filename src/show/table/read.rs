//! Tables from files.

use std::fs::File;
use std::path::Path;

use polars::prelude::DataFrame;
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;

use super::Format;
use crate::{Error, Result};

/// Reads a Parquet table, such as [`write_table`](super::write_table) leaves.
///
/// # Errors
/// Another extension, a file that cannot be read, or a content that is not Parquet.
///
/// ```
/// use hessia::table::{Provenance, read_table, spectrum_table, write_table};
/// let table = spectrum_table(&hessia::eigvalsh(&ndarray::array![[2.0, 1.0], [1.0, 2.0]])?)?;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("spectrum.parquet");
/// write_table(&table, &path, &Provenance::new("spectrum"))?;
/// assert!(read_table(&path)?.equals_missing(&table));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn read_table(path: impl AsRef<Path>) -> Result<DataFrame> {
    let path = path.as_ref();
    if Format::of(path)? != Format::Parquet {
        return Err(Error::format(path, "a name that ends in .parquet", "another format"));
    }
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    ParquetReader::new(file).finish().map_err(|e| Error::format(path, "a Parquet table", e.to_string()))
}
