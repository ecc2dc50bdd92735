//! Files out of a verified `.tar.gz`.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tar::Archive;

use super::{RemoteFile, checksum};
use hessia::files::{lock, remove_leftovers, rename_whole, unfinished_folder};
use hessia::progress::Progress;
use hessia::{Error, Result};

/// Takes the members of `file` out of the archive at `part`; all of them are verified before the first is renamed
/// into `folder`, the first one last.
pub fn unpack(file: &RemoteFile, part: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    // For writing as well: some network file systems lock no other files.
    let opened = File::options().read(true).write(true).open(part);
    let archive = opened.map_err(|e| Error::io(part, e))?;
    lock(&archive, part)?;
    // The lock is ours: what lies there belongs to a process that was killed.
    remove_leftovers(folder)?;
    let aside = unfinished_folder(folder)?;
    let total = file.members.iter().map(|member| member.size).sum();
    let progress = Progress::new(&format!("unpacking {}", file.name), total, "bytes");
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
        let count = copy(&mut entry.take(member.size + 1), &mut output, &progress, part, &path)?;
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
        rename_whole(&aside.path().join(&member.name), &path)?;
        published.push(path);
    }
    Ok(published)
}

/// Copies what there is, answering interrupts; returns the number of bytes.
fn copy(
    source: &mut impl Read,
    output: &mut File,
    progress: &Progress,
    archive: &Path,
    path: &Path,
) -> Result<u64> {
    let (mut buffer, mut count) = (vec![0; 1 << 16], 0);
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => return Ok(count),
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Error::format(archive, "a .tar.gz archive", e.to_string())),
        };
        output.write_all(&buffer[..read]).map_err(|e| Error::io(path, e))?;
        count += read as u64;
        progress.advance(read as u64)?;
    }
}
