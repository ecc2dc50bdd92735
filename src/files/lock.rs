//! Files that one process at a time works on.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Once;

use crate::{Error, Result};

static WARNING: Once = Once::new();

/// Locks `file`, opened at `path`, until it is closed.
///
/// On a file system without locks the work goes on after one warning a process on stderr: a machine that has no other
/// place for its files could do nothing otherwise.
///
/// # Errors
/// A file that another process has locked; what the system refuses.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("lock");
/// let first = std::fs::File::create(&path).unwrap();
/// hessia::files::lock(&first, &path)?;
/// let second = std::fs::File::open(&path).unwrap();
/// let refused = hessia::files::lock(&second, &path).unwrap_err();
/// assert!(refused.to_string().contains("one that another process is at work on"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn lock(file: &File, path: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let expected = "a file that no other process has locked";
            Err(Error::format(path, expected, "one that another process is at work on"))
        }
        Err(TryLockError::Error(e)) if is_unsupported(&e) => {
            WARNING.call_once(|| {
                eprintln!(
                    "warning: {}: its file system has no locks ({e}); nothing keeps another process from the same \
                     files",
                    path.display()
                );
            });
            Ok(())
        }
        Err(TryLockError::Error(e)) => Err(Error::io(path, e)),
    }
}

/// Whether the file system has no locks, as opposed to one that failed.
fn is_unsupported(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    let known = [libc::ENOLCK, libc::ENOSYS, libc::EOPNOTSUPP, libc::EINVAL];
    #[cfg(not(unix))]
    let known: [i32; 0] = [];
    error.kind() == std::io::ErrorKind::Unsupported
        || error.raw_os_error().is_some_and(|code| known.contains(&code))
}
