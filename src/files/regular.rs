//! Regular files, their limits and their errors.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crate::{Error, Result};

/// The most that a file read whole may have, and a compressed one may unfold to: far above any data set or network that fits the exact methods,
/// far below what a hostile file of a few megabytes can claim.
pub const LARGEST_UNPACKED: u64 = 1 << 30;

/// DEFLATE cannot shrink more than this: 258 bytes take at least two bits.
pub const LARGEST_RATIO: u64 = 1032;

/// Opens a regular file that is not empty, and tells its size.
pub fn open_regular(path: &Path, expected: &str) -> Result<(File, u64)> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let metadata = file.metadata().map_err(|e| Error::io(path, e))?;
    if !metadata.is_file() {
        let found = if metadata.is_dir() { "a folder" } else { "a device or pipe" };
        return Err(Error::format(path, expected, found));
    }
    match metadata.len() {
        0 => Err(format_at(path, expected, "an empty file", 0)),
        size => Ok((file, size)),
    }
}

/// An [`Error::Format`] with its offset.
pub fn format_at(path: &Path, expected: impl Into<String>, found: impl Into<String>, offset: u64) -> Error {
    Error::Format {
        path: path.to_path_buf(),
        expected: expected.into(),
        found: found.into(),
        offset: Some(offset),
    }
}

/// Whether a decoder complains about its input, as opposed to the system about the file.
pub fn is_damage(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof)
}

/// Bytes as they are shown in an error: `00 00 08 03`.
pub fn hex(bytes: &[u8]) -> String {
    let shown: Vec<_> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    shown.join(" ")
}
