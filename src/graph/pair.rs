//! Second derivatives of the loss in two tensors of the same objects.

use super::local::At;
use super::tensor::Rows;
use super::{Op, Shape};

/// `d²l/dt_u dt_w` of every object, as rows u over w.
///
/// Full: row (position, channel) of u. Local: positions do not mix, and row c at a position stands for channel c of u at
/// the same position. Of tensors with one position both are the same numbers.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub rows: Rows,
    pub local: bool,
}

impl Pair {
    /// The same as rows w over u, where u has this shape.
    pub fn flip(&self, u: Shape) -> Pair {
        Pair { rows: flip(&self.rows, u.positions(), u.channels, self.local), local: self.local }
    }

    /// As a full pair.
    pub fn expand(self) -> Pair {
        if !self.local || self.rows.positions == 1 {
            return Pair { local: false, ..self };
        }
        let from = &self.rows;
        let (positions, rows) = (from.positions, from.rows);
        let mut out = Rows::zeros(from.objects, positions, positions * rows, from.channels);
        let size = rows * from.channels;
        for place in 0..from.places() {
            let to = (place * positions + place % positions) * size;
            out.data[to..to + size].copy_from_slice(&from.data[place * size..(place + 1) * size]);
        }
        Pair { rows: out, local: false }
    }

    /// Adds another pair of the same tensors.
    pub fn add(self, other: Pair) -> Pair {
        if self.local == other.local || self.rows.rows == other.rows.rows {
            let mut sum = self;
            sum.local &= other.local;
            sum.rows.add(&other.rows);
            return sum;
        }
        self.expand().add(other.expand())
    }
}

/// Rows u over w as rows w over u.
fn flip(from: &Rows, positions: usize, channels: usize, local: bool) -> Rows {
    let (objects, others, width) = (from.objects, from.positions, from.channels);
    let size = channels * width;
    let (mut out, columns) = if local {
        (Rows::zeros(objects, others, width, channels), 1)
    } else {
        (Rows::zeros(objects, positions, others * width, channels), positions)
    };
    for object in 0..objects {
        for s in 0..others {
            for t in 0..columns {
                let block = ((object * others + s) * columns + t) * size;
                let to = if local { block } else { ((object * positions + t) * others + s) * size };
                let (from, to) = (&from.data[block..block + size], &mut out.data[to..to + size]);
                for (i, line) in from.chunks_exact(width).enumerate() {
                    for (j, value) in line.iter().enumerate() {
                        to[j * channels + i] = *value;
                    }
                }
            }
        }
    }
    out
}

/// One at every entry of a tensor: rows of the tensor over itself.
pub(super) fn identity(objects: usize, shape: Shape, local: bool) -> Pair {
    let (positions, channels) = (shape.positions(), shape.channels);
    let mut rows = Rows::zeros(objects, positions, channels, channels);
    for place in rows.data.chunks_exact_mut(channels * channels) {
        place.iter_mut().step_by(channels + 1).for_each(|v| *v = 1.0);
    }
    let pair = Pair { rows, local: true };
    if local { pair } else { pair.expand() }
}

/// `delta ∂²f/∂u∂w` of a map, with the numbers of its inputs.
pub(super) fn bends(at: &At<'_>, delta: &Rows, shapes: &[Shape]) -> Vec<(usize, usize, Pair)> {
    let (objects, local) = (delta.objects, at.op.is_positionwise());
    let bent = |from: usize| {
        let tangents = identity(objects, shapes[from], local);
        at.bend(delta, from, &tangents.rows).map(|(to, rows)| (from, to, Pair { rows, local }))
    };
    match at.op {
        Op::Scores { heads, scale } => vec![(0, 1, scores_bend(delta, shapes, *heads, *scale))],
        Op::Mix { heads } => vec![(0, 1, mix_bend(delta, shapes, *heads))],
        op if op.is_curved() => bent(0).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `scale delta[h, t, u]` where head and channel of query t and key u agree.
fn scores_bend(delta: &Rows, shapes: &[Shape], heads: usize, scale: f64) -> Pair {
    let (queries, keys, channels) = (shapes[0].positions(), shapes[1].positions(), shapes[0].channels);
    let part = channels / heads;
    let mut rows = Rows::zeros(delta.objects, keys, queries * channels, channels);
    for object in 0..delta.objects {
        for head in 0..heads {
            for t in 0..queries {
                for u in 0..keys {
                    let value = scale * delta.data[delta.at(object, head * queries + t, 0) + u];
                    for c in head * part..(head + 1) * part {
                        let to = rows.at(object, u, t * channels + c) + c;
                        rows.data[to] = value;
                    }
                }
            }
        }
    }
    Pair { rows, local: false }
}

/// `delta[t, h, i]` where weight (h, t, u) meets value (u, h, i).
fn mix_bend(delta: &Rows, shapes: &[Shape], heads: usize) -> Pair {
    let (keys, channels) = (shapes[1].positions(), shapes[1].channels);
    let (queries, part) = (shapes[0].positions() / heads, channels / heads);
    let mut rows = Rows::zeros(delta.objects, keys, heads * queries * keys, channels);
    for object in 0..delta.objects {
        for head in 0..heads {
            for t in 0..queries {
                let from = delta.at(object, t, 0) + head * part;
                for u in 0..keys {
                    let to = rows.at(object, u, (head * queries + t) * keys + u) + head * part;
                    rows.data[to..to + part].copy_from_slice(&delta.data[from..from + part]);
                }
            }
        }
    }
    Pair { rows, local: false }
}
