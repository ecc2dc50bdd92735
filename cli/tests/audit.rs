//! `hessia audit`: its columns are what they say, its summary counts, and what is refused leaves nothing behind.

mod command;
#[path = "../../tests/common/mod.rs"]
mod common;

use std::fs::{self, File};
use std::path::Path;

use command::{content, hessia, refused};
use common::{LOSSES, random_data, random_net};
use hessia::files::write_npy;
use hessia::table::Provenance;
use hessia::{Activation, Dataset, Layer, Loss, LossKind, Network, Targets, Term, curvature, eigvalsh};
use hessia_paper::theory::Statement;
use ndarray::{Array, Array2, Dimension, array, s};
use ndarray_npy::{WritableElement, WriteNpyExt};
use polars::prelude::{DataFrame, DataType};
use polars_io::SerReader;
use polars_io::csv::read::CsvReader;
use polars_io::json::{JsonFormat, JsonReader};
use polars_io::parquet::read::ParquetReader;
use serde_json::Value;

fn arguments<'a>(net: &'a Network, loss: Loss, output: &'a str) -> Vec<&'a str> {
    let loss = match loss.kind {
        LossKind::CrossEntropy => "cross-entropy",
        LossKind::MeanSquaredError => "mse",
        LossKind::BinaryCrossEntropy => "bce",
    };
    let activation = net.activation().name();
    let files = ["audit", "net.npz", "--inputs", "X.npy", "--targets", "y.npy", "--summary", "S.json"];
    [&files[..], &["--activation", activation, "--loss", loss, "--output", output]].concat()
}

fn npy<T: WritableElement, D: Dimension>(array: &Array<T, D>) -> Vec<u8> {
    let mut content = Vec::new();
    array.write_npy(&mut content).unwrap();
    content
}

fn put(net: &Network, data: &Dataset) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    net.save(folder.path().join("net.npz")).unwrap();
    write_npy(folder.path().join("X.npy"), &data.x).unwrap();
    let targets = match &data.targets {
        Targets::Classes(labels) => npy(&labels.mapv(|label| label as i64)),
        Targets::Values(values) => npy(values),
    };
    fs::write(folder.path().join("y.npy"), targets).unwrap();
    folder
}

/// Runs the audit; returns its table and its summary.
fn audited(net: &Network, data: &Dataset, loss: Loss, output: &str) -> (DataFrame, Value) {
    let folder = put(net, data);
    let run = hessia(folder.path(), &arguments(net, loss, output));
    assert!(run.status.success(), "{net}: {}", String::from_utf8_lossy(&run.stderr));
    let summary: Value = serde_json::from_slice(&fs::read(folder.path().join("S.json")).unwrap()).unwrap();
    // Files are known by what is in them, not by where they lie.
    let made = &summary["provenance"]["settings"];
    for (name, file) in [("network", "net.npz"), ("inputs", "X.npy"), ("targets", "y.npy")] {
        let expected = Provenance::new("").file(name, folder.path().join(file)).unwrap().settings;
        assert_eq!(Some(&made[format!("{name}_sha256")]), expected.get(&format!("{name}_sha256")), "{made}");
    }
    assert!(made["data"] == "X.npy" && !made.to_string().contains(folder.path().to_str().unwrap()), "{made}");
    (read(&folder.path().join(output)), summary)
}

/// Parquet, CSV or JSON as any reader takes it; Arrow has its own test among the tables.
fn read(path: &Path) -> DataFrame {
    let file = File::open(path).unwrap();
    let table = match path.extension().unwrap().to_str().unwrap() {
        "csv" => CsvReader::new(file).finish(),
        "json" => JsonReader::new(file).with_json_format(JsonFormat::Json).finish(),
        _ => ParquetReader::new(file).finish(),
    };
    table.unwrap()
}

fn numbers(table: &DataFrame, name: &str) -> Vec<Option<f64>> {
    let column = table.column(name).unwrap().cast(&DataType::Float64).unwrap();
    column.f64().unwrap().iter().collect()
}

