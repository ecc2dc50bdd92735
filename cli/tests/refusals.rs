//! What the command line refuses, by name and number, with nothing left behind.

mod arrays;
mod command;
mod toy;

use std::fs;
use std::process::Command;

use arrays::{float16, float64, int64, npy, npz};
use command::{hessia, refused, succeeds};
use ndarray::Array2;
use toy::{HESSIAN, SPECTRUM, and, good, inputs, network, network_arrays, with};

#[test]
fn bad_files_are_refused_by_name_with_what_was_expected_and_found() {
    let net = network_arrays(&network());
    let replaced = |name: &str, array: Vec<u8>| {
        let mut arrays = net.clone();
        arrays.iter_mut().find(|(n, _)| n == name).unwrap().1 = array;
        npz(&arrays)
    };
    let renamed = |from: &str, to: &str| {
        let mut arrays = net.clone();
        arrays.iter_mut().find(|(n, _)| n == from).unwrap().0 = to.to_string();
        npz(&arrays)
    };
    let with_value = |value: f64| {
        let mut x = inputs();
        x[[3, 1]] = value;
        float64(&x)
    };
    let whole_net = npz(&net);
    let x = float64(&inputs());
    let zeros = |count: usize| vec![0; count];
    // File, content, and parts of the message besides the file's name.
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("X.npy", float64(&Array2::zeros((5, 4))), &["3", "4"]),
        ("X.npy", npy("<f8", false, &[5], &zeros(40)), &["[5]"]),
        ("X.npy", npy("<f8", false, &[5, 3, 1], &zeros(120)), &["[5, 3, 1]"]),
        ("X.npy", npy("<f8", false, &[0, 3], &[]), &["[0, 3]"]),
        ("X.npy", with_value(f64::NAN), &["NaN", "[3, 1]"]),
        ("X.npy", with_value(f64::NEG_INFINITY), &["-inf", "[3, 1]"]),
        ("X.npy", float16(&[5, 3]), &["float16"]),
        ("X.npy", npy("<c16", false, &[5, 3], &zeros(240)), &["complex128"]),
        ("X.npy", npy("|O", false, &[5, 3], &zeros(15)), &["Python objects"]),
        ("X.npy", npy("|S3", false, &[5, 3], &zeros(45)), &["text"]),
        ("X.npy", Vec::new(), &["empty"]),
        ("X.npy", b"0.5,0.25,1\n".to_vec(), &["npy"]),
        ("X.npy", x[..x.len() - 8].to_vec(), &["120", "112"]),
        ("X.npy", x[..40].to_vec(), &["header"]),
        ("X.npy", npy("<f8", false, &[1 << 40, 3], &zeros(24)), &[]),
        ("X.npy", npy("<f8", false, &[usize::MAX, 3], &zeros(24)), &[]),
        ("y.npy", int64(&[0, 1, 1, 0]), &["5", "4"]),
        ("y.npy", int64(&[0, 1, 2, 0, 1]), &["0..2", "label 2", "object 2"]),
        ("y.npy", int64(&[0, 1, 1, -1, 1]), &["-1", "object 3"]),
        ("y.npy", npy("<f8", false, &[5], &0.5_f64.to_le_bytes().repeat(5)), &["whole numbers", "float64"]),
        ("y.npy", npy("<i8", false, &[5, 2], &zeros(80)), &["[5, 2]"]),
        ("y.npy", Vec::new(), &["empty"]),
        ("net.npz", Vec::new(), &["empty"]),
        ("net.npz", b"PK, but no archive".to_vec(), &["npz"]),
        ("net.npz", whole_net[..whole_net.len() / 2].to_vec(), &["npz"]),
        ("net.npz", x.clone(), &["npz"]),
        ("net.npz", npz(&[]), &["weight"]),
        ("net.npz", renamed("2.weight", "fc2.weight"), &["fc2.weight"]),
        ("net.npz", renamed("2.bias", "2.scale"), &["2.scale"]),
        ("net.npz", renamed("2.weight", "3.kernel"), &["3.kernel"]),
        ("net.npz", renamed("2.bias", "4.bias"), &["4"]),
        ("net.npz", replaced("2.weight", float64(&Array2::zeros((2, 5)))), &["[2, 4]", "[2, 5]"]),
        ("net.npz", replaced("0.bias", npy("<f8", false, &[3], &zeros(24))), &["[4]", "[3]"]),
        ("net.npz", replaced("0.weight", npy("<f8", false, &[12], &zeros(96))), &["0.weight", "[12]"]),
        ("net.npz", replaced("0.weight", float16(&[4, 3])), &["0.weight", "float16"]),
        (
            "net.npz",
            replaced("2.weight", npy("<c16", false, &[2, 4], &zeros(128))),
            &["2.weight", "complex128"],
        ),
        ("net.npz", replaced("0.weight", float64(&Array2::from_elem((4, 3), f64::INFINITY))), &["inf"]),
        ("net.npz", replaced("0.weight", Vec::new()), &["0.weight"]),
    ];
    for (file, bad, parts) in cases {
        let folder = good();
        fs::write(folder.path().join(file), bad).unwrap();
        let parts = [&[file], parts].concat();
        refused(folder.path(), &HESSIAN, &parts);
        refused(folder.path(), &SPECTRUM, &parts);
    }
}

