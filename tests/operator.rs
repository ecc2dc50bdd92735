//! Products without the matrix against the matrix.

use hessia::*;
use ndarray::Array2;
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
