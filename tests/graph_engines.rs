//! Every plan of the curvature of a graph gives the same matrix.

mod common;
mod graph_oracle;

use common::{assert_close, norm};
use graph_oracle::nets;
use hessia::Term;
use hessia::graph::{Plan, curvature_by};

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
