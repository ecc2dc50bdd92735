//! Every plan of the curvature of a graph gives the same matrix.

#[path = "common/cases.rs"]
mod cases;
mod common;
mod graph_oracle;

use common::{assert_close, norm};
use graph_oracle::nets;
use hessia::Term;
use hessia::graph::{self, Examples, Graph, Plan, curvature_by};

/// Rounding, relative to the norm of H.
const ROUNDING: f64 = 1e-13;

#[test]
fn every_cut_gives_the_same_matrix() {
    let cases = [nets::all(), vec![nets::net_a(), nets::net_b()]];
    for case in cases.into_iter().flatten() {
        let run = |term, plan| {
            curvature_by(&case.graph, &case.theta, &case.data, &case.loss, term, plan).unwrap().matrix
        };
        let tangents = Plan::tangents(&case.graph);
        let scale = norm(run(Term::Full, tangents).view());
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            let reference = run(term, tangents);
            for low_rank in [false, true] {
                for first in 0..=case.graph.nodes().len() {
                    let found = run(term, Plan { first, low_rank, ..tangents });
                    let what = format!("{}, {term}, from {first}, low rank {low_rank}", case.name);
                    assert_close(&what, found.view(), reference.view(), ROUNDING, scale);
                }
            }
        }
    }
}

/// What was counted beforehand is what the products of one object take, for every plan.
#[test]
fn operations_are_counted_as_they_are_done() {
    let cases = [nets::all(), vec![nets::net_a(), nets::net_b()]];
    for case in cases.into_iter().flatten() {
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            for plan in Plan::all(&case.graph, term) {
                let found = curvature_by(&case.graph, &case.theta, &case.data, &case.loss, term, plan);
                let (counted, done) =
                    (plan.flops as f64, found.unwrap().flops as f64 / case.data.len() as f64);
                // Left out of the count: the little that mixed derivatives of weights and inputs take.
                let share = done / counted;
                assert!((0.98..1.02).contains(&share), "{}, {term}, {plan:?}: {done}, {share}", case.name);
            }
        }
    }
}

/// Today's chain is the simplest graph.
#[test]
fn the_graph_of_a_chain_has_the_curvature_of_the_chain() {
    for case in cases::jax() {
        let graph = Graph::chain(&case.net).unwrap();
        let names: Vec<_> = case.net.parameter_map().into_iter().map(|p| (p.name, p.range)).collect();
        let ours: Vec<_> = graph.parameters().iter().map(|p| (p.name.clone(), p.range.clone())).collect();
        assert_eq!(ours, names);
        let (theta, data) = (case.net.parameters(), Examples::from(&case.data));
        let scale = norm(case.matrix(Term::Full).view());
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            let chain = hessia::curvature(&case.net, &case.data, case.loss, term).unwrap();
            let found = graph::curvature(&graph, &theta, &data, &case.loss.into(), term).unwrap();
            let what = format!("{}, {term}", case.name);
            assert_close(&what, found.matrix.view(), chain.matrix.view(), ROUNDING, scale);
            let slope = norm(chain.gradient.view());
            assert_close(&what, found.gradient.view(), chain.gradient.view(), ROUNDING, slope);
            assert!((found.loss - chain.loss).abs() <= ROUNDING * chain.loss);
        }
    }
}
