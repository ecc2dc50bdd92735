//! Operations of both engines, counted map by map without any numbers: they take the same steps.

use std::collections::{BTreeMap, BTreeSet};

use super::{Graph, Op, pushing};
use crate::Term;

/// Sizes and costs of every map, for one object.
pub(super) struct Counts<'a> {
    graph: &'a Graph,
    pub size: Vec<usize>,
    positions: Vec<usize>,
    channels: Vec<usize>,
    /// Own parameters.
    pub own: Vec<usize>,
    last_own: Vec<Option<usize>>,
    /// Operations of taking one row through input k.
    row: Vec<Vec<u64>>,
    /// Operations of contracting one row with the derivative in the own parameters.
    contract: Vec<u64>,
}

impl<'a> Counts<'a> {
    pub fn new(graph: &'a Graph) -> Counts<'a> {
        let nodes = graph.nodes();
        let mut counts = Counts {
            graph,
            size: nodes.iter().map(|node| node.shape.size()).collect(),
            positions: nodes.iter().map(|node| node.shape.positions()).collect(),
            channels: nodes.iter().map(|node| node.shape.channels).collect(),
            own: Vec::new(),
            last_own: Vec::new(),
            row: Vec::new(),
            contract: Vec::new(),
        };
        for (v, node) in nodes.iter().enumerate() {
            let own = node.op.parameters().iter().map(|id| graph.parameters()[id.0].range.len()).sum();
            let below = node.inputs.iter().filter_map(|u| counts.last_own[u.0]).max();
            counts.last_own.push(if own > 0 { Some(v) } else { below });
            counts.own.push(own);
            let positions = counts.positions[v] as u64;
            let weights = |id: &super::ParameterId| graph.parameters()[id.0].range.len() as u64;
            let (row, contract) = match &node.op {
                Op::Dense { weight, .. } | Op::Conv { weight, .. } => {
                    (vec![2 * positions * weights(weight)], 2 * positions * own as u64)
                }
                Op::Scores { .. } => {
                    let cost = 2 * counts.size[v] as u64 * counts.head_part(v, 0);
                    (vec![cost; 2], 0)
                }
                Op::Mix { heads } => {
                    let p = node.inputs[0].0;
                    let cost = 2 * (counts.size[p] * counts.channels[v] / heads) as u64;
                    (vec![cost; 2], 0)
                }
                _ => (vec![0; node.inputs.len()], 0),
            };
            counts.row.push(row);
            counts.contract.push(contract);
        }
        counts
    }

    /// Channels of one head of input `k` of scores.
    fn head_part(&self, v: usize, k: usize) -> u64 {
        let node = &self.graph.nodes()[v];
        let heads = if let Op::Scores { heads, .. } = node.op { heads } else { 1 };
        (self.channels[node.inputs[k].0] / heads) as u64
    }

    pub fn depends(&self, v: usize, first: usize) -> bool {
        self.last_own[v].is_some_and(|last| last >= first)
    }

    /// Inputs of v that depend on parameters from `first` on.
    fn inputs(&self, v: usize, first: usize) -> Vec<(usize, usize)> {
        let inputs = self.graph.nodes()[v].inputs.iter().map(|u| u.0).enumerate();
        inputs.filter(|&(_, u)| self.depends(u, first)).collect()
    }

    fn op(&self, v: usize) -> &Op {
        &self.graph.nodes()[v].op
    }

    fn top(&self) -> usize {
        self.size.len() - 1
    }

    /// Operations of a plan.
    pub fn plan(&self, term: Term, first: usize, low_rank: bool) -> u64 {
        let low_rank = low_rank && term != Term::HTerm;
        let mut total = self.passes() + if low_rank { self.jacobian() } else { 0 };
        let rest = match (low_rank, term) {
            (true, Term::Full) => Term::HTerm,
            (true, _) => return total,
            _ => term,
        };
        total += (0..first.min(self.size.len())).map(|q| self.tangents(q, rest)).sum::<u64>();
        if self.depends(self.top(), first) {
            total += Sweep { counts: self, first, term: rest, pairs: BTreeMap::new(), total: 0 }.run();
        }
        total
    }

    /// Forward, backward and gradient.
    fn passes(&self) -> u64 {
        self.row.iter().filter_map(|row| row.first()).sum::<u64>() + self.down()
    }

    /// One row of the outputs taken down to all parameters.
    fn down(&self) -> u64 {
        let live = |v: usize| self.inputs(v, 0).iter().map(|&(k, _)| self.row[v][k]).sum::<u64>();
        (0..self.size.len()).map(|v| live(v) + self.contract[v]).sum()
    }

    /// Rows of the outputs down, and the products of what they leave.
    fn jacobian(&self) -> u64 {
        let rows = self.size[self.top()] as u64;
        let down = self.down();
        let mut products = 0;
        for (v, &own) in self.own.iter().enumerate() {
            let later: usize = self.own[v + 1..].iter().sum();
            products += own * later;
            products += (0..own)
                .step_by(pushing::ROWS)
                .map(|start| (own - start).min(pushing::ROWS) * (own - start))
                .sum::<usize>();
        }
        rows * (down + 2 * products as u64)
    }

    /// Tangents of all own parameters of map q.
    fn tangents(&self, q: usize, term: Term) -> u64 {
        if self.own[q] == 0 {
            return 0;
        }
        let top = self.top();
        let mut up = vec![false; top + 1];
        let mut down = vec![false; top + 1];
        up[q] = true;
        let mut one = 0;
        for v in q + 1..=top {
            for (k, u) in self.inputs(v, 0) {
                if up[u] {
                    one += self.row[v][k];
                    up[v] = true;
                }
            }
        }
        if up[top] && term != Term::HTerm {
            one += 2 * (self.size[top] * self.channels[top]) as u64;
            down[top] = true;
        }
        for v in (q..=top).rev() {
            if down[v] {
                one += self.contract[v];
            }
            if v == q {
                break;
            }
            let bent = term != Term::Ggn;
            for (k, u) in self.inputs(v, 0) {
                if bent && up[u] && self.contract[v] > 0 {
                    one += self.row[v][k];
                }
                if down[v] && self.depends(u, q) {
                    one += self.row[v][k];
                    down[u] = true;
                }
                if bent && up[u] && self.op(v).is_curved() {
                    one += self.row[v][k];
                    let inputs = &self.graph.nodes()[v].inputs;
                    let to = if inputs.len() == 2 { inputs[1 - k].0 } else { u };
                    down[to] |= self.depends(to, q);
                }
            }
        }
        one * self.own[q] as u64
    }
}

/// The steps of pushed pairs; of every pair only whether it is local.
struct Sweep<'a> {
    counts: &'a Counts<'a>,
    first: usize,
    term: Term,
    pairs: BTreeMap<(usize, usize), bool>,
    total: u64,
}

