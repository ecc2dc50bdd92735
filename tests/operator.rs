//! Products without the matrix against the matrix.

use hessia::operator::{Composed, LinearOperator, Scaled, Shifted, Sum};
use hessia::*;
use ndarray::{Array2, s};
use proptest::prelude::*;

fn random(m: usize, n: usize, seed: u64) -> Array2<f64> {
    let net = Network::random(&[n, m], false, Activation::Identity, seed).unwrap();
    &net.layers()[0].weight * (n as f64).sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn products_equal_the_matrix_times_the_vectors(
        widths in prop::collection::vec(1usize..6, 2..6), m in 1usize..300, k in 0usize..5,
        biases: bool, kind in 0usize..3, activation in 0usize..9, sum: bool, seed in 0u64..1000,
    ) {
        let activation = Activation::ALL[activation];
        let mut loss = [Loss::cross_entropy(), Loss::mean_squared_error(), Loss::binary_cross_entropy()][kind];
        if sum {
            loss = loss.sum();
        }
        let classes = widths[widths.len() - 1];
        let labels = Targets::Classes((0..m).map(|i| (i * i) % classes).collect());
        let targets = if kind == 0 { labels } else { labels.one_hot(classes).unwrap() };
        let net = Network::random(&widths, biases, activation, seed).unwrap();
        let data = Dataset::new("random", random(m, widths[0], seed + 1), targets).unwrap();
        let vectors = random(net.parameter_count(), k.max(1), seed + 2).slice(ndarray::s![.., ..k]).to_owned();
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            let matrix = curvature(&net, &data, loss, term).unwrap().matrix;
            let gap = hvp(&net, &data, loss, term, &vectors).unwrap() - matrix.dot(&vectors);
            let scale = matrix.iter().fold(0.0_f64, |s, v| s.max(v.abs())) * net.parameter_count() as f64;
            // Sums of m and P terms, each in another order.
            let bound = 1e-13 * scale.max(f64::MIN_POSITIVE);
            prop_assert!(gap.iter().all(|v| v.abs() <= bound), "{term} {gap:?}");
        }
    }
}

fn toy(widths: &[usize], m: usize, activation: Activation) -> (Network, Dataset) {
    let net = Network::random(widths, true, activation, 5).unwrap();
    let labels = Targets::Classes((0..m).map(|i| i * i % widths[widths.len() - 1]).collect());
    (net, Dataset::new("toy", random(m, widths[0], 6), labels).unwrap())
}

/// The largest gap in units of the largest entry.
fn gap(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    let scale = b.iter().fold(f64::MIN_POSITIVE, |most, v| most.max(v.abs()));
    (a - b).iter().fold(0.0_f64, |most, v| most.max(v.abs())) / scale
}

#[test]
fn any_layers_are_the_block_of_the_whole() {
    for activation in [Activation::Relu, Activation::Tanh] {
        let (net, data) = toy(&[5, 4, 6, 3], 40, activation);
        let loss = Loss::cross_entropy();
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            let matrix = curvature(&net, &data, loss, term).unwrap().matrix;
            for (start, end) in [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)] {
                let operator = CurvatureOperator::new(&net, &data, loss, term.into()).unwrap();
                let block = operator.restricted(start..end).unwrap();
                let range = block.range();
                let part = matrix.slice(s![range.clone(), range.clone()]).to_owned();
                assert!(
                    gap(&block.apply(&Array2::eye(range.len())).unwrap(), &part) < 1e-13,
                    "{term} {start}..{end}"
                );
            }
        }
    }
    let (net, data) = toy(&[5, 4, 3], 4, Activation::Relu);
    let operator =
        CurvatureOperator::new(&net, &data, Loss::cross_entropy(), CurvatureKind::Hessian).unwrap();
    let message = operator.restricted(1..3).unwrap_err().to_string();
    assert!(message.contains("0..2") && message.contains("1..3"), "{message}");
}

