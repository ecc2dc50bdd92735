//! Networks as `.npz` files of arrays in state-dict names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use ndarray::{Array1, Array2, Ix1, Ix2};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::names::{Kind, Name};
use super::{Activation, Layer, Network};
use crate::dataset::{
    Header, LARGEST_RATIO, LARGEST_UNPACKED, NpyValues, Place, format_at, hex, open_regular, write_array,
    write_aside,
};
use crate::error::check_finite;
use crate::{Error, Result};

const ARCHIVE: &str = "a .npz archive of weights and biases";

impl Network {
    /// Reads a network from a `.npz` file of arrays in state-dict names; also returns what was converted.
    ///
    /// Weights have shape (outputs, inputs), biases (outputs), float32 or float64. The names are those of
    /// PyTorch, `0.weight`, `0.bias`, `2.weight` and so on, with any prefix (`net.0.weight`, `fc1.weight`);
    /// layers follow each other by the numbers in their names, 10 after 2. Each layer may have biases or not.
    /// The file may be stored (`numpy.savez`) or compressed (`numpy.savez_compressed`).
    ///
    /// # Errors
    /// An archive that is damaged or unfolds to more than 1 GiB, names that are not those of one chain of
    /// layers, a bias without its weight, another dtype or rank, shapes that do not follow on each other, NaN or
    /// infinity: with the file, the array, what was expected and what was found.
    ///
    /// ```
    /// use hessia::{Activation, Network};
    /// let folder = tempfile::tempdir().unwrap();
    /// let path = folder.path().join("net.npz");
    /// let net = Network::random(&[3, 2, 1], true, Activation::Tanh, 0)?;
    /// net.save(&path)?;
    /// let (read, notes) = Network::load(&path, Activation::Tanh)?;
    /// assert_eq!(read, net);
    /// assert!(notes.is_empty());
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn load(path: impl AsRef<Path>, activation: Activation) -> Result<(Network, Vec<String>)> {
        let path = path.as_ref();
        let mut archive = Archive::open(path)?;
        let found = archive.headers()?;
        let chain = order(path, found)?;
        let mut notes = Vec::new();
        let mut layers = Vec::with_capacity(chain.len());
        for (weight, bias) in &chain {
            let weight = archive.read(weight, &mut notes)?.into_dimensionality::<Ix2>();
            let bias = match bias {
                Some(bias) => Some(archive.read(bias, &mut notes)?.into_dimensionality::<Ix1>()),
                None => None,
            };
            // Ranks were checked with the headers.
            let rank = |e: ndarray::ShapeError| Error::format(path, ARCHIVE, e.to_string());
            let weight: Array2<f64> = weight.map_err(rank)?;
            let bias: Option<Array1<f64>> = bias.transpose().map_err(rank)?;
            layers.push(Layer { weight, bias });
        }
        Ok((Network::new(layers, activation)?, notes))
    }

    /// Writes the network as a `.npz` file that NumPy loads: float64 arrays in the names of
    /// [`Network::parameter_map`], uncompressed. The same network gives the same bytes.
    ///
    /// The file is written beside `path` and renamed when it is whole.
    ///
    /// # Errors
    /// The system's, for the folder or the file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_aside(path, |file| self.write(file).map_err(|e| Error::io(path, e)))
    }

    fn write(&self, file: &mut File) -> std::io::Result<()> {
        let mut archive = ZipWriter::new(BufWriter::new(file));
        for (l, layer) in self.layers.iter().enumerate() {
            // As in `parameter_map`: every other module is an activation.
            archive.start_file(format!("{}.weight.npy", 2 * l), options(layer.weight.len()))?;
            write_array(&mut archive, &layer.weight)?;
            if let Some(bias) = &layer.bias {
                archive.start_file(format!("{}.bias.npy", 2 * l), options(bias.len()))?;
                write_array(&mut archive, bias)?;
            }
        }
        archive.finish()?.flush()
    }
}

/// No time of writing, so that equal networks are equal files.
fn options(entries: usize) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(entries >= 1 << 28)
}

/// One array of the archive, its entries not yet read.
struct Found {
    index: usize,
    name: Name,
    header: Header,
}

struct Archive<'a> {
    path: &'a Path,
    size: u64,
    zip: ZipArchive<BufReader<File>>,
}

impl<'a> Archive<'a> {
    fn open(path: &'a Path) -> Result<Archive<'a>> {
        let (mut file, size) = open_regular(path, ARCHIVE)?;
        let mut magic = Vec::new();
        (&mut file).take(6).read_to_end(&mut magic).map_err(|e| Error::io(path, e))?;
        if magic == b"\x93NUMPY" {
            return Err(format_at(path, ARCHIVE, "a single .npy array", 0));
        }
        if !magic.starts_with(b"PK") {
            return Err(format_at(path, ARCHIVE, format!("a file that starts with {}", hex(&magic)), 0));
        }
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|e| {
            let found = format!("{size} bytes without a readable directory of arrays at their end: {e}");
            Error::format(path, "a whole .npz archive", found)
        })?;
        if zip.has_duplicate_names() {
            return Err(Error::format(path, "arrays of different names", "two arrays of the same name"));
        }
        Ok(Archive { path, size, zip })
    }

