//! Full Hessian, G-term, H-term, gradient and loss against the references of `tests/reference/`.

#[path = "common/cases.rs"]
mod cases;
mod common;

use cases::Case;
use common::{assert_close, norm};
use hessia::{Curvature, Term, curvature, curvature_block, gradient, loss_value};
use ndarray::s;

const TERMS: [Term; 3] = [Term::Full, Term::Ggn, Term::HTerm];

/// What is promised of every entry, relative to the norm of the Hessian.
const PROMISED: f64 = 1e-12;

fn computed(case: &Case, term: Term) -> Curvature {
    curvature(&case.net, &case.data, case.loss, term).unwrap()
}

#[test]
fn matrices_agree_with_jax() {
    for case in cases::jax() {
        let scale = norm(case.matrix(Term::Full).view());
        for term in TERMS {
            let ours = computed(&case, term);
            assert_close(
                &format!("{}, {term}", case.name),
                ours.matrix.view(),
                case.matrix(term).view(),
                PROMISED,
                scale,
            );
        }
    }
}

#[test]
fn loss_and_gradient_agree_with_jax() {
    for case in cases::jax() {
        let scale = norm(case.gradient.view()).max(case.loss_value);
        let whole = computed(&case, Term::Full);
        for (what, value) in
            [("loss", whole.loss), ("loss_value", loss_value(&case.net, &case.data, case.loss).unwrap())]
        {
            let gap = (value - case.loss_value).abs();
            assert!(gap <= PROMISED * case.loss_value, "{}: {what} {value} differs by {gap:e}", case.name);
        }
        for ours in [whole.gradient, gradient(&case.net, &case.data, case.loss).unwrap()] {
            assert_close(&case.name, ours.view(), case.gradient.view(), PROMISED, scale);
        }
    }
}

#[test]
fn blocks_are_slices_of_the_whole() {
    for case in cases::jax() {
        let scale = norm(case.matrix(Term::Full).view());
        for term in TERMS {
            let whole = computed(&case, term).matrix;
            for p in 0..case.net.depth() {
                for q in 0..case.net.depth() {
                    let block = curvature_block(&case.net, &case.data, case.loss, term, p, q).unwrap();
                    let slice = whole.slice(s![case.net.layer_range(p), case.net.layer_range(q)]);
                    // The same sums in another order: rounding only.
                    let what = format!("{}, {term}, layers {p} and {q}", case.name);
                    assert_close(&what, block.view(), slice, 1e-14, scale);
                }
            }
        }
    }
}

/// Where tails of the activations and of the loss decide, each block of layers must agree relative to its own
/// norm: the blocks differ by hundreds of orders of magnitude.
///
/// The tolerance is that of the problem: a logit or pre-activation of size t carries a rounding error of about
/// t eps, which its exponential turns into a relative one; t reaches 600, and gelu's tail `exp(-t²/2)` makes it
/// t² eps with t = 26. Both are below 3e-13, and a few such factors meet.
#[test]
fn saturated_blocks_agree_with_mpmath() {
    let mut failures = Vec::new();
    for case in cases::saturated() {
        for term in TERMS {
            let ours = computed(&case, term).matrix;
            let reference = case.matrix(term);
            // A block of one term may be zero in exact arithmetic; it is then held against the others' size.
            let others = TERMS.map(|term| case.matrix(term));
            for p in 0..case.net.depth() {
                for q in 0..case.net.depth() {
                    let place = s![case.net.layer_range(p), case.net.layer_range(q)];
                    let scale = others.iter().map(|m| norm(m.slice(place))).fold(0.0, f64::max);
                    let gap = common::gap(ours.slice(place), reference.slice(place));
                    if gap > PROMISED * scale {
                        failures.push(format!("{}, {term}, block {p} {q}: {gap:e} of {scale:e}", case.name));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} blocks:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn saturated_losses_and_gradients_agree_with_mpmath() {
    let mut failures = Vec::new();
    for case in cases::saturated() {
        let whole = computed(&case, Term::Full);
        for value in [whole.loss, loss_value(&case.net, &case.data, case.loss).unwrap()] {
            let gap = (value - case.loss_value).abs();
            if gap > PROMISED * case.loss_value {
                failures.push(format!("{}: loss {value:e} for {:e}", case.name, case.loss_value));
            }
        }
        for l in 0..case.net.depth() {
            let place = s![case.net.layer_range(l)];
            let (ours, reference) = (whole.gradient.slice(place), case.gradient.slice(place));
            let gap = common::gap(ours, reference);
            if gap > PROMISED * norm(reference) {
                failures.push(format!(
                    "{}: gradient of layer {l}: {gap:e} of {:e}",
                    case.name,
                    norm(reference)
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} values:\n{}", failures.len(), failures.join("\n"));
}
