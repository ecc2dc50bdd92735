//! Outputs, refused before any work where they could not be written after it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use hessia::files::write_atomically;
use hessia::{Error, Result};

use super::interrupt;

/// A file to write, and the extensions that it may have.
pub type Output<'a> = (&'a Path, &'static [&'static str]);

pub const JSON: &[&str] = &["json"];
pub const NPY: &[&str] = &["npy"];
pub const NOTEBOOK: &[&str] = &["ipynb"];
pub const NPZ: &[&str] = &["npz"];
pub const TABLE: &[&str] = &["parquet", "csv", "json", "arrow", "ipc", "feather"];

/// Refuses outputs with another extension than their format's, that are folders or devices, that lie in a folder
/// where nothing can be written, or that would overwrite an input or each other.
pub fn check(outputs: &[Output<'_>], inputs: &[&Path]) -> Result<()> {
    let _whole = interrupt::writing();
    let mut taken: Vec<PathBuf> = inputs.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    for (path, extensions) in outputs {
        check_extension(path, extensions)?;
        let folder = folder_of(path);
        if let Ok(metadata) = fs::metadata(path)
            && !metadata.is_file()
        {
            let found = if metadata.is_dir() { "a folder of that name" } else { "a device of that name" };
            return Err(Error::format(*path, "the name of a file to write", found));
        }
        // The only sure way to know that a folder can be written to.
        let tried = tempfile::Builder::new().prefix(".hessia-").tempfile_in(folder);
        let folder = tried.and_then(|_| fs::canonicalize(folder)).map_err(|e| {
            let expected = format!("the folder {} to exist and to be writable", folder.display());
            Error::format(*path, expected, e.kind().to_string())
        })?;
        let whole = folder.join(path.file_name().unwrap_or_default());
        if taken.contains(&whole) {
            return Err(Error::format(
                *path,
                "a name of its own",
                "the name of an input or of another output",
            ));
        }
        taken.push(whole);
    }
    Ok(())
}

/// Refuses a folder to write `names` into: one that cannot be made or written to, a folder that has one of these names,
/// and, without `force`, a file of one of them.
pub fn check_folder(folder: &Path, names: &[String], force: bool) -> Result<()> {
    let _whole = interrupt::writing();
    if folder.exists() && !folder.is_dir() {
        return Err(Error::format(folder, "the name of a folder", "a file of that name"));
    }
    let above = folder.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(".hessia-").tempfile_in(above).map(drop).map_err(|e| {
        let expected = format!("the folder {} to be writable", above.display());
        Error::format(folder, expected, e.kind().to_string())
    })?;
    for path in names.iter().map(|name| folder.join(name)) {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {
                return Err(Error::format(path, "a name that is free", "a folder of that name"));
            }
            Ok(_) if !force => {
                let expected = "a name that is free (another folder, or --force to overwrite)";
                return Err(Error::format(path, expected, "a file of that name"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the files of these names, as far as there are any.
pub fn remove(folder: &Path, names: &[String]) -> Result<()> {
    for path in names.iter().map(|name| folder.join(name)) {
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::io(path, e)),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a file is to be an array, by its name.
pub fn is_npy(path: &Path) -> bool {
    extension(path).as_deref() == Some("npy")
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|e| e.to_string_lossy().to_lowercase())
}

fn check_extension(path: &Path, extensions: &[&str]) -> Result<()> {
    let found = extension(path);
    if found.as_deref().is_some_and(|found| extensions.contains(&found)) {
        return Ok(());
    }
    let expected: Vec<_> = extensions.iter().map(|e| format!(".{e}")).collect();
    Err(Error::format(
        path,
        format!("a name that ends in {}", expected.join(", ")),
        found.map_or("no extension".to_string(), |e| format!(".{e}")),
    ))
}

/// Writes a whole file aside and renames it.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    write_atomically(path, |file| file.write_all(content).map_err(|e| Error::io(path, e)))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
