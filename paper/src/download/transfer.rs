//! The bytes of one file, from an address or a folder into a `.part`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{FetchSettings, RemoteFile, checksum, http};
use hessia::progress::Progress;
use hessia::{Error, Result};

/// Where a file can be.
#[derive(Debug, Clone)]
pub enum Location {
    /// Under an address.
    Address(String),
    /// In a folder of this machine.
    Folder(PathBuf),
}

impl Location {
    /// With one more name behind it.
    pub fn join(&self, name: &str) -> Location {
        match self {
            Location::Address(address) => {
                Location::Address(format!("{}/{name}", address.trim_end_matches('/')))
            }
            Location::Folder(folder) => Location::Folder(folder.join(name)),
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Address(address) => f.write_str(address),
            Location::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

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
    reached: u64,
    progress: Progress,
}

impl<'a> Part<'a> {
    fn open(file: &'a RemoteFile, data_set: &str, path: &'a Path) -> Result<Part<'a>> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut open = opened.map_err(|e| Error::io(path, e))?;
        match open.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let expected = "a download that nobody else is writing";
                return Err(Error::format(path, expected, "one that another program is at"));
            }
            // File systems without locks: the checksum decides.
            Err(TryLockError::Error(_)) => {}
        }
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

    fn count(&mut self) -> Result<()> {
        let new = self.length.saturating_sub(self.reached);
        self.reached += new;
        self.progress.advance(new)
    }

    fn whole(&self) -> bool {
        self.length == self.file.size
    }
}

/// Brings `file` from the first place that has it, verified, to `path`.
pub fn bring(
    file: &RemoteFile,
    data_set: &str,
    places: &[Location],
    path: &Path,
    settings: &FetchSettings,
) -> Result<()> {
    let mut part = Part::open(file, data_set, path)?;
    let mut left_over = part.length > 0;
    let mut reasons = Vec::new();
    for place in places {
        let place = place.join(&file.name);
        let mut outcome = transfer(&place, &mut part, settings);
        if outcome.is_err() && std::mem::take(&mut left_over) && part.length == 0 {
            // What an earlier call had left was of another file.
            outcome = transfer(&place, &mut part, settings);
        }
        match outcome {
            Ok(()) => return Ok(()),
            Err(Failed::All(error)) => return Err(error),
            Err(Failed::Here(reason) | Failed::Cut(reason)) => reasons.push(format!("{place}: {reason}")),
        }
    }
    if part.length == 0 {
        std::fs::remove_file(path).map_err(|e| Error::io(path, e))?;
    }
    Err(Error::Download { file: file.name.clone(), reason: reasons.join("; ") })
}

/// All bytes from one place, with their checksum; what is found to be wrong is thrown away.
fn transfer(place: &Location, part: &mut Part<'_>, settings: &FetchSettings) -> Result<(), Failed> {
    match place {
        Location::Folder(path) => copy_file(path, part)?,
        Location::Address(address) => persist(address, part, settings)?,
    }
    part.open.sync_all().map_err(|e| Error::io(part.path, e))?;
    let found = checksum::md5_of(part.path)?;
    if found != part.file.md5 {
        part.restart()?;
        return Err(Failed::Here(format!("expected MD5 {}, found {found}; thrown away", part.file.md5)));
    }
    Ok(())
}

fn copy_file(path: &Path, part: &mut Part<'_>) -> Result<(), Failed> {
    let here = |e: std::io::Error| Failed::Here(e.to_string());
    let mut source = File::open(path).map_err(here)?;
    let size = source.metadata().map_err(here)?.len();
    if size != part.file.size {
        return Err(Failed::Here(format!("expected {} bytes, found {size}", part.file.size)));
    }
    part.restart()?;
    part.copy(&mut source)?;
    match part.whole() {
        true => Ok(()),
        false => Err(Failed::Here(format!("ended after {} of {size} bytes", part.length))),
    }
}

/// Asks again after every cut, until nothing new has come for `settings.attempts` attempts.
fn persist(address: &str, part: &mut Part<'_>, settings: &FetchSettings) -> Result<(), Failed> {
    let agent = http::agent(settings);
    let mut fruitless = 0;
    while !part.whole() {
        let before = part.reached;
        let reason = match http::attempt(&agent, address, part) {
            Ok(()) if part.whole() => return Ok(()),
            Ok(()) => "the answer ended early".to_string(),
            Err(Failed::Cut(reason)) => reason,
            Err(other) => return Err(other),
        };
        fruitless = if part.reached > before { 0 } else { fruitless + 1 };
        if fruitless >= settings.attempts {
            let (length, size) = (part.length, part.file.size);
            let kept = if length > 0 { "; they are kept for the next call" } else { "" };
            return Err(Failed::Cut(format!(
                "{reason}; given up after {fruitless} attempts in a row that brought nothing, with {length} of \
                 {size} bytes{kept}"
            )));
        }
        wait(settings.pause.saturating_mul(1 << fruitless.saturating_sub(1).min(5)), part)?;
    }
    Ok(())
}

/// Waits in small steps, so that an interrupt is answered.
fn wait(time: Duration, part: &Part<'_>) -> Result<()> {
    let step = Duration::from_millis(50);
    let mut left = time;
    while !left.is_zero() {
        let now = left.min(step);
        std::thread::sleep(now);
        left -= now;
        part.progress.advance(0)?;
    }
    Ok(())
}