#[test]
fn fisher_matrices_are_means_of_squared_gradients() {
    // By definition: object by object, and for the exact one label by label, each with its probability.
    let (net, data) = toy(&[4, 5, 3], 12, Activation::Tanh);
    let (loss, p) = (Loss::cross_entropy(), net.parameter_count());
    let logits = net.forward(&data.x).unwrap();
    let (mut empirical, mut exact) = (Array2::zeros((p, p)), Array2::<f64>::zeros((p, p)));
    let outer = |g: &ndarray::Array1<f64>| {
        let column = g.view().insert_axis(ndarray::Axis(1)).to_owned();
        column.dot(&column.t())
    };
    for n in 0..12 {
        let object = data.select(&[n]);
        empirical += &(outer(&gradient(&net, &object, loss).unwrap()) / 12.0);
        let exponents = logits.row(n).mapv(f64::exp);
        for label in 0..3 {
            let drawn = Dataset { targets: Targets::Classes(ndarray::array![label]), ..object.clone() };
            let share = exponents[label] / exponents.sum();
            exact += &(outer(&gradient(&net, &drawn, loss).unwrap()) * share / 12.0);
        }
    }
    for (kind, matrix) in [(CurvatureKind::EmpiricalFisher, empirical), (CurvatureKind::Fisher, exact)] {
        let operator = CurvatureOperator::new(&net, &data, loss, kind).unwrap();
        assert!(gap(&operator.apply(&Array2::eye(p)).unwrap(), &matrix) < 1e-13, "{kind}");
    }
}

#[test]
fn equal_and_zero_inputs_are_dropped_and_nothing_changes() {
    let (net, mut data) = toy(&[9, 4, 3], 700, Activation::Relu);
    for (a, source) in [(2, None), (5, Some(1)), (7, Some(1)), (8, None)] {
        let column = source.map_or(ndarray::Array1::zeros(700), |b: usize| data.x.column(b).to_owned());
        data.x.column_mut(a).assign(&column);
    }
    let loss = Loss::cross_entropy();
    let kept = CurvatureOperator::new(&net, &data, loss, CurvatureKind::Hessian).unwrap();
    assert_eq!(kept.distinct_inputs(), 5);
    let matrix = hessian(&net, &data, loss).unwrap();
    let eye = Array2::eye(net.parameter_count());
    let product = kept.apply(&eye).unwrap();
    assert!(gap(&product, &matrix) < 1e-12);
    // Forward quantities that are computed again are the same.
    let again = CurvatureOperator::keeping(&net, &data, loss, CurvatureKind::Hessian, 0).unwrap();
    assert!(kept.keeps_forward() && !again.keeps_forward());
    assert_eq!(again.apply(&eye).unwrap(), product);
    // Nothing but zeros.
    data.x.fill(0.0);
    let zeros = CurvatureOperator::new(&net, &data, loss, CurvatureKind::Hessian).unwrap();
    assert_eq!(zeros.distinct_inputs(), 0);
    assert!(gap(&zeros.apply(&eye).unwrap(), &hessian(&net, &data, loss).unwrap()) < 1e-13);
}

#[test]
fn bytes_do_not_depend_on_the_threads() {
    let (net, data) = toy(&[90, 70, 30, 5], 1300, Activation::Tanh);
    let vectors = random(net.parameter_count(), 9, 3);
    let products: Vec<_> = [1, 2, 5]
        .map(|threads| {
            set_threads(threads);
            hvp(&net, &data, Loss::cross_entropy(), Term::Full, &vectors).unwrap()
        })
        .into();
    set_threads(0);
    assert!(products[0] == products[1] && products[0] == products[2]);
}

#[test]
fn combinations_are_those_of_the_matrices() {
    let (a, b) = (random(6, 6, 1), random(6, 6, 2));
    let combined = Sum {
        left: Shifted { operator: &a, shift: 0.25 },
        right: Scaled { operator: Composed { left: &a, right: &b }, factor: -3.0 },
    };
    let matrix = &a + &(Array2::<f64>::eye(6) * 0.25) - a.dot(&b) * 3.0;
    assert!(gap(&combined.apply(&Array2::eye(6)).unwrap(), &matrix) < 1e-14);
    let message = combined.apply(&Array2::eye(5)).unwrap_err().to_string();
    assert!(message.contains("[6, 5]") && message.contains("[5, 5]"), "{message}");
}
