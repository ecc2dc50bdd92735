//! Norms and spectra of each object from reduced problems, against the explicit P x P matrices.

#[path = "common/cases.rs"]
mod cases;
mod common;

use common::{LOSSES, assert_close, norm, random_data, random_net};
use hessia::{
    Activation, Dataset, Layer, Loss, Network, Targets, Term, check, curvature, eigvalsh, ggn_spectra,
    gradient, hessian_spectra, layer_norms, loss_value, per_object,
};
use ndarray::{Array1, Array2, array, s};
use proptest::prelude::*;

/// Backward-stable eigensolvers of orders up to some hundred, on either side: a few times order x eps x norm.
const ROUNDING: f64 = 1e-12;

/// Matrices smaller than this hold products with subnormal numbers, which have few digits.
const SMALLEST: f64 = f64::MIN_POSITIVE / f64::EPSILON;

const TERMS: [Term; 3] = [Term::Full, Term::Ggn, Term::HTerm];

/// Eigenvalues with the zeros that make them `order` many, ascending.
fn padded(values: &[f64], order: usize) -> Array1<f64> {
    assert!(values.len() <= order, "{} eigenvalues of a matrix of order {order}", values.len());
    let mut all = values.to_vec();
    all.resize(order, 0.0);
    all.sort_by(f64::total_cmp);
    Array1::from(all)
}

/// Every number of every object against the explicit matrices, which `matrix` makes for one object and term.
fn compare(
    what: &str,
    net: &Network,
    data: &Dataset,
    loss: Loss,
    matrix: impl Fn(&Dataset, Term) -> Array2<f64>,
) {
    let order = net.parameter_count();
    let ours = per_object(net, data, loss).unwrap();
    let ggn = ggn_spectra(net, data, loss).unwrap();
    assert_eq!(ggn.nrows(), data.len());
    let spectra = TERMS.map(|term| hessian_spectra(net, data, loss, term).unwrap());
    for (i, row) in ggn.rows().into_iter().enumerate() {
        let one = data.select(&[i]);
        let expected = TERMS.map(|term| eigvalsh(&matrix(&one, term)).unwrap());
        let norms = [ours.hessian_norm[i], ours.ggn_norm[i], ours.h_term_norm[i]];
        for (t, spectrum) in spectra.iter().enumerate() {
            let what = format!("{what}, object {i}, {}", TERMS[t]);
            // The matrix of a term may be the small difference of large ones inside the full Hessian only.
            let scale = match TERMS[t] {
                Term::Full => expected[1].norm() + expected[2].norm(),
                _ => expected[t].norm(),
            }
            .max(SMALLEST);
            let all = padded(spectrum[i].as_slice().unwrap(), order);
            assert_close(&what, all.view(), expected[t].eigenvalues.view(), ROUNDING, scale);
            assert_close(&what, array![norms[t]].view(), array![expected[t].norm()].view(), ROUNDING, scale);
        }
        let all = padded(&row.to_vec(), order);
        let scale = expected[1].norm().max(SMALLEST);
        assert_close(what, all.view(), expected[1].eigenvalues.view(), ROUNDING, scale);

        let g = norm(gradient(net, &one, loss).unwrap().view());
        let value = loss_value(net, &one, loss).unwrap();
        assert_close(what, array![ours.gradient_norm[i]].view(), array![g].view(), 1e-14, g.max(SMALLEST));
        assert_close(
            what,
            array![ours.loss[i]].view(),
            array![value].view(),
            1e-14,
            value.abs().max(SMALLEST),
        );
        assert_close(
            what,
            array![ours.input_norm[i]].view(),
            array![norm(one.x.view())].view(),
            1e-14,
            norm(one.x.view()),
        );
    }
}

fn explicit(net: &Network, loss: Loss) -> impl Fn(&Dataset, Term) -> Array2<f64> {
    move |data, term| curvature(net, data, loss, term).unwrap().matrix
}

#[test]
fn reference_nets() {
    for case in cases::jax().into_iter().chain(cases::saturated()) {
        compare(&case.name, &case.net, &case.data, case.loss, explicit(&case.net, case.loss));
    }
}

/// Where a reference has one object, its matrix is that object's: nothing of ours makes the expected numbers.
#[test]
fn reference_matrices_of_single_objects() {
    let mut found = 0;
    for case in cases::jax().into_iter().chain(cases::saturated()) {
        if case.data.len() == 1 {
            found += 1;
            compare(&case.name, &case.net, &case.data, case.loss, |_, term| case.matrix(term).clone());
        }
    }
    assert!(found > 0);
}

