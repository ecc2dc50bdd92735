//! Scores, softmax and mixing: everything that attention needs, head by head.

use super::product::multiply;
use super::tensor::{Rows, view, view_mut};

/// (object, position, row, (head, channel)) as (object, head, position, row, channel).
fn split(x: &Rows, heads: usize) -> Vec<f64> {
    let part = x.channels / heads;
    let mut out = vec![0.0; x.data.len()];
    let inner = x.positions * x.rows;
    for (line, from) in x.data.chunks_exact(x.channels).enumerate() {
        let (object, rest) = (line / inner, line % inner);
        for (head, from) in from.chunks_exact(part).enumerate() {
            let to = ((object * heads + head) * inner + rest) * part;
            out[to..to + part].copy_from_slice(from);
        }
    }
    out
}

/// The way back from [`split`].
fn join(data: &[f64], objects: usize, positions: usize, rows: usize, heads: usize, part: usize) -> Rows {
    let mut out = Rows::zeros(objects, positions, rows, heads * part);
    let inner = positions * rows;
    for (line, from) in data.chunks_exact(part).enumerate() {
        let (head, rest) = (line / inner, line % inner);
        let (object, head) = (head / heads, head % heads);
        let to = (object * inner + rest) * heads * part + head * part;
        out.data[to..to + part].copy_from_slice(from);
    }
    out
}

/// Calls `each` with the matrices of every (object, head): `a` holds `size` numbers of each.
fn for_each(
    a: &[f64],
    b: &[f64],
    out: &mut [f64],
    pairs: usize,
    mut each: impl FnMut(&[f64], &[f64], &mut [f64]),
) {
    let (a_size, b_size, size) = (a.len() / pairs, b.len() / pairs, out.len() / pairs);
    for pair in 0..pairs {
        each(
            &a[pair * a_size..(pair + 1) * a_size],
            &b[pair * b_size..(pair + 1) * b_size],
            &mut out[pair * size..(pair + 1) * size],
        );
    }
}

/// (first, second, third) as (second, first, third) or, with `inner`, as (first, third, second).
fn swap_outer(data: &[f64], first: usize, second: usize, third: usize, out: &mut [f64]) {
    for i in 0..first {
        for j in 0..second {
            let (from, to) = ((i * second + j) * third, (j * first + i) * third);
            out[to..to + third].copy_from_slice(&data[from..from + third]);
        }
    }
}

fn swap_inner(data: &[f64], first: usize, second: usize, third: usize, out: &mut [f64]) {
    for i in 0..first {
        for j in 0..second {
            for k in 0..third {
                out[(i * third + k) * second + j] = data[(i * second + j) * third + k];
            }
        }
    }
}

/// Sizes of an attention: queries T, keys U, channels of a head c.
#[derive(Clone, Copy)]
struct Sizes {
    pairs: usize,
    queries: usize,
    keys: usize,
    part: usize,
}

/// `a` (T x R, X) times the transpose of `b` (Y, X), for every pair.
fn times_turned(a: &[f64], b: &[f64], pairs: usize, inner: usize) -> Vec<f64> {
    let (rows, columns) = (a.len() / pairs / inner, b.len() / pairs / inner);
    let mut out = vec![0.0; pairs * rows * columns];
    for_each(a, b, &mut out, pairs, |a, b, out| {
        let (a, b) = (view(a, rows, inner), view(b, columns, inner));
        multiply(a, b.reversed_axes(), view_mut(out, rows, columns), false);
    });
    out
}

/// `a` (rows, X) times `b` (X, Y), for every pair.
fn times(a: &[f64], b: &[f64], pairs: usize, inner: usize) -> Vec<f64> {
    let (rows, columns) = (a.len() / pairs / inner, b.len() / pairs / inner);
    let mut out = vec![0.0; pairs * rows * columns];
    for_each(a, b, &mut out, pairs, |a, b, out| {
        multiply(view(a, rows, inner), view(b, inner, columns), view_mut(out, rows, columns), false);
    });
    out
}

/// The transpose of `a` (X, rows) times `b` (X, columns), for every pair.
fn turned_times(a: &[f64], b: &[f64], pairs: usize, inner: usize) -> Vec<f64> {
    let (rows, columns) = (a.len() / pairs / inner, b.len() / pairs / inner);
    let mut out = vec![0.0; pairs * rows * columns];
    for_each(a, b, &mut out, pairs, |a, b, out| {
        let (a, b) = (view(a, inner, rows), view(b, inner, columns));
        multiply(a.reversed_axes(), b, view_mut(out, rows, columns), false);
    });
    out
}

