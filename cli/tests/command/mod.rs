//! The program: how it is run, and what it must not leave behind.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the program in a folder.
pub fn hessia(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hessia")).args(arguments).current_dir(folder).output().unwrap()
}

/// What the program says when it succeeds.
#[track_caller]
pub fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = hessia(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs and asserts: exit code 2, a message with these parts, nothing on stdout, nothing written.
#[track_caller]
pub fn refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let before = content(folder);
    let output = hessia(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    for part in parts {
        assert!(message.contains(part), "{arguments:?}: no {part:?} in: {message}");
    }
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert_eq!(content(folder), before, "{arguments:?} left something behind");
}

/// Names (relative to the folder) and contents of everything in a folder.
pub fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(place) = folders.pop() {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push((path.strip_prefix(folder).unwrap().into(), fs::read(&path).unwrap())),
            }
        }
    }
    files.sort();
    files
}
