//! What the tests share: nets with data, and one way of comparing.
#![allow(dead_code)]

use hessia::{Activation, Dataset, Loss, LossKind, Network, Targets};
use ndarray::{Array1, Array2, ArrayView, Dimension};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Every loss, with mean reduction.
pub const LOSSES: [Loss; 3] =
    [Loss::cross_entropy(), Loss::mean_squared_error(), Loss::binary_cross_entropy()];

/// Largest absolute entry.
pub fn largest<D: Dimension>(array: ArrayView<f64, D>) -> f64 {
    array.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()))
}

/// Largest absolute difference of two arrays; NaN counts as infinitely far.
pub fn gap<D: Dimension>(ours: ArrayView<f64, D>, reference: ArrayView<f64, D>) -> f64 {
    assert_eq!(ours.shape(), reference.shape());
    ours.iter()
        .zip(reference.iter())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |worst, v| if v.is_nan() { f64::INFINITY } else { worst.max(v) })
}

/// Frobenius norm that neither overflows nor underflows.
pub fn norm<D: Dimension>(array: ArrayView<f64, D>) -> f64 {
    match largest(array.view()) {
        0.0 => 0.0,
        scale => scale * array.iter().map(|v| (v / scale) * (v / scale)).sum::<f64>().sqrt(),
    }
}

/// Fails, with numbers, unless every entry agrees to `relative` times `scale`.
#[track_caller]
pub fn assert_close<D: Dimension>(
    what: &str,
    ours: ArrayView<f64, D>,
    reference: ArrayView<f64, D>,
    relative: f64,
    scale: f64,
) {
    let gap = gap(ours, reference);
    assert!(gap <= relative * scale, "{what}: differs by {gap:e}, allowed {relative:e} x {scale:e}");
}

/// Seeded inputs (standard normal times `spread`) and targets that suit `loss`.
pub fn random_data(
    inputs: usize,
    outputs: usize,
    objects: usize,
    loss: Loss,
    spread: f64,
    seed: u64,
) -> Dataset {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let x = Array2::from_shape_simple_fn((objects, inputs), || spread * rng.sample::<f64, _>(StandardNormal));
    let targets = match loss.kind {
        LossKind::CrossEntropy => {
            Targets::Classes(Array1::from_shape_simple_fn(objects, || rng.random_range(0..outputs)))
        }
        LossKind::MeanSquaredError => {
            Targets::Values(Array2::from_shape_simple_fn((objects, outputs), || {
                rng.sample::<f64, _>(StandardNormal)
            }))
        }
        LossKind::BinaryCrossEntropy => {
            Targets::Values(Array2::from_shape_simple_fn((objects, outputs), || rng.random_range(0.0..1.0)))
        }
    };
    Dataset::new("random", x, targets).unwrap()
}

/// A seeded network whose weights are PyTorch's default times `gain`, so that hidden units are lively.
pub fn random_net(widths: &[usize], biases: bool, activation: Activation, gain: f64, seed: u64) -> Network {
    let net = Network::random(widths, biases, activation, seed).unwrap();
    net.with_parameters(&(gain * net.parameters())).unwrap()
}
