//! The cheap routes to a spectrum against the plain one, and the checks that come with eigenpairs.

use hessia::*;
use ndarray::{Array1, Array2, s};
use proptest::prelude::*;

/// A seeded m x n matrix with entries in ±1.
fn random(m: usize, n: usize, seed: u64) -> Array2<f64> {
    let net = Network::random(&[n, m], false, Activation::Identity, seed).unwrap();
    &net.layers()[0].weight * (n as f64).sqrt()
}

fn targets(m: usize, k: usize, loss: Loss) -> Targets {
    let labels = Targets::Classes((0..m).map(|i| (i * i + i / 2) % k).collect());
    if loss.kind == LossKind::CrossEntropy { labels } else { labels.one_hot(k).unwrap() }
}

/// Two computations of the same eigenvalues: each is off by at most order * eps * norm, with room for the
/// rounding in the matrix entries themselves (a sum over m objects).
fn assert_same(a: &Array1<f64>, b: &Array1<f64>, scale: f64) {
    assert_eq!(a.len(), b.len());
    let gap = a.iter().zip(b).fold(0.0_f64, |gap, (a, b)| gap.max((a - b).abs()));
    assert!(gap <= 1e-12 * scale, "gap {gap:e} at norm {scale:e}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn compressed_and_dual_spectra_equal_the_plain_one(
        n in 1usize..120, h in 1usize..5, depth in 0usize..3, k in 1usize..5, m in 1usize..14,
        biases: bool, kind in 0usize..3, curved: bool, repeats in 0usize..3, seed in 0u64..1000,
    ) {
        let mut widths = vec![n];
        widths.extend(std::iter::repeat_n(h, depth));
        widths.push(k);
        let activation = if curved { Activation::Tanh } else { Activation::Relu };
        let loss = [Loss::cross_entropy(), Loss::mean_squared_error(), Loss::binary_cross_entropy()][kind];
        let net = Network::random(&widths, biases, activation, seed).unwrap();
        let mut x = random(m, n, seed + 1);
        for r in 0..repeats {
            for a in (r..n).step_by(3) {
                let source = if r == 0 { Array1::zeros(m) } else { x.column(r % n).to_owned() };
                x.column_mut(a).assign(&source);
            }
        }
        let data = Dataset::new("random", x, targets(m, k, loss)).unwrap();
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            let matrix = curvature(&net, &data, loss, term).unwrap().matrix;
            let plain = eigvalsh(&matrix).unwrap();
            let (fast, route) = network_spectrum(&net, &data, loss, term, false).unwrap();
            assert_same(&fast.eigenvalues, &plain.eigenvalues, plain.norm());
            prop_assert!(route.solved <= route.order);
        }
    }
}

#[test]
fn eigenvectors_are_mapped_back_to_the_original_parameters() {
    let net = Network::random(&[90, 3, 4], true, Activation::Relu, 2).unwrap();
    let mut x = random(11, 90, 3);
    for a in 20..40 {
        let source = x.column(5).to_owned();
        x.column_mut(a).assign(&source);
    }
    let loss = Loss::cross_entropy();
    let data = Dataset::new("random", x, targets(11, 4, loss)).unwrap();
    let h = hessian(&net, &data, loss).unwrap();
    let (spectrum, route) = network_spectrum(&net, &data, loss, Term::Full, true).unwrap();
    assert_eq!(route.inputs, (90, 11));
    let norm = spectrum.norm();
    let mut held = 0;
    for (index, &value) in spectrum.eigenvalues.iter().enumerate() {
        if let Some(v) = spectrum.eigenvector(index) {
            held += 1;
            let gap = &h.dot(&v) - &(&v * value);
            assert!(gap.dot(&gap).sqrt() < 1e-13 * norm * (h.nrows() as f64), "pair {index}");
            assert!((v.dot(&v) - 1.0).abs() < 1e-12);
        }
    }
    assert_eq!(held, route.solved);
}

#[test]
fn selected_range_agrees_with_all() {
    let a = random(60, 60, 4);
    let a = &a + &a.t();
    let all = eigh(&a).unwrap();
    let top = eigh_range(&a, 50..60).unwrap();
    assert_same(&top.eigenvalues, &all.eigenvalues.slice(s![50..]).to_owned(), all.norm());
    for spectrum in [&all, &top] {
        // Backward stability: a modest multiple of order * eps * norm.
        let bound = 60.0 * f64::EPSILON * all.norm();
        assert!(spectrum.residuals.as_ref().unwrap().iter().all(|&r| r < bound));
        assert!(spectrum.orthogonality.unwrap() < 60.0 * f64::EPSILON);
    }
    let inertia = all.inertia();
    assert_eq!(inertia.negative + inertia.zero + inertia.positive, 60);
}