impl Sweep<'_> {
    fn run(mut self) -> u64 {
        let top = self.counts.top();
        if self.term != Term::HTerm {
            self.pairs.insert((top, top), true);
        }
        for v in (0..=top).rev().filter(|&v| self.counts.depends(v, self.first)).collect::<Vec<_>>() {
            self.step(v);
        }
        self.total
    }

    /// Rows of a tensor that a pair holds.
    fn rows(&self, u: usize, local: bool) -> u64 {
        if local { self.counts.channels[u] as u64 } else { self.counts.size[u] as u64 }
    }

    fn add(&mut self, u: usize, w: usize, local: bool) {
        let key = (u.min(w), u.max(w));
        let old = self.pairs.get(&key).copied().unwrap_or(true);
        self.pairs.insert(key, old && local);
    }

    fn step(&mut self, v: usize) {
        let counts = self.counts;
        let inputs = counts.inputs(v, self.first);
        let positionwise = counts.op(v).is_positionwise();
        let keys: Vec<_> = self.pairs.keys().filter(|key| key.1 == v).copied().collect();
        let mut own = None;
        let mut others = BTreeMap::new();
        for key in keys {
            let local = self.pairs.remove(&key).unwrap_or(false) && positionwise;
            if key.0 == v {
                own = Some(local);
            } else {
                others.insert(key.0, local);
            }
        }
        if let Some(local) = own {
            self.total += inputs.iter().map(|&(k, _)| self.rows(v, local) * counts.row[v][k]).sum::<u64>();
        }
        if counts.own[v] > 0 && v >= self.first {
            self.parameters(v, &inputs, own, &others);
        }
        if let Some(local) = own {
            for (i, &(_, u)) in inputs.iter().enumerate() {
                for &(l, w) in &inputs[i..] {
                    self.total += self.rows(u, local) * counts.row[v][l];
                    self.add(u, w, local);
                }
            }
        }
        for &(k, u) in &inputs {
            for (&w, &local) in &others {
                self.total += self.rows(w, local) * counts.row[v][k];
                self.add(w, u, local);
            }
        }
        if self.term != Term::Ggn && counts.op(v).is_curved() {
            let node = &counts.graph.nodes()[v].inputs;
            let (u, w) = (node[0].0, node[node.len() - 1].0);
            if counts.depends(u, self.first) && counts.depends(w, self.first) {
                self.add(u, w, positionwise);
            }
        }
    }

    fn parameters(
        &mut self,
        v: usize,
        inputs: &[(usize, usize)],
        own: Option<bool>,
        others: &BTreeMap<usize, bool>,
    ) {
        let counts = self.counts;
        let (contract, count) = (counts.contract[v], counts.own[v]);
        if let Some(local) = own {
            self.total += self.own_block(v, local);
        }
        let mut tensors: BTreeSet<usize> = others.keys().copied().collect();
        if own.is_some() {
            tensors.extend(inputs.iter().map(|&(_, u)| u));
        }
        let gains = matches!(counts.op(v), Op::Gain { gain: Some(_), .. });
        let crossed = self.term != Term::Ggn && (contract > 0 || gains);
        let crossed = inputs.first().filter(|_| crossed).map(|&(_, u)| u);
        let single = counts.positions[v] == 1;
        let dense = matches!(counts.op(v), Op::Dense { .. });
        let outputs = counts.channels[v];
        if dense && (single || own.unwrap_or(true) && others.values().all(|&local| local)) {
            let x = crossed.into_iter().collect();
            let parts =
                [(outputs as u64, tensors), (counts.channels[inputs.first().map_or(v, |i| i.1)] as u64, x)];
            self.descend(v, parts, Some(!single));
            return;
        }
        if let Some(local) = own {
            self.total += inputs.iter().map(|&(_, u)| self.rows(u, local) * contract).sum::<u64>();
        }
        self.total += others.iter().map(|(&w, &local)| self.rows(w, local) * contract).sum::<u64>();
        tensors.extend(crossed);
        self.descend(v, [(count as u64, tensors), (0, BTreeSet::new())], None);
    }

    fn own_block(&self, v: usize, local: bool) -> u64 {
        let counts = self.counts;
        let (positions, outputs, own) =
            (counts.positions[v] as u64, counts.channels[v] as u64, counts.own[v] as u64);
        let grouped = matches!(counts.op(v), Op::Conv { groups, .. } if *groups > 1);
        if counts.contract[v] > 0 && !grouped {
            let width = own / outputs;
            let pairs = outputs * (outputs + 1);
            let first = if local { 0 } else { positions * positions * width * pairs };
            return first + positions * width * width * pairs;
        }
        (self.rows(v, local) + own) * counts.contract[v]
    }

    /// Two kinds of rows on their way down; `apart` holds whether positions are still by themselves.
    fn descend(&mut self, from: usize, parts: [(u64, BTreeSet<usize>); 2], apart: Option<bool>) {
        let counts = self.counts;
        let own = counts.own[from] as u64;
        let [(mut rows, mut tensors), (x_rows, mut x)] = parts;
        let mut apart = apart;
        for v in (0..from).rev().filter(|&v| counts.depends(v, self.first)) {
            let here = tensors.contains(&v) || x.contains(&v);
            if here && apart == Some(true) && !counts.op(v).is_positionwise() {
                tensors.append(&mut x);
                self.total += tensors.iter().map(|&w| 4 * own * counts.size[w] as u64).sum::<u64>();
                rows = own;
                apart = None;
            }
            let mine = [(rows, tensors.remove(&v)), (x_rows, x.remove(&v))];
            let present: u64 = mine.iter().filter(|(_, here)| *here).map(|(rows, _)| rows).sum();
            if counts.own[v] > 0 && v >= self.first && here {
                self.total += match apart {
                    None => own * counts.contract[v],
                    Some(local) => {
                        let places = if local { 1 } else { counts.positions[v] as u64 };
                        let one = 2 * places * counts.own[v] as u64;
                        let together = own * (4 * places * counts.channels[v] as u64 + one);
                        let scale = if local { counts.positions[v] as u64 } else { 1 };
                        let combined = own * (4 * counts.size[v] as u64 + counts.contract[v]);
                        if together <= present * one + 4 * own * counts.own[v] as u64 {
                            combined
                        } else {
                            // Of both parts one product with the parameters, and one with inputs or delta.
                            let shares: u64 = mine.iter().filter(|(_, here)| *here).map(|_| 2 * own).sum();
                            present * counts.contract[v] + scale * shares * counts.own[v] as u64
                        }
                    }
                };
            }
            for (k, u) in counts.inputs(v, self.first) {
                self.total += present * counts.row[v][k];
                if mine[0].1 {
                    tensors.insert(u);
                }
                if mine[1].1 {
                    x.insert(u);
                }
            }
        }
    }
}