#[test]
fn every_activation_and_loss_to_depth_eight() {
    for activation in Activation::ALL {
        for (k, loss) in LOSSES.into_iter().enumerate() {
            for depth in 1..=8 {
                let mut widths = vec![3; depth + 1];
                widths[0] = 5;
                let biases = (depth + k) % 2 == 0;
                let net = random_net(&widths, biases, activation, 2.5, depth as u64);
                let data = random_data(5, 3, 3, loss, 1.0, 17);
                let what = format!("{activation}, {loss}, depth {depth}");
                compare(&what, &net, &data, loss, explicit(&net, loss));
            }
        }
    }
}

/// Any depth to 5, any activation and loss; units that are dead, objects that are zero or repeated, one output.
fn problems() -> impl Strategy<Value = (Network, Dataset, Loss)> {
    (
        proptest::collection::vec(1usize..6, 2..6),
        proptest::collection::vec(any::<bool>(), 5),
        proptest::sample::select(Activation::ALL.to_vec()),
        proptest::sample::select(LOSSES.to_vec()),
        any::<bool>(),
        1usize..4,
        // Larger ones make exp(-z) amplify the rounding of z, which the order of summation decides.
        0.3f64..3.0,
        any::<u64>(),
        0u8..5,
    )
        .prop_map(|(widths, biases, activation, loss, sum, objects, gain, seed, oddity)| {
            let outputs = widths[widths.len() - 1];
            let mut layers = random_net(&widths, true, activation, gain, seed).layers().to_vec();
            // Some layers with biases, some without.
            layers.iter_mut().zip(biases).for_each(|(layer, keep)| {
                if !keep {
                    layer.bias = None;
                }
            });
            let loss = if sum { loss.sum() } else { loss };
            let mut data = random_data(widths[0], outputs, objects, loss, 1.0, seed ^ 1);
            match oddity {
                1 => data.x.row_mut(objects / 2).fill(0.0),
                2 => {
                    let first = data.x.row(0).to_owned();
                    data.x.row_mut(objects / 2).assign(&first);
                }
                3 => layers[0].weight.row_mut(0).fill(0.0),
                4 => layers[0].weight.fill(0.0),
                _ => {}
            }
            (Network::new(layers, activation).unwrap(), data, loss)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_problem((net, data, loss) in problems()) {
        compare("random", &net, &data, loss, explicit(&net, loss));
    }

    /// Hyper-dual numbers know nothing of couplings, sensitivities or closed-form derivatives.
    #[test]
    fn hyper_dual_numbers_agree((net, data, loss) in problems()) {
        let spectra = hessian_spectra(&net, &data, loss, Term::Full).unwrap();
        let norms = layer_norms(&net, &data, loss).unwrap();
        let order = net.parameter_count();
        prop_assume!(order < 80);
        for (i, ours) in spectra.iter().enumerate() {
            let one = data.select(&[i]);
            let dual = eigvalsh(&check::dual_hessian(&net, &one, loss).unwrap()).unwrap();
            // Dual numbers find p (1 - p) as p - p², so they round relative to A = I and not to A itself.
            let jacobian: f64 = (0..net.depth())
                .map(|p| {
                    let bias = if net.layers()[p].bias.is_some() { 1.0 } else { 0.0 };
                    norms.sensitivity[[i, p]].powi(2) * (norms.input[[i, p]].powi(2) + bias)
                })
                .sum();
            let all = padded(ours.as_slice().unwrap(), order);
            assert_close("dual", all.view(), dual.eigenvalues.view(), ROUNDING, dual.norm() + jacobian);
        }
    }
}

/// More objects than a chunk holds: each is itself whatever its neighbours.
#[test]
fn objects_do_not_depend_on_each_other() {
    let loss = Loss::cross_entropy();
    let net = random_net(&[20, 6, 6, 4], true, Activation::Silu, 2.0, 1);
    let data = random_data(20, 4, 500, loss, 1.0, 2);
    let all = per_object(&net, &data, loss).unwrap();
    for i in [0, 127, 128, 300, 499] {
        let one = per_object(&net, &data.select(&[i]), loss).unwrap();
        for (ours, single) in [
            (all.loss[i], one.loss[0]),
            (all.gradient_norm[i], one.gradient_norm[0]),
            (all.ggn_norm[i], one.ggn_norm[0]),
            (all.hessian_norm[i], one.hessian_norm[0]),
            (all.h_term_norm[i], one.h_term_norm[0]),
        ] {
            assert!((ours - single).abs() <= 1e-13 * single, "object {i}: {ours} and {single}");
        }
    }
}

#[test]
fn one_class_has_no_curvature() {
    let net = random_net(&[3, 4, 1], true, Activation::Tanh, 2.0, 1);
    let data = random_data(3, 1, 4, Loss::cross_entropy(), 1.0, 2);
    assert_eq!(ggn_spectra(&net, &data, Loss::cross_entropy()).unwrap().dim(), (4, 0));
    let norms = per_object(&net, &data, Loss::cross_entropy()).unwrap();
    assert_eq!(norms.hessian_norm, Array1::<f64>::zeros(4));
    assert_eq!(norms.gradient_norm, Array1::<f64>::zeros(4));
}

/// Without biases and with zero inputs nothing depends on the parameters where the activation is zero at zero.
#[test]
fn zero_inputs_give_zeros() {
    for activation in [Activation::Relu, Activation::Tanh, Activation::Gelu, Activation::Elu] {
        let net = random_net(&[3, 4, 4, 2], false, activation, 2.0, 1);
        let data = Dataset::new("zeros", Array2::zeros((2, 3)), Targets::Classes(array![0, 1])).unwrap();
        let norms = per_object(&net, &data, Loss::cross_entropy()).unwrap();
        assert_eq!(norms.hessian_norm, Array1::<f64>::zeros(2), "{activation}");
        assert_eq!(norms.ggn_norm, Array1::<f64>::zeros(2), "{activation}");
        assert!((norms.loss[0] - 2.0_f64.ln()).abs() < 1e-15);
    }
}

/// Tiny and huge inputs: the squares of their norms must neither vanish nor overflow on the way to the H-term.
#[test]
fn extreme_scales() {
    let net = random_net(&[2, 3, 2], false, Activation::Identity, 2.0, 1);
    let at = |scale: f64| {
        let data = Dataset::new("scaled", array![[scale, -scale]], Targets::Classes(array![0])).unwrap();
        per_object(&net, &data, Loss::cross_entropy()).unwrap()
    };
    // With equal logits the H-term is linear in the inputs.
    let (tiny, small) = (at(1e-200), at(1e-100));
    assert!((tiny.h_term_norm[0] / 1e-200 / (small.h_term_norm[0] / 1e-100) - 1.0).abs() < 1e-12);
    assert!(tiny.h_term_norm[0] > 0.0);
}

#[test]
fn overflow_names_the_object() {
    let layers = vec![Layer { weight: array![[1e200], [1.0]], bias: None }; 1];
    let net = Network::new(layers, Activation::Relu).unwrap();
    let x = array![[1.0], [1e200]];
    let data = Dataset::new("huge", x, Targets::Values(Array2::zeros((2, 2)))).unwrap();
    let error = per_object(&net, &data, Loss::mean_squared_error()).unwrap_err().to_string();
    assert!(error.contains("object 1"), "{error}");
}

#[test]
fn layer_norms_are_those_of_the_definition() {
    let loss = Loss::mean_squared_error();
    let net = random_net(&[4, 5, 3, 2], true, Activation::Identity, 2.0, 1);
    let data = random_data(4, 2, 3, loss, 1.0, 2);
    let norms = layer_norms(&net, &data, loss).unwrap();
    let layers = net.layers();
    // Of a linear net dz/dz^(p) is the product of the weights above p.
    let product = layers[2].weight.dot(&layers[1].weight);
    let largest = |a: &Array2<f64>| eigvalsh(&a.dot(&a.t())).unwrap().norm().sqrt();
    for i in 0..3 {
        assert_eq!(norms.sensitivity[[i, 2]], 1.0);
        assert!((norms.sensitivity[[i, 1]] - largest(&layers[2].weight)).abs() < 1e-14);
        assert!((norms.sensitivity[[i, 0]] - largest(&product)).abs() < 1e-14);
        assert!((norms.logit_curvature[i] - 2.0 / 2.0).abs() < 1e-15);
        let hidden =
            data.x.slice(s![i..i + 1, ..]).dot(&layers[0].weight.t()) + layers[0].bias.as_ref().unwrap();
        assert!((norms.input[[i, 1]] - norm(hidden.view())).abs() < 1e-13);
    }
    // The gradient of a layer is delta xᵀ (and delta for the biases).
    let per = per_object(&net, &data, loss).unwrap();
    for i in 0..3 {
        let squares: f64 =
            (0..3).map(|p| norms.residual[[i, p]].powi(2) * (norms.input[[i, p]].powi(2) + 1.0)).sum();
        assert!((squares.sqrt() - per.gradient_norm[i]).abs() < 1e-13 * per.gradient_norm[i]);
        assert!((norms.residual[[i, 2]] - per.residual_norm[i]).abs() < 1e-14 * per.residual_norm[i]);
    }
}
