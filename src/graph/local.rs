//! One map at its values: forward, rows pulled back, tangents pushed on, second derivatives, parameters.

use std::ops::Range;

use super::attention::{MixAt, ScoresAt, softmax, softmax_bend, softmax_rows};
use super::dense::Linear;
use super::pointwise::{Gain, activate, affine};
use super::tensor::Rows;
use super::{Graph, Op, ParameterId, moves, normal};

/// The parameters of one map, laid out for work, and where they lie in theta.
#[derive(Debug)]
pub(super) struct Own {
    pub weights: Weights,
    /// Place in theta of every own parameter.
    pub index: Vec<usize>,
}

#[derive(Debug)]
pub(super) enum Weights {
    None,
    Linear(Linear),
    Gain(Gain),
    /// Values of a parameter tensor, or a table of tokens.
    Values(Vec<f64>),
}

impl Own {
    /// The parameters of node `v`.
    pub fn new(graph: &Graph, v: usize, theta: &[f64]) -> Own {
        let node = &graph.nodes[v];
        let range = |id: &ParameterId| graph.parameters[id.0].range.clone();
        let values = |id: &ParameterId| theta[range(id)].to_vec();
        match &node.op {
            Op::Parameter(id) | Op::Embedding(id) => {
                Own { weights: Weights::Values(values(id)), index: range(id).collect() }
            }
            Op::Gain { gain, shift } => Own {
                weights: Weights::Gain(Gain {
                    gain: gain.as_ref().map(values),
                    shift: shift.as_ref().map(values),
                    channels: node.shape.channels,
                }),
                index: gain.iter().chain(shift).flat_map(range).collect(),
            },
            Op::Dense { weight, bias } | Op::Conv { weight, bias, .. } => {
                let read = graph.nodes[node.inputs[0].0].shape;
                let (groups, windows) = match &node.op {
                    Op::Conv { groups, windows, .. } => (*groups, Some(windows.clone())),
                    _ => (1, None),
                };
                let (part, places) = (read.channels / groups, windows.as_ref().map_or(1, |w| w.size));
                let (outputs, inputs, start) = (node.shape.channels, part * places, range(weight).start);
                let mut index = Vec::with_capacity(outputs * (inputs + 1));
                let mut own = Vec::with_capacity(outputs * inputs);
                for output in 0..outputs {
                    for place in 0..places {
                        for channel in 0..part {
                            let at = start + (output * part + channel) * places + place;
                            own.push(theta[at]);
                            index.push(at);
                        }
                    }
                    index.extend(bias.iter().map(|id| range(id).start + output));
                }
                let linear = Linear {
                    groups,
                    outputs,
                    inputs,
                    bias: bias.as_ref().map(values),
                    weight: own,
                    windows,
                    channels: read.channels,
                    positions: read.positions(),
                };
                Own { weights: Weights::Linear(linear), index }
            }
            _ => Own { weights: Weights::None, index: Vec::new() },
        }
    }
}

/// What the forward pass keeps of a map beside its output.
#[derive(Debug)]
pub(super) enum Saved {
    None,
    /// Slope and second derivative (empty where it is zero).
    Slope(Vec<f64>, Vec<f64>),
    /// Patches of a dense map or a convolution, with ones for the bias.
    Patches(Rows),
    /// Winners of a max-pool.
    Winners(Vec<u32>),
    /// One over the deviation of every group.
    Inverse(Vec<f64>),
}

