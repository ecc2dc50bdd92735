//! The bytes of a file, plain or gzip, never more in memory than the file holds.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::regular::{LARGEST_RATIO, LARGEST_UNPACKED, format_at, is_damage, open_regular};
use crate::{Error, Result};

/// An open file, read from its start.
pub struct Content {
    path: PathBuf,
    reader: Box<dyn Read>,
    /// The most bytes that can come: exact for a plain file.
    most: u64,
    gzip: bool,
    position: u64,
}

impl Content {
    /// Opens a regular file that is not empty. `expected` says what should stand in it.
    pub fn open(path: &Path, expected: &str) -> Result<Content> {
        let (mut file, size) = open_regular(path, expected)?;
        let mut magic = Vec::new();
        (&mut file).take(2).read_to_end(&mut magic).map_err(|e| Error::io(path, e))?;
        file.seek(SeekFrom::Start(0)).map_err(|e| Error::io(path, e))?;
        let gzip = magic == [0x1f, 0x8b];
        let file = BufReader::new(file);
        let (reader, most): (Box<dyn Read>, u64) = match gzip {
            true => {
                let most = size.saturating_mul(LARGEST_RATIO).min(LARGEST_UNPACKED);
                (Box::new(MultiGzDecoder::new(file)), most)
            }
            // A file may be larger than its disk: holes take no room there, but they do in memory.
            false if size > LARGEST_UNPACKED => {
                let limit = crate::error::bytes(LARGEST_UNPACKED);
                let found = format!("{size} bytes");
                return Err(Error::format(path, format!("{expected} of at most {limit}"), found));
            }
            false => (Box::new(file), size),
        };
        Ok(Content { path: path.to_path_buf(), reader, most, gzip, position: 0 })
    }

    /// The most bytes that can be read from here on.
    pub fn at_most(&self) -> u64 {
        self.most.saturating_sub(self.position)
    }

    /// The next `count` bytes, or fewer where the content ends before.
    pub fn read_up_to(&mut self, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let outcome = self.reader.by_ref().take(count).read_to_end(&mut bytes);
        self.position += bytes.len() as u64;
        match outcome {
            Ok(_) => Ok(bytes),
            Err(e) if self.gzip && is_damage(&e) => Err(self.error(
                "a whole gzip stream",
                format!("damage after {} bytes of content: {e}", self.position),
                self.position,
            )),
            Err(e) => Err(Error::io(&self.path, e)),
        }
    }

    /// All that is left.
    pub fn read_to_end(&mut self) -> Result<Vec<u8>> {
        let (start, most) = (self.position, self.at_most());
        let bytes = self.read_up_to(most.saturating_add(1))?;
        match bytes.len() as u64 > most {
            true => Err(self.error(format!("at most {most} bytes"), "more", start.saturating_add(most))),
            false => Ok(bytes),
        }
    }

    /// An [`Error::Format`] at a place of this file.
    pub fn error(&self, expected: impl Into<String>, found: impl Into<String>, offset: u64) -> Error {
        format_at(&self.path, expected, found, offset)
    }
}
