//! Ranks of deep linear nets: the formulas of Singh, Bachmann and Hofmann, "Analytic Insights into Structure and
//! Rank of Neural Network Hessian Maps" (2021), for generic weights and inputs.

mod common;

use common::{random_data, random_net};
use hessia::{Activation, Loss, LossKind, Term, curvature, eigvalsh};

struct Ranks {
    h_term: usize,
    ggn: usize,
    hessian: usize,
}

/// Without biases, with hidden widths m_i, L matrices, r the rank of the inputs' covariance and, for
/// cross-entropy, K - 1 in place of K: q = min(r, K, m_i), s = min(r, K),
/// rank G = q (r + K - q), rank H-term = 2 q Σm + 2 q s - L q², rank H = 2 q Σm - L q² + q (r + K).
fn formula(inputs: usize, hidden: &[usize], outputs: usize, objects: usize, loss: Loss) -> Ranks {
    let r = inputs.min(objects);
    let k = if loss.kind == LossKind::CrossEntropy { outputs - 1 } else { outputs };
    let q = hidden.iter().copied().min().unwrap_or(usize::MAX).min(r).min(k);
    let (s, sum, depth) = (r.min(k), hidden.iter().sum::<usize>(), hidden.len() + 1);
    Ranks {
        h_term: 2 * q * sum + 2 * q * s - depth * q * q,
        ggn: q * (r + k - q),
        hessian: 2 * q * sum + q * (r + k) - depth * q * q,
    }
}

fn rank(inputs: usize, hidden: &[usize], outputs: usize, objects: usize, loss: Loss, term: Term) -> usize {
    let mut widths = vec![inputs];
    widths.extend(hidden);
    widths.push(outputs);
    // Weights of variance 1/inputs: the smallest nonzero eigenvalue then stays far above rounding.
    let net = random_net(&widths, false, Activation::Identity, 3.0_f64.sqrt(), 11);
    let data = random_data(inputs, outputs, objects, loss, 1.0, 12);
    eigvalsh(&curvature(&net, &data, loss, term).unwrap().matrix).unwrap().rank()
}

#[test]
fn ranks_of_deep_linear_nets() {
    let (mse, ce) = (Loss::mean_squared_error(), Loss::cross_entropy());
    type Row = (usize, &'static [usize], usize, usize, Loss, [usize; 3]);
    let table: [Row; 6] = [
        (25, &[5, 10], 10, 50, mse, [175, 150, 250]),
        (25, &[5, 10], 10, 50, ce, [165, 145, 245]),
        (6, &[4], 3, 40, mse, [24, 18, 33]),
        (6, &[4], 3, 40, ce, [16, 12, 24]),
        (8, &[3, 3, 3], 4, 40, mse, [42, 27, 54]),
        (12, &[7, 5], 3, 5, mse, [63, 15, 69]),
    ];
    for (n, hidden, k, m, loss, expected) in table {
        let formula = formula(n, hidden, k, m, loss);
        assert_eq!([formula.h_term, formula.ggn, formula.hessian], expected, "the formula itself");
        let measured = [Term::HTerm, Term::Ggn, Term::Full].map(|term| rank(n, hidden, k, m, loss, term));
        assert_eq!(measured, expected, "{n}-{hidden:?}-{k}, {m} objects, {loss}");
    }
}

/// Further nets, narrow in the middle, at the end, or in the data.
#[test]
fn formulas_hold_beyond_the_table() {
    let nets: [(usize, &[usize], usize, usize); 5] = [
        (9, &[2, 6], 5, 40),
        (9, &[6, 2], 5, 40),
        (4, &[6, 7], 5, 40),
        (10, &[6, 5, 4], 2, 60),
        (15, &[8], 6, 4),
    ];
    for (n, hidden, k, m) in nets {
        for loss in [Loss::mean_squared_error(), Loss::cross_entropy()] {
            let formula = formula(n, hidden, k, m, loss);
            let measured = [Term::HTerm, Term::Ggn, Term::Full].map(|term| rank(n, hidden, k, m, loss, term));
            let expected = [formula.h_term, formula.ggn, formula.hessian];
            assert_eq!(measured, expected, "{n}-{hidden:?}-{k}, {m} objects, {loss}");
        }
    }
}
