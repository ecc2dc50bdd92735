//! Training: PyTorch's own numbers, real data, the same bits again.

use std::path::Path;

use hessia::train::{
    AdamSettings, Precision, StationarySettings, Stopped, accuracy, adam, dead_units, stationary_point,
};
use hessia::{Activation, Dataset, Error, Loss, Network, Targets, loss_value};
use hessia_paper::data::LoadDataset;
use ndarray::{Array1, Array2, array};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<_> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

/// A case of tests/reference/adam.py.
struct Case {
    net: Network,
    data: Dataset,
    loss: Loss,
    settings: AdamSettings,
    end: Array1<f64>,
    losses: Vec<f64>,
    loss_at_end: f64,
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/adam.json");
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let case = |case: &Value| {
        let widths: Vec<_> = numbers(&case["widths"]).iter().map(|&w| w as usize).collect();
        let activation: Activation = case["activation"].as_str().unwrap().parse().unwrap();
        let loss: Loss = case["loss"].as_str().unwrap().parse().unwrap();
        let net = Network::random(&widths, case["biases"].as_bool().unwrap(), activation, 0).unwrap();
        let targets = match case["y"][0].is_array() {
            true => Targets::Values(matrix(&case["y"])),
            false => Targets::Classes(numbers(&case["y"]).iter().map(|&y| y as usize).collect()),
        };
        let given = &case["settings"];
        let default = AdamSettings::default();
        Case {
            net: net.with_parameters(&Array1::from(numbers(&case["start"]))).unwrap(),
            data: Dataset::new("reference", matrix(&case["x"]), targets).unwrap(),
            loss,
            settings: AdamSettings {
                learning_rate: given["lr"].as_f64().unwrap_or(default.learning_rate),
                beta1: given["betas"][0].as_f64().unwrap_or(default.beta1),
                beta2: given["betas"][1].as_f64().unwrap_or(default.beta2),
                epsilon: given["eps"].as_f64().unwrap_or(default.epsilon),
                batch: case["batch"].as_u64().unwrap() as usize,
                epochs: case["epochs"].as_u64().unwrap() as usize,
                shuffle: false,
                seed: 0,
                precision: Precision::Float64,
            },
            end: Array1::from(numbers(&case["end"])),
            losses: numbers(&case["losses"]),
            loss_at_end: case["loss_at_end"].as_f64().unwrap(),
        }
    };
    file["cases"].as_array().unwrap().iter().map(case).collect()
}

fn largest(difference: impl IntoIterator<Item = f64>) -> f64 {
    difference.into_iter().fold(0.0, |largest, d| largest.max(d.abs()))
}

#[test]
fn every_step_is_pytorchs() {
    for (i, case) in cases().iter().enumerate() {
        let trained = adam(&case.net, &case.data, case.loss, &case.settings).unwrap();
        // At most 30 steps of numbers near 1, each with a few roundings of 1e-16.
        let moved = largest(&trained.network.parameters() - &case.net.parameters());
        let apart = largest(&trained.network.parameters() - &case.end);
        assert!(moved > 1e-2, "case {i} has learnt: {moved}");
        assert!(apart < 1e-12, "case {i}: theta is {apart} away");
        assert_eq!(trained.losses.len(), case.losses.len());
        let apart = largest(trained.losses.iter().zip(&case.losses).map(|(a, b)| a - b));
        assert!(apart < 1e-12, "case {i}: losses are {apart} away");
        let apart = trained.loss - case.loss_at_end;
        assert!(apart.abs() < 1e-12, "case {i}: the loss at the end is {apart} away");
    }
}

#[test]
fn float32_follows_float64_and_stays_float32() {
    for (i, case) in cases().iter().enumerate() {
        let settings = AdamSettings { precision: Precision::Float32, ..case.settings };
        let theta = adam(&case.net, &case.data, case.loss, &settings).unwrap().network.parameters();
        assert!(theta.iter().all(|&v| v == f64::from(v as f32)));
        // Each step is at most about the learning rate long, whatever the gradient's rounding makes of it.
        let apart = largest(&theta - &case.end);
        assert!(apart < 1e-3 * settings.learning_rate / 1e-3, "case {i}: {apart}");
        assert!(apart > 0.0, "case {i} was computed in float64");
    }
}

