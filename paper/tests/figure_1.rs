//! The paper's Figure 1: what the pictures claim, on the numbers behind them.

use hessia::train::{StationarySettings, Stopped, stationary_point};
use hessia::{Activation, Dataset, Loss, Network, Targets, loss_value};
use hessia_paper::theory::{Assumption1, Plane, Surface};
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Logistic regression with two weights on two clouds that overlap, so that a minimum exists.
fn two_parameters(objects: usize) -> (Network, Dataset, Loss) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let y = Array2::from_shape_fn((objects, 1), |(i, _)| (i % 2) as f64);
    let x = Array2::from_shape_fn((objects, 2), |(i, _)| y[[i, 0]] - 0.5 + rng.random_range(-1.5..1.5));
    let net = Network::random(&[2, 1], false, Activation::Identity, 1).unwrap();
    (net, Dataset::new("clouds", x, Targets::Values(y)).unwrap(), Loss::binary_cross_entropy())
}

#[test]
fn differences_shrink_towards_the_minimum_and_with_the_objects() {
    let (net, data, loss) = two_parameters(401);
    let found = stationary_point(&net, &data.head(400), loss, &StationarySettings::default()).unwrap();
    assert_eq!(found.stopped, Stopped::Converged);
    let star = found.network;
    let plane = Plane::axes(&star, 0, 1).unwrap();
    let surface = Surface::new(&star, &data, loss, &plane, 4.0, 21).unwrap();
    // Assumption 1 holds for L_400 by construction, and is off by one object's share of it for L_401.
    let stationarity = Assumption1::measure("minimum", &star, &data, loss, 400).unwrap();
    assert!(stationarity.gradient_before < 1e-8, "{stationarity:?}");
    let share = stationarity.gradient_joining / 401.0;
    assert!((stationarity.gradient_after - share).abs() < 1e-8, "{stationarity:?}");

    let mean = |gap: &Array2<f64>, keep: &dyn Fn(f64) -> bool| {
        let kept: Vec<f64> = gap
            .indexed_iter()
            .filter(|((i, j), _)| keep(surface.a[*i].hypot(surface.b[*j])))
            .map(|(_, v)| v.abs())
            .collect();
        kept.iter().sum::<f64>() / kept.len() as f64
    };
    for k in [20, 100, 400] {
        let gap = surface.difference(k).unwrap();
        let (near, far) = (mean(&gap, &|r| r < 1.0), mean(&gap, &|r| r > 3.0));
        assert!(near < far, "k = {k}: {near} near theta*, {far} far from it");
    }
    // Over single objects the size jumps; over tens of them it falls as 1/(k + 1).
    let average = |ks: std::ops::Range<usize>| {
        let count = ks.len() as f64;
        ks.map(|k| mean(&surface.difference(k).unwrap(), &|_| true)).sum::<f64>() / count
    };
    let (early, middle, late) = (average(10..30), average(90..130), average(360..400));
    assert!(early > 3.0 * middle && middle > 2.0 * late, "{early} {middle} {late}");
}

#[test]
fn the_grid_in_one_pass_has_the_losses_of_each_point() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let x = Array2::from_shape_fn((12, 5), |_| rng.random_range(-1.0..1.0));
    let labels = Array1::from_shape_fn(12, |i| i % 3);
    for (loss, biases, activation) in [
        (Loss::cross_entropy(), false, Activation::Relu),
        (Loss::mean_squared_error(), true, Activation::Tanh),
    ] {
        let net = Network::random(&[5, 4, 3], biases, activation, 2).unwrap();
        let mut targets = Targets::Classes(labels.clone());
        if loss == Loss::mean_squared_error() {
            targets = targets.one_hot(3).unwrap();
        }
        let data = Dataset::new("random", x.clone(), targets).unwrap();
        let plane = Plane::top_eigenvectors(&net, &data, loss).unwrap();
        let surface = Surface::new(&net, &data, loss, &plane, 0.7, 4).unwrap();
        for k in [1, 7] {
            let (mean, gap) = (surface.mean_loss(k).unwrap(), surface.difference(k).unwrap());
            for ((i, j), &value) in mean.indexed_iter() {
                let theta = net.parameters() + surface.a[i] * &plane.u + surface.b[j] * &plane.v;
                let there = net.with_parameters(&theta).unwrap();
                let at = |k| loss_value(&there, &data.head(k), loss).unwrap();
                // Sums over at most 12 objects and 5 inputs of numbers of size one.
                assert!((value - at(k)).abs() < 1e-14, "{loss:?} k {k}: {value} {}", at(k));
                assert!((gap[[i, j]] - (at(k + 1) - at(k))).abs() < 1e-14, "{loss:?} k {k}");
            }
        }
    }
}

#[test]
fn planes_are_orthonormal_and_bad_ones_refused() {
    let net = Network::random(&[5, 4, 3], false, Activation::Relu, 2).unwrap();
    let plane = Plane::random(&net, 1).unwrap();
    assert!((plane.u.dot(&plane.u) - 1.0).abs() < 1e-15 && plane.u.dot(&plane.v).abs() < 1e-15);
    assert_eq!(plane, Plane::random(&net, 1).unwrap());
    let (u, data) = (
        Array1::ones(32),
        Dataset::new("none", Array2::ones((2, 5)), Targets::Classes(Array1::zeros(2))).unwrap(),
    );
    let loss = Loss::cross_entropy();
    for (error, message) in [
        (Plane::new(&u, &(-2.0 * &u)).unwrap_err(), "parallel"),
        (Plane::new(&u, &Array1::ones(3)).unwrap_err(), "expected shape [32], found [3]"),
        (Plane::axes(&net, 0, 32).unwrap_err(), "a number below 32, found 32"),
        (Surface::new(&net, &data, loss, &plane, 0.0, 4).unwrap_err(), "positive finite number, found 0"),
        (Surface::new(&net, &data, loss, &plane, 1.0, 1).unwrap_err(), "at least two, found 1"),
        (Surface::new(&net, &data, loss.sum(), &plane, 1.0, 3).unwrap_err(), "mean"),
    ] {
        assert!(error.to_string().contains(message), "{error}");
    }
}
