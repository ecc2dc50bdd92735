//! Tables as files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use polars::prelude::{CompatLevel, DataFrame, IntoColumn, NamedFrom, PlSmallStr, Series};
use polars_arrow::io::ipc::write::{FileWriter, WriteOptions};
use polars_io::csv::write::CsvWriter;
use polars_io::json::{JsonFormat, JsonWriter};
use polars_io::parquet::read::ParquetReader;
use polars_io::parquet::write::{KeyValueMetadata, ParquetWriter};
use polars_io::{SerReader, SerWriter};

use super::Provenance;
use crate::files::write_atomically;
use crate::{Error, Result};

/// Key under which Parquet and Arrow files hold their [`Provenance`], as JSON.
pub const PROVENANCE_KEY: &str = "hessia";

/// File formats of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet: `.parquet`.
    Parquet,
    /// Comma-separated values with a header line: `.csv`.
    Csv,
    /// A JSON array of one object a row: `.json`.
    Json,
    /// Arrow IPC file, also known as Feather version 2: `.arrow`, `.ipc` or `.feather`.
    Arrow,
}

impl Format {
    /// The format that the file's extension names.
    ///
    /// # Errors
    /// Any other extension, or none.
    ///
    /// ```
    /// use hessia::table::Format;
    /// assert_eq!(Format::of("spectrum.parquet")?, Format::Parquet);
    /// assert!(Format::of("spectrum.xlsx").is_err());
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn of(path: impl AsRef<Path>) -> Result<Format> {
        let path = path.as_ref();
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("parquet") => Ok(Format::Parquet),
            Some("csv") => Ok(Format::Csv),
            Some("json") => Ok(Format::Json),
            Some("arrow" | "ipc" | "feather") => Ok(Format::Arrow),
            other => Err(Error::format(
                path,
                "a name that ends in .parquet, .csv, .json or .arrow",
                other.map_or("no extension".to_string(), |e| format!(".{e}")),
            )),
        }
    }
}

/// Writes a table as Parquet, CSV, JSON or Arrow IPC, by the file's extension, with what made it.
///
/// The [`Provenance`] is, as JSON text:
/// - in Parquet, the file's key-value metadata under `hessia` (pandas: `pyarrow.parquet.read_metadata(path).metadata`;
///   polars: `pl.read_parquet_metadata(path)`);
/// - in Arrow, the schema's metadata under the same key;
/// - in CSV and JSON, which have no place for it, one more column `provenance`, the same in every row, so that any
///   reader takes the file as it is and tables that are put together still tell their rows apart.
///
/// The file is written aside and renamed when it is complete: an older file is replaced or left whole.
///
/// # Errors
/// An extension that names no format; a file that cannot be written.
///
/// ```
/// use hessia::table::{Provenance, spectrum_table, write_table};
/// let spectrum = hessia::eigvalsh(&ndarray::array![[2.0, 1.0], [1.0, 2.0]])?;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("spectrum.csv");
/// write_table(&spectrum_table(&spectrum)?, &path, &Provenance::new("spectrum"))?;
/// assert!(std::fs::read_to_string(&path).unwrap().starts_with("index,eigenvalue,residual,provenance\n"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn write_table(table: &DataFrame, path: impl AsRef<Path>, provenance: &Provenance) -> Result<()> {
    // Not generic, so that it is compiled once here and not in each notebook cell that calls it.
    write_to(table, path.as_ref(), provenance)
}

fn write_to(table: &DataFrame, path: &Path, provenance: &Provenance) -> Result<()> {
    let format = Format::of(path)?;
    let mut table = table.clone();
    if matches!(format, Format::Csv | Format::Json) {
        let repeated = vec![provenance.to_json(); table.height()];
        table.with_column(Series::new("provenance".into(), repeated).into_column())?;
    }
    write_atomically(path, |file| {
        match format {
            Format::Parquet => {
                let pair = (PROVENANCE_KEY.to_string(), provenance.to_json());
                ParquetWriter::new(file)
                    .with_key_value_metadata(Some(KeyValueMetadata::from_static(vec![pair])))
                    .finish(&mut table)?;
            }
            Format::Csv => CsvWriter::new(file).finish(&mut table)?,
            Format::Json => {
                let mut buffer = BufWriter::new(file);
                JsonWriter::new(&mut buffer).with_json_format(JsonFormat::Json).finish(&mut table)?;
                buffer.flush().map_err(|e| Error::io(path, e))?;
            }
            Format::Arrow => {
                let mut buffer = BufWriter::new(file);
                write_arrow(&mut buffer, &mut table, provenance)?;
                buffer.flush().map_err(|e| Error::io(path, e))?;
            }
        }
        Ok(())
    })
}

fn write_arrow(file: impl Write, table: &mut DataFrame, provenance: &Provenance) -> Result<()> {
    // The oldest layout of text columns: every Arrow library reads it.
    let level = CompatLevel::oldest();
    let schema = polars_io::schema_to_arrow_checked(table.schema(), level, "ipc")?;
    let mut writer = FileWriter::new(file, Arc::new(schema), None, WriteOptions { compression: None });
    let pair = (PlSmallStr::from_static(PROVENANCE_KEY), PlSmallStr::from_string(provenance.to_json()));
    writer.set_custom_schema_metadata(Arc::new([pair].into_iter().collect()));
    writer.start()?;
    table.align_chunks();
    for batch in table.iter_chunks(level, false) {
        writer.write(&batch, None)?;
    }
    Ok(writer.finish()?)
}

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