#[test]
fn mnist_is_learnt_with_the_papers_settings() {
    let data = Dataset::load("mnist").unwrap();
    let net = Network::random(&[784, 16, 16, 10], false, Activation::Relu, 1).unwrap();
    let loss = Loss::cross_entropy();
    let trained = adam(&net, &data, loss, &AdamSettings::default()).unwrap();
    // PyTorch under these settings: 0.912 ± 0.011 over ten seeds, from 0.889 to 0.925.
    let accuracy = trained.accuracy.unwrap();
    assert!((0.88..0.95).contains(&accuracy), "{accuracy}");
    assert!(trained.losses.windows(2).all(|pair| pair[1] < pair[0]), "{:?}", trained.losses);
    let again = loss_value(&trained.network, &data, loss).unwrap();
    // The same sum of 10,000 losses in other blocks.
    assert!((trained.loss - again).abs() < 1e-12, "{} {again}", trained.loss);
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let data = Dataset::load("fashion-mnist").unwrap().head(700);
    let net = Network::random(&[784, 32, 16, 10], true, Activation::Gelu, 3).unwrap();
    for precision in [Precision::Float32, Precision::Float64] {
        let settings = AdamSettings { epochs: 2, seed: 5, precision, ..AdamSettings::default() };
        let run = |threads: usize, settings: &AdamSettings| {
            hessia::set_threads(threads);
            let trained = adam(&net, &data, Loss::cross_entropy(), settings).unwrap();
            hessia::set_threads(0);
            trained
        };
        let one = run(1, &settings);
        for threads in [2, 3, 0] {
            assert_eq!(run(threads, &settings), one, "{threads} threads, {precision}");
        }
        let other_order = run(1, &AdamSettings { seed: 6, ..settings });
        assert_ne!(other_order.network, one.network);
    }
}

#[test]
fn every_activation_and_loss_goes_down() {
    let data = Dataset::load("mnist").unwrap().head(128);
    for activation in Activation::ALL {
        for (loss, real) in [
            (Loss::cross_entropy(), false),
            (Loss::mean_squared_error(), true),
            (Loss::binary_cross_entropy(), true),
        ] {
            for biases in [false, true] {
                let net = Network::random(&[784, 8, 10], biases, activation, 2).unwrap();
                let targets = if real { data.targets.one_hot(10).unwrap() } else { data.targets.clone() };
                let data = Dataset::new("mnist", data.x.clone(), targets).unwrap();
                let before = loss_value(&net, &data, loss).unwrap();
                let settings = AdamSettings { epochs: 3, ..AdamSettings::default() };
                let trained = adam(&net, &data, loss, &settings).unwrap();
                assert!(trained.loss < before, "{activation} {loss} biases: {biases}");
                assert!(trained.accuracy.is_some());
            }
        }
    }
}

#[test]
fn dead_units_are_counted() {
    let data = Dataset::load("mnist").unwrap().head(50);
    let net = Network::random(&[784, 5, 10], true, Activation::Relu, 4).unwrap();
    let mut layers = net.layers().to_vec();
    // |z| is at most 784/28 + 1/28 before: these two are never active.
    let bias = layers[0].bias.as_mut().unwrap();
    (bias[1], bias[3]) = (-30.0, -40.0);
    let net = Network::new(layers, Activation::Relu).unwrap();
    assert!(dead_units(&net, &data).unwrap()[0] >= 2);
    let trained = adam(&net, &data, Loss::cross_entropy(), &AdamSettings::default()).unwrap();
    assert_eq!(trained.dead_units, dead_units(&trained.network, &data).unwrap());
    for unit in [1, 3] {
        assert_eq!(
            trained.network.layers()[0].weight.row(unit),
            net.layers()[0].weight.row(unit).mapv(|w| f64::from(w as f32)),
            "a dead unit learns nothing"
        );
    }
    let linear = Network::random(&[784, 10], true, Activation::Relu, 4).unwrap();
    assert!(dead_units(&linear, &data).unwrap().is_empty(), "no hidden layer");
}