fn verdict(summary: &Value, statement: Statement) -> &Value {
    let verdicts = summary["verdicts"].as_array().unwrap();
    verdicts.iter().find(|verdict| verdict["statement"] == statement.name()).unwrap()
}

/// Known by hand: every weight 0.05 and x = (1, 1, 1) give `||H|| = 1.5` and the bound √2 · 4 · 0.015.
fn counterexample() -> (Network, Dataset) {
    let layer = Layer { weight: Array2::from_elem((2, 3), 0.05), bias: None };
    let net = Network::new(vec![layer], Activation::Relu).unwrap();
    (net, Dataset::new("example", array![[1.0, 1.0, 1.0]], Targets::Classes(array![0])).unwrap())
}

const COLUMNS: &str = "object,label,loss,gradient_norm,input_norm,residual_norm,ggn_norm,hessian_norm,h_term_norm,\
    theorem_1_stated,theorem_1_corrected_ggn,theorem_1_corrected_hessian,bound_per_layer_ggn,bound_per_object_ggn";

#[test]
fn every_format_shows_the_counterexample() {
    let (net, data) = counterexample();
    for output in ["audit.parquet", "audit.csv", "audit.json"] {
        let (table, summary) = audited(&net, &data, Loss::cross_entropy(), output);
        let names: Vec<String> =
            table.get_column_names().iter().take(14).map(|name| name.to_string()).collect();
        // Objects of JSON have no order.
        if output != "audit.json" {
            assert_eq!(names.join(","), COLUMNS, "{output}");
        }
        assert_eq!(table.height(), 1);
        let number = |name| numbers(&table, name)[0].unwrap();
        assert!((number("ggn_norm") - 1.5).abs() < 1e-14, "{output}");
        assert!((number("theorem_1_stated") - 0.06 * 2.0_f64.sqrt()).abs() < 1e-15, "{output}");
        let holds = |name| table.column(name).unwrap().bool().unwrap().get(0);
        assert_eq!(holds("theorem_1_stated_holds"), Some(false), "{output}");
        assert_eq!(holds("theorem_1_corrected_ggn_holds"), Some(true), "{output}");

        let stated = verdict(&summary, Statement::Theorem1Stated);
        assert_eq!((&stated["violations"], &stated["undecided"]), (&1.into(), &0.into()), "{summary}");
        assert!(
            (stated["tightest_ratio"].as_f64().unwrap() - 1.5 / number("theorem_1_stated")).abs() < 1e-12
        );
        let none = verdict(&summary, Statement::Lemma1Stated);
        assert_eq!(none["broken_assumptions"], serde_json::json!(["a hidden layer"]));
        assert_eq!(none["tightest_ratio"], Value::Null);
        let constants = &summary["constants"];
        assert!((constants["weight_norms"][0].as_f64().unwrap() - 0.015_f64.sqrt()).abs() < 1e-15);
        assert!((constants["m_x"].as_f64().unwrap() - 3.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(constants["m"], 0.05);
        assert!((constants["m_l"].as_f64().unwrap() - 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(summary["provenance"]["settings"]["network"], net.to_string());
    }
}

/// Each object's norms are those of its own P x P matrices, whatever the network and the loss.
#[test]
fn norms_are_those_of_the_explicit_matrices() {
    for (k, activation) in Activation::ALL.into_iter().enumerate() {
        for loss in LOSSES {
            let net = random_net(&[4, 5, 3, 3], k % 2 == 0, activation, 1.5, k as u64);
            let data = random_data(4, 3, 6, loss, 1.0, 7 + k as u64);
            let (table, _) = audited(&net, &data, loss, "audit.parquet");
            for (term, name) in
                [(Term::Full, "hessian_norm"), (Term::Ggn, "ggn_norm"), (Term::HTerm, "h_term_norm")]
            {
                for (i, found) in numbers(&table, name).into_iter().enumerate() {
                    let targets = match &data.targets {
                        Targets::Classes(labels) => Targets::Classes(labels.slice(s![i..=i]).to_owned()),
                        Targets::Values(values) => Targets::Values(values.slice(s![i..=i, ..]).to_owned()),
                    };
                    let one = Dataset::new("one", data.x.slice(s![i..=i, ..]).to_owned(), targets).unwrap();
                    let matrix = curvature(&net, &one, loss, term).unwrap().matrix;
                    let values = eigvalsh(&matrix).unwrap().eigenvalues;
                    let norm = values.fold(0.0_f64, |most, v| most.max(v.abs()));
                    let gap = (found.unwrap() - norm).abs();
                    assert!(gap <= 1e-12 * norm, "{activation} {loss} {name} of {i}: {gap} of {norm}");
                }
            }
        }
    }
}

#[test]
fn bounds_are_empty_where_their_assumptions_fail() {
    let data = random_data(3, 3, 4, Loss::cross_entropy(), 1.0, 1);
    let values = random_data(3, 3, 4, Loss::mean_squared_error(), 1.0, 1);
    for (net, data, loss, reason) in [
        (random_net(&[3, 4, 3], true, Activation::Relu, 2.0, 2), &data, Loss::cross_entropy(), "no biases"),
        (
            random_net(&[3, 4, 3], false, Activation::Tanh, 2.0, 2),
            &data,
            Loss::cross_entropy(),
            "an activation of straight pieces",
        ),
        (
            random_net(&[3, 4, 3], false, Activation::Relu, 2.0, 2),
            &values,
            Loss::mean_squared_error(),
            "cross-entropy",
        ),
    ] {
        for output in ["audit.parquet", "audit.csv", "audit.json"] {
            let (table, summary) = audited(&net, data, loss, output);
            for name in ["theorem_1_stated", "theorem_1_corrected_ggn", "theorem_1_corrected_hessian"] {
                for column in [name.to_string(), format!("{name}_ratio"), format!("{name}_holds")] {
                    assert_eq!(table.column(&column).unwrap().null_count(), 4, "{reason}: {output} {column}");
                }
            }
            for name in ["bound_per_layer_ggn", "bound_per_object_ggn", "hessian_norm"] {
                assert!(numbers(&table, name).iter().all(Option::is_some), "{reason}: {output} {name}");
            }
            let broken = &verdict(&summary, Statement::Theorem1Stated)["broken_assumptions"];
            assert_eq!(broken, &serde_json::json!([reason]));
        }
    }
}

/// A bound that overflows is no pass: infinite in tables that know infinity, null in JSON, counted in the summary.
#[test]
fn overflow_is_written_as_such() {
    let layers = vec![Layer { weight: Array2::from_elem((2, 2), 10.0), bias: None }; 400];
    let net = Network::new(layers, Activation::Relu).unwrap();
    let data = Dataset::new("zero", array![[0.0, 0.0]], Targets::Classes(array![0])).unwrap();
    for output in ["a.parquet", "a.csv"] {
        let (table, summary) = audited(&net, &data, Loss::cross_entropy(), output);
        assert_eq!(numbers(&table, "theorem_1_stated"), [Some(f64::INFINITY)], "{output}");
        assert_eq!(table.column("theorem_1_stated_holds").unwrap().null_count(), 1);
        let stated = verdict(&summary, Statement::Theorem1Stated);
        assert_eq!((&stated["violations"], &stated["overflows"]), (&0.into(), &1.into()));
        assert_eq!(stated["tightest_ratio"], Value::Null);
    }
    let folder = put(&net, &data);
    assert!(hessia(folder.path(), &arguments(&net, Loss::cross_entropy(), "a.json")).status.success());
    let rows: Value = serde_json::from_slice(&fs::read(folder.path().join("a.json")).unwrap()).unwrap();
    assert_eq!(rows[0]["theorem_1_stated"], Value::Null);
    assert_eq!(rows[0]["hessian_norm"], 0.0);
}

#[test]
fn bad_files_are_refused_by_name_and_number() {
    let (net, data) = counterexample();
    let plain = arguments(&net, Loss::cross_entropy(), "audit.parquet");
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("X.npy", npy(&Array2::<f64>::zeros((1, 4))), &["3", "[1, 4]"]),
        ("X.npy", npy(&array![[1.0, f64::NAN, 1.0]]), &["NaN", "[0, 1]"]),
        ("X.npy", Vec::new(), &["empty"]),
        ("y.npy", npy(&array![0_i64, 1]), &["1 objects", "2"]),
        ("y.npy", npy(&array![2_i64]), &["label 2", "object 0", "0..2"]),
        ("y.npy", npy(&array![[0.5]]), &["whole numbers"]),
        ("net.npz", b"PK, but no archive".to_vec(), &["npz"]),
        ("net.npz", npy(&Array2::<f64>::zeros((2, 3))), &["npz"]),
    ];
    for (file, bad, parts) in cases {
        let folder = put(&net, &data);
        fs::write(folder.path().join(file), bad).unwrap();
        refused(folder.path(), &plain, &[&[file], parts].concat());
        fs::remove_file(folder.path().join(file)).unwrap();
        refused(folder.path(), &plain, &[file]);
    }
}

#[test]
fn wrong_use_is_refused() {
    let (net, data) = counterexample();
    let folder = put(&net, &data);
    fs::create_dir(folder.path().join("folder.csv")).unwrap();
    let plain = arguments(&net, Loss::cross_entropy(), "audit.parquet");
    let with = |flag: &str, value: &'static str| {
        let mut changed = plain.clone();
        changed[plain.iter().position(|&a| a == flag).unwrap() + 1] = value;
        changed
    };
    let cases: Vec<(Vec<&str>, &[&str])> = vec![
        (vec!["audit"], &["--inputs", "--targets", "--loss", "--output"]),
        ([&plain[..], &["--term", "ggn"]].concat(), &["--term"]),
        (with("--loss", "hinge"), &["hinge", "cross-entropy"]),
        (with("--output", "audit.npy"), &["audit.npy", ".parquet", ".csv", ".json", ".arrow"]),
        (with("--output", "folder.csv"), &["folder.csv"]),
        (with("--output", "missing/audit.csv"), &["missing/audit.csv"]),
        (with("--output", "S.json"), &["S.json", "another output"]),
        (with("--summary", "S.csv"), &["S.csv", ".json"]),
        (with("--summary", "missing/S.json"), &["missing/S.json"]),
    ];
    for (arguments, parts) in cases {
        refused(folder.path(), &arguments, parts);
    }
}

#[test]
fn numbers_that_overflow_are_not_written() {
    let (net, _) = counterexample();
    let data = Dataset::new("huge", array![[1e200, 1e200, 1e200]], Targets::Classes(array![0])).unwrap();
    let folder = put(&net, &data);
    let plain = arguments(&net, Loss::cross_entropy(), "audit.parquet");
    refused(folder.path(), &plain, &["finite"]);
}

const SEARCH: [&str; 9] = ["search", "--nets", "2000", "--steps", "100", "--seed", "1", "--output", "found"];

#[test]
fn the_counterexample_found_is_one_for_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    let run = hessia(folder.path(), &SEARCH);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let said = String::from_utf8_lossy(&run.stdout).to_string();
    assert!(said.contains("theorem_1_stated fails on") && said.contains("W1 ="), "{said}");
    let found: Value =
        serde_json::from_slice(&fs::read(folder.path().join("found/search.json")).unwrap()).unwrap();
    assert!(found["violations"].as_u64().unwrap() > 0, "{found}");

    let net = Network::load(folder.path().join("found/net.npz"), Activation::Relu).unwrap().0;
    let audit = arguments(&net, Loss::cross_entropy(), "audit.parquet");
    let run = hessia(&folder.path().join("found"), &audit);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let summary: Value =
        serde_json::from_slice(&fs::read(folder.path().join("found/S.json")).unwrap()).unwrap();
    let stated = verdict(&summary, Statement::Theorem1Stated);
    assert_eq!((&stated["violations"], &stated["objects"]), (&1.into(), &1.into()), "{summary}");
    assert_eq!(stated["tightest_ratio"], found["counterexample"]["ratio"]);
    assert_eq!(verdict(&summary, Statement::Theorem1CorrectedGgn)["violations"], 0);
}

#[test]
fn a_search_that_finds_none_says_how_close_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let run = hessia(folder.path(), &[&SEARCH[..], &["--statement", "theorem_1_corrected_ggn"]].concat());
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(String::from_utf8_lossy(&run.stdout).contains("no counterexample to theorem_1_corrected_ggn"));
    let found: Value =
        serde_json::from_slice(&fs::read(folder.path().join("found/search.json")).unwrap()).unwrap();
    assert_eq!((&found["violations"], &found["counterexample"]), (&0.into(), &Value::Null));
    let ratio = found["largest_ratio"].as_f64().unwrap();
    assert!(ratio > 0.99 && ratio <= 1.0 + 1e-12, "{ratio}");
    // The network that is written is the one of that ratio.
    let net = Network::load(folder.path().join("found/net.npz"), Activation::Relu).unwrap().0;
    hessia(&folder.path().join("found"), &arguments(&net, Loss::cross_entropy(), "audit.parquet"));
    let summary: Value =
        serde_json::from_slice(&fs::read(folder.path().join("found/S.json")).unwrap()).unwrap();
    assert_eq!(verdict(&summary, Statement::Theorem1CorrectedGgn)["tightest_ratio"], ratio);
}