#[test]
fn missing_files_are_refused_by_name() {
    for file in ["X.npy", "y.npy", "net.npz"] {
        let folder = good();
        fs::remove_file(folder.path().join(file)).unwrap();
        refused(folder.path(), &HESSIAN, &[file]);
        fs::create_dir(folder.path().join(file)).unwrap();
        refused(folder.path(), &SPECTRUM, &[file]);
    }
}

#[test]
fn targets_must_fit_the_loss() {
    let zeros = |count: usize| vec![0; count];
    let mut infinite = Array2::zeros((5, 2));
    infinite[[4, 0]] = f64::INFINITY;
    for loss in ["mse", "bce"] {
        for (targets, parts) in [
            (int64(&[0, 1, 1, 0, 1]), ["2 columns", "[5, 1]"]),
            (float64(&Array2::zeros((5, 3))), ["2", "[5, 3]"]),
            (float64(&Array2::zeros((4, 2))), ["5", "4"]),
            (npy("<f8", false, &[5], &zeros(40)), ["y.npy", "2 columns"]),
            (float64(&infinite), ["inf", "[4, 0]"]),
        ] {
            let folder = good();
            fs::write(folder.path().join("y.npy"), targets).unwrap();
            refused(folder.path(), &with(&HESSIAN, "--loss", loss), &parts);
            refused(folder.path(), &with(&SPECTRUM, "--loss", loss), &parts);
        }
    }
}

#[test]
fn wrong_use_is_refused() {
    let folder = good();
    fs::create_dir(folder.path().join("folder.npy")).unwrap();
    fs::create_dir(folder.path().join("folder.csv")).unwrap();
    let cases: Vec<(Vec<&str>, &[&str])> = vec![
        (vec![], &["Usage"]),
        (vec!["hesian"], &["hessian"]),
        (vec!["hessian"], &["--inputs", "--targets", "--loss", "--output"]),
        (and(&HESSIAN, &["--frobnicate"]), &["--frobnicate"]),
        (with(&HESSIAN, "--activation", "relu6"), &["relu6", "leaky-relu"]),
        (with(&HESSIAN, "--loss", "hinge"), &["hinge", "cross-entropy"]),
        (and(&HESSIAN, &["--term", "half"]), &["half", "ggn"]),
        (and(&HESSIAN, &["--reduction", "none"]), &["none", "mean"]),
        (and(&HESSIAN, &["--threads", "0"]), &["--threads"]),
        (and(&HESSIAN, &["--threads", "two"]), &["--threads"]),
        (with(&HESSIAN, "--output", "H.txt"), &["H.txt", ".npy", ".txt"]),
        (with(&HESSIAN, "--output", "H"), &["H", ".npy", "no extension"]),
        (with(&HESSIAN, "--output", "folder.npy"), &["folder.npy"]),
        (with(&HESSIAN, "--output", "missing/H.npy"), &["missing/H.npy"]),
        (with(&HESSIAN, "--output", "X.npy/H.npy"), &["X.npy/H.npy"]),
        (with(&HESSIAN, "--output", "X.npy"), &["X.npy", "input"]),
        (with(&HESSIAN, "--output", "./y.npy"), &["y.npy", "input"]),
        (and(&HESSIAN, &["--report", "R.txt"]), &["R.txt", ".json"]),
        (and(&HESSIAN, &["--report", "missing/R.json"]), &["missing/R.json"]),
        (with(&SPECTRUM, "--output", "S.npz"), &["S.npz", ".parquet"]),
        (with(&SPECTRUM, "--output", "folder.csv"), &["folder.csv"]),
        (and(&with(&SPECTRUM, "--output", "S.json"), &["--report", "S.json"]), &["S.json", "another output"]),
        (and(&SPECTRUM, &["--vectors", "V.csv"]), &["V.csv", ".npy"]),
        (and(&SPECTRUM, &["--vectors", "V.npy", "--values-only"]), &["--values-only"]),
        (and(&SPECTRUM, &["--range", "3"]), &["A..B"]),
        (and(&SPECTRUM, &["--range", "3..3"]), &["--range", "0..26"]),
        (and(&SPECTRUM, &["--range", "20..27"]), &["--range", "0..26"]),
        (vec!["train", "--dataset", "mnist", "--hidden", "4", "--seed", "1"], &["--output"]),
        (vec!["train", "--dataset", "mnist", "--hidden", "4", "--seed", "1", "--output", "n.npy"], &[".npz"]),
        (
            vec!["train", "--dataset", "mnist", "--hidden", "4,0", "--seed", "1", "--output", "n.npz"],
            &["--hidden"],
        ),
        (vec!["train", "--dataset", "mnist", "--hidden", "4", "--seed", "-1", "--output", "n.npz"], &["-1"]),
        (
            vec!["train", "--dataset", "emnist", "--hidden", "4", "--seed", "1", "--output", "n.npz"],
            &["emnist", "fashion-mnist"],
        ),
    ];
    for (arguments, parts) in cases {
        refused(folder.path(), &arguments, parts);
    }
}

