//! One forward and one backward sweep over a block of objects.
//!
//! With `x^(p)` the inputs of layer p and `z^(p) = W^(p) x^(p) + b^(p)`, the sweep keeps per object the inputs,
//! the slopes `s'(z)`, the residuals of every layer `delta^(p) = dl/dz^(p)`, and the curvature `A` in the logits.

mod forward;

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::linalg::{entries, entries_mut, matmul, workers};
use crate::loss::Loss;
use crate::{Dataset, Error, Network, Result};

pub(crate) use forward::{Forward, check_finite_layer, forward, nearest_kink, pre_activation};

/// Objects that one sweep takes at once: enough for a matrix product, few enough to share out.
pub(crate) const CHUNK: usize = 128;

/// What one sweep over the objects `range` leaves behind.
pub struct Sweep {
    /// Row numbers of the objects.
    pub range: Range<usize>,
    /// `x^(l)` for layers l = 1.. (layer 0 reads the data set itself), shape (objects, inputs of layer).
    inputs: Vec<Array2<f64>>,
    /// `s'(z^(l))` for the hidden layers, shape (objects, outputs of layer).
    pub slope: Vec<Array2<f64>>,
    /// `s''(z^(l)) ∘ (W^(l+1)ᵀ delta^(l+1))` for the hidden layers; empty where `s'' = 0` throughout.
    pub(crate) activation_curvature: Vec<Array2<f64>>,
    /// `delta^(l)`, shape (objects, outputs of layer), before the normaliser.
    pub delta: Vec<Array2<f64>>,
    /// Logits, shape (objects, K).
    pub logits: Array2<f64>,
    /// Sum of the losses, before the normaliser.
    pub loss: f64,
}

impl Sweep {
    /// Runs over the objects `range`. Shapes have been checked by the caller.
    ///
    /// # Errors
    /// Numbers that overflow.
    pub fn run(net: &Network, data: &Dataset, loss: Loss, range: Range<usize>) -> Result<Sweep> {
        let depth = net.depth();
        let activation = net.activation();
        let curved = !activation.is_piecewise_linear();
        let (mut slope, mut second) = (Vec::new(), Vec::new());
        let x = data.x.slice(s![range.clone(), ..]);
        let Forward { inputs, logits } = forward(net, x, range.start, true, |_, z| {
            let mut first = Array2::zeros(z.dim());
            let mut curve = Array2::zeros(if curved { z.dim() } else { (0, 0) });
            for (at, z) in entries_mut(z).iter_mut().enumerate() {
                let (value, mut d1, d2) = activation.derivatives(*z);
                if *z == 0.0 {
                    d1 = net.kink_slope().unwrap_or(d1);
                }
                *z = value;
                entries_mut(&mut first)[at] = d1;
                if curved {
                    entries_mut(&mut curve)[at] = d2;
                }
            }
            slope.push(first);
            second.push(curve);
        })?;

        let mut residual = Array2::zeros(logits.dim());
        let mut total = 0.0;
        let outputs = net.outputs();
        let rows =
            entries(&logits).chunks_exact(outputs).zip(entries_mut(&mut residual).chunks_exact_mut(outputs));
        for (object, (z, r)) in range.clone().zip(rows) {
            data.targets.with_row(object, |target| {
                total += loss.value(z, target);
                loss.residual(z, target, r);
            });
        }
        if !total.is_finite() {
            let what = format!("sum of the losses of objects {} to {}", range.start, range.end - 1);
            return Err(Error::NonFinite { what, index: vec![], value: total });
        }
        let mut delta = vec![residual];
        let mut activation_curvature = Vec::new();
        for l in (0..depth - 1).rev() {
            let back = matmul(&delta[delta.len() - 1], &net.layers()[l + 1].weight);
            delta.push(&back * &slope[l]);
            activation_curvature.push(if curved { back * &second[l] } else { Array2::zeros((0, 0)) });
        }
        delta.reverse();
        activation_curvature.reverse();
        for (l, delta) in delta.iter().enumerate() {
            check_finite_layer("residual", delta, l, range.start)?;
        }
        Ok(Sweep { range, inputs, slope, activation_curvature, delta, logits, loss: total })
    }

    /// Number of objects.
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// `x^(l)` of object `n`, for a layer l = 1.. as `input`.
    pub(crate) fn hidden(&self, l: usize, n: usize) -> &[f64] {
        let width = self.inputs[l - 1].ncols();
        &entries(&self.inputs[l - 1])[n * width..(n + 1) * width]
    }

