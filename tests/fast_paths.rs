//! What the assembly leaves out, cuts into blocks or joins must not show in its result. The reference is the
//! matrix-free product with the identity, which uses none of it.

use hessia::*;
use ndarray::Array2;
use proptest::prelude::*;

fn random(m: usize, n: usize, seed: u64) -> Array2<f64> {
    let net = Network::random(&[n, m], false, Activation::Identity, seed).unwrap();
    &net.layers()[0].weight * (n as f64).sqrt()
}

fn check(
    widths: &[usize],
    m: usize,
    biases: bool,
    activation: Activation,
    repeats: usize,
    seed: u64,
) -> Vec<Work> {
    let net = Network::random(widths, biases, activation, seed).unwrap();
    let mut x = random(m, widths[0], seed + 1);
    for r in 0..repeats {
        let source =
            if r == 0 { ndarray::Array1::from_elem(m, -1.0) } else { x.column(r % widths[0]).to_owned() };
        for a in (r * 5 % widths[0]..widths[0]).step_by(2 + r) {
            x.column_mut(a).assign(&source);
        }
    }
    let classes = widths[widths.len() - 1];
    let data =
        Dataset::new("random", x, Targets::Classes((0..m).map(|i| (i * i) % classes).collect())).unwrap();
    let loss = Loss::cross_entropy();
    [Term::Full, Term::Ggn, Term::HTerm]
        .into_iter()
        .map(|term| {
            let found = curvature(&net, &data, loss, term).unwrap();
            let plain = hvp(&net, &data, loss, term, &Array2::eye(net.parameter_count())).unwrap();
            assert_eq!(found.matrix, found.matrix.t(), "{term}: symmetric to the last bit");
            let norm = plain.iter().fold(0.0_f64, |s, v| s.max(v.abs()));
            let gap = (&found.matrix - &plain).iter().fold(0.0_f64, |s, v| s.max(v.abs()));
            // Sums of m terms in another order: sqrt(m) eps on average, a hundred times that at worst here.
            assert!(gap <= 1e-13 * norm, "{term} {widths:?} m = {m}: {gap:e} of {norm:e}");
            found.work
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_shape(
        first in prop_oneof![1usize..20, 60usize..200], rest in prop::collection::vec(1usize..6, 1..4),
        m in 1usize..200, biases: bool, activation in 0usize..9, repeats in 0usize..4, seed in 0u64..1000,
    ) {
        let mut widths = vec![first];
        widths.extend(rest);
        check(&widths, m, biases, Activation::ALL[activation], repeats, seed);
    }
}

#[test]
fn many_objects_are_taken_in_blocks() {
    // Wide first layer: triangular slabs, gathered in several batches, over several blocks of objects.
    let work = check(&[220, 4, 3, 3], 9000, true, Activation::Relu, 2, 11);
    assert!(work[0].object_blocks > 1, "{work:?}");
    assert!(work[0].distinct_inputs < 220 && work[0].active_share < 0.9, "{work:?}");
    // Narrow first layer: strips.
    let work = check(&[30, 12, 3], 9000, false, Activation::Gelu, 0, 12);
    assert!(work[0].object_blocks > 1, "{work:?}");
}

#[test]
fn same_bytes_at_any_number_of_threads() {
    let net = Network::random(&[200, 5, 4, 3], true, Activation::Relu, 1).unwrap();
    let m = 3000;
    let data =
        Dataset::new("random", random(m, 200, 2), Targets::Classes((0..m).map(|i| i % 3).collect())).unwrap();
    let mut found = Vec::new();
    for count in [1, 2, 3, 7] {
        set_threads(count);
        found.push(hessian(&net, &data, Loss::cross_entropy()).unwrap());
    }
    set_threads(0);
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn mean_over_objects_does_not_depend_on_how_they_are_split() {
    let net = Network::random(&[80, 4, 3], true, Activation::Relu, 4).unwrap();
    let data = Dataset::new("random", random(70, 80, 5), Targets::Classes((0..70).map(|i| i % 3).collect()))
        .unwrap();
    let whole = hessian(&net, &data, Loss::cross_entropy()).unwrap();
    let mut sum = Array2::<f64>::zeros(whole.dim());
    for i in 0..70 {
        sum += &hessian(&net, &data.select(&[i]), Loss::cross_entropy()).unwrap();
    }
    let norm = whole.iter().fold(0.0_f64, |s, v| s.max(v.abs()));
    assert!((sum / 70.0 - &whole).iter().all(|v| v.abs() <= 1e-14 * norm * 70.0_f64.sqrt()));
}