#[test]
fn largest_alone_agree_with_all_even_where_they_repeat() {
    let order = 150;
    let a = random(order, order, 5);
    let q = eigh(&(&a + &a.t())).unwrap().eigenvectors.unwrap();
    // Outliers over a bulk; then the largest three times over, which one start vector cannot see.
    for repeated in [false, true] {
        let values = Array1::from_shape_fn(order, |k| match order - 1 - k {
            0..3 if repeated => 9.0,
            above @ 0..6 => 9.0 - above as f64,
            _ => (k as f64 * 0.7).sin() * 0.1,
        });
        let a = (&q * &values).dot(&q.t());
        let a = (&a + &a.t()) * 0.5;
        let all = eigvalsh(&a).unwrap();
        let top = eigh_largest(&a, 6).unwrap();
        assert_same(&top.eigenvalues, &all.eigenvalues.slice(s![order - 6..]).to_owned(), all.norm());
        let bound = order as f64 * f64::EPSILON * all.norm() * 4.0;
        assert!(top.residuals.unwrap().iter().all(|&r| r < bound));
        assert!(top.orthogonality.unwrap() < 1e-12);
    }
    assert!(eigh_largest(&Array2::eye(3), 4).unwrap_err().to_string().contains("1..=3"));
    assert_eq!(eigh_largest(&Array2::eye(3), 3).unwrap().eigenvalues.to_vec(), vec![1.0; 3]);
}

#[test]
fn what_is_not_a_symmetric_matrix_is_refused_with_its_numbers() {
    let message = eigvalsh(&ndarray::array![[1.0, 2.0], [3.0, 1.0]]).unwrap_err().to_string();
    assert!(message.contains("(1, 0)") && message.contains("3e0"), "{message}");
    let message = eigh(&Array2::zeros((2, 3))).unwrap_err().to_string();
    assert!(message.contains("[2, 3]"), "{message}");
    let message = eigh(&ndarray::array![[f64::NAN]]).unwrap_err().to_string();
    assert!(message.contains("NaN"), "{message}");
    let message = eigh_range(&Array2::eye(3), 2..5).unwrap_err().to_string();
    assert!(message.contains("0..3") && message.contains("2..5"), "{message}");
}

#[test]
fn condition_and_rank_of_known_matrices() {
    let diagonal = Array2::from_diag(&ndarray::array![-4.0, 0.0, 0.0, 2.0, 1.0]);
    let spectrum = eigvalsh(&diagonal).unwrap();
    assert_eq!(spectrum.rank(), 3);
    assert_eq!(spectrum.inertia(), Inertia { negative: 1, zero: 2, positive: 2 });
    assert_eq!(spectrum.condition(), f64::INFINITY);
    assert_eq!(eigvalsh(&Array2::from_diag(&ndarray::array![-4.0, 2.0, 1.0])).unwrap().condition(), 4.0);
}

#[test]
fn outliers_stand_above_the_widest_gap() {
    let values = ndarray::array![1e-6, 2e-6, 3e-6, 0.5, 0.7, 0.9];
    let spectrum = eigvalsh(&Array2::from_diag(&values)).unwrap();
    assert_eq!(spectrum.outliers(5), vec![0.9, 0.7, 0.5]);
}

#[test]
fn an_asymmetry_that_is_accepted_enters_the_tolerance() {
    let spectrum = eigvalsh(&ndarray::array![[1.0, 1.0], [1.0 + 1e-11, 1.0]]).unwrap();
    assert_eq!(spectrum.inertia(), Inertia { negative: 0, zero: 1, positive: 1 });
    assert!(spectrum.tolerance < 2e-11);
    // Either triangle says so, and a symmetric matrix has the tolerance of rounding alone.
    let spectrum = eigh(&ndarray::array![[1.0, 1.0 + 1e-11], [1.0, 1.0]]).unwrap();
    assert_eq!(spectrum.rank(), 1);
    let spectrum = eigvalsh(&ndarray::array![[1.0, 1.0], [1.0, 1.0]]).unwrap();
    assert_eq!(spectrum.tolerance, 2.0 * f64::EPSILON * 2.0);
}
