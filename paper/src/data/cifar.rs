//! The binary versions of CIFAR-10 and CIFAR-100.

use std::path::Path;

use super::images::Images;
use hessia::files::Content;
use hessia::{Error, Result};

/// Bytes of one image: three planes (red, green, blue) of 32 x 32.
const PIXELS: usize = 3 * 32 * 32;

/// Which of the two labels of a CIFAR-100 image.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "lowercase", parse_err_ty = Error, parse_err_fn = unknown_labels)]
pub enum CifarLabels {
    /// The class, 0 to 99.
    Fine,
    /// The superclass, 0 to 19.
    Coarse,
}

fn unknown_labels(name: &str) -> Error {
    Error::unknown_name::<CifarLabels>("labels", name)
}

/// Reads a file of CIFAR-10's binary version, gzip or plain: records of a label and 3,072 bytes of pixels.
///
/// # Errors
/// An incomplete record, or a label above 9, with its place.
pub fn read_cifar10(path: impl AsRef<Path>) -> Result<Images> {
    read_records(path.as_ref(), &[("label", 9)], 0)
}

/// Reads a file of CIFAR-100's binary version, gzip or plain: records of a coarse label, a fine label and 3,072
/// bytes of pixels.
///
/// # Errors
/// An incomplete record, a coarse label above 19 or a fine label above 99, with its place.
pub fn read_cifar100(path: impl AsRef<Path>, labels: CifarLabels) -> Result<Images> {
    let kept = match labels {
        CifarLabels::Coarse => 0,
        CifarLabels::Fine => 1,
    };
    read_records(path.as_ref(), &[("coarse label", 19), ("fine label", 99)], kept)
}

/// Reads records that start with the labels `heads` (name and largest value), and keeps label number `kept`.
fn read_records(path: &Path, heads: &[(&str, u8)], kept: usize) -> Result<Images> {
    let record = heads.len() + PIXELS;
    let mut content = Content::open(path, "records of a CIFAR binary file")?;
    let mut bytes = content.read_to_end()?;
    let (objects, rest) = (bytes.len() / record, bytes.len() % record);
    if rest != 0 || objects == 0 {
        let found = format!("{} bytes: {objects} records and {rest} bytes", bytes.len());
        let start = (objects * record) as u64;
        return Err(content.error(format!("records of {record} bytes each"), found, start));
    }
    let mut labels = Vec::with_capacity(objects);
    for object in 0..objects {
        let start = object * record;
        for (i, &(name, largest)) in heads.iter().enumerate() {
            let label = bytes[start + i];
            if label > largest {
                let expected = format!("a {name} of 0 to {largest}");
                return Err(content.error(expected, label.to_string(), (start + i) as u64));
            }
        }
        labels.push(bytes[start + kept]);
        // The pixels move down over the labels: no second copy of the file.
        bytes.copy_within(start + heads.len()..start + record, object * PIXELS);
    }
    bytes.truncate(objects * PIXELS);
    Ok(Images { pixels: bytes, labels, shape: [3, 32, 32] })
}
