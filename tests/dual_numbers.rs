//! The Hessian against hyper-dual numbers: those of the crate num-dual, and our own public test aid.

#[path = "common/cases.rs"]
mod cases;
mod common;

use common::{LOSSES, assert_close, norm, random_data, random_net};
use hessia::{Activation, Dataset, Loss, LossKind, Network, Targets, check, hessian};
use ndarray::{Array2, s};
use num_dual::{DualNum, HyperDual64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rounding in the sums over objects and units, relative to the norm of H; the terms are of that size.
const ROUNDING: f64 = 1e-13;

/// gelu needs erfc, which num-dual does not have: its chain rule by hand.
fn normal_distribution(z: HyperDual64) -> HyperDual64 {
    let x = z.re;
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let slope = -x * density;
    HyperDual64::new(
        0.5 * libm::erfc(-x / 2.0_f64.sqrt()),
        density * z.eps1,
        density * z.eps2,
        density * z.eps1eps2 + slope * z.eps1 * z.eps2,
    )
}

fn activate(activation: Activation, z: HyperDual64) -> HyperDual64 {
    let logistic = |z: HyperDual64| ((-z).exp() + 1.0).recip();
    match activation {
        Activation::Relu => z * if z.re > 0.0 { 1.0 } else { 0.0 },
        Activation::LeakyRelu => z * if z.re > 0.0 { 1.0 } else { 0.01 },
        Activation::Tanh => z.tanh(),
        Activation::Sigmoid => logistic(z),
        Activation::Softplus if z.re > 20.0 => z,
        Activation::Softplus => z.exp().ln_1p(),
        Activation::Gelu => z * normal_distribution(z),
        Activation::Silu => z * logistic(z),
        Activation::Elu if z.re > 0.0 => z,
        Activation::Elu => z.exp_m1(),
        Activation::Identity => z,
    }
}

/// `dL²/dtheta_i dtheta_j` by num-dual, from the definitions of the forward pass and of the losses.
fn second_derivative(net: &Network, data: &Dataset, loss: Loss, i: usize, j: usize) -> f64 {
    let mut theta: Vec<_> = net.parameters().iter().map(|&v| HyperDual64::from_re(v)).collect();
    theta[i] = theta[i].derivative1();
    theta[j] = theta[j].derivative2();
    let mut total = HyperDual64::from_re(0.0);
    for object in 0..data.len() {
        let mut at = 0;
        let mut x: Vec<_> = data.x.row(object).iter().map(|&v| HyperDual64::from_re(v)).collect();
        for (l, layer) in net.layers().iter().enumerate() {
            let biases = at + layer.weight.len();
            let mut z = Vec::new();
            for unit in 0..layer.outputs() {
                let mut sum = HyperDual64::from_re(0.0);
                for (a, value) in x.iter().enumerate() {
                    sum += theta[at + unit * layer.inputs() + a] * *value;
                }
                if layer.bias.is_some() {
                    sum += theta[biases + unit];
                }
                z.push(if l + 1 < net.depth() { activate(net.activation(), sum) } else { sum });
            }
            at += layer.parameter_count();
            x = z;
        }
        total += match &data.targets {
            Targets::Classes(labels) => {
                x.iter().map(|z| z.exp()).sum::<HyperDual64>().ln() - x[labels[object]]
            }
            Targets::Values(y) => x
                .iter()
                .zip(y.row(object))
                .map(|(&z, &y)| match loss.kind {
                    LossKind::BinaryCrossEntropy => z.exp().ln_1p() - z * y,
                    _ => (z - y) * (z - y),
                })
                .sum(),
        };
    }
    total.eps1eps2 * loss.normaliser(data.len(), net.outputs())
}

fn by_num_dual(net: &Network, data: &Dataset, loss: Loss) -> Array2<f64> {
    let order = net.parameter_count();
    let mut matrix = Array2::zeros((order, order));
    for i in 0..order {
        for j in i..order {
            let value = second_derivative(net, data, loss, i, j);
            matrix[[i, j]] = value;
            matrix[[j, i]] = value;
        }
    }
    matrix
}

#[test]
fn every_reference_net_agrees_with_num_dual() {
    for case in cases::jax().iter().filter(|case| case.data.len() <= 30) {
        let ours = hessian(&case.net, &case.data, case.loss).unwrap();
        let dual = by_num_dual(&case.net, &case.data, case.loss);
        assert_close(&case.name, ours.view(), dual.view(), ROUNDING, norm(dual.view()));
    }
}

#[test]
fn the_public_aid_agrees_with_num_dual() {
    for case in cases::jax().iter().filter(|case| case.data.len() <= 30) {
        let aid = check::dual_hessian(&case.net, &case.data, case.loss).unwrap();
        let dual = by_num_dual(&case.net, &case.data, case.loss);
        assert_close(&case.name, aid.view(), dual.view(), ROUNDING, norm(dual.view()));
    }
}

/// Single entries in every pair of layers of a net that is too large for the whole matrix, over inputs that are
/// mostly constant or equal, as the pixels of images are.
#[test]
fn entries_of_larger_nets_agree() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for (round, activation) in Activation::ALL.into_iter().enumerate() {
        let loss = LOSSES[round % 3];
        let biases = round % 2 == 0;
        let net = random_net(&[200, 12, 9, 11, 10], biases, activation, 1.8, round as u64);
        let mut data = random_data(200, 10, 40, loss, 1.0, 100 + round as u64);
        data.x.slice_mut(s![.., 20..70]).fill(-1.0);
        let copy = data.x.slice(s![.., 5..15]).to_owned();
        data.x.slice_mut(s![.., 150..160]).assign(&copy);
        let ours = hessian(&net, &data, loss).unwrap();
        let scale = norm(ours.view());
        for p in 0..net.depth() {
            for q in 0..net.depth() {
                for _ in 0..25 {
                    let (i, j) = (rng.random_range(net.layer_range(p)), rng.random_range(net.layer_range(q)));
                    let dual = second_derivative(&net, &data, loss, i, j);
                    let gap = (ours[[i, j]] - dual).abs();
                    assert!(
                        gap <= ROUNDING * scale,
                        "{activation} {loss} entry ({i}, {j}): {gap:e} of {scale:e}"
                    );
                    let aid = check::dual_entry(&net, &data, loss, i, j).unwrap();
                    assert!(
                        (aid - dual).abs() <= ROUNDING * scale,
                        "{activation} {loss}: aid {aid} for {dual}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_aid_refuses_parameters_that_are_not_there() {
    let net = random_net(&[3, 2], false, Activation::Relu, 1.0, 1);
    let data = random_data(3, 2, 4, Loss::cross_entropy(), 1.0, 1);
    let error = check::dual_entry(&net, &data, Loss::cross_entropy(), 0, 6).unwrap_err().to_string();
    assert!(error.contains("0..6") && error.contains("found 6"), "{error}");
}
