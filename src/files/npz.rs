//! Archives of arrays that NumPy loads.

use std::fs::File;
use std::io::{BufWriter, Result, Write};

use ndarray::{Array1, ArrayRef, Dimension};
use ndarray_npy::WriteNpyExt;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::npy::write_array;

/// Writes a `.npz` file, uncompressed: the same arrays give the same bytes.
pub struct NpzWriter<'a> {
    archive: ZipWriter<BufWriter<&'a mut File>>,
}

impl<'a> NpzWriter<'a> {
    /// An empty archive in an open file.
    pub fn new(file: &'a mut File) -> Self {
        NpzWriter { archive: ZipWriter::new(BufWriter::new(file)) }
    }

    /// An array of float64 in C order.
    pub fn floats<D: Dimension>(&mut self, name: &str, array: &ArrayRef<f64, D>) -> Result<()> {
        self.archive.start_file(format!("{name}.npy"), options(array.len()))?;
        write_array(&mut self.archive, array)
    }

    /// Labels, as int64.
    pub fn labels(&mut self, name: &str, labels: &Array1<usize>) -> Result<()> {
        self.archive.start_file(format!("{name}.npy"), options(labels.len()))?;
        let labels = labels.mapv(|label| label as i64);
        labels.write_npy(&mut self.archive).map_err(std::io::Error::other)
    }

    /// Writes the directory of the archive.
    pub fn finish(self) -> Result<()> {
        self.archive.finish()?.flush()
    }
}

/// No time of writing, so that equal arrays are equal files.
fn options(entries: usize) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(entries >= 1 << 28)
}
