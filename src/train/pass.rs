//! Forward and backward over one batch, in either precision, with buffers that are used again.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, s};

use super::number::Number;
use crate::linalg::{entries, entries_mut};
use crate::network::LayerPlace;
use crate::passes::pre_activation;
use crate::{Activation, Dataset, Loss, Network};

/// A network's shape with buffers for batches of up to `rows` objects.
pub(super) struct Pass<'a, T> {
    data: &'a Dataset,
    /// The data set's inputs, row by row.
    inputs: &'a [T],
    loss: Loss,
    activation: Activation,
    places: Vec<LayerPlace>,
    /// Inputs of each layer, shape (rows, inputs).
    x: Vec<Array2<T>>,
    /// Slopes `s'(z)` of each hidden layer, shape (rows, outputs).
    slope: Vec<Array2<T>>,
    /// `dl/dz` of each layer, shape (rows, outputs); the last holds the logits first.
    delta: Vec<Array2<T>>,
    z: Vec<f64>,
    residual: Vec<f64>,
}

impl<'a, T: Number> Pass<'a, T> {
    /// Network, data and loss have been checked to belong together.
    pub(super) fn new(net: &Network, data: &'a Dataset, inputs: &'a [T], loss: Loss, rows: usize) -> Self {
        let places = net.layout();
        let zeros = |width: usize| Array2::from_elem((rows, width), T::zero());
        Pass {
            data,
            inputs,
            loss,
            activation: net.activation(),
            x: places.iter().map(|place| zeros(place.inputs)).collect(),
            slope: places[1..].iter().map(|place| zeros(place.inputs)).collect(),
            delta: places.iter().map(|place| zeros(place.outputs)).collect(),
            z: vec![0.0; net.outputs()],
            residual: vec![0.0; net.outputs()],
            places,
        }
    }

    /// Puts the logits of `objects` into the first rows of the last `delta`.
    fn forward(&mut self, theta: &[T], objects: &[usize]) {
        let rows = objects.len();
        let inputs = self.data.inputs();
        for (&object, row) in objects.iter().zip(entries_mut(&mut self.x[0]).chunks_exact_mut(inputs)) {
            row.copy_from_slice(&self.inputs[object * inputs..][..inputs]);
        }
        for (l, place) in self.places.iter().enumerate() {
            let mut z = self.delta[l].slice_mut(s![..rows, ..]);
            let weight = matrix(theta, place);
            let bias = place.bias.clone().map(|bias| ArrayView1::from(&theta[bias]));
            pre_activation(&self.x[l].slice(s![..rows, ..]), &weight, bias, &mut z);
            if l + 1 < self.places.len() {
                let count = rows * place.outputs;
                activate(
                    self.activation,
                    &entries(&self.delta[l])[..count],
                    &mut entries_mut(&mut self.x[l + 1])[..count],
                    &mut entries_mut(&mut self.slope[l])[..count],
                );
            }
        }
    }

    /// Turns the logits into residuals times `scale`; returns the sum of the losses, without `scale`.
    fn residuals(&mut self, objects: &[usize], scale: f64) -> f64 {
        let outputs = self.z.len();
        let mut total = 0.0;
        let Some(logits) = self.delta.last_mut() else { return total };
        for (&object, row) in objects.iter().zip(entries_mut(logits).chunks_exact_mut(outputs)) {
            self.z.iter_mut().zip(row.iter()).for_each(|(z, v)| *z = v.as_f64());
            self.data.targets.with_row(object, |target| {
                total += self.loss.value(&self.z, target);
                self.loss.residual(&self.z, target, &mut self.residual);
            });
            row.iter_mut().zip(&self.residual).for_each(|(v, r)| *v = T::of(r * scale));
        }
        total
    }

    /// Writes the gradient of the loss over `objects`, with its normaliser, into `gradient`; returns the sum of
    /// their losses, without it.
    pub(super) fn gradient(&mut self, theta: &[T], objects: &[usize], gradient: &mut [T]) -> f64 {
        self.forward(theta, objects);
        let rows = objects.len();
        let total = self.residuals(objects, self.loss.normaliser(rows, self.z.len()));
        for l in (0..self.places.len()).rev() {
            let place = &self.places[l];
            let (before, after) = self.delta.split_at_mut(l);
            let delta = after[0].slice(s![..rows, ..]);
            let mut weight = matrix_mut(gradient, place);
            general_mat_mul(T::one(), &delta.t(), &self.x[l].slice(s![..rows, ..]), T::zero(), &mut weight);
            if let Some(bias) = &place.bias {
                let sums = &mut gradient[bias.clone()];
                sums.fill(T::zero());
                for row in delta.rows() {
                    sums.iter_mut().zip(row).for_each(|(sum, &d)| *sum = *sum + d);
                }
            }
            if let Some(below) = before.last_mut() {
                let mut back = below.slice_mut(s![..rows, ..]);
                general_mat_mul(T::one(), &delta, &matrix(theta, place), T::zero(), &mut back);
                let slope = self.slope[l - 1].slice(s![..rows, ..]);
                back.zip_mut_with(&slope, |d, &s| *d = *d * s);
            }
        }
        total
    }
}

fn matrix<'a, T>(theta: &'a [T], place: &LayerPlace) -> ArrayView2<'a, T> {
    ArrayView2::from_shape((place.outputs, place.inputs), &theta[place.weight.clone()])
        .expect("the range has the size of the matrix by construction")
}

fn matrix_mut<'a, T>(theta: &'a mut [T], place: &LayerPlace) -> ArrayViewMut2<'a, T> {
    ArrayViewMut2::from_shape((place.outputs, place.inputs), &mut theta[place.weight.clone()])
        .expect("the range has the size of the matrix by construction")
}

/// `x = s(z)` and `slope = s'(z)`. In float32 the curved activations are float64's, rounded.
fn activate<T: Number>(activation: Activation, z: &[T], x: &mut [T], slope: &mut [T]) {
    let all = z.iter().zip(x).zip(slope);
    match activation {
        // The usual one, in a form that the compiler turns into vector instructions.
        Activation::Relu => all.for_each(|((&z, x), slope)| {
            // In this order NaN stays NaN.
            let silent = z <= T::zero();
            *x = if silent { T::zero() } else { z };
            *slope = if silent { T::zero() } else { T::one() };
        }),
        _ => all.for_each(|((&z, x), slope)| {
            let (value, first, _) = activation.derivatives(z.as_f64());
            *x = T::of(value);
            *slope = T::of(first);
        }),
    }
}
