//! Rows of one map's own parameters on their way down.

use std::collections::BTreeMap;
use std::ops::Range;

/// Takes blocks of the matrix: rows of the first map's own parameters, both maps, values.
pub(super) type Emit<'e> = dyn FnMut(usize, Range<usize>, usize, Vec<f64>) + 'e;

use super::Shape;
use super::local::{At, Saved};
use super::pair::{Pair, identity};
use super::pass::Pass;
use super::product::{count, product};
use super::tensor::{Rows, view};

/// Rows of a tensor over the own parameters of a map, by object or, of local pairs, by position.
pub(super) struct Source {
    pub tensor: usize,
    shape: Shape,
    /// (object, rows of the tensor, own parameters), or (object, position, channels of the tensor, own parameters).
    data: Vec<f64>,
    objects: usize,
    count: usize,
}

impl Source {
    /// Contracts rows w over the map's output with the derivative in its own parameters.
    pub fn new(at: &At<'_>, tensor: usize, shape: Shape, pair: &Pair) -> Source {
        let rows = &pair.rows;
        let step = if pair.local { 1 } else { rows.positions };
        let mut data = Vec::with_capacity(rows.places() / step * rows.rows * at.count());
        for start in (0..rows.places()).step_by(step) {
            data.extend(at.contract_places(rows, start..start + step));
        }
        Source { tensor, shape, data, objects: rows.objects, count: at.count() }
    }

    /// A range of the own parameters as rows over the tensor.
    pub fn rows(&self, range: Range<usize>) -> Rows {
        let (positions, channels) = (self.shape.positions(), self.shape.channels);
        let mut out = Rows::zeros(self.objects, positions, range.len(), channels);
        let size = range.len() * channels;
        for (place, block) in self.data.chunks_exact(channels * self.count).enumerate() {
            let to = &mut out.data[place * size..(place + 1) * size];
            for (channel, line) in block.chunks_exact(self.count).enumerate() {
                for (row, value) in line[range.clone()].iter().enumerate() {
                    to[row * channels + channel] = *value;
                }
            }
        }
        out
    }
}

/// Rows over live tensors, by parameter or *apart*: row (i, a) is `x_a c_i + delta_i X_a`.
pub(super) struct Descent<'a> {
    pass: &'a Pass<'a>,
    first: usize,
    /// The map whose parameters these are.
    from: usize,
    rows: BTreeMap<usize, Rows>,
    c: BTreeMap<usize, Rows>,
    x: BTreeMap<usize, Rows>,
    /// Whether positions are still by themselves.
    local: bool,
}

