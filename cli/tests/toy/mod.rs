//! A small problem as files, and the commands that take it.
#![allow(dead_code)]

use std::fs;

use hessia::{Activation, Layer, Network};
use ndarray::{Array1, Array2, array};

use crate::arrays::{float64, int64, npy, npz};

pub fn network() -> Network {
    let layer = |rows: usize, columns: usize, phase: f64| Layer {
        weight: Array2::from_shape_fn((rows, columns), |(i, j)| (phase + (3 * i + 5 * j) as f64).sin()),
        bias: Some(Array1::from_shape_fn(rows, |i| 0.25 * (i as f64 - 1.0))),
    };
    Network::new(vec![layer(4, 3, 0.0), layer(2, 4, 1.0)], Activation::Tanh).unwrap()
}

pub fn inputs() -> Array2<f64> {
    // Quarters: exact in float32 too.
    Array2::from_shape_fn((5, 3), |(i, j)| f64::from((i * 7 + j * 4) as u8 % 9) / 4.0 - 1.0)
}

pub fn labels() -> Array1<usize> {
    array![0, 1, 1, 0, 1]
}

pub fn network_arrays(net: &Network) -> Vec<(String, Vec<u8>)> {
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
pub fn good() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    put("net.npz", &npz(&network_arrays(&network())));
    put("X.npy", &float64(&inputs()));
    put("y.npy", &int64(&labels().mapv(|y| y as i64).to_vec()));
    folder
}

pub const HESSIAN: [&str; 12] = [
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
pub const SPECTRUM: [&str; 12] = [
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

pub fn with<'a>(base: &[&'a str], flag: &str, value: &'a str) -> Vec<&'a str> {
    let mut arguments = base.to_vec();
    match base.iter().position(|&a| a == flag) {
        Some(at) => arguments[at + 1] = value,
        None => panic!("{flag} is not among the arguments"),
    }
    arguments
}

pub fn and<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}
