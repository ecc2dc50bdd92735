//! Which columns of a layer's input are different, and where each belongs in theta.

use std::collections::HashMap;
use std::ops::Range;

use ndarray::Array2;

use crate::Network;

/// Below this many inputs, looking for equal columns costs more than it saves.
const WORTH_LOOKING: usize = 64;

/// The inputs of one layer, equal columns taken once.
///
/// Input `a` of layer `l` feeds the weights `(i, a)`. Two inputs that are equal on every object give equal rows
/// and columns of the Hessian, so each product needs one of them.
pub(super) struct Columns {
    /// A representative of each distinct column; `inputs` itself stands for the ones of the biases.
    pub(super) sources: Vec<usize>,
    /// Inputs (and the ones, where there are biases) in order, with their places in `sources`.
    runs: Vec<Run>,
    /// `sources` in order, as stretches of neighbouring inputs.
    source_runs: Vec<Run>,
    inputs: usize,
    outputs: usize,
    offset: usize,
}

impl Columns {
    /// All columns of layer `l` are taken as different.
    pub(super) fn plain(net: &Network, l: usize) -> Columns {
        let layer = &net.layers()[l];
        let count = layer.inputs() + usize::from(layer.bias.is_some());
        Columns {
            sources: (0..count).collect(),
            runs: runs(0..count),
            source_runs: runs(0..count),
            inputs: layer.inputs(),
            outputs: layer.outputs(),
            offset: net.layer_range(l).start,
        }
    }

    /// The columns of the first layer, with equal columns of `x` found and joined.
    pub(super) fn of_data(net: &Network, x: &Array2<f64>) -> Columns {
        let mut columns = Columns::plain(net, 0);
        if columns.inputs < WORTH_LOOKING {
            return columns;
        }
        let mut places;
        (places, columns.sources) = equal_columns(x);
        if net.layers()[0].bias.is_some() {
            places.push(columns.sources.len());
            columns.sources.push(columns.inputs);
        }
        columns.runs = runs(places.into_iter());
        columns.source_runs = runs(columns.sources.iter().copied());
        columns
    }

    /// Number of distinct columns, the ones of the biases included.
    pub(super) fn distinct(&self) -> usize {
        self.sources.len()
    }

    /// The parameters of output `i` whose column lies in `range`, as runs from theta to `column - range.start`.
    pub(super) fn parameters(&self, i: usize, range: &Range<usize>) -> Vec<Run> {
        let mut found = Vec::new();
        for run in &self.runs {
            // A run of inputs never goes on into the ones: in theta the biases lie elsewhere.
            let weights = run.from < self.inputs;
            let inside = match weights {
                true => run.first(self.inputs - run.from),
                false => *run,
            };
            let shift = if weights { self.offset + i * self.inputs } else { self.bias_shift(i) };
            found.extend(inside.clip(range, shift));
            if weights && run.len > inside.len {
                found.extend(run.skip(inside.len).clip(range, self.bias_shift(i)));
            }
        }
        found
    }

    /// What to add to the number of the column of ones to come to bias `i` in theta.
    fn bias_shift(&self, i: usize) -> usize {
        self.offset + self.outputs * self.inputs + i - self.inputs
    }

    /// Copies the distinct columns `range` of one object's inputs `x` to `out`, ones for the biases.
    pub(super) fn gather(&self, x: &[f64], range: &Range<usize>, out: &mut [f64]) {
        // The runs lead from places to inputs: `from` is a place, `to` an input.
        for run in &self.source_runs {
            let (start, end) = (run.from.max(range.start), (run.from + run.len).min(range.end));
            if start >= end {
                continue;
            }
            let input = run.to + (start - run.from) * run.step;
            let out = &mut out[start - range.start..end - range.start];
            let known = x.len().saturating_sub(input).min(out.len());
            out[..known].copy_from_slice(&x[input..input + known]);
            out[known..].fill(1.0);
        }
    }
}

/// Neighbouring numbers `from..from + len` that lead to `to, to + step, ...`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) len: usize,
    /// 1, or 0 where all lead to the same place.
    pub(super) step: usize,
}

impl Run {
    fn first(self, count: usize) -> Run {
        Run { len: self.len.min(count), ..self }
    }

    /// The pairs (from, to) one by one.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let Run { from, to, len, step } = *self;
        (0..len).map(move |k| (from + k, to + k * step))
    }

    fn skip(self, count: usize) -> Run {
        Run {
            from: self.from + count,
            to: self.to + count * self.step,
            len: self.len - count,
            step: self.step,
        }
    }

    /// The part that leads into `range`, with `shift` added to `from` and the start of `range` taken from `to`.
    pub(super) fn clip(self, range: &Range<usize>, shift: usize) -> Option<Run> {
        let run = match self.step {
            0 if range.contains(&self.to) => self,
            0 => return None,
            _ => {
                let run = self.skip(range.start.saturating_sub(self.to).min(self.len));
                run.first(range.end.saturating_sub(run.to))
            }
        };
        (run.len > 0).then(|| Run { from: run.from + shift, to: run.to - range.start, ..run })
    }
}

/// Groups a map `0, 1, 2, ... -> targets` into runs.
fn runs(targets: impl Iterator<Item = usize>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (from, to) in targets.enumerate() {
        if let Some(run) = runs.last_mut() {
            if run.len == 1 && to == run.to {
                run.step = 0;
            }
            if to == run.to + run.len * run.step {
                run.len += 1;
                continue;
            }
        }
        runs.push(Run { from, to, len: 1, step: 1 });
    }
    runs
}

/// For each column of `x` its place among the distinct columns, and the first column at each place.
pub(super) fn equal_columns(x: &Array2<f64>) -> (Vec<usize>, Vec<usize>) {
    let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut sources: Vec<usize> = Vec::new();
    let mut places = Vec::new();
    for (a, hash) in column_hashes(x).into_iter().enumerate() {
        let seen = by_hash.entry(hash).or_default();
        // A hash only nominates: the columns are compared entry by entry.
        let twin = seen.iter().copied().find(|&place| x.column(sources[place]) == x.column(a));
        places.push(twin.unwrap_or_else(|| {
            sources.push(a);
            seen.push(sources.len() - 1);
            sources.len() - 1
        }));
    }
    (places, sources)
}

/// One hash a column, mixing the bits of its entries in order.
fn column_hashes(x: &Array2<f64>) -> Vec<u64> {
    let mut hashes = vec![0u64; x.ncols()];
    for row in x.rows() {
        for (hash, value) in hashes.iter_mut().zip(row) {
            // Adding zero makes -0.0 and 0.0, which are equal, hash alike.
            *hash = (hash.rotate_left(5) ^ (value + 0.0).to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    hashes
}
