//! A file that comes in pieces.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::RemoteFile;
use hessia::files::lock;
use hessia::progress::Progress;
use hessia::{Error, Result};

/// Why a place did not give a file.
pub enum Failed {
    /// This place has not got it; another may have.
    Here(String),
    /// Cut on the way; the rest may come in a further attempt.
    Cut(String),
    /// Nothing to be tried again.
    All(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::All(error)
    }
}

/// The file being written.
pub struct Part<'a> {
    pub file: &'a RemoteFile,
    pub path: &'a Path,
    open: File,
    /// Bytes written so far.
    pub length: u64,
    /// The most that it has ever had in this call, which the progress has counted.
    pub reached: u64,
    progress: Progress,
}

impl<'a> Part<'a> {
    /// Opens it or begins it; another process that is at work on it is refused.
    pub fn open(file: &'a RemoteFile, data_set: &str, path: &'a Path) -> Result<Part<'a>> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut open = opened.map_err(|e| Error::io(path, e))?;
        lock(&open, path)?;
        let length = open.seek(SeekFrom::End(0)).map_err(|e| Error::io(path, e))?;
        let progress = Progress::new(&format!("{data_set}: {}", file.name), file.size, "bytes");
        let mut part = Part { file, path, open, length, reached: 0, progress };
        match length > file.size {
            true => part.restart()?,
            false => part.count()?,
        }
        Ok(part)
    }

    /// Begins again from nothing.
    pub fn restart(&mut self) -> Result<()> {
        self.open.set_len(0).and_then(|()| self.open.rewind()).map_err(|e| Error::io(self.path, e))?;
        self.length = 0;
        Ok(())
    }

    /// Copies what `source` has, up to the size of the file.
    pub fn copy(&mut self, source: &mut dyn Read) -> Result<(), Failed> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) if self.length + count as u64 > self.file.size => {
                    self.restart()?;
                    return Err(Failed::Here(format!("expected {} bytes, found more", self.file.size)));
                }
                Ok(count) => {
                    self.open.write_all(&buffer[..count]).map_err(|e| Error::io(self.path, e))?;
                    self.length += count as u64;
                    self.count()?;
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Failed::Cut(e.to_string())),
            }
        }
    }

    /// Puts what is there on the disk.
    pub fn sync(&self) -> Result<()> {
        self.open.sync_all().map_err(|e| Error::io(self.path, e))
    }

    /// Answers an interrupt where nothing comes.
    pub fn pause(&self) -> Result<()> {
        self.progress.advance(0)
    }

    fn count(&mut self) -> Result<()> {
        let new = self.length.saturating_sub(self.reached);
        self.reached += new;
        self.progress.advance(new)
    }

    /// Whether all bytes are there.
    pub fn whole(&self) -> bool {
        self.length == self.file.size
    }
}
