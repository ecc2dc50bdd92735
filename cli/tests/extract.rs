//! `hessia extract`: the library's features, gone on with after a cut; what is refused leaves nothing behind.
#![cfg(feature = "onnx")]

mod command;

use std::fs;
use std::path::Path;

use command::{hessia, refused, succeeds};
use hessia::files::read_inputs;
use hessia_paper::data::load_images;
use hessia_paper::features::{Extraction, Output, Preprocessing, extract};
use ndarray::Array2;
use serde_json::Value;

/// A folder with a small vision transformer and its configuration.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/features");
    for (name, from) in [("vit.onnx", "vit_dynamo.onnx"), ("config.json", "preprocessor_config.json")] {
        fs::copy(reference.join(from), folder.path().join(name)).unwrap();
    }
    folder
}

const EXTRACT: [&str; 11] = [
    "extract",
    "--model",
    "vit.onnx",
    "--config",
    "config.json",
    "--dataset",
    "mnist",
    "--objects",
    "5",
    "--output",
    "F.npy",
];

fn and<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&EXTRACT, more].concat()
}

#[test]
fn the_features_written_are_the_librarys() {
    let folder = folder();
    let mut images = load_images("mnist", None).unwrap();
    images.truncate(5);
    for (take, output) in [("pooled", Output::Pooled), ("class-token", Output::ClassToken)] {
        let said = succeeds(folder.path(), &and(&["--take", take, "--report", "R.json"]));
        assert!(said.contains("F.npy") && said.contains('5'), "{said}");
        let settings = Preprocessing::from_config(folder.path().join("config.json")).unwrap();
        let settings = Extraction { output, ..Extraction::new(folder.path().join("vit.onnx"), settings) };
        let expected: Array2<f64> = extract(&images, &settings).unwrap().mapv(f64::from);
        assert_eq!(read_inputs(folder.path().join("F.npy")).unwrap().0, expected);
        let report: Value = serde_json::from_slice(&fs::read(folder.path().join("R.json")).unwrap()).unwrap();
        assert_eq!(report["command"], "extract", "{report}");
        fs::remove_file(folder.path().join("F.npy")).unwrap();
        fs::remove_file(folder.path().join("R.json")).unwrap();
    }
}

#[test]
fn rows_of_an_earlier_run_are_kept() {
    let folder = folder();
    succeeds(folder.path(), &and(&[]));
    let whole = fs::read(folder.path().join("F.npy")).unwrap();
    fs::remove_file(folder.path().join("F.npy")).unwrap();
    // What a run that was cut after two objects leaves.
    let mut fewer = EXTRACT;
    fewer[8] = "2";
    succeeds(folder.path(), &fewer);
    succeeds(folder.path(), &and(&[]));
    assert_eq!(fs::read(folder.path().join("F.npy")).unwrap(), whole);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let folder = folder();
    let put = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    let model = fs::read(folder.path().join("vit.onnx")).unwrap();
    put("half.onnx", &model[..model.len() / 2]);
    put("text.onnx", b"not a model");
    put("empty.onnx", b"");
    put("bad.json", b"{\"image_mean\": [0.5,");
    let with = |flag: &str, value: &'static str| {
        let mut arguments = EXTRACT.to_vec();
        let at = arguments.iter().position(|&a| a == flag).unwrap();
        arguments[at + 1] = value;
        arguments
    };
    for name in ["half.onnx", "text.onnx", "empty.onnx", "missing.onnx"] {
        refused(folder.path(), &with("--model", name), &[name]);
    }
    refused(folder.path(), &with("--config", "bad.json"), &["bad.json"]);
    refused(folder.path(), &with("--config", "missing.json"), &["missing.json"]);
    refused(folder.path(), &with("--objects", "0"), &["--objects"]);
    refused(folder.path(), &with("--objects", "10001"), &["10000", "10001"]);
    refused(folder.path(), &with("--output", "no/F.npy"), &["no"]);
    refused(folder.path(), &with("--dataset", "letters"), &["letters"]);
    refused(folder.path(), &and(&["--take", "no_such_output"]), &["no_such_output"]);
    refused(folder.path(), &and(&["--size", "8x"]), &["8x"]);
    refused(folder.path(), &and(&["--std", "0"]), &["0"]);
    refused(folder.path(), &and(&["--mean", "0.1,0.2"]), &["2"]);
    refused(folder.path(), &and(&["--pooler", "random"]), &["--seed"]);
}

#[test]
fn help_shows_examples() {
    let folder = tempfile::tempdir().unwrap();
    let output = hessia(folder.path(), &["extract", "--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(help.contains("Examples:") && help.contains("hessia extract --model"), "{help}");
}
