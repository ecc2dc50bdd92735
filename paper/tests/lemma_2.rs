//! Lemma 2 along directions: each term against its own bound, the remainder against its order.

use hessia::{Activation, Dataset, Loss, Network, Targets, eigvalsh, hessian};
use hessia_paper::theory::{Direction, Probe, ProbeSettings, probe};
use ndarray::{Array1, Array2};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn problem(widths: &[usize], activation: Activation, objects: usize, seed: u64) -> (Network, Dataset) {
    let net = Network::random(widths, false, activation, seed).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let x = Array2::from_shape_fn((objects, widths[0]), |_| rng.random_range(-1.0..1.0));
    let classes = widths[widths.len() - 1];
    let labels: Array1<usize> = (0..objects).map(|_| rng.random_range(0..classes)).collect();
    (net, Dataset::new("random", x, Targets::Classes(labels)).unwrap())
}

fn settings(radii: &[f64]) -> ProbeSettings {
    ProbeSettings { objects: vec![4, 9], radii: radii.to_vec(), random: 2, top: 2, seed: 3 }
}

fn along(probes: &[Probe], direction: Direction) -> Vec<&Probe> {
    probes.iter().filter(|p| p.direction == direction && p.index == 0).collect()
}

#[test]
fn the_gradient_direction_attains_the_first_order_and_the_gap_the_second() {
    let (net, data) = problem(&[5, 4, 3], Activation::Tanh, 10, 1);
    let probes = probe(&net, &data, Loss::cross_entropy(), &settings(&[0.01, 0.3])).unwrap();
    for p in along(&probes, Direction::Gradient) {
        let gap = (p.terms.first_order - p.terms.first_order_bound).abs();
        // theta* + R u - theta* loses R's last digits: eps * ||theta*|| / R.
        assert!(gap <= 1e-12 * p.terms.first_order_bound, "{p:?}");
    }
    for p in along(&probes, Direction::HessianGap) {
        let gap = (p.terms.second_order.abs() - p.terms.second_order_bound).abs();
        assert!(gap <= 1e-11 * p.terms.second_order_bound, "{p:?}");
    }
    // Along the top eigenvector of H the mean's own part of the second order is its largest eigenvalue.
    let lambda = eigvalsh(&hessian(&net, &data.head(4), Loss::cross_entropy()).unwrap()).unwrap().eigenvalues;
    let top = along(&probes, Direction::Hessian)[0].terms;
    let joining = 2.0 * top.second_order * 5.0 / top.radius.powi(2) + lambda[lambda.len() - 1];
    let single = hessian(&net, &data.select(&[4]), Loss::cross_entropy()).unwrap();
    assert!(joining <= eigvalsh(&single).unwrap().norm() * (1.0 + 1e-9), "{joining}");
}

#[test]
fn a_smooth_network_leaves_a_remainder_of_third_order() {
    let (net, data) = problem(&[5, 4, 3], Activation::Tanh, 10, 2);
    let probes = probe(&net, &data, Loss::cross_entropy(), &settings(&[0.01, 0.02])).unwrap();
    for pair in probes.chunks_exact(2) {
        let ratio = pair[1].terms.remainder / pair[0].terms.remainder;
        // R to the third: 8, up to the next order, which is some percent at these radii.
        assert!((6.0..11.0).contains(&ratio), "{ratio} of {pair:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_directions_and_bad_settings_are_refused() {
    let (net, data) = problem(&[5, 4, 3], Activation::Relu, 10, 3);
    let loss = Loss::cross_entropy();
    let run = |settings: &ProbeSettings| probe(&net, &data, loss, settings);
    assert_eq!(run(&settings(&[0.1])).unwrap(), run(&settings(&[0.1])).unwrap());
    let other = run(&ProbeSettings { seed: 4, ..settings(&[0.1]) }).unwrap();
    assert_ne!(other[0], run(&settings(&[0.1])).unwrap()[0]);
    for (bad, message) in [
        (settings(&[-1.0]), "radii: expected finite numbers from 0 on, found -1"),
        (settings(&[f64::NAN]), "found NaN"),
        (ProbeSettings { top: 1000, ..settings(&[0.1]) }, "at most the 32 parameters, found 1000"),
        (ProbeSettings { objects: vec![10], ..settings(&[0.1]) }, "k: expected a number in 1..10, found 10"),
    ] {
        let error = run(&bad).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every term lies within its own bound, whatever the network, radius and activation.
    #[test]
    fn every_term_is_bounded(
        seed in 0_u64..1000,
        radius in 1e-3..10.0_f64,
        relu in any::<bool>(),
        widths in prop::collection::vec(1_usize..5, 2..5),
    ) {
        let activation = if relu { Activation::Relu } else { Activation::Tanh };
        let (net, data) = problem(&widths, activation, 10, seed);
        let top = net.parameter_count().min(2);
        let probes =
            probe(&net, &data, Loss::cross_entropy(), &ProbeSettings { top, ..settings(&[radius]) }).unwrap();
        for Probe { terms: t, .. } in probes {
            // Each side is a sum over at most a few hundred parameters and objects.
            let slack = |bound: f64| bound * (1.0 + 1e-11) + 1e-14;
            prop_assert!(t.first_order.abs() <= slack(t.first_order_bound), "{t:?}");
            prop_assert!(t.second_order.abs() <= slack(t.second_order_bound), "{t:?}");
            prop_assert!(t.difference.abs() <= slack(t.corrected + t.remainder.abs()), "{t:?}");
            let sum = t.zeroth_order + t.first_order + t.second_order + t.remainder;
            prop_assert!((sum - t.difference).abs() <= 1e-13 * (t.corrected + t.remainder.abs()), "{t:?}");
        }
    }
}
