//! Which columns of a layer's input are different, and where each belongs in theta.

use std::collections::HashMap;

use ndarray::Array2;

use crate::Network;

/// Below this many inputs, looking for equal columns costs more than it saves.
const WORTH_LOOKING: usize = 64;

/// The inputs of one layer, equal columns taken once.
///
/// Input `a` of layer `l` feeds the weights `(i, a)`. Two inputs that are equal on every object give equal rows
/// and columns of the Hessian, so each product needs one of them.
pub(crate) struct Columns {
    /// A representative of each distinct column; `inputs` itself stands for the ones of the biases.
    pub(crate) sources: Vec<usize>,
    /// For each input (and the ones, where there are biases): its place in `sources`.
    places: Vec<usize>,
    inputs: usize,
    outputs: usize,
    offset: usize,
}

impl Columns {
    /// All columns of layer `l` are taken as different.
    pub(crate) fn plain(net: &Network, l: usize) -> Columns {
        let layer = &net.layers()[l];
        let count = layer.inputs() + usize::from(layer.bias.is_some());
        Columns {
            sources: (0..count).collect(),
            places: (0..count).collect(),
            inputs: layer.inputs(),
            outputs: layer.outputs(),
            offset: net.layer_range(l).start,
        }
    }

    /// The columns of the first layer, with equal columns of `x` found and joined.
    pub(crate) fn of_data(net: &Network, x: &Array2<f64>) -> Columns {
        let mut columns = Columns::plain(net, 0);
        if columns.inputs < WORTH_LOOKING {
            return columns;
        }
        let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::new();
        columns.sources.clear();
        for (a, hash) in column_hashes(x).into_iter().enumerate() {
            let seen = by_hash.entry(hash).or_default();
            // A hash only nominates: the columns are compared entry by entry.
            let twin = seen.iter().copied().find(|&place| {
                let source = columns.sources[place];
                x.column(source).iter().zip(x.column(a)).all(|(u, v)| u.to_bits() == v.to_bits())
            });
            columns.places[a] = twin.unwrap_or_else(|| {
                columns.sources.push(a);
                seen.push(columns.sources.len() - 1);
                columns.sources.len() - 1
            });
        }
        if net.layers()[0].bias.is_some() {
            columns.places[columns.inputs] = columns.sources.len();
            columns.sources.push(columns.inputs);
        }
        columns
    }

    /// Number of distinct columns, the ones of the biases included.
    pub(crate) fn distinct(&self) -> usize {
        self.sources.len()
    }


    /// Place in theta of the parameter that joins input `a` (or the ones) to output `i`.
    fn parameter(&self, i: usize, a: usize) -> usize {
        if a < self.inputs {
            self.offset + i * self.inputs + a
        } else {
            self.offset + self.outputs * self.inputs + i
        }
    }

    /// The parameters of output `i` whose column lies in `range`: (place in theta, column - range.start).
    pub(crate) fn parameters(&self, i: usize, range: &std::ops::Range<usize>) -> Vec<(usize, usize)> {
        let places = self.places.iter().enumerate().filter(|(_, place)| range.contains(place));
        places.map(|(a, place)| (self.parameter(i, a), place - range.start)).collect()
    }
}

/// One hash a column, mixing the bits of its entries in order.
fn column_hashes(x: &Array2<f64>) -> Vec<u64> {
    let mut hashes = vec![0u64; x.ncols()];
    for row in x.rows() {
        for (hash, value) in hashes.iter_mut().zip(row) {
            *hash = (hash.rotate_left(5) ^ value.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    hashes
}
