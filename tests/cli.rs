//! The command line: what it accepts, what it refuses, and what it leaves behind.
#![cfg(feature = "cli")]

mod arrays;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrays::{float16, float32, float64, fortran, int64, npy, npz};
use hessia::{Activation, Dataset, Layer, Loss, Network, Targets, Term, curvature};
use ndarray::{Array1, Array2, array};
use serde_json::Value;

fn hessia(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hessia")).args(arguments).current_dir(folder).output().unwrap()
}

/// Names and contents of everything in a folder.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(&path).unwrap_or_default()))
        .collect();
    files.sort();
    files
}

fn network() -> Network {
    let layer = |rows: usize, columns: usize, phase: f64| Layer {
        weight: Array2::from_shape_fn((rows, columns), |(i, j)| (phase + (3 * i + 5 * j) as f64).sin()),
        bias: Some(Array1::from_shape_fn(rows, |i| 0.25 * (i as f64 - 1.0))),
    };
    Network::new(vec![layer(4, 3, 0.0), layer(2, 4, 1.0)], Activation::Tanh).unwrap()
}

fn inputs() -> Array2<f64> {
    // Quarters: exact in float32 too.
    Array2::from_shape_fn((5, 3), |(i, j)| f64::from((i * 7 + j * 4) as u8 % 9) / 4.0 - 1.0)
}

fn labels() -> Array1<usize> {
    array![0, 1, 1, 0, 1]
}

fn network_arrays(net: &Network) -> Vec<(String, Vec<u8>)> {
    let mut arrays = Vec::new();
    for (l, layer) in net.layers().iter().enumerate() {
        arrays.push((format!("{}.weight", 2 * l), float64(&layer.weight)));
        let bias = layer.bias.as_ref().unwrap();
        arrays.push((format!("{}.bias", 2 * l), npy("<f8", false, &[bias.len()], &bytes(bias))));
    }
    arrays
}

fn bytes(values: &Array1<f64>) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// A folder with a network, inputs and labels that fit.
fn good() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    put("net.npz", &npz(&network_arrays(&network())));
    put("X.npy", &float64(&inputs()));
    put("y.npy", &int64(&labels().mapv(|y| y as i64).to_vec()));
    folder
}

const HESSIAN: [&str; 12] = [
    "hessian",
    "net.npz",
    "--inputs",
    "X.npy",
    "--targets",
    "y.npy",
    "--activation",
    "tanh",
    "--loss",
    "cross-entropy",
    "--output",
    "H.npy",
];
const SPECTRUM: [&str; 12] = [
    "spectrum",
    "net.npz",
    "--inputs",
    "X.npy",
    "--targets",
    "y.npy",
    "--activation",
    "tanh",
    "--loss",
    "cross-entropy",
    "--output",
    "S.csv",
];

/// Runs and asserts: exit code 2, a message with these parts, nothing on stdout, nothing written.
fn refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
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

fn with<'a>(base: &[&'a str], flag: &str, value: &'a str) -> Vec<&'a str> {
    let mut arguments = base.to_vec();
    match base.iter().position(|&a| a == flag) {
        Some(at) => arguments[at + 1] = value,
        None => panic!("{flag} is not among the arguments"),
    }
    arguments
}

