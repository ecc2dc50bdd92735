//! Curvature by pairs pushed down: second derivatives of the live tensors, from the loss to the data.
//!
//! At a map v with inputs u and w and `m = pairs[v, v]`:
//! `pairs[u, w] += J_uᵀ m J_w + J_uᵀ pairs[v, w] + pairs[u, v] J_w + delta ∂²f/∂u∂w`, and tensor v is forgotten. The rows of
//! v's own parameters, `(∂f/∂theta)ᵀ (m J_w + pairs[v, w]) + delta ∂²f/∂theta∂w`, go down alone through all maps below
//! and meet every other parameter there.
//!
//! Source: R. Gower and M. Mello, "A new framework for the computation of Hessians", 2012, by tensors.

use std::collections::BTreeMap;

use super::descent::{Descent, Emit, Source};
use super::local::{At, Weights};
use super::pair::{Pair, bends};
use super::pass::Pass;
use super::tensor::Rows;
use super::{Op, Shape};
use crate::Term;

/// Most rows of a map's own parameters that go down at once.
pub(super) const ROWS: usize = 128;

/// The sweep over the maps from `first` on, for their parameters among themselves.
pub(super) struct Pushing<'a, 'e> {
    pub pass: &'a Pass<'a>,
    pub first: usize,
    pub term: Term,
    pairs: BTreeMap<(usize, usize), Pair>,
    emit: &'a mut Emit<'e>,
}

impl<'a, 'e> Pushing<'a, 'e> {
    /// Runs the sweep.
    pub fn run(pass: &'a Pass<'a>, first: usize, term: Term, emit: &'a mut Emit<'e>) {
        let top = pass.problem.top();
        let mut sweep = Pushing { pass, first, term, pairs: BTreeMap::new(), emit };
        if term != Term::HTerm {
            sweep.pairs.insert((top, top), Pair { rows: pass.loss_curvature(), local: true });
        }
        for v in (0..=top).rev().filter(|&v| pass.problem.depends(v, first)) {
            sweep.step(v);
        }
    }

    fn shape(&self, v: usize) -> Shape {
        self.pass.problem.graph.nodes()[v].shape
    }

    /// Adds rows u over w; `mirrored` if the same numbers belong to (w, u) too.
    fn add(&mut self, u: usize, w: usize, pair: Pair, mirrored: bool) {
        let pair = match (u.cmp(&w), mirrored) {
            (std::cmp::Ordering::Equal, true) => {
                let turned = pair.flip(self.shape(u));
                pair.add(turned)
            }
            (std::cmp::Ordering::Greater, _) => pair.flip(self.shape(u)),
            _ => pair,
        };
        let key = (u.min(w), u.max(w));
        let sum = match self.pairs.remove(&key) {
            Some(old) => old.add(pair),
            None => pair,
        };
        self.pairs.insert(key, sum);
    }

    /// Map v: its tensor leaves, its inputs enter.
    fn step(&mut self, v: usize) {
        let (pass, first) = (self.pass, self.first);
        let at = pass.at(v);
        let inputs: Vec<_> = pass.problem.live(v).filter(|&(_, u)| pass.problem.depends(u, first)).collect();
        let positionwise = at.op.is_positionwise();
        // v is the last of the live tensors: pairs with it are rows w over v.
        let keys: Vec<_> = self.pairs.keys().filter(|key| key.1 == v).copied().collect();
        let mut own = None;
        let mut others = BTreeMap::new();
        for key in keys {
            let Some(pair) = self.pairs.remove(&key) else { continue };
            let pair = if positionwise { pair } else { pair.expand() };
            if key.0 == v {
                own = Some(pair);
            } else {
                others.insert(key.0, pair);
            }
        }
        // m J_u as rows v over u.
        let halves: Vec<(usize, usize, Pair)> = match &own {
            Some(m) => inputs
                .iter()
                .map(|&(k, u)| (k, u, Pair { rows: at.pull(k, &m.rows), local: m.local }))
                .collect(),
            None => Vec::new(),
        };
        if at.count() > 0 && v >= first {
            self.parameters(v, &at, &inputs, own.as_ref(), &halves, &others);
        }
        for (i, (k, u, half)) in halves.iter().enumerate() {
            let turned = half.flip(self.shape(v));
            for (l, w, _) in &halves[i..] {
                let pair = Pair { rows: at.pull(*l, &turned.rows), local: half.local };
                self.add(*u, *w, pair, l != k);
            }
        }
        for &(k, u) in &inputs {
            for (&w, pair) in &others {
                let pair = Pair { rows: at.pull(k, &pair.rows), local: pair.local };
                self.add(w, u, pair, true);
            }
        }
        if let (true, true, Some(delta)) = (self.term != Term::Ggn, at.op.is_curved(), &pass.delta[v]) {
            let nodes = pass.problem.graph.nodes();
            let shapes: Vec<_> = nodes[v].inputs.iter().map(|u| nodes[u.0].shape).collect();
            let live = |k: usize| inputs.iter().find(|(l, _)| *l == k).map(|(_, u)| *u);
            for (i, j, pair) in bends(&at, delta, &shapes) {
                if let (Some(u), Some(w)) = (live(i), live(j)) {
                    self.add(u, w, pair, i != j);
                }
            }
        }
    }

