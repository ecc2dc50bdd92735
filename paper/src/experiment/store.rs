//! The folder of an experiment: one file a finished run, so that work goes on where it was cut.
//!
//! - `settings.json`: what decides every number in the folder; a folder made with others is refused.
//! - `runs/h16-n5-s1.jsonl`: one finished run, a line of JSON and a line with its SHA-256.
//! - `lock`: held by the process that works here.
//!
//! Files are written aside and renamed, so a run is there whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::task::hex;
use super::{Configuration, Run, Settings, Task};
use hessia::files::write_aside;
use hessia::{Error, Result};

/// Prefix of the files that [`write_aside`] renames: what is left of them belongs to a process that was killed.
const ASIDE: &str = ".hessia-";

/// An experiment's folder, locked for this process.
pub(super) struct Store {
    folder: PathBuf,
    _lock: File,
}

impl Store {
    /// Opens the folder, or makes it.
    pub(super) fn open(folder: &Path, task: &Task, settings: &Settings) -> Result<Store> {
        let runs = folder.join("runs");
        fs::create_dir_all(&runs).map_err(|e| Error::io(&runs, e))?;
        let lock_path = folder.join("lock");
        let lock = File::create(&lock_path).map_err(|e| Error::io(&lock_path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let expected = "a folder that no other experiment is working in";
                return Err(Error::format(folder, expected, "one that another process has locked"));
            }
            Err(TryLockError::Error(e)) => return Err(Error::io(&lock_path, e)),
        }
        for place in [folder, &runs] {
            remove_leftovers(place)?;
        }
        check_settings(folder, &runs, &fingerprint(task, settings))?;
        Ok(Store { folder: folder.to_path_buf(), _lock: lock })
    }

    fn path(&self, configuration: &Configuration) -> PathBuf {
        let Configuration { hidden, inner_layers, seed } = configuration;
        self.folder.join("runs").join(format!("h{hidden}-n{inner_layers}-s{seed}.jsonl"))
    }

    /// The run, if it is finished.
    pub(super) fn read(&self, configuration: &Configuration) -> Result<Option<Run>> {
        let path = self.path(configuration);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(path, e)),
        };
        let damaged = |found: String| {
            Error::format(&path, "a whole result (remove the file to have this run computed again)", found)
        };
        let mut lines = text.lines();
        let (Some(line), Some(sum)) = (lines.next(), lines.next()) else {
            return Err(damaged(format!("{} bytes without the line of the checksum", text.len())));
        };
        if serde_json::from_str::<String>(sum).ok().as_deref() != Some(&checksum(line)) {
            return Err(damaged("a content that its checksum does not fit".to_string()));
        }
        let run: Run = serde_json::from_str(line).map_err(|e| damaged(e.to_string()))?;
        if run.configuration != *configuration {
            return Err(damaged(format!("the result of {}", run.configuration)));
        }
        Ok(Some(run))
    }

    /// Keeps a finished run.
    pub(super) fn write(&self, run: &Run) -> Result<()> {
        let path = self.path(&run.configuration);
        let line = json!(run).to_string();
        let content = format!("{line}\n\"{}\"\n", checksum(&line));
        write_aside(&path, |file| file.write_all(content.as_bytes()).map_err(|e| Error::io(&path, e)))
    }
}

fn checksum(line: &str) -> String {
    hex(&Sha256::digest(line.as_bytes()))
}

/// What decides the numbers of a run beside its configuration, as an object of JSON: version, data, settings.
pub fn fingerprint(task: &Task, settings: &Settings) -> Value {
    let mut what = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "dataset": task.data().name,
        "mode": task.mode,
        "classes": task.classes,
        "objects": task.data().len(),
        "inputs": task.data().inputs(),
        "data_sha256": task.digest(),
    });
    if let (Some(what), Value::Object(rest)) = (what.as_object_mut(), json!(settings)) {
        // The grid may grow: a run does not depend on which others there are.
        let grid = ["hidden_widths", "inner_layers", "seeds", "figures_only"];
        what.extend(rest.into_iter().filter(|(name, _)| !grid.contains(&name.as_str())));
    }
    what
}

fn check_settings(folder: &Path, runs: &Path, asked: &Value) -> Result<()> {
    let path = folder.join("settings.json");
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let finished = fs::read_dir(runs).map_err(|e| Error::io(runs, e))?.count();
            if finished > 0 {
                let found = format!("none beside {finished} files in runs");
                return Err(Error::format(path, "the settings that the finished runs were made with", found));
            }
            let content = format!("{asked:#}\n");
            return write_aside(&path, |file| {
                file.write_all(content.as_bytes()).map_err(|e| Error::io(&path, e))
            });
        }
        Err(e) => return Err(Error::io(path, e)),
    };
    let there: Value = serde_json::from_str(&text)
        .map_err(|e| Error::format(&path, "settings as JSON", format!("damage: {e}")))?;
    let names = asked.as_object().into_iter().flatten();
    for (name, wanted) in names {
        if there.get(name) != Some(wanted) {
            let found = there.get(name).map_or("none".to_string(), Value::to_string);
            let expected = format!("{name} = {wanted} as asked for (another folder takes other settings)");
            return Err(Error::format(path, expected, found));
        }
    }
    Ok(())
}

fn remove_leftovers(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let entry = entry.map_err(|e| Error::io(folder, e))?;
        if entry.file_name().to_string_lossy().starts_with(ASIDE) {
            fs::remove_file(entry.path()).map_err(|e| Error::io(entry.path(), e))?;
        }
    }
    Ok(())
}
