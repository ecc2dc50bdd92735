//! The one forward pass: every other part of the library gets pre-activations and logits from here.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2, ArrayViewMut2, LinalgScalar, s};
use rayon::prelude::*;

use crate::error::all_finite;
use crate::linalg::{one_thread, workers};
use crate::{Activation, Error, Network, Result};

/// Objects that one thread takes through the layers at once.
const ROWS: usize = 512;

/// What a forward pass leaves behind.
pub(crate) struct Forward {
    /// Inputs `x^(l)` of the layers l = 1.., shape (objects, inputs of layer), if they were to be kept.
    pub(crate) inputs: Vec<Array2<f64>>,
    /// Logits, shape (objects, K).
    pub(crate) logits: Array2<f64>,
}

/// Pre-activations of one layer, `z = x Wᵀ + b`, in either precision of training.
pub(crate) fn pre_activation<T: LinalgScalar>(
    x: &ArrayRef2<T>,
    weight: &ArrayView2<'_, T>,
    bias: Option<ArrayView1<'_, T>>,
    z: &mut ArrayViewMut2<'_, T>,
) {
    general_mat_mul(T::one(), x, &weight.t(), T::zero(), z);
    if let Some(bias) = bias {
        for mut row in z.rows_mut() {
            row.iter_mut().zip(bias).for_each(|(z, &b)| *z = *z + b);
        }
    }
}

/// Takes the objects `x`, the first of which has the number `first`, through the layers, with BLAS as the caller has
/// set it; `activate` turns the pre-activations of each hidden layer into the inputs of the next, in place.
pub(crate) fn forward(
    net: &Network,
    x: ArrayView2<'_, f64>,
    first: usize,
    keep: bool,
    mut activate: impl FnMut(usize, &mut Array2<f64>),
) -> Result<Forward> {
    let mut inputs: Vec<Array2<f64>> = Vec::new();
    for (l, layer) in net.layers().iter().enumerate() {
        let mut z = Array2::zeros((x.nrows(), layer.outputs()));
        let before = inputs.last().map_or(x, |x| x.view());
        let bias = layer.bias.as_ref().map(|bias| bias.view());
        pre_activation(&before, &layer.weight.view(), bias, &mut z.view_mut());
        check_finite_layer("pre-activation", &z, l, first)?;
        if l + 1 == net.depth() {
            return Ok(Forward { inputs, logits: z });
        }
        activate(l, &mut z);
        if !keep {
            inputs.clear();
        }
        inputs.push(z);
    }
    // A network has a layer.
    Ok(Forward { inputs, logits: x.to_owned() })
}

impl Network {
    /// Logits `z`, shape (m, K), of the inputs `x`, shape (m, n).
    ///
    /// # Errors
    /// Inputs of another width than the network's; numbers that overflow, with their layer and object.
    ///
    /// ```
    /// use hessia::{Activation, Layer, Network};
    /// use ndarray::array;
    /// let net = Network::new(vec![Layer { weight: array![[1.0, -2.0]], bias: Some(array![0.5]) }], Activation::Relu)?;
    /// assert_eq!(net.forward(&array![[3.0, 1.0]])?, array![[1.5]]);
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn forward(&self, x: &Array2<f64>) -> Result<Array2<f64>> {
        self.check_inputs(x)?;
        let activation = self.activation();
        let logits = |rows: ArrayView2<'_, f64>, first: usize| {
            let activate = |_, z: &mut Array2<f64>| z.mapv_inplace(|z| activation.value(z));
            Ok(forward(self, rows, first, false, activate)?.logits)
        };
        if x.nrows() <= ROWS {
            return one_thread(|| logits(x.view(), 0));
        }
        let starts: Vec<_> = (0..x.nrows()).step_by(ROWS).collect();
        let rows = |start: usize| start..x.nrows().min(start + ROWS);
        let parts: Vec<_> = workers(|| {
            let part = |start| logits(x.slice(s![rows(start), ..]), start);
            starts.par_iter().map(|&start| part(start)).collect::<Result<_>>()
        })?;
        let mut all = Array2::zeros((x.nrows(), self.outputs()));
        for (&start, part) in starts.iter().zip(parts) {
            all.slice_mut(s![rows(start), ..]).assign(&part);
        }
        Ok(all)
    }
}

/// The smallest `|z|` before an activation, over the objects `x` and all hidden units: the distance to the nearest
/// kink of relu and leaky-relu. Infinite without hidden layers.
pub(crate) fn nearest_kink(net: &Network, x: &Array2<f64>) -> Result<f64> {
    net.check_inputs(x)?;
    let activation: Activation = net.activation();
    let mut nearest = f64::INFINITY;
    one_thread(|| {
        for start in (0..x.nrows()).step_by(ROWS) {
            let rows = x.slice(s![start..x.nrows().min(start + ROWS), ..]);
            forward(net, rows, start, false, |_, z| {
                z.mapv_inplace(|z| {
                    nearest = nearest.min(z.abs());
                    activation.value(z)
                });
            })?;
        }
        Ok(nearest)
    })
}

/// Refuses numbers of layer `l` that have overflowed; the first row belongs to object `first`.
pub(crate) fn check_finite_layer(what: &str, values: &Array2<f64>, l: usize, first: usize) -> Result<()> {
    // The plain pass is several times quicker than one that carries the index.
    if values.as_slice().is_some_and(all_finite) {
        return Ok(());
    }
    match values.indexed_iter().find(|(_, v)| !v.is_finite()) {
        None => Ok(()),
        Some(((n, unit), &value)) => Err(Error::NonFinite {
            what: format!("{what} of layer {l} for object {}, whose numbers overflow", first + n),
            index: vec![unit],
            value,
        }),
    }
}