/// Output of a map and what it keeps. `input` is the data, read by the first node alone.
pub(super) fn forward(graph: &Graph, v: usize, own: &Own, inputs: &[&Rows], objects: usize) -> (Rows, Saved) {
    let node = &graph.nodes[v];
    let (positions, channels) = (node.shape.positions(), node.shape.channels);
    let repeated = |values: &[f64]| Rows::from_data(values.repeat(objects), objects, positions, 1, channels);
    match (&node.op, &own.weights) {
        (Op::Constant(values), _) => (repeated(values), Saved::None),
        (Op::Parameter(_), Weights::Values(values)) => (repeated(values), Saved::None),
        (Op::Embedding(_), Weights::Values(table)) => {
            let mut out = Vec::with_capacity(objects * positions * channels);
            for token in &inputs[0].data {
                let start = *token as usize * channels;
                out.extend_from_slice(&table[start..start + channels]);
            }
            (Rows::from_data(out, objects, positions, 1, channels), Saved::None)
        }
        (_, Weights::Linear(linear)) => {
            let patches = linear.patches(inputs[0], linear.bias.is_some());
            (linear.forward(&patches), Saved::Patches(patches))
        }
        (_, Weights::Gain(gain)) => {
            (affine(inputs[0], gain.gain.as_deref(), gain.shift.as_deref()), Saved::None)
        }
        (Op::Activation { function, kink }, _) => {
            let (out, slope, bend) = activate(*function, *kink, inputs[0]);
            (out, Saved::Slope(slope, bend))
        }
        (Op::MaxPool(windows), _) => {
            let (out, winners) = moves::max_pool(inputs[0], windows);
            (out, Saved::Winners(winners))
        }
        (Op::AveragePool { windows, weight }, _) => {
            (moves::push_average(windows, weight, inputs[0]), Saved::None)
        }
        (Op::Select(from), _) => (moves::push_selected(from, positions, inputs[0]), Saved::None),
        (Op::Scale { factor, shift }, _) => (affine(inputs[0], Some(factor), Some(shift)), Saved::None),
        (Op::Normalise { groups, centred, epsilon }, _) => {
            let (out, inverse) = normal::forward(inputs[0], *groups, *centred, *epsilon);
            (out, Saved::Inverse(inverse))
        }
        (Op::Add, _) => {
            let mut out = inputs[0].clone();
            out.add(inputs[1]);
            (out, Saved::None)
        }
        (Op::Multiply, _) => (inputs[0].times(&inputs[1].data), Saved::None),
        (Op::Scores { heads, scale }, _) => {
            let at = ScoresAt { heads: *heads, scale: *scale, q: inputs[0], k: inputs[1] };
            (at.forward(), Saved::None)
        }
        (Op::Softmax { mask }, _) => (softmax(inputs[0], mask.as_deref()), Saved::None),
        (Op::Mix { heads }, _) => {
            (MixAt { heads: *heads, p: inputs[0], v: inputs[1] }.forward(), Saved::None)
        }
        (Op::Input { .. } | Op::Dense { .. } | Op::Conv { .. } | Op::Gain { .. }, _)
        | (Op::Parameter(_) | Op::Embedding(_), _) => {
            unreachable!("{} comes with its weights, and the data are there already", node.op.name())
        }
    }
}

/// A map with its parameters and the values of a block of objects.
pub(super) struct At<'a> {
    pub op: &'a Op,
    pub own: &'a Own,
    pub saved: &'a Saved,
    pub inputs: Vec<&'a Rows>,
    pub output: &'a Rows,
}

