//! Dense maps and convolutions: products with the weights, and with the patches of the input.

use std::ops::Range;

use ndarray::s;

use super::product::{count, multiply, product};
use super::tensor::{Rows, view, view_mut};
use super::windows::{PADDING, Windows};

/// The weights of a dense map or a convolution, laid out for products.
///
/// The own parameter vector is (output, input of the patch and then 1 for the bias). A patch of a convolution holds
/// the channels of its group for one place of the window after the other.
#[derive(Debug)]
pub(super) struct Linear {
    pub groups: usize,
    pub outputs: usize,
    /// Inputs of one output, without the bias.
    pub inputs: usize,
    pub bias: Option<Vec<f64>>,
    /// (outputs, inputs).
    pub weight: Vec<f64>,
    /// None for a dense map.
    pub windows: Option<Windows>,
    /// Channels and positions of the tensor read.
    pub channels: usize,
    pub positions: usize,
}

impl Linear {
    /// Inputs of one output with the constant 1 of the bias.
    pub fn width(&self) -> usize {
        self.inputs + usize::from(self.bias.is_some())
    }

    pub fn count(&self) -> usize {
        self.outputs * self.width()
    }

    /// Outputs of one group.
    fn height(&self) -> usize {
        self.outputs / self.groups
    }

    fn group_weight(&self, group: usize) -> ndarray::ArrayView2<'_, f64> {
        let (height, inputs) = (self.height(), self.inputs);
        let start = group * height * inputs;
        view(&self.weight[start..start + height * inputs], height, inputs)
    }

    /// What every output position sees, (object, position, row, (group, input)), behind each group a one if asked.
    pub fn patches(&self, x: &Rows, one: bool) -> Rows {
        let part = self.channels / self.groups;
        let width = self.inputs + usize::from(one);
        let positions = self.windows.as_ref().map_or(x.positions, Windows::len);
        let mut out = Rows::zeros(x.objects, positions, x.rows, self.groups * width);
        for object in 0..x.objects {
            for position in 0..positions {
                for row in 0..x.rows {
                    let to = out.at(object, position, row);
                    let line = &mut out.data[to..to + self.groups * width];
                    match &self.windows {
                        None => {
                            let from = x.at(object, position, row);
                            line[..self.inputs].copy_from_slice(&x.data[from..from + self.inputs]);
                        }
                        Some(windows) => {
                            for (j, &place) in windows.of(position).iter().enumerate() {
                                if place != PADDING {
                                    let from = x.at(object, place as usize, row);
                                    for group in 0..self.groups {
                                        let to = group * width + j * part;
                                        let from = from + group * part;
                                        line[to..to + part].copy_from_slice(&x.data[from..from + part]);
                                    }
                                }
                            }
                        }
                    }
                    if one {
                        line.iter_mut().skip(self.inputs).step_by(width).for_each(|v| *v = 1.0);
                    }
                }
            }
        }
        out
    }

    /// Adds rows over patches to the positions that they came from.
    fn unpatch(&self, patches: Rows) -> Rows {
        let Some(windows) = &self.windows else {
            return patches;
        };
        let part = self.channels / self.groups;
        let (objects, rows) = (patches.objects, patches.rows);
        let mut out = Rows::zeros(objects, self.positions, rows, self.channels);
        for object in 0..objects {
            for position in 0..windows.len() {
                for (j, &place) in windows.of(position).iter().enumerate() {
                    if place == PADDING {
                        continue;
                    }
                    for row in 0..rows {
                        let from = patches.at(object, position, row) + j * part;
                        let to = out.at(object, place as usize, row);
                        for group in 0..self.groups {
                            let from = from + group * self.inputs;
                            let to = to + group * part;
                            let line = &mut out.data[to..to + part];
                            line.iter_mut().zip(&patches.data[from..from + part]).for_each(|(a, b)| *a += b);
                        }
                    }
                }
            }
        }
        out
    }

    /// Rows over the inputs (without ones) taken to the outputs, without biases.
    fn apply(&self, patches: &Rows) -> Rows {
        let lines = patches.lines();
        let width = patches.channels / self.groups;
        let mut out = Rows::zeros(patches.objects, patches.positions, patches.rows, self.outputs);
        let (count, height) = (lines.nrows(), self.height());
        let mut to = view_mut(&mut out.data, count, self.outputs);
        for group in 0..self.groups {
            let from = lines.slice(s![.., group * width..group * width + self.inputs]);
            let to = to.slice_mut(s![.., group * height..(group + 1) * height]);
            multiply(from, self.group_weight(group).reversed_axes(), to, false);
        }
        out
    }

    /// The outputs from patches with ones.
    pub fn forward(&self, patches: &Rows) -> Rows {
        let mut out = self.apply(patches);
        if let Some(bias) = &self.bias {
            for line in out.data.chunks_exact_mut(self.outputs) {
                line.iter_mut().zip(bias).for_each(|(v, b)| *v += b);
            }
        }
        out
    }

    pub fn push(&self, tangents: &Rows) -> Rows {
        match self.windows {
            None => self.apply(tangents),
            Some(_) => self.apply(&self.patches(tangents, false)),
        }
    }

    pub fn pull(&self, rows: &Rows) -> Rows {
        let lines = rows.lines();
        let height = self.height();
        let mut out = Rows::zeros(rows.objects, rows.positions, rows.rows, self.groups * self.inputs);
        let width = out.channels;
        let mut to = view_mut(&mut out.data, lines.nrows(), width);
        for group in 0..self.groups {
            let from = lines.slice(s![.., group * height..(group + 1) * height]);
            let to = to.slice_mut(s![.., group * self.inputs..(group + 1) * self.inputs]);
            multiply(from, self.group_weight(group), to, false);
        }
        self.unpatch(out)
    }

    /// Rows over the outputs times the derivative in the own parameters, summed over these places (objects times
    /// positions): (rows, own parameters).
    pub fn contract(&self, patches: &Rows, rows: &Rows, places: Range<usize>) -> Vec<f64> {
        let (width, height, count) = (self.width(), self.height(), places.len());
        let step = rows.rows * rows.channels;
        let part = &rows.data[places.start * step..places.end * step];
        let seen = patches.by_place();
        let seen = seen.slice(s![places, ..]);
        if self.groups == 1 && count == 1 {
            let seen = seen.row(0);
            super::product::count(2 * step * width);
            return part.iter().flat_map(|v| seen.iter().map(move |x| v * x)).collect();
        }
        if self.groups == 1 {
            return product(view(part, count, step).reversed_axes(), seen);
        }
        let mut out = vec![0.0; rows.rows * self.count()];
        for group in 0..self.groups {
            let mut own = Vec::with_capacity(count * rows.rows * height);
            for line in part.chunks_exact(rows.channels) {
                own.extend_from_slice(&line[group * height..(group + 1) * height]);
            }
            let seen = seen.slice(s![.., group * width..(group + 1) * width]);
            let found = product(view(&own, count, rows.rows * height).reversed_axes(), seen);
            for (row, values) in found.chunks_exact(height * width).enumerate() {
                let to = row * self.count() + group * height * width;
                out[to..to + height * width].copy_from_slice(values);
            }
        }
        out
    }

    /// The derivative in a range of the own parameters, as tangents over the outputs.
    pub fn seed(&self, patches: &Rows, range: Range<usize>) -> Rows {
        let (width, height) = (self.width(), self.height());
        let mut out = Rows::zeros(patches.objects, patches.positions, range.len(), self.outputs);
        let places = patches.data.chunks_exact(patches.channels);
        for (line, to) in places.zip(out.data.chunks_exact_mut(range.len() * self.outputs)) {
            for (row, own) in range.clone().enumerate() {
                let (output, input) = (own / width, own % width);
                to[row * self.outputs + output] = line[output / height * width + input];
            }
        }
        out
    }

    /// The derivative times k vectors, (k, own parameters), as tangents over the outputs.
    pub fn seed_by(&self, patches: &Rows, vectors: &[f64]) -> Rows {
        let (width, height) = (self.width(), self.height());
        let k = vectors.len() / self.count();
        let mut out = Rows::zeros(patches.objects, patches.positions, k, self.outputs);
        let places = patches.places();
        let mut to = view_mut(&mut out.data, places, k * self.outputs);
        for vector in 0..k {
            for group in 0..self.groups {
                let start = vector * self.count() + group * height * width;
                let weight = view(&vectors[start..start + height * width], height, width);
                let seen = patches.by_place();
                let seen = seen.slice(s![.., group * width..(group + 1) * width]);
                let first = vector * self.outputs + group * height;
                multiply(seen, weight.reversed_axes(), to.slice_mut(s![.., first..first + height]), false);
            }
        }
        out
    }

    /// `delta ∂²f/∂theta∂x` times tangents over the input, summed over objects: (rows, own parameters).
    pub fn cross(&self, delta: &Rows, tangents: &Rows) -> Vec<f64> {
        let patches;
        let seen = match self.windows {
            None => tangents,
            Some(_) => {
                patches = self.patches(tangents, false);
                &patches
            }
        };
        let (height, width, rows) = (self.height(), self.width(), tangents.rows);
        let by_place = delta.by_place();
        let mut out = vec![0.0; rows * self.count()];
        for group in 0..self.groups {
            let left = by_place.slice(s![.., group * height..(group + 1) * height]);
            let packed;
            let right = if self.groups == 1 {
                seen.by_place()
            } else {
                let range = group * self.inputs..(group + 1) * self.inputs;
                packed = seen
                    .data
                    .chunks_exact(seen.channels)
                    .flat_map(|l| l[range.clone()].to_vec())
                    .collect::<Vec<_>>();
                view(&packed, seen.places(), rows * self.inputs)
            };
            let found = product(left.reversed_axes(), right);
            for (output, line) in found.chunks_exact(rows * self.inputs).enumerate() {
                for (row, values) in line.chunks_exact(self.inputs).enumerate() {
                    let to = row * self.count() + (group * height + output) * width;
                    out[to..to + self.inputs].copy_from_slice(values);
                }
            }
        }
        out
    }

    /// `delta ∂²f/∂theta∂x` as rows of a range of the own parameters over the input.
    pub fn cross_rows(&self, delta: &Rows, range: Range<usize>) -> Rows {
        let (width, height) = (self.width(), self.height());
        let mut patches = Rows::zeros(delta.objects, delta.positions, range.len(), self.groups * self.inputs);
        let step = range.len() * patches.channels;
        count(delta.places() * range.len());
        let channels = patches.channels;
        let places = delta.data.chunks_exact(self.outputs);
        for (line, to) in places.zip(patches.data.chunks_exact_mut(step.max(1))) {
            for (row, own) in range.clone().enumerate() {
                let (output, input) = (own / width, own % width);
                if input < self.inputs {
                    to[row * channels + output / height * self.inputs + input] = line[output];
                }
            }
        }
        self.unpatch(patches)
    }

    /// `delta ∂²f/∂theta∂x` times k vectors, (k, own parameters), as rows over the input.
    pub fn cross_by(&self, delta: &Rows, vectors: &[f64]) -> Rows {
        let (width, height) = (self.width(), self.height());
        let k = vectors.len() / self.count();
        let mut patches = Rows::zeros(delta.objects, delta.positions, k, self.groups * self.inputs);
        let (places, channels) = (delta.places(), patches.channels);
        let mut to = view_mut(&mut patches.data, places, k * channels);
        for vector in 0..k {
            for group in 0..self.groups {
                let start = vector * self.count() + group * height * width;
                let weight = view(&vectors[start..start + height * width], height, width);
                let by_place = delta.by_place();
                let left = by_place.slice(s![.., group * height..(group + 1) * height]);
                let first = vector * channels + group * self.inputs;
                let to = to.slice_mut(s![.., first..first + self.inputs]);
                multiply(left, weight.slice(s![.., ..self.inputs]), to, false);
            }
        }
        self.unpatch(patches)
    }

    /// `Σ (∂f/∂theta)ᵀ m ∂f/∂theta` from rows of the outputs over themselves, in one group: (own, own parameters).
    ///
    /// The half from each output on is computed, and mirrored: of the result the upper triangle is full.
    pub fn own(&self, patches: &Rows, m: &Rows, local: bool) -> Vec<f64> {
        let (outputs, width, own) = (self.outputs, self.width(), self.count());
        let (positions, places) = (m.positions, m.places());
        let mut out = vec![0.0; own * own];
        for i in 0..outputs {
            let rest = outputs - i;
            // For every place of output i: its second derivatives with the outputs from i on, contracted.
            let mut right = Vec::with_capacity(places * rest * width);
            for place in 0..places {
                if local {
                    let line = &m.data[(place * outputs + i) * outputs + i..][..rest];
                    let seen = &patches.data[place * width..(place + 1) * width];
                    right.extend(line.iter().flat_map(|v| seen.iter().map(move |x| v * x)));
                }
            }
            if !local {
                for object in 0..m.objects {
                    // (place of the other output, (place of output i, other output)).
                    let mut part = Vec::with_capacity(positions * positions * rest);
                    for s in 0..positions {
                        for t in 0..positions {
                            let from = m.at(object, s, t * outputs + i) + i;
                            part.extend_from_slice(&m.data[from..from + rest]);
                        }
                    }
                    let range = object * positions..(object + 1) * positions;
                    let seen = patches.by_place();
                    let seen = seen.slice(s![range, ..]);
                    right.extend(product(view(&part, positions, positions * rest).reversed_axes(), seen));
                }
            }
            let found = product(patches.by_place().reversed_axes(), view(&right, places, rest * width));
            for (a, line) in found.chunks_exact(rest * width).enumerate() {
                let start = (i * width + a) * own + i * width;
                out[start..start + rest * width].copy_from_slice(line);
            }
        }
        out
    }
}