#[test]
fn accuracy_takes_the_first_of_equal_logits() {
    let layer = hessia::Layer { weight: Array2::zeros((3, 1)), bias: None };
    let net = Network::new(vec![layer], Activation::Relu).unwrap();
    let x = array![[1.0], [2.0]];
    let share = |targets| accuracy(&net, &Dataset::new("two", x.clone(), targets).unwrap()).unwrap();
    assert_eq!(share(Targets::Classes(array![0, 2])), Some(0.5));
    assert_eq!(share(Targets::Values(array![[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])), Some(1.0));
    assert_eq!(share(Targets::Values(array![[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])), None);
}

#[test]
fn unusable_settings_and_data_are_refused() {
    let data = Dataset::new("two", array![[1.0, 2.0], [3.0, 4.0]], Targets::Classes(array![0, 1])).unwrap();
    let net = Network::random(&[2, 3, 2], true, Activation::Relu, 0).unwrap();
    let good = AdamSettings::default();
    let refusal = |net: &Network, loss: Loss, settings: AdamSettings| {
        adam(net, &data, loss, &settings).unwrap_err().to_string()
    };
    for (settings, words) in [
        (AdamSettings { learning_rate: 0.0, ..good }, "learning rate: expected a finite number above 0"),
        (AdamSettings { learning_rate: f64::NAN, ..good }, "NaN"),
        (AdamSettings { beta1: 1.0, ..good }, "beta1"),
        (AdamSettings { beta2: -0.1, ..good }, "beta2"),
        (AdamSettings { epsilon: f64::INFINITY, ..good }, "epsilon"),
        (AdamSettings { batch: 0, ..good }, "batch: expected at least 1 object"),
    ] {
        let message = refusal(&net, Loss::cross_entropy(), settings);
        assert!(message.contains(words), "{message}");
    }
    let narrow = Network::random(&[3, 2], true, Activation::Relu, 0).unwrap();
    assert!(refusal(&narrow, Loss::cross_entropy(), good).contains("inputs"));
    assert!(refusal(&net, Loss::mean_squared_error(), good).contains("mse"));
    let wild = AdamSettings { learning_rate: 1e30, ..good };
    assert!(matches!(adam(&net, &data, Loss::cross_entropy(), &wild), Err(Error::NonFinite { .. })));
    let none = AdamSettings { epochs: 0, precision: Precision::Float64, ..good };
    let untouched = adam(&net, &data, Loss::cross_entropy(), &none).unwrap();
    assert_eq!((untouched.network, untouched.losses.len()), (net, 0));
}

#[test]
fn linear_regression_ends_at_the_normal_equations() {
    // y = X w exactly solvable in closed form: X^T X w = X^T y.
    let x = array![[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]];
    let y = array![[1.0], [3.0], [2.0], [5.0]];
    let data = Dataset::new("line", x, Targets::Values(y)).unwrap();
    let net = Network::random(&[2, 1], false, Activation::Identity, 0).unwrap();
    let found = stationary_point(&net, &data, Loss::mean_squared_error(), &Default::default()).unwrap();
    assert_eq!(found.stopped, Stopped::Converged);
    let w = found.network.parameters();
    assert!((w[0] - 1.1).abs() < 1e-8 && (w[1] - 1.1).abs() < 1e-8, "{w}");
}

/// Objects in the plane with the outputs of a network for targets, and `noise` on them.
fn taught(activation: Activation, noise: f64) -> Dataset {
    let teacher = Network::random(&[2, 2, 3], true, activation, 100).unwrap();
    let teacher = teacher.with_parameters(&(teacher.parameters() * 4.0)).unwrap();
    let golden = [0.618_033_988_749_895, 0.414_213_562_373_095];
    let x = Array2::from_shape_fn((300, 2), |(i, j)| 4.0 * ((i + 1) as f64 * golden[j]).fract() - 2.0);
    let ripple = Array2::from_shape_fn((300, 3), |(i, k)| ((i * 7 + k * 3) % 11) as f64 / 11.0 - 0.5);
    let y = teacher.forward(&x).unwrap() + noise * ripple;
    Dataset::new("taught", x, Targets::Values(y)).unwrap()
}

#[test]
fn smooth_networks_reach_a_stationary_point() {
    let loss = Loss::mean_squared_error();
    for activation in [Activation::Tanh, Activation::Sigmoid, Activation::Softplus] {
        for noise in [0.0, 0.3] {
            let data = taught(activation, noise);
            let net = Network::random(&[2, 2, 3], true, activation, 1).unwrap();
            let found = stationary_point(&net, &data, loss, &StationarySettings::default()).unwrap();
            assert_eq!(found.stopped, Stopped::Converged, "{activation}: {found}");
            let gradient = hessia::gradient(&found.network, &data, loss).unwrap();
            assert!(gradient.dot(&gradient).sqrt() <= 1e-8);
            assert_eq!(found.gradient_norm, found.steps.last().unwrap().gradient_norm);
            // Without noise the teacher itself is the minimum, or a network equal to it: squares of 1e-8 and less.
            assert_eq!(found.loss < 1e-14, noise == 0.0, "{activation}: {found}");
            let losses: Vec<_> = found.steps.iter().map(|step| step.loss).collect();
            assert!(losses.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-13)), "{losses:?}");
            // Quadratic convergence: the last step gains many digits at once.
            let norms: Vec<_> = found.steps.iter().map(|step| step.gradient_norm).collect();
            assert!(norms[norms.len() - 1] < 1e-2 * norms[norms.len() - 2], "{norms:?}");
        }
    }
}

#[test]
fn a_descent_that_cannot_end_says_so() {
    let loss = Loss::mean_squared_error();
    let data = taught(Activation::Tanh, 0.3);
    let net = Network::random(&[2, 2, 3], true, Activation::Tanh, 1).unwrap();
    let few = StationarySettings { max_iterations: 2, ..Default::default() };
    let found = stationary_point(&net, &data, loss, &few).unwrap();
    assert_eq!((found.stopped, found.steps.len()), (Stopped::MaxIterations, 2));
    assert!(found.to_string().starts_with("not converged"), "{found}");
    let exact = StationarySettings { tolerance: 0.0, ..Default::default() };
    assert!(stationary_point(&net, &data, loss, &exact).is_err());

    // v relu(w x) for x = 1 and x = -1 with targets below 0: least on the kink w = 0, where the slopes from both
    // sides are far from 0.
    let layer = |weight: f64| hessia::Layer { weight: array![[weight]], bias: None };
    let net = Network::new(vec![layer(0.1), layer(3.0)], Activation::Relu).unwrap();
    let data = Dataset::new("kink", array![[1.0], [-1.0]], Targets::Values(array![[-1.0], [-1.0]])).unwrap();
    let found = stationary_point(&net, &data, loss, &StationarySettings::default()).unwrap();
    let Stopped::NoProgress { nearest_kink: Some(kink), .. } = found.stopped else { panic!("{found}") };
    assert!(kink < 1e-6, "{found}");
    assert!(found.gradient_norm > 0.1, "{found}");
}