impl At<'_> {
    /// Rows over the output times the Jacobian in input `k`: rows over that input.
    pub fn pull(&self, k: usize, rows: &Rows) -> Rows {
        match (self.op, &self.own.weights, self.saved) {
            (_, Weights::Linear(linear), _) => linear.pull(rows),
            (Op::MaxPool(_), _, Saved::Winners(winners)) => {
                moves::pull_winners(winners, self.inputs[k].positions, rows)
            }
            (Op::AveragePool { windows, weight }, ..) => {
                moves::pull_average(windows, weight, self.inputs[k].positions, rows)
            }
            (Op::Select(from), ..) => {
                moves::pull_selected(from, self.inputs[k].positions, self.inputs[k].channels, rows)
            }
            (Op::Scores { heads, scale }, ..) => self.scores(*heads, *scale).pull(k, rows),
            (Op::Mix { heads }, ..) => self.mix(*heads).pull(k, rows),
            _ => self.symmetric(k, rows),
        }
    }

    /// The Jacobian in input `k` times tangents over that input: tangents over the output.
    pub fn push(&self, k: usize, tangents: &Rows) -> Rows {
        match (self.op, &self.own.weights, self.saved) {
            (_, Weights::Linear(linear), _) => linear.push(tangents),
            (Op::MaxPool(_), _, Saved::Winners(winners)) => {
                moves::push_winners(winners, self.output.positions, tangents)
            }
            (Op::AveragePool { windows, weight }, ..) => moves::push_average(windows, weight, tangents),
            (Op::Select(from), ..) => moves::push_selected(from, self.output.positions, tangents),
            (Op::Scores { heads, scale }, ..) => self.scores(*heads, *scale).push(k, tangents),
            (Op::Mix { heads }, ..) => self.mix(*heads).push(k, tangents),
            _ => self.symmetric(k, tangents),
        }
    }

    /// Maps whose Jacobian is symmetric, so that pushing is pulling.
    fn symmetric(&self, k: usize, rows: &Rows) -> Rows {
        match (self.op, &self.own.weights, self.saved) {
            (Op::Activation { .. }, _, Saved::Slope(slope, _)) => rows.times(slope),
            (Op::Scale { factor, .. }, ..) => affine(rows, Some(factor), None),
            (_, Weights::Gain(gain), _) => affine(rows, gain.gain.as_deref(), None),
            (Op::Normalise { groups, centred, .. }, _, Saved::Inverse(inverse)) => {
                normal::rows(self.output, inverse, *groups, *centred, rows)
            }
            (Op::Softmax { .. }, ..) => softmax_rows(self.output, rows),
            (Op::Multiply, ..) => rows.times(&self.inputs[1 - k].data),
            (Op::Add, ..) => rows.clone(),
            _ => unreachable!("{} has no derivative in an input", self.op.name()),
        }
    }

    /// `delta ∂²f/∂u∂w` times tangents over input `from`: rows over an input, which is named; none where it is zero.
    pub fn bend(&self, delta: &Rows, from: usize, tangents: &Rows) -> Option<(usize, Rows)> {
        match (self.op, self.saved) {
            (Op::Activation { .. }, Saved::Slope(_, bend)) if !bend.is_empty() => {
                let factor: Vec<_> = bend.iter().zip(&delta.data).map(|(b, d)| b * d).collect();
                Some((0, tangents.times(&factor)))
            }
            (Op::Normalise { groups, centred, .. }, Saved::Inverse(inverse)) => {
                Some((0, normal::bend(self.output, inverse, *groups, *centred, delta, tangents)))
            }
            (Op::Softmax { .. }, _) => Some((0, softmax_bend(self.output, delta, tangents))),
            (Op::Multiply, _) => Some((1 - from, tangents.times(&delta.data))),
            (Op::Scores { heads, scale }, _) => Some(self.scores(*heads, *scale).bend(delta, from, tangents)),
            (Op::Mix { heads }, _) => Some(self.mix(*heads).bend(delta, from, tangents)),
            _ => None,
        }
    }

    /// Number of own parameters.
    pub fn count(&self) -> usize {
        self.own.index.len()
    }

    /// Rows over the output times the derivative in the own parameters, summed over objects and positions:
    /// (rows, own parameters).
    pub fn contract(&self, rows: &Rows) -> Vec<f64> {
        self.contract_places(rows, 0..rows.places())
    }

    /// As [`At::contract`], summed over these places (objects times positions) alone.
    pub fn contract_places(&self, rows: &Rows, places: Range<usize>) -> Vec<f64> {
        match (self.op, &self.own.weights, self.saved) {
            (_, Weights::Linear(linear), Saved::Patches(patches)) => linear.contract(patches, rows, places),
            (_, Weights::Gain(gain), _) => gain.contract(self.inputs[0], rows, places),
            (Op::Parameter(_), ..) => {
                let (count, size) = (self.count(), rows.rows * rows.channels);
                let mut out = vec![0.0; rows.rows * count];
                for place in places {
                    let start = place % rows.positions * rows.channels;
                    let lines = rows.data[place * size..(place + 1) * size].chunks_exact(rows.channels);
                    for (line, out) in lines.zip(out.chunks_exact_mut(count)) {
                        let out = &mut out[start..start + rows.channels];
                        out.iter_mut().zip(line).for_each(|(o, v)| *o += v);
                    }
                }
                out
            }
            (Op::Embedding(_), ..) => {
                let (count, size) = (self.count(), rows.rows * rows.channels);
                let mut out = vec![0.0; rows.rows * count];
                for place in places {
                    let start = self.inputs[0].data[place] as usize * rows.channels;
                    let lines = rows.data[place * size..(place + 1) * size].chunks_exact(rows.channels);
                    for (line, out) in lines.zip(out.chunks_exact_mut(count)) {
                        let out = &mut out[start..start + rows.channels];
                        out.iter_mut().zip(line).for_each(|(o, v)| *o += v);
                    }
                }
                out
            }
            _ => Vec::new(),
        }
    }

    /// The derivative in a range of the own parameters, as tangents over the output.
    pub fn seed(&self, range: Range<usize>) -> Rows {
        match (&self.own.weights, self.saved) {
            (Weights::Linear(linear), Saved::Patches(patches)) => linear.seed(patches, range),
            (Weights::Gain(gain), _) => gain.seed(self.inputs[0], range),
            _ => {
                let (objects, positions, channels) =
                    (self.output.objects, self.output.positions, self.output.channels);
                let mut out = Rows::zeros(objects, positions, range.len(), channels);
                for place in 0..out.places() {
                    let start = self.first_own(place);
                    for (row, own) in range.clone().enumerate() {
                        if (start..start + channels).contains(&own) {
                            out.data[(place * range.len() + row) * channels + own - start] = 1.0;
                        }
                    }
                }
                out
            }
        }
    }

    /// The derivative times k vectors, (k, own parameters), as tangents over the output.
    pub fn seed_by(&self, vectors: &[f64]) -> Rows {
        match (&self.own.weights, self.saved) {
            (Weights::Linear(linear), Saved::Patches(patches)) => linear.seed_by(patches, vectors),
            (Weights::Gain(gain), _) => gain.seed_by(self.inputs[0], vectors),
            _ => {
                let (channels, count) = (self.output.channels, self.count());
                let k = vectors.len() / count;
                let mut out = Rows::zeros(self.output.objects, self.output.positions, k, channels);
                for place in 0..out.places() {
                    let start = self.first_own(place);
                    for (row, vector) in vectors.chunks_exact(count).enumerate() {
                        let to = (place * k + row) * channels;
                        out.data[to..to + channels].copy_from_slice(&vector[start..start + channels]);
                    }
                }
                out
            }
        }
    }

    /// Where the own parameters lie that a place of a parameter tensor or an embedding shows.
    fn first_own(&self, place: usize) -> usize {
        let line = match self.op {
            Op::Embedding(_) => self.inputs[0].data[place] as usize,
            _ => place % self.output.positions,
        };
        line * self.output.channels
    }

    /// `delta ∂²f/∂theta∂x` times tangents over the input, summed over objects: (rows, own parameters).
    pub fn cross(&self, delta: &Rows, tangents: &Rows) -> Option<Vec<f64>> {
        match &self.own.weights {
            Weights::Linear(linear) => Some(linear.cross(delta, tangents)),
            Weights::Gain(gain) if gain.gain.is_some() => Some(gain.cross(delta, tangents)),
            _ => None,
        }
    }

    /// `delta ∂²f/∂theta∂x` as rows of a range of the own parameters over the input.
    pub fn cross_rows(&self, delta: &Rows, range: Range<usize>) -> Option<Rows> {
        match &self.own.weights {
            Weights::Linear(linear) => Some(linear.cross_rows(delta, range)),
            Weights::Gain(gain) if gain.gain.is_some() => Some(gain.cross_rows(delta, range)),
            _ => None,
        }
    }

    /// `delta ∂²f/∂theta∂x` times k vectors, (k, own parameters), as rows over the input.
    pub fn cross_by(&self, delta: &Rows, vectors: &[f64]) -> Option<Rows> {
        match &self.own.weights {
            Weights::Linear(linear) => Some(linear.cross_by(delta, vectors)),
            Weights::Gain(gain) if gain.gain.is_some() => Some(gain.cross_by(delta, vectors)),
            _ => None,
        }
    }

    fn scores(&self, heads: usize, scale: f64) -> ScoresAt<'_> {
        ScoresAt { heads, scale, q: self.inputs[0], k: self.inputs[1] }
    }

    fn mix(&self, heads: usize) -> MixAt<'_> {
        MixAt { heads, p: self.inputs[0], v: self.inputs[1] }
    }
}