#[test]
fn a_search_leaves_a_folder_in_use_alone_unless_it_is_forced() {
    let folder = tempfile::tempdir().unwrap();
    let mine = ["search.json", "net.npz", "X.npy", "y.npy"];
    let place = |name: &str| folder.path().join(name);
    for name in mine {
        fs::write(place(name), "mine").unwrap();
        refused(folder.path(), &here(&[]), &[name, "free", "--force"]);
        fs::remove_file(place(name)).unwrap();
    }
    // A folder of that name is not to be overwritten at all.
    fs::create_dir(place("X.npy")).unwrap();
    refused(folder.path(), &here(&["--force"]), &["X.npy", "a folder of that name"]);
    fs::remove_dir(place("X.npy")).unwrap();

    for name in mine.iter().chain(&["notes.txt"]) {
        fs::write(place(name), "mine").unwrap();
    }
    let run = hessia(folder.path(), &here(&["--force"]));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(mine.iter().all(|name| fs::read(place(name)).unwrap() != b"mine"));
    assert_eq!(fs::read(place("notes.txt")).unwrap(), b"mine");
    refused(folder.path(), &here(&[]), &["search.json"]);
}

/// Where no network could be measured there is none to write, and none of an earlier search may stay.
#[test]
fn a_forced_search_leaves_no_older_network_beside_its_record() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["net.npz", "X.npy", "y.npy"] {
        fs::write(folder.path().join(name), "older").unwrap();
    }
    // One matrix has no hidden layer, which lemma 1 assumes: no network counts.
    let none = ["--force", "--statement", "lemma_1_stated", "--max-depth", "1"];
    let run = hessia(folder.path(), &here(&none));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let names: Vec<_> = content(folder.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [Path::new("search.json")]);
}

/// A search into the folder that it runs in.
fn here<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["search", "--nets", "20", "--steps", "10", "--seed", "1", "--output", "."][..], more].concat()
}

#[test]
fn a_search_refuses_what_it_cannot_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "taken").unwrap();
    let with = |at: usize, value: &'static str| {
        let mut changed = SEARCH.to_vec();
        changed[at] = value;
        changed
    };
    let cases: Vec<(Vec<&str>, &[&str])> = vec![
        (vec!["search"], &["--nets", "--seed", "--output"]),
        (with(2, "0"), &["--nets"]),
        (with(6, "-1"), &["-1"]),
        (with(8, "file"), &["file", "folder"]),
        (with(8, "file/found"), &["file/found"]),
        ([&SEARCH[..], &["--statement", "theorem_2"]].concat(), &["theorem_2", "lemma_1_stated"]),
        ([&SEARCH[..], &["--max-width", "1"]].concat(), &["--max-width", "1"]),
        ([&SEARCH[..], &["--max-depth", "0"]].concat(), &["--max-depth", "0"]),
        ([&SEARCH[..], &["--report", "R.txt"]].concat(), &["R.txt", ".json"]),
    ];
    for (arguments, parts) in cases {
        refused(folder.path(), &arguments, parts);
    }
}
