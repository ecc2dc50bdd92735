//! The bytes of one file, from an address or a folder into a `.part`.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use super::location::Location;
use super::part::{Failed, Part};
use super::{FetchSettings, RemoteFile, checksum, http};
use hessia::{Error, Result};

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
            Err(Failed::Here(reason) | Failed::Cut(reason)) => reasons.push(place.explain(&reason)),
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
    part.sync()?;
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
        part.pause()?;
    }
    Ok(())
}
