//! Files out of a verified `.tar.gz`.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tar::Archive;

use super::{RemoteFile, checksum};
use hessia::{Error, Result};

/// Takes the members of `file` out of the archive at `part`; all of them are verified before the first is renamed
/// into `folder`, the first one last.
pub fn unpack(file: &RemoteFile, part: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let aside = tempfile::Builder::new().prefix(".hessia-").tempdir_in(folder);
    let aside = aside.map_err(|e| Error::io(folder, e))?;
    let archive = File::open(part).map_err(|e| Error::io(part, e))?;
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(archive)));
    let damaged = |e: io::Error| Error::format(part, "a .tar.gz archive", e.to_string());
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        // Only the last part of a name counts, so that nothing is written elsewhere.
        let name = entry.path().map_err(damaged)?.file_name().map(|name| name.to_os_string());
        let Some(member) = file.members.iter().find(|member| Some(member.name.as_ref()) == name.as_deref())
        else {
            continue;
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = aside.path().join(&member.name);
        let mut output = File::create(&path).map_err(|e| Error::io(&path, e))?;
        let count =
            io::copy(&mut entry.take(member.size + 1), &mut output).map_err(|e| Error::io(&path, e))?;
        output.sync_all().map_err(|e| Error::io(&path, e))?;
        let found = checksum::md5_of(&path)?;
        if (count, &found) != (member.size, &member.md5) {
            let expected = format!("{} of {} bytes, MD5 {}", member.name, member.size, member.md5);
            return Err(Error::format(part, expected, format!("{count} bytes, MD5 {found}")));
        }
    }
    for member in &file.members {
        if !aside.path().join(&member.name).is_file() {
            let expected = format!("an archive with {}", member.name);
            return Err(Error::format(part, expected, "none of that name"));
        }
    }
    let mut published = Vec::new();
    for member in file.members.iter().rev() {
        let path = folder.join(&member.name);
        fs::rename(aside.path().join(&member.name), &path).map_err(|e| Error::io(&path, e))?;
        published.push(path);
    }
    Ok(published)
}