    /// Names, types and shapes of all arrays, before any of their entries is read.
    fn headers(&mut self) -> Result<Vec<Found>> {
        let (path, mut unpacked) = (self.path, 0_u64);
        let mut all = Vec::new();
        for index in 0..self.zip.len() {
            let mut entry = self.zip.by_index(index).map_err(|e| damaged(path, &e))?;
            let name = Name::parse(&entry.name().map_err(|e| damaged(path, &e))?).map_err(|found| {
                Error::format(path, "arrays named like 0.weight and 0.bias", format!("{found:?}"))
            })?;
            let place = Place { path, member: Some(&name.full) };
            let size = entry.size();
            unpacked = unpacked.saturating_add(size);
            let possible = self.size.saturating_mul(LARGEST_RATIO);
            if size > possible || unpacked > LARGEST_UNPACKED {
                let most = possible.min(LARGEST_UNPACKED);
                let expected = format!("at most {} of arrays", crate::error::bytes(most));
                let found = format!("{}, after {} of others", crate::error::bytes(size), unpacked - size);
                return Err(place.error(&expected, found, 0));
            }
            let header = Header::read(&mut entry, size, place)?;
            if !header.is_float() {
                return Err(place.error("float32 or float64", header.dtype(), 10));
            }
            let (rank, expected) = match name.kind {
                Kind::Weight => (2, "a matrix (outputs, inputs)"),
                Kind::Bias => (1, "a vector (outputs)"),
            };
            if header.shape.len() != rank {
                return Err(place.error(expected, format!("shape {:?}", header.shape), 10));
            }
            all.push(Found { index, name, header });
        }
        Ok(all)
    }

    fn read(&mut self, found: &Found, notes: &mut Vec<String>) -> Result<ndarray::ArrayD<f64>> {
        let place = Place { path: self.path, member: Some(&found.name.full) };
        let mut entry = self.zip.by_index(found.index).map_err(|e| damaged(self.path, &e))?;
        let size = entry.size();
        let header = Header::read(&mut entry, size, place)?;
        let array = header.read_values(&mut entry, place)?;
        notes.extend(array.notes);
        match array.values {
            NpyValues::Floats(values) => {
                check_finite(&place.name(), values.view())?;
                Ok(values)
            }
            NpyValues::Integers(_) => Err(place.error("float32 or float64", array.dtype, 10)),
        }
    }
}

fn damaged(path: &Path, error: &zip::result::ZipError) -> Error {
    Error::format(path, "a whole .npz archive", format!("damage: {error}"))
}

/// Puts weights and biases together, in the order of their layers, and checks that their shapes follow on each
/// other.
fn order(path: &Path, all: Vec<Found>) -> Result<Vec<(Found, Option<Found>)>> {
    let mut layers: BTreeMap<Vec<u64>, (Option<Found>, Option<Found>)> = BTreeMap::new();
    let mut first: Option<Name> = None;
    for found in all {
        let name = found.name.clone();
        match &first {
            Some(first) if first.pattern != name.pattern => {
                let found = format!("{} beside {}", name.full, first.full);
                return Err(Error::format(path, "layers whose names differ in their numbers alone", found));
            }
            Some(_) => {}
            None => first = Some(name.clone()),
        }
        let layer = layers.entry(name.numbers.clone()).or_default();
        let slot = if name.kind == Kind::Weight { &mut layer.0 } else { &mut layer.1 };
        if let Some(other) = slot.replace(found) {
            let found = format!("{} beside {}", name.full, other.name.full);
            return Err(Error::format(path, "one array of each name", found));
        }
    }
    if layers.is_empty() {
        return Err(Error::format(path, ARCHIVE, "an archive without arrays"));
    }
    let mut chain: Vec<(Found, Option<Found>)> = Vec::with_capacity(layers.len());
    for (weight, bias) in layers.into_values() {
        let weight = weight.ok_or_else(|| {
            let bias = bias.as_ref().map_or("", |bias| &bias.name.full);
            Error::format(path, format!("a weight beside {bias}"), "none")
        })?;
        let (outputs, inputs) = (weight.header.shape[0], weight.header.shape[1]);
        if let Some((before, _)) = chain.last()
            && before.header.shape[0] != inputs
        {
            let (name, before, shape) = (&weight.name.full, &before.name.full, &before.header.shape);
            let what = format!("{}: {name} after {before} of shape {shape:?}", path.display());
            return Err(Error::shape(what, &[outputs, shape[0]], &weight.header.shape));
        }
        if let Some(bias) = &bias
            && bias.header.shape[0] != outputs
        {
            let (name, weight, shape) = (&bias.name.full, &weight.name.full, &weight.header.shape);
            let what = format!("{}: {name} beside {weight} of shape {shape:?}", path.display());
            return Err(Error::shape(what, &[outputs], &bias.header.shape));
        }
        chain.push((weight, bias));
    }
    Ok(chain)
}
