//! Features as a file, gone on with where it was cut.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray_npy::WritableElement;
use ndarray_npy::npy::header::{Header, Layout};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tract_onnx::prelude::f16;

use super::extract::{Extraction, Ready};
use crate::data::Images;
use hessia::files::{lock, write_atomically};
use hessia::{Error, Result};

/// Bytes of the digest at the start of unfinished work.
const DIGEST: u64 = 32;

/// How numbers are stored.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = Error, parse_err_fn = unknown_numbers)]
pub enum Numbers {
    /// As they are computed.
    #[default]
    Float32,
    /// Rounded to the nearest of 11 significant bits.
    Float16,
}

fn unknown_numbers(name: &str) -> Error {
    Error::unknown_name::<Numbers>("numbers", name)
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Extracted {
    /// Rows: images.
    pub rows: usize,
    /// Columns: features.
    pub columns: usize,
    /// Rows that an earlier, cut run had computed.
    pub already_there: usize,
}

/// Writes the features of `images` as an `.npy` of shape (m, d), or as `.npy.gz`.
///
/// Rows are kept in `PATH.part` as they come. Cut and called again with the same model, images and settings, it
/// goes on and ends with the same bytes; with others it begins afresh.
///
/// # Errors
/// As [`extract`](super::extract), another process at the same file, and what the system refuses.
pub fn extract_to(
    path: impl AsRef<Path>,
    images: &Images,
    settings: &Extraction,
    numbers: Numbers,
) -> Result<Extracted> {
    let path = path.as_ref();
    let ready = Ready::new(images, settings)?;
    let mut part = Part::open(
        path,
        digest(images, settings, &ready.files)?,
        ready.width(),
        ready.batch(),
        images.len(),
    )?;
    let already_there = part.rows;
    ready.rows_from(already_there, |rows| part.append(rows))?;
    part.file.seek(SeekFrom::Start(DIGEST)).map_err(|e| Error::io(&part.path, e))?;
    let shape = (images.len(), ready.width());
    write_atomically(path, |file| {
        let rows = BufReader::new(&part.file);
        let failed = |e| Error::io(path, e);
        if path.extension().is_some_and(|extension| extension == "gz") {
            let mut sink = GzEncoder::new(BufWriter::new(file), Compression::best());
            write(&mut sink, rows, shape, numbers).map_err(failed)?;
            sink.finish().and_then(|mut sink| sink.flush()).map_err(failed)
        } else {
            let mut sink = BufWriter::new(file);
            write(&mut sink, rows, shape, numbers).and_then(|()| sink.flush()).map_err(failed)
        }
    })?;
    std::fs::remove_file(&part.path).map_err(|e| Error::io(&part.path, e))?;
    Ok(Extracted { rows: shape.0, columns: shape.1, already_there })
}

/// The `.npy` header and the float32 numbers of `rows`, as float32 or float16, little-endian.
fn write(
    sink: &mut impl Write,
    mut rows: impl Read,
    (m, d): (usize, usize),
    numbers: Numbers,
) -> std::io::Result<()> {
    let type_descriptor = f32::type_descriptor();
    let header = Header { type_descriptor, layout: Layout::Standard, shape: vec![m, d] };
    let mut header = header.to_bytes().map_err(std::io::Error::other)?;
    // The header's writer knows no float16.
    if numbers == Numbers::Float16
        && let Some(start) = header.windows(2).position(|pair| pair == b"f4")
    {
        header[start + 1] = b'2';
    }
    sink.write_all(&header)?;
    let mut row = vec![0; 4 * d];
    for _ in 0..m {
        rows.read_exact(&mut row)?;
        match numbers {
            Numbers::Float32 => sink.write_all(&row)?,
            Numbers::Float16 => {
                let values = row.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
                let halves: Vec<u8> = values.flat_map(|v| f16::from_f32(v).to_le_bytes()).collect();
                sink.write_all(&halves)?;
            }
        }
    }
    Ok(())
}

/// What the features depend on.
fn digest(images: &Images, settings: &Extraction, files: &[PathBuf]) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    for path in files {
        let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
        let mut size = 0_u64;
        loop {
            match file.read(&mut buffer).map_err(|e| Error::io(path, e))? {
                0 => break,
                count => {
                    hash.update(&buffer[..count]);
                    size += count as u64;
                }
            }
        }
        // Where one file ends and the next begins.
        hash.update(size.to_le_bytes());
    }
    let text = serde_json::to_vec(settings).map_err(|e| Error::argument("settings", "plain values", e))?;
    hash.update(text);
    hash.update(format!("{:?} {}", images.shape, env!("CARGO_PKG_VERSION")));
    hash.update(&images.pixels);
    Ok(hash.finalize().into())
}

/// The rows of unfinished work: a digest, then float32 numbers.
struct Part {
    path: PathBuf,
    file: File,
    rows: usize,
}

impl Part {
    /// Opens or begins it; what was written of a batch that is not whole is cut off.
    fn open(path: &Path, digest: [u8; 32], width: usize, batch: usize, count: usize) -> Result<Part> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let failed = |e| Error::io(&path, e);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        lock(&file, &path)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut found = Vec::new();
        (&mut file).take(DIGEST).read_to_end(&mut found).map_err(failed)?;
        let mut rows = 0;
        if found == digest {
            let whole = (size - DIGEST) / (4 * width as u64);
            rows = usize::try_from(whole).unwrap_or(0).min(count);
            if rows < count {
                rows -= rows % batch;
            }
        }
        let end = DIGEST + 4 * (width * rows) as u64;
        file.set_len(end.min(size)).and_then(|()| file.rewind()).map_err(failed)?;
        file.write_all(&digest).and_then(|()| file.seek(SeekFrom::Start(end))).map_err(failed)?;
        Ok(Part { path, file, rows })
    }

    fn append(&mut self, rows: &[f32]) -> Result<()> {
        let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.file.write_all(&bytes).map_err(|e| Error::io(&self.path, e))
    }
}