fn and<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

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
    refused(folder.path(), &with(&HESSIAN, "--loss", "mse"), &["net.npz", "finite"]);
    refused(folder.path(), &with(&SPECTRUM, "--loss", "mse"), &["net.npz", "finite"]);
}

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("R.json")).unwrap()).unwrap()
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = hessia(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn expected(loss: Loss, term: Term, targets: Targets) -> hessia::Curvature {
    curvature(&network(), &Dataset::new("toy", inputs(), targets).unwrap(), loss, term).unwrap()
}

#[test]
fn the_matrix_written_is_the_one_computed() {
    let folder = good();
    for (name, term) in [("full", Term::Full), ("ggn", Term::Ggn), ("h", Term::HTerm)] {
        let said = succeeds(folder.path(), &and(&HESSIAN, &["--term", name, "--report", "R.json"]));
        assert!(said.contains("H.npy") && said.contains("26 x 26"), "{said}");
        let written: Array2<f64> = ndarray_npy::read_npy(folder.path().join("H.npy")).unwrap();
        let computed = expected(Loss::cross_entropy(), term, Targets::Classes(labels()));
        assert_eq!(written, computed.matrix, "{name}");
        let report = report(folder.path());
        assert_eq!(report["term"], name);
        assert_eq!(report["loss"].as_f64(), Some(computed.loss));
        let norm = computed.gradient.dot(&computed.gradient).sqrt();
        assert!((report["gradient_norm"].as_f64().unwrap() - norm).abs() <= 4.0 * f64::EPSILON * norm);
    }
    let header = fs::read(folder.path().join("H.npy")).unwrap();
    let text = String::from_utf8_lossy(&header[..128]).to_string();
    assert!(text.contains("'<f8'") && text.contains("False") && text.contains("(26, 26"), "{text}");
}

#[test]
fn the_report_says_what_was_asked_and_what_it_cost() {
    let folder = good();
    succeeds(folder.path(), &and(&HESSIAN, &["--report", "R.json", "--threads", "1"]));
    let report = report(folder.path());
    assert_eq!((report["parameters"].as_u64(), report["objects"].as_u64()), (Some(26), Some(5)));
    for phase in ["load", "compute", "write"] {
        assert!(report["seconds"][phase].as_f64().unwrap() > 0.0, "{report}");
    }
    assert_eq!(report["threads"], 1);
    assert!(report["blas"].as_str().unwrap().contains("OpenBLAS"));
    assert!(report["peak_memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["notes"].as_array().unwrap().len(), 0);
}

#[test]
fn losses_and_reductions_reach_the_library() {
    let folder = good();
    let y = Array2::from_shape_fn((5, 2), |(i, k)| f64::from(u8::from((i + k) % 2 == 0)));
    fs::write(folder.path().join("y.npy"), float64(&y)).unwrap();
    for (name, loss) in [("mse", Loss::mean_squared_error()), ("bce", Loss::binary_cross_entropy())] {
        for (reduction, loss) in [("mean", loss), ("sum", loss.sum())] {
            let arguments = and(&with(&HESSIAN, "--loss", name), &["--reduction", reduction]);
            succeeds(folder.path(), &arguments);
            let written: Array2<f64> = ndarray_npy::read_npy(folder.path().join("H.npy")).unwrap();
            assert_eq!(written, expected(loss, Term::Full, Targets::Values(y.clone())).matrix);
        }
    }
}

#[test]
fn float32_and_fortran_order_are_converted_and_said() {
    let folder = good();
    succeeds(folder.path(), &HESSIAN);
    let plain = fs::read(folder.path().join("H.npy")).unwrap();
    for (content, word) in [(float32(&inputs()), "float32"), (fortran(&inputs()), "Fortran")] {
        fs::write(folder.path().join("X.npy"), content).unwrap();
        succeeds(folder.path(), &and(&HESSIAN, &["--report", "R.json"]));
        assert!(fs::read(folder.path().join("H.npy")).unwrap() == plain, "{word}");
        let notes = report(folder.path())["notes"].to_string();
        assert!(notes.contains("X.npy") && notes.contains(word), "{notes}");
    }
    let mut arrays = network_arrays(&network());
    arrays[0].1 = fortran(&network().layers()[0].weight);
    fs::write(folder.path().join("net.npz"), npz(&arrays)).unwrap();
    succeeds(folder.path(), &and(&HESSIAN, &["--report", "R.json"]));
    assert!(fs::read(folder.path().join("H.npy")).unwrap() == plain);
    let notes = report(folder.path())["notes"].to_string();
    assert!(notes.contains("0.weight") && notes.contains("Fortran"), "{notes}");
}

/// Columns index, eigenvalue and residual of a CSV table.
fn table(path: &Path) -> Vec<(usize, f64, Option<f64>)> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("index,eigenvalue,residual"));
    lines
        .map(|line| {
            let fields: Vec<_> = line.splitn(4, ',').collect();
            (fields[0].parse().unwrap(), fields[1].parse().unwrap(), fields[2].parse().ok())
        })
        .collect()
}

#[test]
fn the_spectrum_is_that_of_the_matrix() {
    let folder = good();
    let path = folder.path().join("S.csv");
    let matrix = expected(Loss::cross_entropy(), Term::Full, Targets::Classes(labels())).matrix;
    let spectrum = hessia::eigvalsh(&matrix).unwrap();
    // Backward stable solvers: order x eps x norm, once for each side.
    let tolerance = 2.0 * 26.0 * f64::EPSILON * spectrum.norm();
    let check = |rows: &[(usize, f64, Option<f64>)], indices: std::ops::Range<usize>| {
        assert!(rows.iter().map(|row| row.0).eq(indices));
        for (index, value, _) in rows {
            assert!((value - spectrum.eigenvalues[*index]).abs() <= tolerance, "{index}: {value}");
        }
    };
    succeeds(folder.path(), &and(&SPECTRUM, &["--report", "R.json"]));
    let rows = table(&path);
    check(&rows, 0..26);
    assert!(rows.iter().flat_map(|row| row.2).all(|residual| residual <= tolerance));
    assert!(rows.iter().filter(|row| row.2.is_some()).count() >= spectrum.rank());
    let inertia = &report(folder.path())["spectrum"]["inertia"];
    assert_eq!(inertia["negative"].as_u64(), Some(spectrum.inertia().negative as u64));

    succeeds(folder.path(), &and(&SPECTRUM, &["--values-only"]));
    let rows = table(&path);
    check(&rows, 0..26);
    assert!(rows.iter().all(|row| row.2.is_none()));

    for (range, indices) in [("3..9", 3..9), ("-1..", 25..26), ("..2", 0..2)] {
        succeeds(folder.path(), &and(&SPECTRUM, &["--range", range]));
        let rows = table(&path);
        check(&rows, indices.clone());
        assert!(rows.iter().all(|row| row.2.unwrap() <= tolerance));
        succeeds(folder.path(), &and(&SPECTRUM, &["--range", range, "--values-only"]));
        check(&table(&path), indices);
    }

    for (more, columns) in [(&[][..], 26), (&["--range", "20.."][..], 6)] {
        succeeds(folder.path(), &and(&and(&SPECTRUM, &["--vectors", "V.npy"]), more));
        let rows = table(&path);
        let vectors: Array2<f64> = ndarray_npy::read_npy(folder.path().join("V.npy")).unwrap();
        assert_eq!(vectors.dim(), (26, columns));
        for ((_, value, _), v) in rows.iter().zip(vectors.columns()) {
            let gap = matrix.dot(&v) - &v * *value;
            assert!(gap.dot(&gap).sqrt() <= tolerance && (v.dot(&v) - 1.0).abs() <= 26.0 * f64::EPSILON);
        }
    }
}

#[test]
fn every_table_format_can_be_asked_for() {
    let folder = good();
    for name in ["S.parquet", "S.json", "S.csv", "S.arrow"] {
        succeeds(folder.path(), &with(&SPECTRUM, "--output", name));
        assert!(fs::metadata(folder.path().join(name)).unwrap().len() > 0);
    }
}

#[test]
fn a_network_trained_here_goes_through_the_other_commands() {
    let folder = tempfile::tempdir().unwrap();
    let train = [
        "train",
        "--dataset",
        "mnist",
        "--hidden",
        "4",
        "--seed",
        "1",
        "--objects",
        "128",
        "--epochs",
        "2",
        "--save-inputs",
        "X.npy",
        "--save-targets",
        "y.npy",
        "--output",
        "net.npz",
    ];
    succeeds(folder.path(), &and(&train, &["--report", "R.json"]));
    let report = report(folder.path());
    assert_eq!((report["parameters"].as_u64(), report["objects"].as_u64()), (Some(3176), Some(128)));
    let first = fs::read(folder.path().join("net.npz")).unwrap();
    succeeds(folder.path(), &train);
    assert!(
        fs::read(folder.path().join("net.npz")).unwrap() == first,
        "the same seed trains the same network"
    );
    let relu = with(&SPECTRUM, "--activation", "relu");
    let said = succeeds(folder.path(), &and(&relu, &["--values-only"]));
    assert!(said.contains("3176 eigenvalues"), "{said}");
    let (net, _) = Network::load(folder.path().join("net.npz"), Activation::Relu).unwrap();
    assert_eq!(net.widths(), [784, 4, 10]);
}

#[test]
fn numpy_writes_what_is_read_and_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let python = std::env::var("HESSIA_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let run = |script: &str| {
        let output = Command::new(&python).arg("-c").arg(script).current_dir(folder.path()).output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout).to_string();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(said)
    };
    let write = "