#[test]
fn a_matrix_too_large_for_memory_is_refused_with_its_size() {
    let folder = tempfile::tempdir().unwrap();
    // 20000-100-10: P = 2,001,000, so that H takes 32 TB.
    let arrays = [
        ("0.weight".to_string(), npy("<f8", false, &[100, 20000], &vec![0; 16_000_000])),
        ("2.weight".to_string(), npy("<f8", false, &[10, 100], &vec![0; 8_000])),
    ];
    fs::write(folder.path().join("net.npz"), npz(&arrays)).unwrap();
    fs::write(
        folder.path().join("X.npy"),
        float64(&Array2::eye(20000).slice(ndarray::s![..2, ..]).to_owned()),
    )
    .unwrap();
    fs::write(folder.path().join("y.npy"), int64(&[3, 4])).unwrap();
    refused(folder.path(), &HESSIAN, &["2001000 x 2001000", "TiB"]);
    refused(folder.path(), &and(&SPECTRUM, &["--vectors", "V.npy"]), &["2001000", "TiB"]);
    refused(folder.path(), &and(&SPECTRUM, &["--range", "-10.."]), &["2001000", "TiB"]);
}

#[test]
fn numbers_that_overflow_are_not_written() {
    let folder = good();
    let huge = npy("<f8", false, &[2, 4], &1e200_f64.to_le_bytes().repeat(8));
    let mut arrays = network_arrays(&network());
    arrays[2].1 = huge;
    fs::write(folder.path().join("net.npz"), npz(&arrays)).unwrap();
    let y = Array2::from_elem((5, 2), -1e200);
    fs::write(folder.path().join("y.npy"), float64(&y)).unwrap();
    let output = hessia(folder.path(), &with(&HESSIAN, "--loss", "mse"));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.trim_end().ends_with("found inf") || message.trim_end().ends_with("found NaN"),
        "{message}"
    );
    refused(folder.path(), &with(&HESSIAN, "--loss", "mse"), &["losses of objects 0 to 4", "finite"]);
    refused(folder.path(), &with(&SPECTRUM, "--loss", "mse"), &["losses of objects 0 to 4", "finite"]);
}

#[test]
fn cases_leave_a_folder_in_use_alone_unless_they_are_forced() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["README.md", "cases.json", "relu-kink.npz"] {
        fs::write(folder.path().join(name), "mine").unwrap();
        refused(folder.path(), &["cases", "--output", "."], &[name, "free", "--force"]);
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("README.md"), "mine").unwrap();
    succeeds(folder.path(), &["cases", "--output", ".", "--force"]);
    assert!(fs::read_to_string(folder.path().join("README.md")).unwrap().contains("relu-kink"));
    // Nothing is refused that would not be overwritten.
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("other/notes.txt"), "mine").unwrap();
    succeeds(folder.path(), &["cases", "--output", "other"]);
}

/// What the system refuses is trouble as much as wrong use is; 1 is kept for a candidate that differs.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_with_2() {
    let folder = good();
    let full = |name: &str| {
        // A file of at most 512 bytes, as on a full disk.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_hessia")]);
        command.args(with(&HESSIAN, "--output", name)).current_dir(folder.path());
        command.output().unwrap()
    };
    let output = full("H.npy");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("H.npy"), "{message}");
    assert!(!folder.path().join("H.npy").exists());

    // The summary has to reach its reader too.
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" > /dev/full", "sh", env!("CARGO_BIN_EXE_hessia")]);
    let output = command.args(HESSIAN).current_dir(folder.path()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("standard output"), "{message}");
}
