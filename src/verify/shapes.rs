//! Faults of the array itself: triangles, transposed blocks, rows of zeros, arrays left out.

use std::cmp::Ordering;

use super::candidate::Candidate;
use super::fault::Fault;
use super::reference::Setting;
use crate::{Network, ParameterRange};

/// A map of the entries of the reference to those of a faulty array.
pub(super) struct Structure {
    pub(super) fault: Fault,
    /// Rows and columns of the reference.
    sides: (usize, usize),
    map: Map,
}

enum Map {
    /// Factors below, on and above the diagonal.
    Triangles([f64; 3]),
    /// Entry k of the faulty array is entry `map[k]` of the reference.
    Moved(Vec<usize>),
    /// Rows and columns that are zero.
    Zeroed(Vec<bool>),
}

impl Structure {
    /// The faulty array that the reference would become.
    pub(super) fn apply(&self, reference: &[f64]) -> Vec<f64> {
        let columns = self.sides.1;
        match &self.map {
            Map::Triangles(factors) => {
                let factor = |at: usize| match (at % columns).cmp(&(at / columns)) {
                    Ordering::Less => factors[0],
                    Ordering::Equal => factors[1],
                    Ordering::Greater => factors[2],
                };
                reference.iter().enumerate().map(|(at, v)| factor(at) * v).collect()
            }
            Map::Moved(map) => map.iter().map(|&at| reference[at]).collect(),
            Map::Zeroed(zero) => {
                let gone = |at: usize| match columns {
                    1 => zero[at],
                    _ => zero[at / columns] || zero[at % columns],
                };
                reference.iter().enumerate().map(|(at, v)| if gone(at) { 0.0 } else { *v }).collect()
            }
        }
    }
}

/// The faults of shape that a candidate of this kind can have.
pub(super) fn structures(candidate: &Candidate, setting: &Setting) -> Vec<Structure> {
    let mut all = Vec::new();
    let order = setting.net.parameter_count();
    match candidate {
        Candidate::Matrix(_) => {
            all.extend(triangles(order));
            all.extend(zeroed(candidate, setting, (order, order)));
        }
        Candidate::Diagonal(_) => all.extend(zeroed(candidate, setting, (order, 1))),
        Candidate::Block { p, q, .. } => {
            let sides = (setting.net.layer_range(*p).len(), setting.net.layer_range(*q).len());
            if p == q {
                all.extend(triangles(sides.0));
            }
            all.extend(turned(candidate, sides));
        }
        _ => {}
    }
    all
}

fn triangles(side: usize) -> Vec<Structure> {
    let structure = |fault, factors| Structure { fault, sides: (side, side), map: Map::Triangles(factors) };
    let mirrored = |off_diagonal: f64, diagonal: f64| {
        let fault = Fault::Mirrored { off_diagonal, diagonal };
        structure(fault, [off_diagonal, diagonal, off_diagonal])
    };
    vec![
        structure(Fault::HalfFilled { lower: true }, [1.0, 1.0, 0.0]),
        structure(Fault::HalfFilled { lower: false }, [0.0, 1.0, 1.0]),
        mirrored(1.0, 2.0),
        mirrored(1.0, 0.5),
        mirrored(0.5, 1.0),
        mirrored(0.0, 1.0),
    ]
}

/// A block with rows and columns exchanged, or read in the other order of entries.
fn turned(candidate: &Candidate, (rows, columns): (usize, usize)) -> Vec<Structure> {
    let shape = candidate.shape();
    let moved = |fault, map| Structure { fault, sides: (rows, columns), map: Map::Moved(map) };
    // Entry (j, i) of the transposed array is entry (i, j) of the reference.
    let transposed = (0..rows * columns).map(|at| (at % rows) * columns + at / rows).collect();
    match shape == [columns, rows] {
        true => vec![moved(Fault::Transposed, transposed)],
        // The buffer of the transposed array under the right shape.
        false if shape == [rows, columns] => vec![moved(Fault::ColumnMajor, transposed)],
        false => Vec::new(),
    }
}

/// Arrays whose rows and columns are all zero in the candidate.
fn zeroed(candidate: &Candidate, setting: &Setting, sides: (usize, usize)) -> Option<Structure> {
    let values = candidate.values();
    let columns = sides.1;
    let empty: Vec<bool> = values.chunks_exact(columns).map(|row| row.iter().all(|&v| v == 0.0)).collect();
    let arrays: Vec<ParameterRange> = setting
        .net
        .parameter_map()
        .into_iter()
        .filter(|array| array.range.clone().all(|i| empty.get(i).copied().unwrap_or(false)))
        .collect();
    if arrays.is_empty() {
        return None;
    }
    let mut zero = vec![false; sides.0];
    arrays.iter().for_each(|array| zero[array.range.clone()].fill(true));
    let names = arrays.into_iter().map(|array| array.name).collect();
    Some(Structure { fault: Fault::Zeroed(names), sides, map: Map::Zeroed(zero) })
}

/// Sets of arrays without which `size` parameters remain, the smaller ones first.
pub(super) fn missing(net: &Network, size: usize) -> Vec<Vec<ParameterRange>> {
    let arrays = net.parameter_map();
    let excess = match net.parameter_count().checked_sub(size) {
        Some(excess) if excess > 0 && size > 0 => excess,
        _ => return Vec::new(),
    };
    // All sets of up to twelve arrays; of more, single arrays, layers, and all biases.
    let mut sets: Vec<Vec<ParameterRange>> = Vec::new();
    if arrays.len() <= 12 {
        for bits in 1_u32..1 << arrays.len() {
            sets.push(
                arrays
                    .iter()
                    .enumerate()
                    .filter(|(a, _)| bits >> a & 1 == 1)
                    .map(|(_, r)| r.clone())
                    .collect(),
            );
        }
    } else {
        sets.extend(arrays.iter().map(|array| vec![array.clone()]));
        let all_of =
            |keep: &dyn Fn(&ParameterRange) -> bool| arrays.iter().filter(|a| keep(a)).cloned().collect();
        sets.push(all_of(&|array| array.shape.len() == 1));
        for l in 0..net.depth() {
            sets.push(all_of(&|array| array.layer == l));
            sets.push(all_of(&|array| array.layer < l));
            sets.push(all_of(&|array| array.layer > l));
            sets.push(all_of(&|array| array.layer != l));
        }
    }
    sets.retain(|set| set.iter().map(|array| array.range.len()).sum::<usize>() == excess);
    sets.sort_by_key(Vec::len);
    sets.dedup();
    sets.truncate(32);
    sets
}
