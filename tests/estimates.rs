//! Estimators from random vectors, and solvers, against the exact answers; every error band against 200 seeds.

use hessia::operator::{Function, LinearOperator, Shifted};
use hessia::spectrum::{
    Density, DensitySettings, ExtremeSettings, SolveSettings, Which, conjugate_gradients, extreme_pairs,
    frobenius_squares, function_product, hutch_plus_plus, hutchinson, minres, spectral_density, xdiag,
    xtrace,
};
use hessia::*;
use ndarray::{Array1, Array2, array};

fn random(m: usize, n: usize, seed: u64) -> Array2<f64> {
    let net = Network::random(&[n, m], false, Activation::Identity, seed).unwrap();
    &net.layers()[0].weight * (n as f64).sqrt()
}

fn with_values(values: &Array1<f64>, seed: u64) -> Array2<f64> {
    let a = random(values.len(), values.len(), seed);
    let q = eigh(&(&a + &a.t())).unwrap().eigenvectors.unwrap();
    let a = (&q * values).dot(&q.t());
    (&a + &a.t()) * 0.5
}

fn toy(activation: Activation) -> (Network, Dataset) {
    let net = Network::random(&[6, 5, 4, 3], true, activation, 5).unwrap();
    let labels = Targets::Classes((0..30).map(|i| i * i % 3).collect());
    (net, Dataset::new("toy", random(30, 6, 6), labels).unwrap())
}

/// Outliers over a bulk of both signs.
fn spectrum(order: usize) -> Array1<f64> {
    Array1::from_shape_fn(order, |k| if k < 4 { 10.0 - k as f64 } else { (k as f64 * 0.7).sin() * 0.5 })
}

/// Share of 200 seeds whose 95 % interval holds the truth.
fn coverage(truth: f64, interval: impl Fn(u64) -> (f64, f64)) -> f64 {
    let held = (0..200).filter(|&seed| {
        let (low, high) = interval(seed);
        // Where the estimate is exact, rounding is all there is between it and the truth.
        let slack = 1e-10 * truth.abs();
        low - slack <= truth && truth <= high + slack
    });
    held.count() as f64 / 200.0
}

#[test]
fn bands_of_trace_and_norm_hold_the_truth_as_often_as_they_say() {
    let values = spectrum(60);
    let matrix = with_values(&values, 1);
    let (trace, squares) = (values.sum(), values.iter().map(|v| v * v).sum());
    let shares = [
        coverage(trace, |seed| hutchinson(&matrix, 20, seed).unwrap().interval()),
        coverage(squares, |seed| frobenius_squares(&matrix, 20, seed).unwrap().interval()),
        coverage(trace, |seed| hutch_plus_plus(&matrix, 30, seed).unwrap().interval()),
        coverage(trace, |seed| xtrace(&matrix, 30, seed).unwrap().interval()),
    ];
    // Three standard deviations of a share of 200 at 0.95 are 0.046; XTrace's samples share their vectors.
    println!("coverage of Hutchinson, Frobenius, Hutch++, XTrace: {shares:?}");
    assert!(shares[..3].iter().all(|&share| share >= 0.90), "{shares:?}");
    assert!(shares[3] >= 0.85, "{shares:?}");
}

#[test]
fn estimates_of_the_trace_are_right_on_average() {
    let values = spectrum(60).mapv(f64::abs);
    let (matrix, trace) = (with_values(&values, 1), values.sum());
    let estimators: [(&str, &dyn Fn(u64) -> f64); 3] = [
        ("Hutchinson", &|seed| hutchinson(&matrix, 30, seed).unwrap().value),
        ("Hutch++", &|seed| hutch_plus_plus(&matrix, 30, seed).unwrap().value),
        ("XTrace", &|seed| xtrace(&matrix, 30, seed).unwrap().value),
    ];
    for (name, estimator) in estimators {
        let found: Vec<f64> = (0..200).map(estimator).collect();
        let mean = found.iter().sum::<f64>() / 200.0;
        let deviation = (found.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 199.0).sqrt();
        // XTrace's factor belongs to vectors on the sphere: signs are as long, and leave a bias far below its spread.
        assert!(
            (mean - trace).abs() < 5.0 * deviation / 200.0_f64.sqrt(),
            "{name}: {mean} for {trace} ± {deviation}"
        );
    }
}