/// Rows over the scores, (T, R, U) a pair, and queries or the like (T, c): `Σ_t`, as (U, R, c) a pair.
fn to_keys(rows: &[f64], queries: &[f64], sizes: Sizes, count: usize) -> Vec<f64> {
    let found = turned_times(rows, queries, sizes.pairs, sizes.queries);
    let mut out = vec![0.0; found.len()];
    let size = count * sizes.keys * sizes.part;
    for (found, out) in found.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
        swap_outer(found, count, sizes.keys, sizes.part, out);
    }
    out
}

/// Rows over the keys, (U, R, c) a pair, and queries or the like (T, c): `Σ_i`, as (T, R, U) a pair.
fn to_scores(rows: &[f64], queries: &[f64], sizes: Sizes, count: usize) -> Vec<f64> {
    let found = times_turned(queries, rows, sizes.pairs, sizes.part);
    let mut out = vec![0.0; found.len()];
    let size = sizes.queries * sizes.keys * count;
    for (found, out) in found.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
        swap_inner(found, sizes.queries, sizes.keys, count, out);
    }
    out
}

fn scaled(mut data: Vec<f64>, scale: f64) -> Vec<f64> {
    data.iter_mut().for_each(|v| *v *= scale);
    data
}

/// `scale q kᵀ`, head by head.
pub(super) struct ScoresAt<'a> {
    pub heads: usize,
    pub scale: f64,
    pub q: &'a Rows,
    pub k: &'a Rows,
}

impl ScoresAt<'_> {
    fn sizes(&self) -> Sizes {
        Sizes {
            pairs: self.q.objects * self.heads,
            queries: self.q.positions,
            keys: self.k.positions,
            part: self.q.channels / self.heads,
        }
    }

    fn over_scores(&self, data: Vec<f64>, rows: usize) -> Rows {
        let sizes = self.sizes();
        Rows::from_data(data, self.q.objects, self.heads * sizes.queries, rows, sizes.keys)
    }

    fn over_input(&self, data: &[f64], input: usize, rows: usize) -> Rows {
        let sizes = self.sizes();
        let positions = if input == 0 { sizes.queries } else { sizes.keys };
        join(data, self.q.objects, positions, rows, self.heads, sizes.part)
    }

    pub fn forward(&self) -> Rows {
        let (q, k) = (split(self.q, self.heads), split(self.k, self.heads));
        let sizes = self.sizes();
        self.over_scores(scaled(times_turned(&q, &k, sizes.pairs, sizes.part), self.scale), 1)
    }

    pub fn pull(&self, input: usize, rows: &Rows) -> Rows {
        let sizes = self.sizes();
        let found = match input {
            0 => times(&rows.data, &split(self.k, self.heads), sizes.pairs, sizes.keys),
            _ => to_keys(&rows.data, &split(self.q, self.heads), sizes, rows.rows),
        };
        self.over_input(&scaled(found, self.scale), input, rows.rows)
    }

    pub fn push(&self, input: usize, tangents: &Rows) -> Rows {
        let (sizes, t) = (self.sizes(), split(tangents, self.heads));
        let found = match input {
            0 => times_turned(&t, &split(self.k, self.heads), sizes.pairs, sizes.part),
            _ => to_scores(&t, &split(self.q, self.heads), sizes, tangents.rows),
        };
        self.over_scores(scaled(found, self.scale), tangents.rows)
    }

    /// From tangents of one input to rows over the other.
    pub fn bend(&self, delta: &Rows, from: usize, tangents: &Rows) -> (usize, Rows) {
        let (sizes, t) = (self.sizes(), split(tangents, self.heads));
        let found = match from {
            0 => turned_times(&delta.data, &t, sizes.pairs, sizes.queries),
            _ => times(&delta.data, &t, sizes.pairs, sizes.keys),
        };
        (1 - from, self.over_input(&scaled(found, self.scale), 1 - from, tangents.rows))
    }
}

/// `p v`, head by head.
pub(super) struct MixAt<'a> {
    pub heads: usize,
    pub p: &'a Rows,
    pub v: &'a Rows,
}