    /// `x^(l)` of these objects, for a layer l = 1...
    pub(crate) fn later_input(&self, l: usize) -> ArrayView2<'_, f64> {
        self.inputs[l - 1].view()
    }

    /// `x^(l)` of these objects, without the ones of the biases.
    pub(crate) fn input<'a>(&'a self, data: &'a Dataset, l: usize) -> ArrayView2<'a, f64> {
        match l {
            0 => data.x.slice(s![self.range.clone(), ..]),
            _ => self.later_input(l),
        }
    }
}

/// Refuses inputs that do not fit the network, and no objects at all: means over them have no value.
pub(crate) fn check_objects(net: &Network, data: &Dataset) -> Result<()> {
    net.check_inputs(&data.x)?;
    if data.is_empty() {
        return Err(Error::argument(format!("objects of data set {}", data.name), "at least one", 0));
    }
    Ok(())
}

/// Refuses a network, data and loss that do not belong together.
///
/// # Errors
/// Inputs of another width, no objects, targets that the loss or the number of outputs does not allow.
pub fn check(net: &Network, data: &Dataset, loss: Loss) -> Result<()> {
    check_objects(net, data)?;
    loss.check_targets(&data.targets, data.len(), net.outputs())
}

/// Sweeps over the objects `range`, in chunks side by side.
///
/// # Errors
/// Numbers that overflow.
pub(crate) fn sweeps(net: &Network, data: &Dataset, loss: Loss, range: Range<usize>) -> Result<Vec<Sweep>> {
    let starts: Vec<_> = range.clone().step_by(CHUNK).collect();
    starts
        .into_par_iter()
        .map(|start| Sweep::run(net, data, loss, start..range.end.min(start + CHUNK)))
        .collect()
}

/// Adds the gradient of one sweep, before the normaliser, to `total`.
pub fn add_gradient(net: &Network, data: &Dataset, sweep: &Sweep, total: &mut Array1<f64>) {
    for (l, place) in net.layout().into_iter().enumerate() {
        let weights = matmul(&sweep.delta[l].t(), &sweep.input(data, l));
        let mut part = total.slice_mut(s![place.weight]);
        part += &weights.flatten();
        if let Some(bias) = place.bias {
            let mut part = total.slice_mut(s![bias]);
            part += &sweep.delta[l].sum_axis(Axis(0));
        }
    }
}

/// Loss and gradient (length P, in the order of [`Network::parameters`]) over the whole data set.
///
/// With l_i the loss of object i and c the normaliser of [`Loss::normaliser`]: `c Σ l_i` and `c Σ dl_i/dtheta`.
///
/// # Errors
/// Inputs or targets that do not fit the network or the loss; no objects; numbers that overflow.
pub fn loss_and_gradient(net: &Network, data: &Dataset, loss: Loss) -> Result<(f64, Array1<f64>)> {
    check(net, data, loss)?;
    let scale = loss.normaliser(data.len(), net.outputs());
    let mut gradient = Array1::zeros(net.parameter_count());
    let mut total = 0.0;
    workers(|| -> Result<()> {
        // Blocks keep the memory of the sweeps small whatever the number of objects.
        for start in (0..data.len()).step_by(16 * CHUNK) {
            for sweep in sweeps(net, data, loss, start..data.len().min(start + 16 * CHUNK))? {
                total += sweep.loss;
                add_gradient(net, data, &sweep, &mut gradient);
            }
        }
        Ok(())
    })?;
    check_result(total * scale, gradient * scale)
}

/// Refuses a loss or gradient that has overflowed.
pub(crate) fn check_result(loss: f64, gradient: Array1<f64>) -> Result<(f64, Array1<f64>)> {
    if !loss.is_finite() {
        return Err(Error::NonFinite { what: "loss".to_string(), index: vec![], value: loss });
    }
    crate::error::check_finite("gradient", gradient.view().into_dyn())?;
    Ok((loss, gradient))
}

/// Gradient of the loss, length P.
///
/// # Errors
/// As [`loss_and_gradient`].
pub fn gradient(net: &Network, data: &Dataset, loss: Loss) -> Result<Array1<f64>> {
    Ok(loss_and_gradient(net, data, loss)?.1)
}

/// The loss over the whole data set.
///
/// # Errors
/// As [`loss_and_gradient`].
pub fn loss_value(net: &Network, data: &Dataset, loss: Loss) -> Result<f64> {
    check(net, data, loss)?;
    let values = loss.values(&net.forward(&data.x)?, &data.targets)?;
    crate::error::check_finite("losses of the objects", values.view().into_dyn())?;
    let value = values.sum() * loss.normaliser(data.len(), net.outputs());
    Ok(check_result(value, Array1::zeros(0))?.0)
}