impl<'a> Descent<'a> {
    pub fn by_parameter(pass: &'a Pass<'a>, first: usize, from: usize) -> Descent<'a> {
        Descent {
            pass,
            first,
            from,
            rows: BTreeMap::new(),
            c: BTreeMap::new(),
            x: BTreeMap::new(),
            local: false,
        }
    }

    pub fn apart(pass: &'a Pass<'a>, first: usize, from: usize, local: bool) -> Descent<'a> {
        Descent { local, ..Descent::by_parameter(pass, first, from) }
    }

    pub fn gather_rows(&mut self, tensor: usize, rows: Rows) {
        add_to(&mut self.rows, tensor, rows);
    }

    pub fn gather_c(&mut self, tensor: usize, rows: Rows) {
        add_to(&mut self.c, tensor, rows);
    }

    /// The inputs of the map over themselves.
    pub fn gather_x(&mut self, tensor: usize, shape: Shape) {
        let objects = self.pass.values[0].objects;
        add_to(&mut self.x, tensor, identity(objects, shape, true).rows);
    }

    /// Down through all maps; a block of the matrix at every one with parameters.
    pub fn run(mut self, range: Range<usize>, emit: &mut Emit<'_>) {
        let (problem, first) = (self.pass.problem, self.first);
        for v in (0..self.from).rev().filter(|&v| problem.depends(v, first)) {
            let here = [&self.rows, &self.c, &self.x].into_iter().any(|part| part.contains_key(&v));
            let at = self.pass.at(v);
            if here && self.local && !at.op.is_positionwise() {
                self.combine_all();
            }
            if at.count() > 0 && v >= first {
                let values = self.meet(&at, v, range.len());
                emit(self.from, range.clone(), v, values);
            }
            if !here {
                continue;
            }
            for part in [&mut self.rows, &mut self.c, &mut self.x] {
                if let Some(rows) = part.remove(&v) {
                    for (k, u) in problem.live(v).filter(|&(_, u)| problem.depends(u, first)) {
                        add_to(part, u, at.pull(k, &rows));
                    }
                }
            }
        }
    }

    /// The block with the own parameters of map v.
    fn meet(&self, at: &At<'_>, v: usize, rows: usize) -> Vec<f64> {
        if let Some(rows) = self.rows.get(&v) {
            return at.contract(rows);
        }
        let (c, x) = (self.c.get(&v), self.x.get(&v));
        let parts: Vec<_> = c.into_iter().chain(x).collect();
        let Some(part) = parts.first() else {
            return vec![0.0; rows * at.count()];
        };
        let places = if self.local { 1 } else { part.positions };
        let one = 2 * places * at.count();
        let apart: usize = parts.iter().map(|part| part.rows).sum();
        let together = rows * (4 * places * part.channels + one);
        if together <= apart * one + 4 * rows * at.count() {
            return at.contract(&self.combine(c, x));
        }
        self.meet_apart(at, c, x, rows)
    }

    /// As [`Descent::meet`]: contracts c and X with the parameters before they are combined.
    fn meet_apart(&self, at: &At<'_>, c: Option<&Rows>, x: Option<&Rows>, rows: usize) -> Vec<f64> {
        let source = self.pass.at(self.from);
        let (Saved::Patches(inputs), Some(delta)) = (source.saved, &self.pass.delta[self.from]) else {
            return vec![0.0; rows * at.count()];
        };
        let (width, outputs, columns) = (inputs.channels, delta.channels, at.count());
        let contracted = |part: &Rows| {
            let step = if self.local { 1 } else { part.positions };
            let starts = (0..part.places()).step_by(step);
            starts.flat_map(|start| at.contract_places(part, start..start + step)).collect::<Vec<_>>()
        };
        let mut out = vec![0.0; rows * columns];
        if let Some(c) = c {
            let right = contracted(c);
            let found =
                product(inputs.lines().reversed_axes(), view(&right, inputs.places(), outputs * columns));
            // (input, output, column) to (output, input, column).
            for (a, block) in found.chunks_exact(outputs * columns).enumerate() {
                for (i, line) in block.chunks_exact(columns).enumerate() {
                    out[(i * width + a) * columns..][..columns].copy_from_slice(line);
                }
            }
        }
        if let Some(x) = x {
            let right = contracted(x);
            let found =
                product(delta.lines().reversed_axes(), view(&right, delta.places(), x.rows * columns));
            for (i, block) in found.chunks_exact(x.rows * columns).enumerate() {
                let to = &mut out[i * width * columns..][..block.len()];
                to.iter_mut().zip(block).for_each(|(o, v)| *o += v);
            }
        }
        out
    }

    /// Row (i, a) = `x_a c_i + delta_i X_a`.
    fn combine(&self, c: Option<&Rows>, x: Option<&Rows>) -> Rows {
        let source = self.pass.at(self.from);
        let (Saved::Patches(inputs), Some(delta), Some(part)) =
            (source.saved, &self.pass.delta[self.from], c.or(x))
        else {
            unreachable!("a dense map keeps its inputs, and one of both parts is there")
        };
        let (width, outputs) = (inputs.channels, delta.channels);
        let mut out = Rows::zeros(part.objects, part.positions, outputs * width, part.channels);
        count(4 * out.data.len());
        for place in 0..part.places() {
            // The map has one position, or position by position the same one.
            let own = if self.local { place } else { place / part.positions };
            let input = &inputs.data[own * width..(own + 1) * width];
            let delta = &delta.data[own * outputs..(own + 1) * outputs];
            let channels = part.channels;
            let size = outputs * width * channels;
            let lines = out.data[place * size..(place + 1) * size].chunks_exact_mut(channels);
            for (own, line) in lines.enumerate() {
                let (i, a) = (own / width, own % width);
                if let Some(c) = c {
                    let from = &c.data[(place * c.rows + i) * channels..][..channels];
                    line.iter_mut().zip(from).for_each(|(o, v)| *o = input[a] * v);
                }
                if let Some(x) = x.filter(|x| a < x.rows) {
                    let from = &x.data[(place * x.rows + a) * channels..][..channels];
                    line.iter_mut().zip(from).for_each(|(o, v)| *o += delta[i] * v);
                }
            }
        }
        out
    }

    /// Puts the parts together: from here on rows by parameter.
    fn combine_all(&mut self) {
        let (c, x) = (std::mem::take(&mut self.c), std::mem::take(&mut self.x));
        let tensors: Vec<_> = c.keys().chain(x.keys()).copied().collect();
        for tensor in tensors {
            if !self.rows.contains_key(&tensor) {
                let rows = self.combine(c.get(&tensor), x.get(&tensor));
                self.rows.insert(tensor, rows);
            }
        }
        self.local = false;
    }
}

fn add_to(part: &mut BTreeMap<usize, Rows>, tensor: usize, rows: Rows) {
    match part.get_mut(&tensor) {
        Some(sum) => sum.add(&rows),
        None => {
            part.insert(tensor, rows);
        }
    }
}