impl MixAt<'_> {
    fn sizes(&self) -> Sizes {
        Sizes {
            pairs: self.v.objects * self.heads,
            queries: self.p.positions / self.heads,
            keys: self.v.positions,
            part: self.v.channels / self.heads,
        }
    }

    fn over_weights(&self, data: Vec<f64>, rows: usize) -> Rows {
        Rows::from_data(data, self.v.objects, self.p.positions, rows, self.v.positions)
    }

    fn over(&self, data: &[f64], positions: usize, rows: usize) -> Rows {
        join(data, self.v.objects, positions, rows, self.heads, self.sizes().part)
    }

    pub fn forward(&self) -> Rows {
        let sizes = self.sizes();
        let found = times(&self.p.data, &split(self.v, self.heads), sizes.pairs, sizes.keys);
        self.over(&found, sizes.queries, 1)
    }

    pub fn pull(&self, input: usize, rows: &Rows) -> Rows {
        let (sizes, g) = (self.sizes(), split(rows, self.heads));
        if input == 0 {
            let found = times_turned(&g, &split(self.v, self.heads), sizes.pairs, sizes.part);
            return self.over_weights(found, rows.rows);
        }
        let found = turned_times(&self.p.data, &g, sizes.pairs, sizes.queries);
        self.over(&found, sizes.keys, rows.rows)
    }

    pub fn push(&self, input: usize, tangents: &Rows) -> Rows {
        let sizes = self.sizes();
        let found = match input {
            0 => times(&tangents.data, &split(self.v, self.heads), sizes.pairs, sizes.keys),
            _ => times(&self.p.data, &split(tangents, self.heads), sizes.pairs, sizes.keys),
        };
        self.over(&found, sizes.queries, tangents.rows)
    }

    /// From tangents of one input to rows over the other.
    pub fn bend(&self, delta: &Rows, from: usize, tangents: &Rows) -> (usize, Rows) {
        let (sizes, delta) = (self.sizes(), split(delta, self.heads));
        if from == 0 {
            let found = to_keys(&tangents.data, &delta, sizes, tangents.rows);
            return (1, self.over(&found, sizes.keys, tangents.rows));
        }
        let found = to_scores(&split(tangents, self.heads), &delta, sizes, tangents.rows);
        (0, self.over_weights(found, tangents.rows))
    }
}

/// Softmax over the channels; masked ones stay exactly zero and are never touched.
pub(super) fn softmax(x: &Rows, mask: Option<&[bool]>) -> Rows {
    let mut out = x.like();
    let (channels, period) = (x.channels, mask.map_or(1, |mask| mask.len() / x.channels));
    for (line, (x, p)) in x.data.chunks_exact(channels).zip(out.data.chunks_exact_mut(channels)).enumerate() {
        let allowed = |c: usize| mask.is_none_or(|mask| mask[line % period * channels + c]);
        let seen = (0..channels).filter(|&c| allowed(c));
        let largest = seen.clone().map(|c| x[c]).fold(f64::NEG_INFINITY, f64::max);
        seen.clone().for_each(|c| p[c] = (x[c] - largest).exp());
        let sum: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= sum);
    }
    out
}

/// `p (g - g·p)`: the Jacobian of softmax is symmetric.
pub(super) fn softmax_rows(p: &Rows, rows: &Rows) -> Rows {
    let mut out = rows.clone();
    let size = rows.rows * rows.channels;
    for (lines, p) in out.data.chunks_exact_mut(size).zip(p.data.chunks_exact(p.channels)) {
        for line in lines.chunks_exact_mut(p.len()) {
            let mean: f64 = line.iter().zip(p).map(|(g, p)| g * p).sum();
            line.iter_mut().zip(p).for_each(|(g, p)| *g = p * (*g - mean));
        }
    }
    out
}

/// `(diag(p e) - p pᵀ (e_a + e_b)) t` with `e = delta - delta·p`.
pub(super) fn softmax_bend(p: &Rows, delta: &Rows, tangents: &Rows) -> Rows {
    let mut out = tangents.clone();
    let (channels, size) = (p.channels, tangents.rows * tangents.channels);
    let mut e = vec![0.0; channels];
    let places = p.data.chunks_exact(channels).zip(delta.data.chunks_exact(channels));
    for (lines, (p, delta)) in out.data.chunks_exact_mut(size).zip(places) {
        let mean: f64 = p.iter().zip(delta).map(|(p, d)| p * d).sum();
        e.iter_mut().zip(delta).for_each(|(e, d)| *e = d - mean);
        for line in lines.chunks_exact_mut(channels) {
            let along: f64 = line.iter().zip(p).map(|(t, p)| t * p).sum();
            let bent: f64 = line.iter().zip(p).zip(&e).map(|((t, p), e)| t * p * e).sum();
            for ((t, p), e) in line.iter_mut().zip(p).zip(&e) {
                *t = p * (e * (*t - along) - bent);
            }
        }
    }
    out
}
