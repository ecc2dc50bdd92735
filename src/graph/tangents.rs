//! Curvature by triangular tangents: exact in bounded memory for every graph.
//!
//! The own parameters of a node q, R at a time: tangents `t = ∂f/∂theta` go up from q; cotangents `e = A t` come down,
//! gather `delta ∂²f/∂u∂w t` at every curved map, and stop at q. At every node v from q on, the block of the matrix is
//! `H[q, v] = Σ e_v ∂f/∂theta + delta ∂²f/∂theta∂x t_x`.

use std::ops::Range;

use super::pass::Pass;
use super::tensor::{Rows, gather};
use crate::Term;

/// Tangents of a range of the own parameters of node q up and down again; `found` takes the rows of every block
/// `H[q, v]`, (range, own parameters of v).
pub(super) fn tangents(
    pass: &Pass<'_>,
    q: usize,
    range: Range<usize>,
    term: Term,
    wanted: &[bool],
    mut found: impl FnMut(usize, Vec<f64>),
) {
    let problem = pass.problem;
    let top = problem.top();
    let count = range.len();
    let mut t: Vec<Option<Rows>> = vec![None; top + 1];
    t[q] = Some(pass.at(q).seed(range));
    for v in q + 1..=top {
        for (k, u) in problem.live(v) {
            if let Some(tangents) = &t[u] {
                let pushed = pass.at(v).push(k, tangents);
                gather(&mut t[v], pushed);
            }
        }
    }
    let mut e: Vec<Option<Rows>> = vec![None; top + 1];
    if let (true, Some(tangents)) = (term != Term::HTerm, &t[top]) {
        e[top] = Some(pass.curve(tangents));
    }
    for v in (q..=top).rev() {
        let at = pass.at(v);
        let rows = e[v].take();
        let inputs: Vec<_> = problem.live(v).collect();
        if at.count() > 0 && wanted[v] {
            let mut values = match &rows {
                Some(rows) => at.contract(rows),
                None => vec![0.0; count * at.count()],
            };
            if let (true, true, Some(delta)) = (v > q, term != Term::Ggn, &pass.delta[v])
                && let Some(&(_, u)) = inputs.first()
                && let Some(tangents) = &t[u]
                && let Some(crossed) = at.cross(delta, tangents)
            {
                values.iter_mut().zip(crossed).for_each(|(v, c)| *v += c);
            }
            found(v, values);
        }
        if v == q {
            break;
        }
        for &(k, u) in &inputs {
            let needed = |u: usize| problem.last_own[u].is_some_and(|last| last >= q);
            if let (Some(rows), true) = (&rows, needed(u)) {
                gather(&mut e[u], at.pull(k, rows));
            }
            if let (true, Some(tangents), Some(delta)) = (term != Term::Ggn, &t[u], &pass.delta[v])
                && let Some((to, rows)) = at.bend(delta, k, tangents)
            {
                let u = problem.graph.nodes()[v].inputs[to].0;
                if needed(u) {
                    gather(&mut e[u], rows);
                }
            }
        }
    }
}
