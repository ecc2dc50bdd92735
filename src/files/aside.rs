//! Files that appear whole or not at all.

use std::fs::File;
use std::path::Path;

use crate::{Error, Result};

/// Lets `fill` write a file beside `path`, then renames it to `path`; nothing is left behind on failure.
///
/// # Errors
/// What `fill` returns, and what the system refuses, with the name of the file.
///
/// ```
/// use std::io::Write;
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("note.txt");
/// hessia::files::write_aside(&path, |file| {
///     file.write_all(b"whole").map_err(|e| hessia::Error::io(&path, e))
/// })?;
/// assert_eq!(std::fs::read(&path).unwrap(), b"whole");
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn write_aside(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".hessia-");
    #[cfg(unix)]
    {
        // As for any new file: the umask decides, not the stricter mode of temporary files.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut aside = builder.tempfile_in(folder).map_err(|e| Error::io(path, e))?;
    fill(aside.as_file_mut())?;
    aside.persist(path).map_err(|e| Error::io(path, e.error))?;
    Ok(())
}
