//! The cases kept for all: what is written is what mpmath found, whole, and always the same.

#[path = "common/cases.rs"]
mod cases;
mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use hessia::cases::{cases, write_cases};
use hessia::{Targets, Term};
use ndarray::{Array1, Array2};
use ndarray_npy::ReadNpyExt;
use zip::ZipArchive;

use common::{gap, norm};

/// The agreement that the README of the cases promises.
const EXACT: f64 = 1e-14;

fn array<T: ReadNpyExt>(archive: &mut ZipArchive<File>, name: &str) -> T {
    T::read_npy(archive.by_name(&format!("{name}.npy")).unwrap()).unwrap()
}

fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn written_values_are_those_of_mpmath() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(write_cases(folder.path()).unwrap(), 30);
    let references = cases::suite();
    assert_eq!(references.len(), 30);
    for reference in references {
        let name = &reference.name;
        let path = folder.path().join(format!("{name}.npz"));
        let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
        // What the curvature is of has not changed by a bit.
        let theta: Array1<f64> = array(&mut archive, "theta");
        assert_eq!(theta, reference.net.parameters(), "{name}");
        assert_eq!(array::<Array2<f64>>(&mut archive, "x"), reference.data.x, "{name}");
        match &reference.data.targets {
            Targets::Classes(labels) => {
                let y: Array1<i64> = array(&mut archive, "y");
                assert_eq!(y, labels.mapv(|label| label as i64), "{name}");
            }
            Targets::Values(values) => assert_eq!(array::<Array2<f64>>(&mut archive, "y"), *values, "{name}"),
        }
        let mut parameters = Vec::new();
        for range in reference.net.parameter_map() {
            match range.shape.len() {
                1 => parameters.extend(array::<Array1<f64>>(&mut archive, &range.name)),
                _ => parameters.extend(array::<Array2<f64>>(&mut archive, &range.name)),
            }
        }
        assert_eq!(Array1::from(parameters), theta, "{name}");
        // What is written of it is exact.
        for (key, term) in [("hessian", Term::Full), ("ggn", Term::Ggn), ("h_term", Term::HTerm)] {
            let written: Array2<f64> = array(&mut archive, key);
            let exact = reference.matrix(term);
            let gap = gap(written.view(), exact.view());
            assert!(gap <= EXACT * norm(exact.view()), "{name}, {key}: {gap:e}");
        }
        let written: Array1<f64> = array(&mut archive, "gradient");
        let gap = gap(written.view(), reference.gradient.view());
        assert!(gap <= EXACT * norm(reference.gradient.view()), "{name}: {gap:e}");
        let loss: Array1<f64> = array(&mut archive, "loss");
        assert!((loss[0] - reference.loss_value).abs() <= EXACT * reference.loss_value.abs(), "{name}");
    }
}

#[test]
fn two_runs_write_the_same_bytes_on_any_number_of_threads() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    hessia::set_threads(1);
    write_cases(one.path()).unwrap();
    hessia::set_threads(2);
    write_cases(two.path().join("made/on/the/way")).unwrap();
    let (one, two) = (content(one.path()), content(&two.path().join("made/on/the/way")));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    assert_eq!(one.len(), 32);
    assert!(one == two);
    let readme = String::from_utf8(one["README.md"].clone()).unwrap();
    let index: Vec<serde_json::Value> = serde_json::from_slice(&one["cases.json"]).unwrap();
    for case in &index {
        let name = case["name"].as_str().unwrap();
        assert!(readme.contains(&format!("| {name} |")), "{name} is not in the README");
        assert!(one.contains_key(case["file"].as_str().unwrap()), "{name}");
    }
    assert_eq!(index.len(), 30);
}

#[test]
fn units_keep_away_from_kinks_where_they_should() {
    for case in cases().unwrap() {
        let distance = case.distance_to_kink().unwrap();
        assert_eq!(distance == 0.0, case.name == "relu-kink", "{}: {distance}", case.name);
        assert!(distance == 0.0 || distance >= 1.0 / 64.0, "{}: {distance}", case.name);
        let exact = |v: &f64| *v == f64::from(*v as f32);
        assert!(case.net.parameters().iter().all(exact) && case.data.x.iter().all(exact), "{}", case.name);
    }
}
