//! A group of vectors over the parameters, split into layers and laid out for products.

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use super::CurvatureOperator;
use crate::linalg::{SharedMatrix, zeros};

pub(super) struct Directions {
    pub(super) count: usize,
    /// One entry a layer of the network; none where the vectors are not over it.
    pub(super) layers: Vec<Option<LayerDirections>>,
}

pub(super) struct LayerDirections {
    /// Row `v * outputs + i`: row i of the weights of vector v. Shape (k * outputs, inputs), distinct inputs alone
    /// in the first layer.
    pub(super) weights: Array2<f64>,
    /// Column `v * inputs + a`. Shape (outputs, k * inputs); empty for the lowest layer, which hands nothing down.
    pub(super) turned: Array2<f64>,
    /// Entry `v * outputs + i`.
    pub(super) bias: Option<Array1<f64>>,
}

impl Directions {
    /// `vectors` has shape (order, k).
    pub(super) fn new(operator: &CurvatureOperator, vectors: &ArrayView2<'_, f64>) -> Directions {
        let count = vectors.ncols();
        let mut layers: Vec<_> = operator.net.layers().iter().map(|_| None).collect();
        for l in operator.layers.clone() {
            layers[l] = Some(LayerDirections::new(operator, l, vectors));
        }
        Directions { count, layers }
    }
}

impl LayerDirections {
    fn new(operator: &CurvatureOperator, l: usize, vectors: &ArrayView2<'_, f64>) -> LayerDirections {
        let (layer, count) = (&operator.net.layers()[l], vectors.ncols());
        let (outputs, inputs) = layer.weight.dim();
        let start = operator.net.layer_range(l).start - operator.range().start;
        let width = if l == 0 { operator.x.ncols() } else { inputs };
        let place = |a: usize| if l == 0 { operator.places[a] } else { Some(a) };
        let mut weights = zeros(count * outputs, width);
        let turn = l > operator.layers.start && operator.parts().residual;
        let mut turned = if turn { zeros(outputs, count * inputs) } else { Array2::zeros((0, 0)) };
        let (into, across) = (SharedMatrix::new(&mut weights), SharedMatrix::new(&mut turned));
        (0..outputs).into_par_iter().for_each(|i| {
            // The inputs of one output for all vectors: a panel that stays in the cache.
            for v in 0..count {
                // SAFETY: row v * outputs + i is written by the task of output i alone.
                let row = unsafe { into.stretch(v * outputs + i, 0, width) };
                for a in 0..inputs {
                    if let Some(place) = place(a) {
                        row[place] += vectors[[start + i * inputs + a, v]];
                    }
                }
                if turn {
                    // SAFETY: row i is written by the task of output i alone.
                    unsafe { across.stretch(i, v * inputs, inputs) }.copy_from_slice(row);
                }
            }
        });
        let bias = layer.bias.is_some().then(|| {
            let start = start + outputs * inputs;
            Array1::from_shape_fn(count * outputs, |r| vectors[[start + r % outputs, r / outputs]])
        });
        LayerDirections { weights, turned, bias }
    }
}
