//! MD5, the digest that the data sets were published with: it finds damage, which is what it is for here.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use md5::{Digest, Md5};

use super::RemoteFile;
use hessia::{Error, Result};

/// MD5 of a file as 32 hexadecimal digits.
pub fn md5_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
    let mut digest = Md5::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(|e| Error::io(path, e))? {
            0 => return Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            count => digest.update(&buffer[..count]),
        }
    }
}

/// Refuses a file under the name of `file` that is another one.
pub fn verify_present(file: &RemoteFile, path: &Path) -> Result<()> {
    let found = md5_of(path)?;
    if found == file.md5 {
        return Ok(());
    }
    let size = path.metadata().map_err(|e| Error::io(path, e))?.len();
    let expected = format!("the official file ({} bytes, MD5 {}) or none", file.size, file.md5);
    Err(Error::format(path, expected, format!("another one ({size} bytes, MD5 {found})")))
}