#[test]
fn one_object_and_one_parameter_are_answered() {
    let net = Network::new(vec![Layer { weight: array![[0.5]], bias: None }], Activation::Relu).unwrap();
    let data = Dataset::new("one", array![[3.0]], Targets::Values(array![[1.0]])).unwrap();
    let operator =
        CurvatureOperator::new(&net, &data, Loss::mean_squared_error(), CurvatureKind::Hessian).unwrap();
    assert_eq!(operator.apply(&array![[1.0]]).unwrap(), array![[18.0]]);
    let density =
        spectral_density(&operator, None, &DensitySettings { probes: 1, steps: 5, seed: 0 }).unwrap();
    assert!((density.nodes[0][0] - 18.0).abs() < 1e-13 && (density.weights[0][0] - 1.0).abs() < 1e-14);
    assert!(density.curve(11, None).unwrap().high[5].is_infinite());
    let pairs = extreme_pairs(&operator, &ExtremeSettings { count: 1, ..Default::default() }).unwrap();
    assert!((pairs.values[0] - 18.0).abs() < 1e-13);
    let pairs = spectral_density(&operator, Some(&pairs), &DensitySettings::default()).unwrap();
    assert_eq!((pairs.products, pairs.below(20.0)), (0, (1.0, 1.0, 1.0)));
    let message =
        spectral_density(&operator, None, &DensitySettings { probes: 0, steps: 5, seed: 0 }).unwrap_err();
    assert!(message.to_string().contains("0 probes"), "{message}");
    // Weights whose products overflow are refused, not spread as NaN.
    let huge =
        Network::new(vec![Layer { weight: array![[1e200]], bias: None }; 2], Activation::Identity).unwrap();
    let message = CurvatureOperator::new(&huge, &data, Loss::mean_squared_error(), CurvatureKind::Hessian)
        .and_then(|operator| extreme_pairs(&operator, &ExtremeSettings { count: 1, ..Default::default() }))
        .unwrap_err();
    assert!(message.to_string().contains("finite") || message.to_string().contains("inf"), "{message}");
}

#[test]
fn bands_of_the_density_hold_the_truth_as_often_as_they_say() {
    let values = spectrum(60);
    let matrix = with_values(&values, 2);
    let settings = |seed| DensitySettings { probes: 10, steps: 60, seed };
    let all: Vec<Density> =
        (0..200).map(|seed| spectral_density(&matrix, None, &settings(seed)).unwrap()).collect();
    let bell = |v: f64, x: f64| (-0.5 * ((v - x) / 0.2).powi(2)).exp();
    for x in [-0.4, 0.0, 0.3] {
        let truth = values.iter().map(|&v| bell(v, x)).sum::<f64>() / 60.0;
        let share = coverage(truth, |seed| {
            let (_, low, high) = all[seed as usize].mean_of(|v| bell(v, x));
            (low, high)
        });
        println!("coverage of the density at {x}: {share}");
        assert!(share >= 0.90, "{x}: {share}");
    }
    let share = coverage(values.sum(), |seed| all[seed as usize].trace.interval());
    assert!(share >= 0.90, "{share}");
    let positive = values.mapv(f64::abs);
    let matrix = with_values(&positive, 3);
    let truth = positive.mapv(|v| (v + 0.1).ln()).sum();
    let share = coverage(truth, |seed| {
        spectral_density(&matrix, None, &settings(seed)).unwrap().log_determinant(0.1).unwrap().interval()
    });
    println!("coverage of the log-determinant: {share}");
    assert!(share >= 0.90, "{share}");
}

