//! `hessia verify` on what PyTorch, JAX and curvlinops computed, and on what it must refuse.

mod arrays;
mod command;

use std::fs;
use std::io::Read;
use std::path::Path;

use arrays::{float64, int64, npy};
use command::{hessia, refused};
use hessia::verify::Verdict;
use ndarray::Array2;
use serde_json::{Value, json};
use zip::ZipArchive;

#[derive(serde::Deserialize)]
struct Entry {
    name: String,
    activation: String,
    loss: String,
    biases: bool,
}

fn reference() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference")
}

fn entries() -> Vec<Entry> {
    serde_json::from_str(&fs::read_to_string(reference().join("verify.json")).unwrap()).unwrap()
}

/// A folder with the arrays of a case: every one but those of the net as an .npy of its own.
fn unpacked(entry: &Entry) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = reference().join("verify").join(format!("{}.npz", entry.name));
    let mut archive = ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut net = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        let name = member.name().unwrap().strip_suffix(".npy").unwrap().to_string();
        match name.ends_with(".weight") || name.ends_with(".bias") {
            true => net.push((name, content)),
            false => fs::write(folder.path().join(format!("{name}.npy")), content).unwrap(),
        }
    }
    fs::write(folder.path().join("net.npz"), arrays::npz(&net)).unwrap();
    folder
}

/// Verifies a candidate of a case; returns exit code, text and the report as JSON.
fn verified(entry: &Entry, folder: &Path, candidate: &str, more: &[&str]) -> (i32, String, Value) {
    let base = [
        "verify",
        candidate,
        "net.npz",
        "--inputs",
        "X.npy",
        "--targets",
        "y.npy",
        "--activation",
        &entry.activation,
        "--loss",
        &entry.loss,
        "--output",
        "report.json",
    ];
    let output = hessia(folder, &[&base, more].concat());
    assert!(output.stderr.is_empty(), "{candidate}: {}", String::from_utf8_lossy(&output.stderr));
    let report = serde_json::from_str(&fs::read_to_string(folder.join("report.json")).unwrap()).unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), report)
}

/// The faults of the first hypothesis.
fn first(report: &Value) -> &Value {
    &report["report"]["diagnosis"][0]["faults"]
}

#[test]
fn right_hessians_of_other_libraries_agree() {
    assert_eq!(entries().len(), 5);
    for entry in entries() {
        let folder = unpacked(&entry);
        for (candidate, term, verdict) in [
            ("torch.npy", "full", Verdict::Agrees),
            ("jax.npy", "full", Verdict::Agrees),
            ("curvlinops_ggn.npy", "ggn", Verdict::Agrees),
            ("torch_float32.npy", "full", Verdict::AgreesInFloat32),
        ] {
            let (code, text, report) = verified(&entry, folder.path(), candidate, &["--term", term]);
            assert_eq!(code, 0, "{}, {candidate}: {text}", entry.name);
            assert_eq!(report["report"]["verdict"], json!(verdict), "{}, {candidate}: {text}", entry.name);
            assert_eq!(report["report"]["diagnosis"], json!([]), "{}, {candidate}: {text}", entry.name);
        }
    }
}

#[test]
fn what_other_libraries_mean_by_it_is_told() {
    for entry in entries() {
        let folder = unpacked(&entry);
        let faults = |candidate: &str, term: &str| {
            let (code, text, report) = verified(&entry, folder.path(), candidate, &["--term", term]);
            assert_eq!(code, 1, "{}, {candidate}: {text}", entry.name);
            (first(&report).clone(), text)
        };
        let (found, text) = faults("curvlinops_ggn.npy", "full");
        assert_eq!(found, json!([{ "term": "ggn" }]), "{}: {text}", entry.name);
        assert!(text.contains("generalized Gauss-Newton"), "{text}");

        let (found, text) = faults("torch.npy", "ggn");
        assert_eq!(found, json!([{ "term": "full" }]), "{}: {text}", entry.name);

        let (found, text) = faults("curvlinops_ef.npy", "full");
        assert_eq!(found[0], json!("empirical-fisher"), "{}: {text}", entry.name);
        // Where the mean is also over outputs, its empirical Fisher matrix is that of sums over the outputs.
        let outputs = found[1]["reduction"]["meaning"].as_str().map(|m| m.contains("sum over the outputs"));
        assert_eq!(outputs, (entry.loss != "cross-entropy").then_some(true), "{}: {text}", entry.name);

        let (found, text) = faults("jax_pytree.npy", "full");
        let biases = if entry.biases { "before-weights" } else { "after-weights" };
        let order = json!({ "weights": "inputs-by-outputs", "biases": biases, "layers": "forward" });
        assert_eq!(found, json!([{ "order": order }]), "{}: {text}", entry.name);

        if entry.loss == "cross-entropy" {
            let (found, text) = faults("curvlinops_mc.npy", "ggn");
            let stochastic = &found[0]["stochastic"];
            assert!(stochastic["estimator"].as_str().unwrap().contains("drawn from the model"), "{text}");
            let bound = |at: usize| stochastic["interval"][at].as_f64().unwrap();
            assert!(0.7 * bound(0) < 50.0 && 50.0 < 1.4 * bound(1), "{}: {text}", entry.name);
        }
    }
}