    /// What the own parameters of map v need: their block with themselves, and their rows for all maps below.
    fn parameters(
        &mut self,
        v: usize,
        at: &At<'_>,
        inputs: &[(usize, usize)],
        own: Option<&Pair>,
        halves: &[(usize, usize, Pair)],
        others: &BTreeMap<usize, Pair>,
    ) {
        let count = at.count();
        let values = own.map_or_else(|| vec![0.0; count * count], |m| own_block(at, m));
        (self.emit)(v, 0..count, v, values);
        let shape = self.shape(v);
        let single = shape.positions() == 1;
        let dense = matches!(at.op, Op::Dense { .. });
        let all_local = own.is_none_or(|m| m.local) && others.values().all(|pair| pair.local);
        let crossed = pass_delta(self.pass, v, self.term);
        if dense && (single || all_local) {
            // Rows v over the tensors below, and the inputs of v over themselves: row (i, a) is x_a c_i + delta_i X_a.
            let mut descent = Descent::apart(self.pass, self.first, v, !single);
            for (_, u, half) in halves {
                descent.gather_c(*u, half.rows.clone());
            }
            for (&w, pair) in others {
                descent.gather_c(w, pair.flip(self.shape(w)).rows);
            }
            if let (Some(_), Some(&(_, u))) = (crossed, inputs.first()) {
                descent.gather_x(u, self.shape(u));
            }
            descent.run(0..count, self.emit);
            return;
        }
        // Rows of the own parameters over the tensors below, without the transposition yet.
        let mut sources: Vec<Source> = Vec::new();
        for (_, u, half) in halves {
            let turned = half.flip(shape);
            sources.push(Source::new(at, *u, self.shape(*u), &turned));
        }
        for (&w, pair) in others {
            sources.push(Source::new(at, w, self.shape(w), pair));
        }
        for start in (0..count).step_by(ROWS) {
            let range = start..count.min(start + ROWS);
            let mut descent = Descent::by_parameter(self.pass, self.first, v);
            for source in &sources {
                descent.gather_rows(source.tensor, source.rows(range.clone()));
            }
            if let (Some(delta), Some(&(_, u))) = (crossed, inputs.first())
                && let Some(rows) = at.cross_rows(delta, range.clone())
            {
                descent.gather_rows(u, rows);
            }
            descent.run(range, self.emit);
        }
    }
}

fn pass_delta<'a>(pass: &'a Pass<'_>, v: usize, term: Term) -> Option<&'a Rows> {
    pass.delta[v].as_ref().filter(|_| term != Term::Ggn)
}

/// `Σ (∂f/∂theta)ᵀ m ∂f/∂theta`, (own parameters, own parameters).
fn own_block(at: &At<'_>, m: &Pair) -> Vec<f64> {
    if let (Weights::Linear(linear), super::local::Saved::Patches(patches)) = (&at.own.weights, at.saved)
        && linear.groups == 1
    {
        return linear.own(patches, &m.rows, m.local);
    }
    let shape = Shape { grid: [1, at.output.positions], channels: at.output.channels };
    let source = Source::new(at, 0, shape, m);
    at.contract(&source.rows(0..at.count()))
}
