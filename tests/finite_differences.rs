//! Gradient and Hessian against central differences.

#[path = "common/cases.rs"]
mod cases;
mod common;

use common::{LOSSES, assert_close, norm, random_data, random_net};
use hessia::{Activation, Loss, check, gradient, hessian};

/// With step h = 6e-6, a central difference is off by `h²/6 T` with T the third derivatives and by `eps S / h` with
/// S the size of what is differenced (times the few roundings in it). At T of some hundreds and S of one, both are
/// below 1e-8; the wrong normaliser, a missing term or a swapped index is off by the order of one.
const DIFFERENCED: f64 = 1e-8;

#[test]
fn gradients_agree_with_differences_of_the_loss() {
    for case in cases::jax() {
        let exact = gradient(&case.net, &case.data, case.loss).unwrap();
        let slow = check::finite_difference_gradient(&case.net, &case.data, case.loss, check::STEP).unwrap();
        if at_a_kink(&case.name) {
            continue;
        }
        let scale = 1.0 + case.loss_value + norm(case.gradient.view());
        assert_close(&case.name, slow.view(), exact.view(), DIFFERENCED, scale);
    }
}

#[test]
fn hessians_agree_with_differences_of_the_gradient() {
    for case in cases::jax() {
        if at_a_kink(&case.name) {
            continue;
        }
        let exact = hessian(&case.net, &case.data, case.loss).unwrap();
        let slow = check::finite_difference_hessian(&case.net, &case.data, case.loss, check::STEP).unwrap();
        let scale = 1.0 + norm(case.gradient.view()) + norm(exact.view());
        assert_close(&case.name, slow.view(), exact.view(), DIFFERENCED, scale);
    }
}

/// A zero object puts the pre-activations of ReLU and its like on the kink, where no difference has a meaning.
fn at_a_kink(name: &str) -> bool {
    name == "zero object relu" || name == "zero object leaky-relu" || name == "zero object elu"
}

/// The difference falls with the square of the step: what it tends to is the exact Hessian and nothing else.
#[test]
fn differences_converge_to_the_exact_hessian_quadratically() {
    for activation in [Activation::Tanh, Activation::Sigmoid, Activation::Gelu, Activation::Silu] {
        for loss in LOSSES {
            let net = random_net(&[5, 4, 3, 3], true, activation, 1.5, 3);
            let data = random_data(5, 3, 12, loss, 1.0, 4);
            let exact = hessian(&net, &data, loss).unwrap();
            let error = |step: f64| {
                let slow = check::finite_difference_hessian(&net, &data, loss, step).unwrap();
                check::relative_difference(&slow, &exact).unwrap()
            };
            let (coarse, fine) = (error(2e-2), error(2e-3));
            // h² alone gives 100; the next term, h⁴, changes that by a few per cent here.
            let ratio = coarse / fine;
            assert!((80.0..120.0).contains(&ratio), "{activation} {loss}: {coarse:e} to {fine:e}");
        }
    }
}

#[test]
fn aids_refuse_a_step_of_zero_and_shapes_that_differ() {
    let net = random_net(&[3, 2], false, Activation::Relu, 1.0, 1);
    let data = random_data(3, 2, 4, Loss::cross_entropy(), 1.0, 1);
    for step in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(check::finite_difference_hessian(&net, &data, Loss::cross_entropy(), step).is_err());
        assert!(check::finite_difference_gradient(&net, &data, Loss::cross_entropy(), step).is_err());
    }
    let (a, b) = (ndarray::array![1.0, 2.0], ndarray::array![1.0, 2.0, 3.0]);
    assert!(check::relative_difference(&a, &b).unwrap_err().to_string().contains("[3]"));
    assert_eq!(check::relative_difference(&(f64::NAN * &a), &a).unwrap(), f64::INFINITY);
    assert_eq!(check::relative_difference(&(1e-200 * &a), &(2e-200 * &a)).unwrap(), 1.0 / 5.0_f64.sqrt());
}