#[test]
fn better_estimators_are_better_and_exact_where_they_claim_it() {
    let values = Array1::from_shape_fn(80, |k| 0.7_f64.powi(k as i32));
    let (matrix, trace) = (with_values(&values, 4), values.sum());
    let error =
        |f: &dyn Fn(u64) -> f64| ((0..20).map(|seed| (f(seed) - trace).powi(2)).sum::<f64>() / 20.0).sqrt();
    let plain = error(&|seed| hutchinson(&matrix, 30, seed).unwrap().value);
    let plus = error(&|seed| hutch_plus_plus(&matrix, 30, seed).unwrap().value);
    let x = error(&|seed| xtrace(&matrix, 30, seed).unwrap().value);
    println!("errors of 30 products: Hutchinson {plain:e}, Hutch++ {plus:e}, XTrace {x:e}");
    assert!(plus < 0.1 * plain && x < 0.5 * plus, "{plain:e} {plus:e} {x:e}");

    // Rank three: a sketch of more vectors holds the whole range.
    let low = with_values(&Array1::from_shape_fn(50, |k| if k < 3 { 2.0 + k as f64 } else { 0.0 }), 5);
    let found = xtrace(&low, 20, 0).unwrap();
    assert!((found.value - 9.0).abs() < 1e-11, "{found}");
    let diagonal = xdiag(&low, 20, 0).unwrap();
    assert!(diagonal.values.iter().zip(low.diag()).all(|(a, b)| (a - b).abs() < 1e-11));
    let zero = Array2::<f64>::zeros((9, 9));
    assert_eq!((xtrace(&zero, 8, 0).unwrap().value, hutch_plus_plus(&zero, 9, 0).unwrap().value), (0.0, 0.0));
    let one = array![[3.5]];
    assert_eq!(xtrace(&one, 4, 0).unwrap().value, 3.5);
    assert!(xtrace(&one, 3, 0).unwrap_err().to_string().contains("at least 4"));
    // As many vectors as rows.
    assert!((xtrace(&matrix, 160, 0).unwrap().value - trace).abs() < 1e-11);
    let found = xdiag(&matrix, 60, 1).unwrap();
    let worst = found.values.iter().zip(matrix.diag()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-3, "{worst}");
}

#[test]
fn quadrature_weights_are_the_squared_first_components() {
    // With every eigenvector seen, the weights of a run are (u_k·v)² of its start v, whatever the steps.
    let values = Array1::linspace(-1.0, 2.0, 12);
    let matrix = with_values(&values, 6);
    let density =
        spectral_density(&matrix, None, &DensitySettings { probes: 3, steps: 12, seed: 4 }).unwrap();
    for (nodes, weights) in density.nodes.iter().zip(&density.weights) {
        assert!(nodes.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-12));
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-13);
        // Gauss quadrature is exact for moments: here against the squares of a run of few steps.
    }
    let short = spectral_density(&matrix, None, &DensitySettings { probes: 3, steps: 4, seed: 4 }).unwrap();
    for power in 0..8 {
        for probe in 0..3 {
            let moment = |d: &Density| -> f64 {
                d.nodes[probe].iter().zip(&d.weights[probe]).map(|(v, w)| w * v.powi(power)).sum()
            };
            assert!((moment(&short) - moment(&density)).abs() < 1e-12, "moment {power} of probe {probe}");
        }
    }
}

#[test]
fn distances_to_the_exact_spectrum_fall_with_probes_and_steps() {
    let (net, data) = toy(Activation::Tanh);
    let loss = Loss::cross_entropy();
    let operator = CurvatureOperator::new(&net, &data, loss, CurvatureKind::Hessian).unwrap();
    let exact = eigvalsh(&hessian(&net, &data, loss).unwrap()).unwrap();
    let values = exact.eigenvalues.to_vec();
    let distance = |probes: usize, steps: usize| {
        let density = spectral_density(&operator, None, &DensitySettings { probes, steps, seed: 7 }).unwrap();
        density.wasserstein(&values) / exact.norm()
    };
    let (coarse, fine) = (distance(2, 5), distance(40, 40));
    assert!(fine < 0.5 * coarse && fine < 0.02, "{coarse} {fine}");
    // Outliers taken out: their shares are exact, and the band shrinks.
    let pairs = extreme_pairs(
        &operator,
        &ExtremeSettings { which: Which::LargestMagnitude, count: 8, tolerance: 1e-10, ..Default::default() },
    )
    .unwrap();
    let settings = DensitySettings { probes: 10, steps: 40, seed: 7 };
    let (whole, apart) = (
        spectral_density(&operator, None, &settings).unwrap(),
        spectral_density(&operator, Some(&pairs), &settings).unwrap(),
    );
    assert!(apart.trace.error < whole.trace.error && apart.wasserstein(&values) < whole.wasserstein(&values));
    let total: f64 = apart.measure().iter().map(|(_, w)| w).sum();
    assert!((total - 1.0).abs() < 1e-12);
    assert!(apart.kolmogorov(&values, 1e-3 * exact.norm()) < 0.2);
    let curve = apart.curve(400, None).unwrap();
    let area: f64 = curve.density.iter().sum::<f64>() * (curve.value[1] - curve.value[0]);
    assert!((area - 1.0).abs() < 1e-2, "{area}");
    let logs = apart.log_curve(300, 0.1, 1e-12).unwrap();
    let step = logs.positive.value[1] - logs.positive.value[0];
    let area = (logs.positive.density.iter().sum::<f64>() + logs.negative.density.iter().sum::<f64>()) * step;
    assert!((area + logs.near_zero.0 - 1.0).abs() < 2e-2, "{area} {:?}", logs.near_zero);
}

