//! Extreme eigenpairs of operators against the whole spectrum.

use hessia::operator::{Function, LinearOperator};
use hessia::spectrum::{Completeness, ExtremeSettings, ExtremeSolver, Which, extreme_pairs};
use hessia::*;
use ndarray::{Array1, Array2};

fn random(m: usize, n: usize, seed: u64) -> Array2<f64> {
    let net = Network::random(&[n, m], false, Activation::Identity, seed).unwrap();
    &net.layers()[0].weight * (n as f64).sqrt()
}

/// A symmetric matrix with these eigenvalues.
fn with_values(values: &Array1<f64>, seed: u64) -> Array2<f64> {
    let a = random(values.len(), values.len(), seed);
    let q = eigh(&(&a + &a.t())).unwrap().eigenvectors.unwrap();
    let a = (&q * values).dot(&q.t());
    (&a + &a.t()) * 0.5
}

/// A bulk of both signs below outliers; the largest stands `repeats` times.
fn values(order: usize, repeats: usize) -> Array1<f64> {
    Array1::from_shape_fn(order, |k| match k {
        k if k < repeats => 9.0,
        k if k < repeats + 5 => 8.0 - (k - repeats) as f64,
        k if k == order - 1 => -8.5,
        _ => (k as f64 * 0.7).sin() * 0.8,
    })
}

fn best(values: &Array1<f64>, which: Which, count: usize) -> Vec<f64> {
    let mut all = values.to_vec();
    all.sort_by(f64::total_cmp);
    let top = || all.iter().rev().take(count).copied().collect::<Vec<_>>();
    match which {
        Which::Largest => top(),
        Which::Smallest => all[..count].to_vec(),
        Which::BothEnds => [top(), all[..count].to_vec()].concat(),
        Which::LargestMagnitude => {
            all.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
            all[..count].to_vec()
        }
    }
}

fn assert_pairs(
    matrix: &Array2<f64>,
    values: &Array1<f64>,
    settings: &ExtremeSettings,
) -> spectrum::ExtremePairs {
    let pairs = extreme_pairs(matrix, settings).unwrap();
    assert!(pairs.converged, "{pairs}");
    let expected = best(values, settings.which, settings.count);
    assert_eq!(pairs.values.len(), expected.len());
    let scale = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    for (k, (found, expected)) in pairs.values.iter().zip(&expected).enumerate() {
        // The error of a value is of second order in its residual, unless a neighbour is as near.
        let off = (found - expected).abs();
        assert!(off <= pairs.bound + 1e-12 * scale, "{:?}: {found} for {expected}: {pairs}", settings.which);
        assert!(pairs.residuals[k] <= 2.0 * settings.tolerance * scale, "{pairs}");
    }
    assert!(pairs.orthogonality < 1e-12, "{}", pairs.orthogonality);
    pairs
}

#[test]
fn every_end_is_found_with_multiplicities_wider_than_the_block() {
    for repeats in [1, 3, 7] {
        let values = values(400, repeats);
        let matrix = with_values(&values, 3);
        for which in [Which::Largest, Which::Smallest, Which::BothEnds, Which::LargestMagnitude] {
            for block in [1, 4] {
                let settings =
                    ExtremeSettings { which, count: 6, block, tolerance: 1e-9, ..Default::default() };
                let pairs = assert_pairs(&matrix, &values, &settings);
                assert!(matches!(pairs.completeness, Completeness::Probable(_) | Completeness::Unknown));
            }
        }
    }
}

#[test]
fn a_proof_is_claimed_only_where_nothing_can_be_missed() {
    // Positive semidefinite, five outliers, and a bulk that all together is smaller than the least of them.
    let values = Array1::from_shape_fn(300, |k| if k < 5 { 50.0 + k as f64 } else { 0.1 });
    let matrix = with_values(&values, 4);
    let (trace, squares) = (values.sum(), values.iter().map(|v| v * v).sum());
    let plain = ExtremeSettings { count: 5, ..Default::default() };
    let by_trace = ExtremeSettings { trace: Some(trace), ..plain.clone() };
    assert_eq!(assert_pairs(&matrix, &values, &by_trace).completeness, Completeness::Trace);
    let by_squares = ExtremeSettings { squares: Some(squares), ..plain.clone() };
    assert_eq!(assert_pairs(&matrix, &values, &by_squares).completeness, Completeness::Squares);
    // With four, the fifth and the bulk are more together than the fourth, though neither is by itself.
    let fewer = ExtremeSettings { count: 4, ..by_trace.clone() };
    assert_ne!(assert_pairs(&matrix, &values, &fewer).completeness, Completeness::Trace);
    // With three of the five asked for, the other two are room enough for a missed one.
    for settings in [&by_trace, &by_squares] {
        let fewer = ExtremeSettings { count: 3, ..settings.clone() };
        let found = assert_pairs(&matrix, &values, &fewer).completeness;
        assert!(!matches!(found, Completeness::Trace | Completeness::Squares), "{found}");
    }
    let whole = ExtremeSettings { count: 3, ..Default::default() };
    let small = with_values(&Array1::linspace(-1.0, 1.0, 20), 5);
    assert_eq!(extreme_pairs(&small, &whole).unwrap().completeness, Completeness::WholeSpace);
}