import sys
try:
    import numpy as np
except ImportError:
    print('no numpy'); sys.exit()
r = np.random.default_rng(0)
arrays = {'0.weight': r.normal(size=(4, 3)), '0.bias': r.normal(size=4), '2.weight': r.normal(size=(2, 4)).astype('f4')}
np.savez_compressed('net.npz', **arrays)
np.save('X.npy', r.normal(size=(5, 3)))
np.save('y.npy', np.array([0, 1, 1, 0, 1]))
";
    match run(write) {
        Some(said) if said.is_empty() => (),
        said => return println!("skipped: {}", said.unwrap_or("no Python".to_string())),
    }
    succeeds(folder.path(), &and(&HESSIAN, &["--report", "R.json"]));
    let read = "
import json, numpy as np
h = np.load('H.npy')
assert h.dtype == np.float64 and h.flags['C_CONTIGUOUS'] and h.shape == (24, 24)
assert (h == h.T).all()
# The curvature in the output biases would be sum A; without them, that of the last weights is its Kronecker sum.
r = json.load(open('R.json'))
net = np.load('net.npz')
X, y = np.load('X.npy'), np.load('y.npy')
a = np.tanh(X @ net['0.weight'].T + net['0.bias'])
z = a @ net['2.weight'].astype('f8').T
p = np.exp(z - z.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
A = np.einsum('nk,kl->nkl', p, np.eye(2)) - np.einsum('nk,nl->nkl', p, p)
last = np.einsum('nkl,na,nb->kalb', A, a, a).reshape(8, 8) / 5
assert abs(h[16:, 16:] - last).max() < 1e-14, abs(h[16:, 16:] - last).max()
assert abs(r['loss'] + np.log(p[range(5), y]).mean()) < 1e-14
assert any('2.weight' in n and 'float32' in n for n in r['notes']), r['notes']
print('read by NumPy', np.__version__)
";
    println!("{}", run(read).unwrap_or_default());
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_with_130_and_leaves_nothing() {
    // Some 10^12 operations: far from done when the interrupt comes.
    let folder = tempfile::tempdir().unwrap();
    let net = Network::random(&[300, 16, 10], false, Activation::Tanh, 1).unwrap();
    net.save(folder.path().join("net.npz")).unwrap();
    let x = Array2::from_shape_fn((20_000, 300), |(i, j)| ((i * 7 + j * 13) as f64).sin());
    fs::write(folder.path().join("X.npy"), float64(&x)).unwrap();
    fs::write(folder.path().join("y.npy"), int64(&vec![3; 20_000])).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hessia"))
        .args(HESSIAN)
        .current_dir(folder.path())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Wait until the kernel says that the command catches this signal.
    let status = format!("/proc/{}/status", child.id());
    let catches = || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
        u64::from_str_radix(mask.trim(), 16).unwrap_or(0) & (1 << (libc::SIGINT - 1)) != 0
    };
    while !catches() {
        assert!(child.try_wait().unwrap().is_none(), "ended before it could be interrupted");
        std::thread::yield_now();
    }
    // SAFETY: the process is our child, and it has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) }, 0);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["X.npy", "net.npz", "y.npy"]);
}

#[test]
fn help_shows_examples_and_the_version() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["hessian", "spectrum", "train"] {
        let help = succeeds(folder.path(), &[command, "--help"]);
        assert!(help.contains("Examples:") && help.contains(&format!("hessia {command}")), "{help}");
    }
    let version = succeeds(folder.path(), &["--version"]);
    assert_eq!(version.trim(), concat!("hessia ", env!("CARGO_PKG_VERSION")));
}

#[test]
#[cfg(feature = "notebook")]
fn a_new_notebook_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let output = hessia(folder.path(), &["new-notebook", "saddle_points"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(folder.path().join("saddle_points.ipynb")).unwrap();
    let notebook: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(notebook["metadata"]["kernelspec"]["name"], "hessia");
    assert!(text.contains("# saddle points") && text.contains("use hessia::prelude::*;"));

    // A notebook is somebody's work: it is never overwritten.
    let output = hessia(folder.path(), &["new-notebook", "saddle_points.ipynb"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("saddle_points.ipynb"));
    assert_eq!(fs::read_to_string(folder.path().join("saddle_points.ipynb")).unwrap(), text);
}