#[test]
fn exact_diagonals_and_traces_are_those_of_the_matrix() {
    for activation in [Activation::Relu, Activation::Tanh] {
        let (net, mut data) = toy(activation);
        data.x.column_mut(2).fill(0.0);
        let source = data.x.column(1).to_owned();
        data.x.column_mut(4).assign(&source);
        let loss = Loss::cross_entropy();
        for kind in [
            CurvatureKind::Hessian,
            CurvatureKind::GTerm,
            CurvatureKind::HTerm,
            CurvatureKind::Fisher,
            CurvatureKind::EmpiricalFisher,
        ] {
            for layers in [0..3, 1..2, 2..3] {
                let operator =
                    CurvatureOperator::new(&net, &data, loss, kind).unwrap().restricted(layers).unwrap();
                let matrix = operator.apply(&Array2::eye(operator.order())).unwrap();
                let scale = matrix.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
                let gap = operator.diagonal() - matrix.diag();
                assert!(gap.iter().all(|v| v.abs() < 1e-14 * scale.max(1.0)), "{kind} {activation}: {gap}");
                let trace: f64 = operator.layer_traces().iter().sum();
                assert!((trace - matrix.diag().sum()).abs() < 1e-13 * scale.max(1.0) * matrix.nrows() as f64);
            }
        }
    }
}

#[test]
fn solvers_solve_or_refuse_with_the_number() {
    let values = Array1::linspace(-0.5, 3.0, 70);
    let matrix = with_values(&values, 9);
    let b = random(70, 1, 10).column(0).to_owned();
    let settings = SolveSettings { damping: 0.6, tolerance: 1e-12, most_products: 400 };
    let check = |x: &Array1<f64>, damping: f64| {
        let gap = Shifted { operator: &matrix, shift: damping }
            .apply(&x.view().insert_axis(ndarray::Axis(1)).to_owned());
        let gap = gap.unwrap().remove_axis(ndarray::Axis(1)) - &b;
        gap.dot(&gap).sqrt() / b.dot(&b).sqrt()
    };
    for found in
        [conjugate_gradients(&matrix, &b, &settings).unwrap(), minres(&matrix, &b, &settings).unwrap()]
    {
        assert!(
            found.converged
                && check(&found.x, 0.6) < 1e-11
                && (found.residual - check(&found.x, 0.6)).abs() < 1e-14
        );
        assert!(
            found.smallest >= 0.1 - 1e-10 && found.smallest < 0.11 && found.largest <= 3.6 + 1e-10,
            "{found:?}"
        );
    }
    // Indefinite: conjugate gradients refuse and say how far below zero it is, minimal residuals solve.
    let indefinite = SolveSettings { damping: 0.2, ..settings };
    let refused = conjugate_gradients(&matrix, &b, &indefinite).unwrap_err().to_string();
    assert!(refused.contains("smallest Ritz value -") && refused.contains("MINRES"), "{refused}");
    let found = minres(&matrix, &b, &indefinite).unwrap();
    assert!(found.converged && check(&found.x, 0.2) < 1e-11, "{found:?}");
    assert!((found.smallest + 0.3).abs() < 1e-6, "{}", found.smallest);
    // Singular and inconsistent: least residual, not convergence; a right-hand side of zeros; one row.
    let singular = Array2::from_diag(&array![2.0, 1.0, 0.0]);
    let found = minres(&singular, &array![2.0, 3.0, 4.0], &SolveSettings::default()).unwrap();
    assert!(
        !found.converged && (found.x[0] - 1.0).abs() < 1e-8 && (found.x[1] - 3.0).abs() < 1e-8,
        "{found:?}"
    );
    let zero = conjugate_gradients(&matrix, &Array1::zeros(70), &settings).unwrap();
    assert!(zero.converged && zero.x.iter().all(|&v| v == 0.0));
    assert!(
        (minres(&array![[4.0]], &array![2.0], &SolveSettings::default()).unwrap().x[0] - 0.5).abs() < 1e-15
    );
    let short = conjugate_gradients(&matrix, &Array1::zeros(3), &settings).unwrap_err().to_string();
    assert!(short.contains("[3, 1]") && short.contains("[70, 1]"), "{short}");
    let broken = Function { order: 70, product: |v: &Array2<f64>| Ok(v * f64::NAN) };
    assert!(minres(&broken, &b, &settings).unwrap_err().to_string().contains("NaN"));
}

