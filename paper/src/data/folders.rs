//! Folders that data sets are searched for in, and the one that downloads go to.

use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use hessia::{Error, Result};

/// Where downloads go: the folder that the variable `HESSIA_DATA` names, else `hessia` in the user's cache
/// (`XDG_CACHE_HOME`, `~/.cache`; `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows).
///
/// # Errors
/// A variable that names no folder, or neither variable nor home.
pub fn data_folder() -> Result<PathBuf> {
    match named()?.or_else(cache) {
        Some(folder) => Ok(folder),
        None => Err(Error::argument("HESSIA_DATA", "a folder, since there is no home folder", "nothing")),
    }
}

/// The folders to search, in this order: the one of `HESSIA_DATA`, `data` in the working directory and above it, the
/// user's cache, and `data` of this crate's sources.
pub(crate) fn search_folders() -> Result<Vec<PathBuf>> {
    let mut folders: Vec<_> = named()?.into_iter().collect();
    if let Ok(here) = std::env::current_dir() {
        folders.extend(here.ancestors().map(|above| above.join("data")).filter(|folder| folder.is_dir()));
    }
    folders.extend(cache());
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    if !folders.contains(&own) {
        folders.push(own);
    }
    Ok(folders)
}

fn named() -> Result<Option<PathBuf>> {
    let variable = std::env::var_os("HESSIA_DATA").filter(|value| !value.is_empty());
    match variable.map(PathBuf::from) {
        Some(folder) if !folder.is_dir() => {
            Err(Error::argument("HESSIA_DATA", "an existing folder", folder.display()))
        }
        named => Ok(named),
    }
}

fn cache() -> Option<PathBuf> {
    let cache = choose_native_strategy().ok()?.cache_dir();
    // A home folder that is none gives a path below the working directory.
    cache.is_absolute().then(|| cache.join("hessia"))
}
