//! The nets of `tests/reference/`, with the curvature that JAX (or mpmath) found for them.
#![allow(dead_code)]

use std::fs::File;
use std::path::{Path, PathBuf};

use hessia::{Activation, Dataset, Layer, Loss, Network, Targets, Term};
use ndarray::{Array1, Array2};
use ndarray_npy::ReadNpyExt;
use zip::ZipArchive;

/// One net with data and the reference values.
pub struct Case {
    pub name: String,
    pub net: Network,
    pub data: Dataset,
    pub loss: Loss,
    pub loss_value: f64,
    pub gradient: Array1<f64>,
    hessian: Array2<f64>,
    ggn: Array2<f64>,
    h_term: Array2<f64>,
}

impl Case {
    /// The reference for one term, P x P.
    pub fn matrix(&self, term: Term) -> &Array2<f64> {
        match term {
            Term::Full => &self.hessian,
            Term::Ggn => &self.ggn,
            Term::HTerm => &self.h_term,
        }
    }
}

#[derive(serde::Deserialize)]
struct Entry {
    name: String,
    widths: Vec<usize>,
    biases: Vec<bool>,
    activation: String,
    loss: String,
    reduction: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

/// Reference values by JAX, of nets that do not saturate far.
pub fn jax() -> Vec<Case> {
    read("hessians")
}

/// Reference values by mpmath, of nets and objects that saturate so far that autodiff cancels.
pub fn saturated() -> Vec<Case> {
    read("saturated")
}

/// Reference values by mpmath of the cases that `hessia cases` writes.
pub fn suite() -> Vec<Case> {
    read("suite")
}

fn read(stem: &str) -> Vec<Case> {
    let index = std::fs::read_to_string(folder().join(format!("{stem}.json"))).unwrap();
    let entries: Vec<Entry> = serde_json::from_str(&index).unwrap();
    let mut arrays = ZipArchive::new(File::open(folder().join(format!("{stem}.npz"))).unwrap()).unwrap();
    entries.into_iter().map(|entry| case(entry, &mut arrays)).collect()
}

/// The array `name` of an .npz file.
fn array<T: ReadNpyExt>(arrays: &mut ZipArchive<File>, name: &str) -> T {
    T::read_npy(arrays.by_name(&format!("{name}.npy")).unwrap()).unwrap()
}

fn case(entry: Entry, arrays: &mut ZipArchive<File>) -> Case {
    let Entry { name, widths, biases, activation, loss, reduction } = entry;
    let mut vector = |what: &str| -> Array1<f64> { array(arrays, &format!("{name}/{what}")) };
    let theta = vector("theta");
    let (loss_value, gradient) = (vector("loss")[0], vector("gradient"));
    let order = theta.len();
    let mut matrix = |what: &str| unpacked(order, &vector(what));
    let (hessian, ggn, h_term) = (matrix("hessian"), matrix("ggn"), matrix("h_term"));

    let layers = widths
        .windows(2)
        .zip(&biases)
        .map(|(pair, &flag)| Layer {
            weight: Array2::zeros((pair[1], pair[0])),
            bias: flag.then(|| Array1::zeros(pair[1])),
        })
        .collect();
    let activation: Activation = activation.parse().unwrap();
    let net = Network::new(layers, activation).unwrap().with_parameters(&theta).unwrap();

    let x: Array2<f64> = array(arrays, &format!("{name}/x"));
    let key = format!("{name}/y");
    let targets = if loss == "cross-entropy" {
        let labels: Array1<i64> = array(arrays, &key);
        Targets::Classes(labels.mapv(|label| usize::try_from(label).unwrap()))
    } else {
        Targets::Values(array(arrays, &key))
    };
    let data = Dataset::new(name.clone(), x, targets).unwrap();
    let loss = Loss { reduction: reduction.parse().unwrap(), ..loss.parse().unwrap() };
    Case { name, net, data, loss, loss_value, gradient, hessian, ggn, h_term }
}

/// A symmetric matrix from its upper triangle, row by row.
fn unpacked(order: usize, packed: &Array1<f64>) -> Array2<f64> {
    assert_eq!(packed.len(), order * (order + 1) / 2);
    let mut matrix = Array2::zeros((order, order));
    let mut values = packed.iter();
    for i in 0..order {
        for j in i..order {
            let value = *values.next().unwrap();
            matrix[[i, j]] = value;
            matrix[[j, i]] = value;
        }
    }
    matrix
}
