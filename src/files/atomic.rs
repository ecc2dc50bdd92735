//! Files that appear whole or not at all, whatever happens to the process or the machine.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Error, Result};

/// How the names of unfinished files and folders begin.
const PREFIX: &str = ".hessia-";

/// Unfinished files and folders of this process.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Lets `fill` write a file beside `path`, then renames it to `path`; nothing is left behind on failure.
///
/// The bytes are on the disk before the file has its name, and the name is before this returns: a power cut leaves the
/// older file or the new one, never a torn one.
///
/// # Errors
/// What `fill` returns, and what the system refuses, with the name of the file.
///
/// ```
/// use std::io::Write;
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("note.txt");
/// hessia::files::write_atomically(&path, |file| {
///     file.write_all(b"whole").map_err(|e| hessia::Error::io(&path, e))
/// })?;
/// assert_eq!(std::fs::read(&path).unwrap(), b"whole");
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn write_atomically(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        // As for any new file: the umask decides, not the stricter mode of temporary files.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let failed = |e| Error::io(path, e);
    let mut unfinished_file = builder.tempfile_in(folder_of(path)).map_err(failed)?;
    let _listed = Listed::new(unfinished_file.path());
    fill(unfinished_file.as_file_mut())?;
    sync(unfinished_file.as_file()).map_err(failed)?;
    unfinished_file.persist(path).map_err(|e| failed(e.error))?;
    sync_folder(path)
}

/// Renames a file whose bytes are on the disk, so that the new name is there too when this returns.
///
/// # Errors
/// What the system refuses.
pub fn rename_whole(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| Error::io(to, e))?;
    sync_folder(to)
}

/// A folder in `folder` for files that are not whole yet; it goes when it is dropped.
///
/// # Errors
/// What the system refuses.
pub fn unfinished_folder(folder: &Path) -> Result<UnfinishedFolder> {
    let made =
        tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder).map_err(|e| Error::io(folder, e))?;
    Ok(UnfinishedFolder { _listed: Listed::new(made.path()), made })
}

/// A folder that goes with everything in it when it is dropped.
#[derive(Debug)]
pub struct UnfinishedFolder {
    made: tempfile::TempDir,
    _listed: Listed,
}

impl UnfinishedFolder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.made.path()
    }
}

/// Removes the files and folders that this process has not finished: for a program that is about to end without
/// unwinding.
pub fn remove_unfinished() {
    for path in &*unfinished() {
        // Another thread may go on writing until the process ends; without its folder it soon cannot.
        for _ in 0..10 {
            let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            match removed {
                Err(e) if e.kind() != ErrorKind::NotFound => {}
                _ => break,
            }
        }
    }
}

/// Removes what killed processes have left unfinished in a folder; the caller sees to it that no other one is at work
/// there.
///
/// # Errors
/// What the system refuses.
pub fn remove_leftovers(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let entry = entry.map_err(|e| Error::io(folder, e))?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let path = entry.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|e| Error::io(path, e))?;
        }
    }
    Ok(())
}

/// An entry of [`UNFINISHED`].
#[derive(Debug)]
struct Listed(PathBuf);

impl Listed {
    fn new(path: &Path) -> Listed {
        // Absolute, as the working directory may change.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        unfinished().push(path.clone());
        Listed(path)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The name of a file is an entry of its folder, which has to reach the disk as well.
fn sync_folder(path: &Path) -> Result<()> {
    // Windows opens no folders, and keeps their entries itself.
    if cfg!(unix) {
        File::open(folder_of(path)).and_then(|folder| sync(&folder)).map_err(|e| Error::io(path, e))?;
    }
    Ok(())
}

fn sync(file: &File) -> std::io::Result<()> {
    match file.sync_all() {
        // File systems that know no such thing.
        Err(e) if matches!(e.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput) => Ok(()),
        other => other,
    }
}
