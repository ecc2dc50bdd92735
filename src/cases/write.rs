//! The cases as files.

use std::fs;
use std::io::Write;
use std::path::Path;

use ndarray::{Array2, arr1};
use serde_json::{Value, json};

use super::{Case, Solved, cases};
use crate::files::{NpzWriter, write_atomically};
use crate::model_io::write_layers;
use crate::{Error, LossKind, Reduction, Result, Targets};

const README: &str = include_str!("README.md");

const INDEX: &str = "cases.json";
const ABOUT: &str = "README.md";

fn file_name(case: &Case) -> String {
    format!("{}.npz", case.name)
}

/// Names of the files that [`write_cases`] writes.
///
/// # Errors
/// As [`cases`].
///
/// ```
/// let names = hessia::cases::file_names()?;
/// assert!(names.len() == 32 && names.contains(&"relu-kink.npz".to_string()));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn file_names() -> Result<Vec<String>> {
    let mut names: Vec<_> = cases()?.iter().map(file_name).collect();
    names.extend([INDEX, ABOUT].map(String::from));
    Ok(names)
}

/// Writes every case as `NAME.npz` into a folder, with `cases.json` and a README; returns how many there are.
///
/// The folder is made where it is missing; files of the same names are replaced. The same version gives the same bytes.
///
/// # Errors
/// The system's, for the folder or a file; two ways that disagree, as [`Case::solve`].
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// assert_eq!(hessia::cases::write_cases(folder.path())?, 30);
/// assert!(folder.path().join("relu-kink.npz").exists());
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn write_cases(folder: impl AsRef<Path>) -> Result<usize> {
    let folder = folder.as_ref();
    let all = cases()?;
    let solved = all.iter().map(Case::solve).collect::<Result<Vec<_>>>()?;
    fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    let (mut index, mut rows) = (Vec::new(), String::new());
    for (case, solved) in all.iter().zip(&solved) {
        let path = folder.join(file_name(case));
        write_atomically(&path, |file| {
            arrays(case, solved, NpzWriter::new(file)).map_err(|e| Error::io(&path, e))
        })?;
        index.push(described(case, solved)?);
        rows += &row(case);
    }
    text(&folder.join(INDEX), &format!("{:#}\n", Value::Array(index)))?;
    text(&folder.join(ABOUT), &README.replace("TABLE\n", &rows))?;
    Ok(all.len())
}

fn arrays(case: &Case, solved: &Solved, mut archive: NpzWriter<'_>) -> std::io::Result<()> {
    archive.floats("x", &case.data.x)?;
    match &case.data.targets {
        Targets::Classes(labels) => archive.labels("y", labels)?,
        Targets::Values(values) => archive.floats("y", values)?,
    }
    write_layers(&case.net, &mut archive)?;
    archive.floats("theta", &case.net.parameters())?;
    archive.floats("loss", &arr1(&[solved.loss]))?;
    archive.floats("gradient", &solved.gradient)?;
    archive.floats("hessian", &solved.hessian)?;
    archive.floats("ggn", &solved.ggn)?;
    archive.floats("h_term", &solved.h_term)?;
    archive.finish()
}

fn described(case: &Case, solved: &Solved) -> Result<Value> {
    let biases: Vec<_> = case.net.layers().iter().map(|layer| layer.bias.is_some()).collect();
    let norm = |matrix: &Array2<f64>| matrix.iter().map(|v| v * v).sum::<f64>().sqrt();
    let kink = case.distance_to_kink()?;
    Ok(json!({
        "name": case.name,
        "about": case.about,
        "file": file_name(case),
        "widths": case.net.widths(),
        "biases": biases,
        "activation": case.net.activation().name(),
        "loss": case.loss.kind,
        "reduction": case.loss.reduction,
        "objects": case.data.len(),
        "parameters": case.net.parameter_count(),
        "norms": { "hessian": norm(&solved.hessian), "ggn": norm(&solved.ggn), "h_term": norm(&solved.h_term) },
        "smallest_hidden_pre_activation": kink.is_finite().then_some(kink),
    }))
}

fn row(case: &Case) -> String {
    let widths: Vec<_> = case.net.widths().iter().map(usize::to_string).collect();
    let loss = match case.loss.kind {
        LossKind::CrossEntropy => "cross-entropy",
        LossKind::MeanSquaredError => "mse",
        LossKind::BinaryCrossEntropy => "bce",
    };
    let reduction = if case.loss.reduction == Reduction::Sum { ", sum" } else { "" };
    format!(
        "| {} | {} | {} | {loss}{reduction} | {} | {} |\n",
        case.name,
        widths.join("-"),
        case.net.activation(),
        case.net.parameter_count(),
        case.about
    )
}

fn text(path: &Path, text: &str) -> Result<()> {
    write_atomically(path, |file| file.write_all(text.as_bytes()).map_err(|e| Error::io(path, e)))
}
