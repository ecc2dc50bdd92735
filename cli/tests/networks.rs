//! The command line on networks of every kind: what it asks for, and that the kind of file makes no difference.

mod command;

use std::path::Path;
use std::process::Output;

use command::{hessia, succeeds};
use hessia::files::{NpyValues, read_inputs, read_npy, write_npy};
use ndarray::{array, s};

/// Two objects of the networks of tests/reference/networks.py, with labels.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_npy(folder.path().join("X.npy"), &array![[0.5, -1.25, 2.0], [-0.75, 0.25, 1.5]]).unwrap();
    write_npy(folder.path().join("y.npy"), &array![0.0, 1.0]).unwrap();
    folder
}

fn hessian(folder: &Path, net: &str, more: &[&str]) -> Output {
    let net = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/networks").join(net);
    let rest = ["--inputs", "X.npy", "--targets", "y.npy", "--loss", "cross-entropy", "--output", "H.npy"];
    let net = net.to_str().unwrap();
    hessia(folder, &[&["hessian", net], &rest[..], more].concat())
}

#[track_caller]
fn matrix(net: &str, more: &[&str]) -> ndarray::Array2<f64> {
    let folder = folder();
    let output = hessian(folder.path(), net, more);
    assert!(output.status.success(), "{net}: {}", String::from_utf8_lossy(&output.stderr));
    read_inputs(folder.path().join("H.npy")).unwrap().0
}

#[track_caller]
fn refused(net: &str, more: &[&str], words: &[&str]) {
    let folder = folder();
    let output = hessian(folder.path(), net, more);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{net}: {message}");
    assert!(words.iter().all(|word| message.contains(word)), "{net}: {message}");
    assert!(!folder.path().join("H.npy").exists());
}

#[test]
fn the_kind_of_file_makes_no_difference() {
    // The same weights, from PyTorch's seed 0, with tanh.
    let reference = matrix("script_tanh.onnx", &[]);
    assert_eq!(reference.nrows(), 3 * 4 + 4 + 4 * 5 + 5 + 5 * 2 + 2);
    let tanh = ["--activation", "tanh"];
    for (net, more) in [
        ("dynamo_tanh.onnx", &[][..]),
        ("script_tanh.onnx", &tanh),
        ("torch.safetensors", &tanh),
        ("nested.safetensors", &tanh),
        ("nested.npz", &tanh),
        ("burn.safetensors", &["--activation", "tanh", "--weights", "in-out"]),
        ("torch.safetensors", &["--activation", "tanh", "--weights", "out-in"]),
    ] {
        assert_eq!(matrix(net, more), reference, "{net} {more:?}");
    }
}

#[test]
fn blocks_are_those_of_the_whole() {
    let whole = matrix("script_tanh.onnx", &[]);
    let ends = [0, 16, 41, 53];
    for (block, p, q) in [("0,0", 0, 0), ("0,2", 0, 2), ("2,1", 2, 1)] {
        let block = matrix("script_tanh.onnx", &["--block", block]);
        let part = whole.slice(s![ends[p]..ends[p + 1], ends[q]..ends[q + 1]]);
        assert_eq!(block.dim(), part.dim());
        assert!((&block - &part).iter().all(|gap| gap.abs() < 1e-14));
    }
    refused("script_tanh.onnx", &["--block", "0,3"], &["--block", "0..=2", "0,3"]);
    for wrong in ["0", "0,1,2", "a,b", "-1,0"] {
        refused("script_tanh.onnx", &[&format!("--block={wrong}")], &["two layers from 0", wrong]);
    }
}

#[test]
fn eigenpairs_are_arrays_that_make_up_the_matrix() {
    let whole = matrix("script_tanh.onnx", &[]);
    let folder = folder();
    let net = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/networks/script_tanh.onnx");
    let data = ["--inputs", "X.npy", "--targets", "y.npy", "--loss", "cross-entropy"];
    let output = ["--vectors", "V.npy", "--output", "w.npy"];
    succeeds(folder.path(), &[&["spectrum", net.to_str().unwrap()], &data[..], &output].concat());
    let vectors = read_inputs(folder.path().join("V.npy")).unwrap().0;
    let NpyValues::Floats(values) = read_npy(folder.path().join("w.npy")).unwrap().values else { panic!() };
    let values = values.into_dimensionality::<ndarray::Ix1>().unwrap();
    // P eps times the norm, which is below ten.
    let gap = &(&vectors * &values).dot(&vectors.t()) - &whole;
    assert!(gap.iter().all(|gap| gap.abs() < 1e-13));
}

#[test]
fn what_the_file_does_not_tell_is_asked_for() {
    refused("torch.safetensors", &[], &["activation", "leaky-relu", "torch.safetensors does not tell it"]);
    refused("script_tanh.onnx", &["--activation", "relu"], &["activation relu", "tanh", "script_tanh.onnx"]);
    refused("refused/burn_square.safetensors", &["--activation", "relu"], &["--weights in-out"]);
    refused("torch.safetensors", &["--activation", "tanh", "--weights", "rows"], &["out-in", "in-out"]);
    refused("refused/conv.onnx", &[], &["Conv", "/features/0/Conv"]);
}

#[test]
fn the_report_names_the_activation_and_the_conversions() {
    let folder = folder();
    let output = hessian(folder.path(), "script_silu.onnx", &["--report", "R.json"]);
    assert!(output.status.success());
    let text = std::fs::read_to_string(folder.path().join("R.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["activation"], "silu");
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("4.bias: float32 read as float64") && notes.contains("silu, by the graph"),
        "{notes}"
    );
}

#[test]
fn cases_are_written_into_a_folder_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let cases = |target: &str| hessia(folder.path(), &["cases", "--output", target]);
    let output = cases("made/here");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path().join("made/here")).unwrap().count(), 32);
    std::fs::write(folder.path().join("file"), "").unwrap();
    for target in ["file", "file/below"] {
        let output = cases(target);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && message.contains(target), "{message}");
    }
}