#[test]
fn functions_of_an_operator_are_those_of_its_eigenvalues() {
    let values = Array1::linspace(0.2, 3.0, 60);
    let a = with_values(&values, 11);
    let all = eigh(&a).unwrap();
    let q = all.eigenvectors.unwrap();
    let v = random(60, 1, 12).column(0).to_owned();
    for f in [f64::exp, f64::sqrt, |x: f64| 1.0 / x] {
        let exact = q.dot(&(q.t().dot(&v) * all.eigenvalues.mapv(f)));
        let found = function_product(&a, f, &v, 40).unwrap();
        let gap = &found.value - &exact;
        assert!(gap.dot(&gap).sqrt() < 1e-8 * exact.dot(&exact).sqrt() && !found.exact);
        let rough = function_product(&a, f, &v, 8).unwrap();
        let gap = &rough.value - &exact;
        assert!(rough.change > 0.05 * gap.dot(&gap).sqrt(), "{} {}", rough.change, gap.dot(&gap).sqrt());
    }
    let message = function_product(&a, |x| (x - 10.0).sqrt(), &v, 5).unwrap_err().to_string();
    assert!(message.contains("finite"), "{message}");
}

#[test]
fn kronecker_factors_are_exact_where_they_must_be() {
    let loss = Loss::cross_entropy();
    for activation in [Activation::Relu, Activation::Tanh] {
        let (net, data) = toy(activation);
        let one = data.select(&[3]);
        let exact = ggn(&net, &one, loss).unwrap();
        let kfac = Kronecker::new(&net, &one, loss).unwrap();
        for l in 0..3 {
            let range = net.layer_range(l);
            let part = exact.slice(ndarray::s![range.clone(), range]);
            for ekfac in [false, true] {
                let gap = kfac.block(l, ekfac) - part;
                assert!(gap.iter().all(|v| v.abs() < 1e-13), "layer {l}");
            }
        }
        // Of many objects: EKFAC has the trace of the block, and is nearer to it in the Frobenius norm.
        let kfac = Kronecker::new(&net, &data, loss).unwrap();
        let exact = ggn(&net, &data, loss).unwrap();
        let range = net.layer_range(1);
        let part = exact.slice(ndarray::s![range.clone(), range.clone()]).to_owned();
        let norm = |a: &Array2<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
        let (plain, corrected) = (kfac.block(1, false), kfac.block(1, true));
        assert!((corrected.diag().sum() - part.diag().sum()).abs() < 1e-13);
        assert!(norm(&(&corrected - &part)) <= norm(&(&plain - &part)));
        let v = random(net.parameter_count(), 2, 3);
        let solved = kfac.solve(&v, 0.1, true).unwrap();
        let back = corrected.dot(&solved.slice(ndarray::s![range.clone(), ..]))
            + &solved.slice(ndarray::s![range.clone(), ..]) * 0.1;
        assert!((back - v.slice(ndarray::s![range, ..])).iter().all(|v| v.abs() < 1e-11));
    }
}

#[test]
fn same_seed_same_bytes_at_any_thread_count() {
    let (net, data) = toy(Activation::Tanh);
    let operator =
        CurvatureOperator::new(&net, &data, Loss::cross_entropy(), CurvatureKind::Hessian).unwrap();
    let results: Vec<_> = [1, 4]
        .map(|threads| {
            set_threads(threads);
            let density =
                spectral_density(&operator, None, &DensitySettings { probes: 5, steps: 30, seed: 1 })
                    .unwrap();
            let b = gradient(&net, &data, Loss::cross_entropy()).unwrap();
            let settings = SolveSettings { damping: 1.0, ..Default::default() };
            (
                (density.nodes, density.weights),
                (xtrace(&operator, 20, 2).unwrap(), hutch_plus_plus(&operator, 21, 2).unwrap()),
                (
                    xdiag(&operator, 20, 2).unwrap(),
                    minres(&operator, &b, &settings).unwrap().x,
                    operator.diagonal(),
                ),
            )
        })
        .into();
    set_threads(0);
    assert!(results[0] == results[1]);
}
