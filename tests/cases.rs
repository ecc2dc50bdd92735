//! The table of reference nets covers what is promised: no activation, loss, depth or form slips out of it.

#[path = "common/cases.rs"]
mod cases;
mod common;

use std::collections::HashSet;

use common::LOSSES;
use hessia::{Activation, LossKind, Reduction, Term};

#[test]
fn every_activation_meets_every_loss_with_and_without_biases() {
    let found: HashSet<_> = cases::jax()
        .iter()
        .filter(|case| case.net.depth() >= 3)
        .map(|case| (case.net.activation(), case.loss.kind, case.net.has_biases()))
        .collect();
    for activation in Activation::ALL {
        for loss in LOSSES {
            for biases in [false, true] {
                assert!(found.contains(&(activation, loss.kind, biases)), "{activation} {loss} {biases}");
            }
        }
    }
}

#[test]
fn every_depth_reduction_and_size_is_there() {
    let cases = cases::jax();
    for depth in 1..=8 {
        assert!(cases.iter().filter(|case| case.net.depth() == depth).count() >= 3, "depth {depth}");
    }
    for kind in [LossKind::CrossEntropy, LossKind::MeanSquaredError, LossKind::BinaryCrossEntropy] {
        let of_kind = || cases.iter().filter(|case| case.loss.kind == kind);
        assert!(of_kind().any(|case| case.loss.reduction == Reduction::Sum), "{kind:?} summed");
        assert!(of_kind().any(|case| case.data.len() == 1), "{kind:?} of one object");
    }
    assert!(cases.iter().any(|case| case.data.len() > 128), "more objects than one sweep takes");
    assert!(cases.iter().any(|case| case.net.outputs() == 1), "one output");
    assert!(
        cases.iter().any(|case| {
            let with = case.net.layers().iter().filter(|layer| layer.bias.is_some()).count();
            with > 0 && with < case.net.depth()
        }),
        "biases in some layers only"
    );
}

/// The reference itself: its three matrices were computed independently, so their sum is a check of it.
#[test]
fn reference_terms_add_up() {
    for case in cases::jax().iter().chain(&cases::saturated()) {
        let sum = case.matrix(Term::Ggn) + case.matrix(Term::HTerm);
        let scale =
            common::norm(case.matrix(Term::Ggn).view()) + common::norm(case.matrix(Term::HTerm).view());
        common::assert_close(&case.name, sum.view(), case.matrix(Term::Full).view(), 1e-14, scale);
    }
}
