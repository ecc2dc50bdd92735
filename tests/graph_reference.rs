//! Curvature of graphs against published-style reference values and against hyper-dual numbers.

mod common;
mod graph_oracle;

use common::{assert_close, norm};
use graph_oracle::nets::{self, Case};
use hessia::Term;
use hessia::graph::{block, curvature, gradient, hvp, per_object};
use ndarray::{Array1, Array2, s};

/// Rounding of sums over objects, positions and channels, relative to the norm of H.
const ROUNDING: f64 = 1e-13;
/// What is promised of every entry, relative to the norm of H.
const PROMISED: f64 = 1e-12;

fn matrix(case: &Case, term: Term) -> Array2<f64> {
    curvature(&case.graph, &case.theta, &case.data, &case.loss, term).unwrap().matrix
}

#[track_caller]
fn assert_value(what: &str, ours: f64, reference: f64, scale: f64) {
    let gap = (ours - reference).abs();
    assert!(gap <= PROMISED * scale, "{what}: {ours} differs from {reference} by {gap:e}");
}

/// Values that an independent program in JAX found, to the digits that it printed (15).
#[test]
fn two_small_nets_have_their_reference_values() {
    let expected = [
        (
            nets::net_a(),
            65,
            [
                1.0991494673049,
                1.47240197403846,
                3.90335826460657,
                6.23328809753161,
                2.41884545726636,
                6.0451478205318,
                4.17059486050842,
                1.86406171337586,
                0.0318849689167135,
                0.0491567664054735,
            ],
        ),
        (
            nets::net_b(),
            197,
            [
                1.54639499073241,
                0.615770161867102,
                2.51539233788401,
                3.62608364311503,
                0.550695901811521,
                3.51927579541226,
                6.13769534484045,
                0.114948721453706,
                0.0300920356048878,
                -0.00681543542765962,
            ],
        ),
    ];
    for (case, parameters, [loss, slope, trace, h, g, rest, quadratic, quadratic_g, first, other]) in expected
    {
        assert_eq!(case.graph.parameter_count(), parameters);
        let [full, ggn, h_term] = [Term::Full, Term::Ggn, Term::HTerm].map(|term| matrix(&case, term));
        let whole = curvature(&case.graph, &case.theta, &case.data, &case.loss, Term::Full).unwrap();
        let u = Array1::from_shape_fn(parameters, |k| (k as f64).cos());
        let square = u.dot(&u);
        assert_value("loss", whole.loss, loss, loss);
        assert_value("gradient", norm(whole.gradient.view()), slope, slope);
        assert_value("trace", full.diag().sum(), trace, h);
        assert_value("norm of H", norm(full.view()), h, h);
        assert_value("norm of G", norm(ggn.view()), g, h);
        assert_value("norm of the H-term", norm(h_term.view()), rest, h);
        assert_value("u'Hu", u.dot(&full.dot(&u)), quadratic, h * square);
        assert_value("u'Gu", u.dot(&ggn.dot(&u)), quadratic_g, h * square);
        assert_value("H[0, 0]", full[[0, 0]], first, h);
        assert_value("H[2, 25]", full[[2, 25]], other, h);
    }
}

#[test]
fn gradients_and_hessians_agree_with_hyper_dual_numbers() {
    for case in nets::all() {
        let (slope, dual) = graph_oracle::derivatives(&case.graph, &case.theta, &case.data, &case.loss);
        let ours = gradient(&case.graph, &case.theta, &case.data, &case.loss).unwrap();
        assert_close(case.name, ours.view(), slope.view(), ROUNDING, norm(slope.view()));
        assert_close(case.name, matrix(&case, Term::Full).view(), dual.view(), ROUNDING, norm(dual.view()));
    }
}

#[test]
fn the_hessian_is_the_sum_of_its_terms() {
    for case in nets::all() {
        let [full, ggn, h_term] = [Term::Full, Term::Ggn, Term::HTerm].map(|term| matrix(&case, term));
        assert_close(case.name, (&ggn + &h_term).view(), full.view(), ROUNDING, norm(full.view()));
        assert_eq!(full, full.t(), "{} is symmetric to the last bit", case.name);
    }
}

/// The G-term has no negative eigenvalue: another recursion than the Hessian's.
#[test]
fn the_g_term_is_positive_semidefinite() {
    use ndarray_linalg::{EigValsh, UPLO};
    for case in nets::all() {
        let g = matrix(&case, Term::Ggn);
        let values = g.eigvalsh(UPLO::Upper).unwrap();
        assert!(values[0] > -1e-14 * norm(g.view()), "{}: {}", case.name, values[0]);
    }
}

#[test]
fn products_blocks_and_objects_agree_with_the_matrix() {
    for case in nets::all() {
        let order = case.theta.len();
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            let whole = matrix(&case, term);
            let scale = norm(matrix(&case, Term::Full).view());
            let eye = Array2::eye(order);
            let products = hvp(&case.graph, &case.theta, &case.data, &case.loss, term, &eye).unwrap();
            assert_close(case.name, products.view(), whole.view(), ROUNDING, scale);
            let parameters = case.graph.parameters();
            let (p, q) = (&parameters[parameters.len() - 1], &parameters[1]);
            let found =
                block(&case.graph, &case.theta, &case.data, &case.loss, term, (&p.name, &q.name)).unwrap();
            let slice = whole.slice(s![p.range.clone(), q.range.clone()]);
            assert_close(case.name, found.view(), slice, ROUNDING, scale);
        }
        let objects = per_object(&case.graph, &case.theta, &case.data, &case.loss, Term::Full).unwrap();
        let summed = case.loss.clone().sum();
        let whole = curvature(&case.graph, &case.theta, &case.data, &summed, Term::Full).unwrap();
        let (loss, trace) = objects.iter().fold((0.0, 0.0), |(l, t), o| (l + o.loss, t + o.trace));
        assert!((loss - whole.loss).abs() <= ROUNDING * whole.loss.abs(), "{}", case.name);
        let scale = norm(whole.matrix.view());
        assert!(
            (trace - whole.matrix.diag().sum()).abs() <= ROUNDING * scale * (order as f64),
            "{}",
            case.name
        );
    }
}

#[test]
fn the_same_bytes_come_out_at_any_number_of_threads() {
    let case = nets::all().remove(5);
    let rows: Vec<_> = (0..300).map(|n| n % case.data.len()).collect();
    let data = case.data.select(&rows);
    let run = |threads| {
        hessia::set_threads(threads);
        let found = curvature(&case.graph, &case.theta, &data, &case.loss, Term::Full).unwrap();
        let vectors = Array2::eye(case.theta.len());
        let products = hvp(&case.graph, &case.theta, &data, &case.loss, Term::Full, &vectors).unwrap();
        hessia::set_threads(0);
        (found.matrix, found.gradient, products)
    };
    let one = run(1);
    assert_eq!(run(3), one);
    assert_eq!(run(7), one);
}
