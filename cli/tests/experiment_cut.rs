//! `hessia experiment`: cut at any moment, it ends with the same bytes; refusals leave finished work alone.

mod command;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use command::content;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const GRID: [&str; 13] = [
    "experiment",
    "--dataset",
    "mnist",
    "--mode",
    "pixels",
    "--seeds",
    "4",
    "--hidden",
    "4,8,16",
    "--depth",
    "1,3",
    "--objects",
    "1500",
];

fn experiment(output: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hessia"));
    command.args(GRID).arg("--output").arg(output);
    command
}

fn finish(mut command: Command) -> Output {
    command.output().unwrap()
}

#[test]
fn killed_twenty_times_it_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let undisturbed = finish(experiment(&whole));
    assert!(undisturbed.status.success(), "{}", String::from_utf8_lossy(&undisturbed.stderr));
    let expected = content(&whole);
    assert_eq!(expected.iter().filter(|(path, _)| path.starts_with("runs")).count(), 24);

    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let mut killed = 0;
    // A process that ends by itself before its moment has come does not count; its work is taken away.
    for _ in 0..200 {
        let mut child = experiment(&cut).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(rng.random_range(20..400)));
        child.kill().unwrap();
        match child.wait().unwrap().code() {
            None => killed += 1,
            Some(_) => fs::remove_dir_all(&cut).unwrap(),
        }
        if killed == 20 {
            break;
        }
    }
    assert_eq!(killed, 20);
    let ended = finish(experiment(&cut));
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(content(&cut) == expected);
    let again = finish(experiment(&cut));
    assert!(String::from_utf8_lossy(&again.stdout).contains("24 networks (24 were there already)"));
    assert!(content(&cut) == expected);
}

/// Runs under a limit of `blocks` of 512 bytes a file: writing beyond it fails as on a full disk.
#[cfg(unix)]
fn limited(output: &Path, blocks: usize) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let plain = experiment(output);
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).arg(plain.get_program()).args(plain.get_args());
    finish(command)
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_ends_it_and_costs_no_finished_run() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("results");
    let few = |command: &mut Command| {
        command.args(["--threads", "1"]);
    };
    let mut begun = Command::new(env!("CARGO_BIN_EXE_hessia"));
    begun.args(GRID.map(|word| if word == "4,8,16" { "4" } else { word })).arg("--output").arg(&output);
    few(&mut begun);
    assert!(finish(begun).status.success());
    let runs = |files: Vec<(PathBuf, Vec<u8>)>| -> Vec<_> {
        files.into_iter().filter(|(path, _)| path.starts_with("runs")).collect()
    };
    let before = runs(content(&output));
    assert_eq!(before.len(), 8);

    // 8 blocks: less than a run takes, more than the settings do.
    let full = limited(&output, 8);
    let message = String::from_utf8_lossy(&full.stderr).into_owned();
    assert_eq!(full.status.code(), Some(2), "{message}");
    assert!(message.contains("finished runs are kept") && message.contains(".jsonl"), "{message}");
    assert_eq!(runs(content(&output)), before, "nothing half-written, nothing lost");

    assert!(finish(experiment(&output)).status.success());
    let undisturbed = folder.path().join("undisturbed");
    assert!(finish(experiment(&undisturbed)).status.success());
    assert!(content(&output) == content(&undisturbed));
}

#[test]
fn a_torn_run_file_is_named_and_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("results");
    assert!(finish(experiment(&output)).status.success());
    let expected = content(&output);
    let torn = output.join("runs/h8-n3-s2.jsonl");
    let whole = fs::read(&torn).unwrap();
    fs::write(&torn, &whole[..whole.len() / 2]).unwrap();
    let again = finish(experiment(&output));
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(said.contains("24 networks (23 were there already)"), "{said}");
    assert!(said.contains("h8-n3-s2.jsonl") && said.contains("computed again"), "{said}");
    assert!(content(&output) == expected);
}

#[test]
fn bad_use_is_refused_by_name_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "not a folder").unwrap();
    fs::write(path("F.npy"), "not features").unwrap();
    let refused = |change: &[&str], code: i32, words: &[&str]| {
        let mut command = experiment(&path("out"));
        command.args(change);
        let output = finish(command);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{change:?}: {message}");
        assert!(words.iter().all(|word| message.contains(word)), "{change:?}: {message}");
        assert!(!path("out").exists(), "{change:?}");
    };
    let features = path("F.npy").display().to_string();
    refused(&["--features", &features], 2, &["--features", "none with --mode pixels"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_hessia"));
    command.args(["experiment", "--dataset", "mnist", "--mode", "features", "--features", &features]);
    let output = finish({
        command.arg("--output").arg(path("out"));
        command
    });
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("F.npy"));
    let mut blocked = Command::new(env!("CARGO_BIN_EXE_hessia"));
    blocked.args(GRID).arg("--output").arg(path("file").join("results"));
    let output = finish(blocked);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Not a directory"));
}

#[test]
fn tables_are_tidy_and_tell_where_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("results");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hessia"));
    command.args(GRID.map(|word| if word == "4" { "1" } else { word })).arg("--output").arg(&output);
    assert!(finish(command).status.success());
    let bytes = fs::read(output.join("configurations.parquet")).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("data_sha256") && text.contains("learning_rate") && text.contains("inner_layers"));
    let table = hessia::table::read_table(output.join("configurations.parquet")).unwrap();
    assert_eq!(table.height(), 6);
    let curves = hessia::table::read_table(output.join("curves.parquet")).unwrap();
    assert!(curves.height() > 6 * 60);
    for name in
        ["dataset", "mode", "hidden", "inner_layers", "matrices", "seed", "k", "mean", "q50", "smoothed"]
    {
        assert!(curves.column(name).is_ok(), "{name}");
    }
}
