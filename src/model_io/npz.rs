//! Networks as `.npz` files: archives of arrays in state-dict names.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use ndarray::ArrayD;
use zip::ZipArchive;

use super::WeightLayout;
use super::chain::{Entry, Hints, arrange};
use super::names::Name;
use crate::error::check_finite;
use crate::files::{
    Header, LARGEST_RATIO, LARGEST_UNPACKED, NpyValues, NpzWriter, Place, format_at, hex, open_regular,
};
use crate::network::{bias_name, weight_name};
use crate::{Error, Layer, Network, Result};

const ARCHIVE: &str = "a .npz archive of weights and biases";

/// The layers of the archive, and what was converted.
pub(super) fn read(path: &Path, layout: Option<WeightLayout>) -> Result<(Vec<Layer>, Vec<String>)> {
    let mut archive = Archive::open(path)?;
    let entries = archive.headers()?;
    let chain = arrange(path, &entries, Hints { layout, burn: false, file_order: true })?;
    let mut notes = Vec::new();
    let layers = chain.read(path, |index| archive.read(index, &entries[index].name.full, &mut notes))?;
    notes.extend(chain.notes);
    Ok((layers, notes))
}

/// Writes the network's arrays in the names of its parameter map.
pub(super) fn write(net: &Network, file: &mut File) -> std::io::Result<()> {
    let mut archive = NpzWriter::new(file);
    write_layers(net, &mut archive)?;
    archive.finish()
}

/// Adds the network's arrays to an archive, in the names of its parameter map.
pub(crate) fn write_layers(net: &Network, archive: &mut NpzWriter<'_>) -> std::io::Result<()> {
    for (l, layer) in net.layers().iter().enumerate() {
        archive.floats(&weight_name(l), &layer.weight)?;
        if let Some(bias) = &layer.bias {
            archive.floats(&bias_name(l), bias)?;
        }
    }
    Ok(())
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
        if zip.is_empty() {
            return Err(Error::format(path, ARCHIVE, "an archive without arrays of weights"));
        }
        Ok(Archive { path, size, zip })
    }

    /// Names, types and shapes of all arrays, before any of their entries is read.
    fn headers(&mut self) -> Result<Vec<Entry>> {
        let (path, mut unpacked) = (self.path, 0_u64);
        let mut all = Vec::new();
        for index in 0..self.zip.len() {
            let mut entry = self.zip.by_index(index).map_err(|e| damaged(path, &e))?;
            let name = parse_name(path, &entry.name().map_err(|e| damaged(path, &e))?)?;
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
            let found = Entry { name: name.clone(), shape: header.shape };
            found
                .check_rank()
                .map_err(|expected| place.error(expected, format!("shape {:?}", found.shape), 10))?;
            all.push(found);
        }
        Ok(all)
    }

    fn read(&mut self, index: usize, name: &str, notes: &mut Vec<String>) -> Result<ArrayD<f64>> {
        let place = Place { path: self.path, member: Some(name) };
        let mut entry = self.zip.by_index(index).map_err(|e| damaged(self.path, &e))?;
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

fn parse_name(path: &Path, member: &str) -> Result<Name> {
    let refused = |found: String| {
        // torch.save writes archives too.
        let found = match member.ends_with("/data.pkl") {
            true => {
                format!("{found:?}: a file of torch.save; numpy.savez or safetensors write one that is read")
            }
            false => format!("{found:?}"),
        };
        Error::format(path, "arrays named like 0.weight and 0.bias", found)
    };
    let name = member.strip_suffix(".npy").ok_or_else(|| refused(member.chars().take(120).collect()))?;
    Name::parse(name).map_err(refused)
}

fn damaged(path: &Path, error: &zip::result::ZipError) -> Error {
    Error::format(path, "a whole .npz archive", format!("damage: {error}"))
}
