//! The folder of an experiment: one file a finished run, so that work goes on where it was cut.
//!
//! - `settings.json`: what decides every number in the folder; a folder made with others is refused.
//! - `runs/h16-n5-s1.jsonl`: one finished run, a line of JSON and a line with its SHA-256.
//! - `lock`: held by the process that works here.
//!
//! Files are written aside and renamed, so a run is there whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::task::hex;
use super::{Configuration, Run, Settings, Task};
use hessia::files::{lock, remove_leftovers, write_atomically};
use hessia::{Error, Result};

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
        let file = File::create(&lock_path).map_err(|e| Error::io(&lock_path, e))?;
        lock(&file, &lock_path)?;
        for place in [folder, &runs] {
            remove_leftovers(place)?;
        }
        check_settings(folder, &runs, &fingerprint(task, settings))?;
        Ok(Store { folder: folder.to_path_buf(), _lock: file })
    }

    fn path(&self, configuration: &Configuration) -> PathBuf {
        let Configuration { hidden, inner_layers, seed } = configuration;
        self.folder.join("runs").join(format!("h{hidden}-n{inner_layers}-s{seed}.jsonl"))
    }

    /// The run, if it is finished.
    pub(super) fn read(&self, configuration: &Configuration) -> Result<Kept> {
        let path = self.path(configuration);
        match fs::read(&path) {
            Ok(bytes) => Ok(match parse(&String::from_utf8_lossy(&bytes), configuration) {
                Ok(run) => Kept::Whole(Box::new(run)),
                Err(found) => Kept::Damaged { path, found },
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Kept::Nothing),
            Err(e) => Err(Error::io(path, e)),
        }
    }

    /// Keeps a finished run.
    pub(super) fn write(&self, run: &Run) -> Result<()> {
        let path = self.path(&run.configuration);
        let line = json!(run).to_string();
        let content = format!("{line}\n\"{}\"\n", checksum(&line));
        write_atomically(&path, |file| file.write_all(content.as_bytes()).map_err(|e| Error::io(&path, e)))
    }
}

/// What the folder has of a run.
pub(super) enum Kept {
    Nothing,
    /// A file that was torn or changed: what it holds instead of the run.
    Damaged {
        path: PathBuf,
        found: String,
    },
    Whole(Box<Run>),
}

/// The run in the text of its file, or what is wrong with it.
fn parse(text: &str, configuration: &Configuration) -> std::result::Result<Run, String> {
    let mut lines = text.lines();
    let (Some(line), Some(sum)) = (lines.next(), lines.next()) else {
        return Err(format!("{} bytes without the line of the checksum", text.len()));
    };
    if serde_json::from_str::<String>(sum).ok().as_deref() != Some(&checksum(line)) {
        return Err("a content that its checksum does not fit".to_string());
    }
    let run: Run = serde_json::from_str(line).map_err(|e| e.to_string())?;
    match run.configuration == *configuration {
        true => Ok(run),
        false => Err(format!("the result of {}", run.configuration)),
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
            return write_atomically(&path, |file| {
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
