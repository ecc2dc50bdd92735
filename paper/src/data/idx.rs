//! The idx format of MNIST and FashionMNIST.

use std::path::Path;

use super::images::Images;
use hessia::Result;
use hessia::files::{Content, format_at, hex};

/// An array of unsigned bytes read from an idx file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxArray {
    /// Its dimensions, objects first.
    pub shape: Vec<usize>,
    /// Its entries, the last index running fastest.
    pub values: Vec<u8>,
}

/// Reads an idx file of unsigned bytes, gzip or plain.
///
/// The format: two zero bytes, the type of the entries (08: unsigned byte), the number of dimensions, each
/// dimension as a big-endian 32-bit number, then the entries.
///
/// # Errors
/// Another magic number or type, a dimension of zero, entries missing or left over, or a damaged gzip stream,
/// each with its place.
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("labels");
/// std::fs::write(&path, [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]).unwrap();
/// let labels = hessia_paper::data::read_idx(&path)?;
/// assert_eq!(labels.shape, [3]);
/// assert_eq!(labels.values, [7, 2, 1]);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn read_idx(path: impl AsRef<Path>) -> Result<IdxArray> {
    let mut content = Content::open(path.as_ref(), "an idx file")?;
    let magic = content.read_up_to(4)?;
    let [a, b, kind, rank] = magic[..] else {
        return Err(content.error("4 bytes of magic number", format!("{} bytes", magic.len()), 0));
    };
    if (a, b) != (0, 0) {
        return Err(content.error("the magic number of an idx file, 00 00 08", hex(&magic), 0));
    }
    if kind != 8 {
        return Err(content.error("entries of type 08 (unsigned byte)", type_name(kind), 2));
    }
    if !(1..=4).contains(&rank) {
        return Err(content.error("1 to 4 dimensions", rank.to_string(), 3));
    }
    let dimensions = content.read_up_to(4 * u64::from(rank))?;
    let header = 4 + 4 * u64::from(rank);
    if dimensions.len() as u64 + 4 != header {
        let found = format!("only {} bytes", dimensions.len());
        let end = 4 + dimensions.len() as u64;
        return Err(content.error(format!("{rank} dimensions of 4 bytes each"), found, end));
    }
    let mut shape = Vec::new();
    let mut count = 1_u64;
    for (i, bytes) in dimensions.chunks_exact(4).enumerate() {
        let dimension = bytes.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        if dimension == 0 {
            return Err(content.error("a dimension above 0", "0", 4 + 4 * i as u64));
        }
        count = count.saturating_mul(dimension);
        shape.push(dimension as usize);
    }
    let expected = format!("{count} entries of shape {shape:?}");
    if count > content.at_most() {
        let found = format!("a file that holds at most {}", content.at_most());
        return Err(content.error(expected, found, header));
    }
    let values = content.read_up_to(count)?;
    let end = header + values.len() as u64;
    if (values.len() as u64) < count {
        return Err(content.error(expected, format!("the end of the file after {}", values.len()), end));
    }
    if !content.read_up_to(1)?.is_empty() {
        return Err(content.error(format!("the end of the file after {expected}"), "further bytes", end));
    }
    Ok(IdxArray { shape, values })
}

/// Reads the images and labels of MNIST or FashionMNIST.
///
/// # Errors
/// As [`read_idx`]; and images or labels with another number of dimensions, or different numbers of them.
pub fn read_idx_images(images: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<Images> {
    let (images_path, labels_path) = (images.as_ref(), labels.as_ref());
    let images = read_idx(images_path)?;
    let labels = read_idx(labels_path)?;
    let [objects, height, width] = images.shape[..] else {
        let found = format!("shape {:?}", images.shape);
        return Err(format_at(images_path, "3 dimensions: images, rows, columns", found, 3));
    };
    if labels.shape.len() != 1 {
        let found = format!("shape {:?}", labels.shape);
        return Err(format_at(labels_path, "1 dimension: labels", found, 3));
    }
    if labels.values.len() != objects {
        let expected = format!("{objects} labels, one for each image of {}", images_path.display());
        return Err(format_at(labels_path, expected, labels.values.len().to_string(), 4));
    }
    Ok(Images { pixels: images.values, labels: labels.values, shape: [1, height, width] })
}

fn type_name(kind: u8) -> String {
    let name = match kind {
        0x09 => "signed byte",
        0x0b => "16-bit integer",
        0x0c => "32-bit integer",
        0x0d => "32-bit float",
        0x0e => "64-bit float",
        _ => "unknown",
    };
    format!("type {kind:02x} ({name})")
}