#[test]
fn reports_are_tables_too() {
    let entry = &entries()[0];
    let folder = unpacked(entry);
    let common = [
        "net.npz",
        "--inputs",
        "X.npy",
        "--targets",
        "y.npy",
        "--activation",
        "relu",
        "--loss",
        "cross-entropy",
    ];
    let run = |output: &str| {
        let arguments = [&["verify", "curvlinops_ggn.npy"], &common[..], &["--output", output]].concat();
        let done = hessia(folder.path(), &arguments);
        assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stderr));
        fs::read(folder.path().join(output)).unwrap()
    };
    let csv = String::from_utf8(run("report.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("row,name,result,largest_error,relative_error,tolerance"), "{csv}");
    // The whole, nine blocks of three layers, and the G-term as a hypothesis.
    assert!(lines[1].starts_with("whole,") && lines[1].contains("differs"), "{csv}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("block,")).count(), 9);
    assert!(lines.iter().any(|line| line.starts_with("hypothesis,") && line.contains("G-term")), "{csv}");
    assert_eq!(&run("report.parquet")[..4], b"PAR1");
}

#[test]
fn kinds_follow_flags_and_shapes() {
    let entry = &entries()[1];
    let folder = unpacked(entry);
    let put = |name: &str, content: Vec<u8>| fs::write(folder.path().join(name), content).unwrap();
    let hessian = match hessia::files::read_npy(folder.path().join("torch.npy")).unwrap().values {
        hessia::files::NpyValues::Floats(values) => values.into_dimensionality::<ndarray::Ix2>().unwrap(),
        hessia::files::NpyValues::Integers(_) => panic!("integers"),
    };
    let order = hessian.nrows();
    let bytes = |values: Vec<f64>| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let vector = |values: Vec<f64>| npy("<f8", false, &[values.len()], &bytes(values));
    put("diagonal.npy", vector(hessian.diag().to_vec()));
    put("trace.npy", npy("<f8", false, &[], &bytes(vec![hessian.diag().sum()])));
    put(
        "lambda.npy",
        vector(hessia::eigvalsh(&(0.5 * (&hessian + &hessian.t()))).unwrap().eigenvalues.to_vec()),
    );
    // Layers 5-4 and 4-3 with biases.
    put("block.npy", float64(&hessian.slice(ndarray::s![24.., ..24]).to_owned()));
    let vectors = Array2::from_shape_fn((order, 2), |(i, k)| ((3 * i + 5 * k) as f64).sin());
    put("V.npy", float64(&vectors));
    put("HV.npy", float64(&hessian.dot(&vectors)));
    for (candidate, flags, kind) in [
        ("torch.npy", &[][..], "matrix"),
        ("diagonal.npy", &[], "diagonal"),
        ("trace.npy", &[], "trace"),
        ("lambda.npy", &["--kind", "eigenvalues"], "eigenvalues"),
        ("block.npy", &["--layers", "1,0"], "block"),
        ("HV.npy", &["--vectors", "V.npy"], "products"),
    ] {
        let (code, text, report) = verified(entry, folder.path(), candidate, flags);
        assert_eq!((code, &report["report"]["kind"]), (0, &json!(kind)), "{candidate}: {text}");
        assert_eq!(report["report"]["verdict"], json!("agrees"), "{candidate}: {text}");
    }
    // A size that does not fit is explained; a tolerance decides by itself.
    put("small.npy", float64(&hessian.slice(ndarray::s![24.., 24..]).to_owned()));
    let (code, text, report) = verified(entry, folder.path(), "small.npy", &[]);
    assert_eq!((code, first(&report)), (1, &json!([{ "missing": ["0.weight", "0.bias"] }])), "{text}");
    put("rough.npy", float64(&(&hessian * (1.0 + 1e-4))));
    let rough = |tolerance| verified(entry, folder.path(), "rough.npy", &["--tolerance", tolerance]).0;
    assert_eq!((rough("1e-3"), rough("1e-5")), (0, 1));
}

#[test]
fn bad_candidates_are_refused() {
    let entry = &entries()[1];
    let folder = unpacked(entry);
    let put = |name: &str, content: Vec<u8>| fs::write(folder.path().join(name), content).unwrap();
    let mut not_finite = Array2::zeros((39, 39));
    not_finite[[3, 1]] = f64::NAN;
    put("nan.npy", float64(&not_finite));
    put("tall.npy", float64(&Array2::zeros((39, 4))));
    put("three.npy", npy("<f8", false, &[2, 2, 2], &[0; 64]));
    put("labels.npy", int64(&[1, 2, 3]));
    put("text.npy", b"1.0 2.0".to_vec());
    let cases: [(&str, &[&str], &[&str]); 10] = [
        ("nan.npy", &[], &["NaN", "[3, 1]"]),
        ("tall.npy", &[], &["tall.npy", "[39, 39]", "[39, 4]"]),
        ("tall.npy", &["--kind", "matrix"], &["[39, 39]", "[39, 4]"]),
        ("three.npy", &[], &["three.npy", "[2, 2, 2]"]),
        ("labels.npy", &[], &["labels.npy", "int64"]),
        ("text.npy", &[], &["text.npy", "npy"]),
        ("missing.npy", &[], &["missing.npy"]),
        ("torch.npy", &["--layers", "0,7"], &["7", "0..2"]),
        ("torch.npy", &["--vectors", "tall.npy"], &["[39, 4]"]),
        ("torch.npy", &["--tolerance=-1"], &["tolerance"]),
    ];
    for (candidate, flags, parts) in cases {
        let base = [
            "verify",
            candidate,
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
            "report.json",
        ];
        refused(folder.path(), &[&base, flags].concat(), parts);
    }
}