#[test]
fn curvature_of_a_network_has_the_pairs_of_the_matrix() {
    let net = Network::random(&[12, 10, 8, 4], true, Activation::Tanh, 1).unwrap();
    let labels = Targets::Classes((0..60).map(|i| i * i % 4).collect());
    let data = Dataset::new("toy", random(60, 12, 2), labels).unwrap();
    let loss = Loss::cross_entropy();
    let operator = CurvatureOperator::new(&net, &data, loss, CurvatureKind::Hessian).unwrap();
    let dense = eigvalsh(&hessian(&net, &data, loss).unwrap()).unwrap();
    for which in [Which::Largest, Which::BothEnds] {
        let settings = ExtremeSettings { which, count: 5, tolerance: 1e-11, ..Default::default() };
        let pairs = extreme_pairs(&operator, &settings).unwrap();
        assert!(pairs.converged);
        for (found, expected) in pairs.values.iter().zip(best(&dense.eigenvalues, which, 5)) {
            assert!((found - expected).abs() < 1e-10 * dense.norm(), "{found} {expected}");
        }
    }
}

#[test]
fn edges_are_answered_or_refused() {
    let zero = Array2::<f64>::zeros((200, 200));
    let settings = ExtremeSettings { count: 3, ..Default::default() };
    let pairs = extreme_pairs(&zero, &settings).unwrap();
    assert!(pairs.converged && pairs.values == [0.0; 3] && pairs.orthogonality < 1e-12);
    let one =
        extreme_pairs(&ndarray::array![[-2.5]], &ExtremeSettings { count: 1, ..settings.clone() }).unwrap();
    assert_eq!((one.values[0], one.completeness), (-2.5, Completeness::WholeSpace));
    let all = extreme_pairs(&Array2::eye(7), &ExtremeSettings { count: 7, ..settings.clone() }).unwrap();
    assert!(all.values.iter().all(|v| (v - 1.0).abs() < 1e-14));
    let message =
        extreme_pairs(&Array2::eye(7), &ExtremeSettings { count: 8, ..settings.clone() }).unwrap_err();
    assert!(message.to_string().contains("1..=7"), "{message}");
    for order in [20, 300] {
        let mut lopsided = with_values(&values(order, 1), 6);
        lopsided[[1, 2]] += 0.5;
        for block in [1, 4] {
            let settings = ExtremeSettings { block, ..settings.clone() };
            let message = extreme_pairs(&lopsided, &settings).unwrap_err().to_string();
            assert!(message.contains("symmetric"), "{message}");
        }
        let broken = Function { order, product: |v: &Array2<f64>| Ok(v / 0.0) };
        let message = extreme_pairs(&broken, &settings).unwrap_err().to_string();
        assert!(message.contains("finite"), "{message}");
    }
    let wrong = Function { order: 300, product: |_: &Array2<f64>| Ok(Array2::zeros((3, 3))) };
    assert!(extreme_pairs(&wrong, &settings).unwrap_err().to_string().contains("[3, 3]"));
    // The identity: every eigenvalue repeats.
    let pairs = extreme_pairs(&Array2::eye(250), &settings).unwrap();
    assert!(pairs.converged && pairs.values.iter().all(|v| (v - 1.0).abs() < 1e-13));
}

#[test]
fn an_interrupted_search_goes_on_from_its_last_restart() {
    let values = Array1::from_shape_fn(500, |k| (k as f64 / 500.0).powi(2));
    let matrix = with_values(&values, 8);
    let settings = ExtremeSettings { count: 4, tolerance: 1e-10, ..Default::default() };
    let straight = extreme_pairs(&matrix, &settings).unwrap();
    assert!(straight.restarts > 2);

    // The operator fails after so many products, as an interrupt does, in the search and in the check.
    for limit in [20, straight.products / 2, straight.products - 30] {
        let taken = std::sync::atomic::AtomicUsize::new(0);
        let failing = Function {
            order: 500,
            product: |v: &Array2<f64>| {
                let before = taken.fetch_add(v.ncols(), std::sync::atomic::Ordering::Relaxed);
                if before > limit {
                    return Err(Error::argument("product", "no interrupt", before));
                }
                matrix.apply(v)
            },
        };
        let mut solver = ExtremeSolver::new(500, settings.clone()).unwrap();
        assert!(solver.run(&failing).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.npz");
        solver.save(&path).unwrap();
        let again = ExtremeSolver::load(&path).unwrap().run(&matrix).unwrap();
        let here = solver.run(&matrix).unwrap();
        for pairs in [&again, &here] {
            assert!(pairs.converged);
            for (a, b) in pairs.values.iter().zip(&straight.values) {
                assert!((a - b).abs() < 1e-12, "{a} {b}");
            }
            // Nothing before the last restart is done again: a basis at most.
            assert!(pairs.products <= straight.products + 60, "{} {}", pairs.products, straight.products);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.npz");
    std::fs::write(&path, b"PK nothing").unwrap();
    assert!(ExtremeSolver::load(&path).unwrap_err().to_string().contains("state of a search"));
}

#[test]
fn bytes_do_not_depend_on_the_threads() {
    let matrix = with_values(&values(300, 2), 9);
    let settings = ExtremeSettings { count: 4, ..Default::default() };
    let found: Vec<_> = [1, 3]
        .map(|threads| {
            set_threads(threads);
            let pairs = extreme_pairs(&matrix, &settings).unwrap();
            (pairs.values, pairs.vectors, pairs.products)
        })
        .into();
    set_threads(0);
    assert_eq!(found[0], found[1]);
}
