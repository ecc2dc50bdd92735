//! The product of one block of objects with one group of vectors, and the sums over blocks.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use super::{CurvatureKind, CurvatureOperator, Directions};
use crate::linalg::{entries, entries_mut, matmul, tiled, zeros};
use crate::passes::Sweep;

/// Rows of objects that one thread scales or shifts at once.
const ROWS: usize = 32;

/// The products summed over objects, before the normaliser, laid out as the products come.
pub(super) struct Sums {
    count: usize,
    layers: Vec<Option<LayerSums>>,
}

struct LayerSums {
    /// Row `v * outputs + i`, shape (k * outputs, inputs): moved residuals times inputs.
    weights: Array2<f64>,
    /// Column `v * inputs + a`, shape (outputs, k * inputs): residuals times moved inputs. Empty where there are none.
    turned: Array2<f64>,
    /// Entry `v * outputs + i`, shape (1, k * outputs).
    bias: Option<Array2<f64>>,
}

impl Sums {
    pub(super) fn new(operator: &CurvatureOperator, count: usize) -> Sums {
        let mut layers: Vec<_> = operator.net.layers().iter().map(|_| None).collect();
        for l in operator.layers.clone() {
            let layer = &operator.net.layers()[l];
            let (outputs, inputs) = layer.weight.dim();
            let width = if l == 0 { operator.x.ncols() } else { inputs };
            let turned = l > operator.layers.start && operator.parts().residual;
            layers[l] = Some(LayerSums {
                weights: zeros(count * outputs, width),
                turned: if turned { zeros(outputs, count * inputs) } else { Array2::zeros((0, 0)) },
                bias: layer.bias.as_ref().map(|_| Array2::zeros((1, count * outputs))),
            });
        }
        Sums { count, layers }
    }

    /// Writes the products with the normaliser in the order of theta, shape (order, k).
    pub(super) fn write(&self, operator: &CurvatureOperator, products: &mut ArrayViewMut2<'_, f64>) {
        let (count, scale) = (self.count, operator.scale);
        let first = operator.range().start;
        for (l, sums) in self.layers.iter().enumerate() {
            let Some(sums) = sums else { continue };
            let (outputs, inputs) = operator.net.layers()[l].weight.dim();
            let start = operator.net.layer_range(l).start - first;
            let place = |a: usize| if l == 0 { operator.places[a] } else { Some(a) };
            let mut rows = products.slice_mut(s![start..start + outputs * inputs, ..]);
            let panels: Vec<_> = rows.axis_chunks_iter_mut(Axis(0), inputs).collect();
            panels.into_par_iter().enumerate().for_each(|(i, mut panel)| {
                for v in 0..count {
                    for a in 0..inputs {
                        let mut value = place(a).map_or(0.0, |place| sums.weights[[v * outputs + i, place]]);
                        if !sums.turned.is_empty() {
                            value += sums.turned[[i, v * inputs + a]];
                        }
                        panel[[a, v]] = value * scale;
                    }
                }
            });
            if let Some(bias) = &sums.bias {
                let start = start + outputs * inputs;
                for (r, value) in bias.iter().enumerate() {
                    products[[start + r % outputs, r / outputs]] = value * scale;
                }
            }
        }
    }
}

impl CurvatureOperator {
    /// The inputs of layer l for the objects of a sweep.
    pub(super) fn input<'a>(&'a self, sweep: &'a Sweep, l: usize) -> ArrayView2<'a, f64> {
        match l {
            0 => self.x.slice(s![sweep.range.clone(), ..]),
            _ => sweep.later_input(l),
        }
    }

    /// Adds the products of one block of objects, forward over reverse.
    pub(super) fn add_block(&self, sweep: &Sweep, directions: &Directions, sums: &mut Sums) {
        let (depth, count, objects) = (self.net.depth(), directions.count, sweep.len());
        let parts = self.parts();
        let lowest = self.layers.start;
        // Derivatives of the inputs of every layer, and of the pre-activations where s'' is not zero throughout.
        let mut inputs: Vec<Array2<f64>> = (0..=lowest).map(|_| empty()).collect();
        let mut curved: Vec<Array2<f64>> = (0..lowest).map(|_| empty()).collect();
        let mut logits = empty();
        for l in lowest..depth {
            let layer = &self.net.layers()[l];
            let outputs = layer.outputs();
            let mut z = Array2::zeros((objects, count * outputs));
            if let Some(direction) = &directions.layers[l] {
                let x = self.input(sweep, l);
                tiled(1.0, x, direction.weights.t(), 0.0, z.view_mut());
                if let Some(bias) = &direction.bias {
                    each_rows(&mut z, |_, mut row| row += bias);
                }
            }
            let mut z = reshape(z, objects * count);
            if l > lowest {
                tiled(1.0, inputs[l].view(), layer.weight.t(), 1.0, z.view_mut());
            }
            if l + 1 == depth {
                logits = z;
                break;
            }
            let bent = parts.residual && !sweep.activation_curvature[l].is_empty();
            curved.push(if bent { z.clone() } else { empty() });
            scale(&mut z, &sweep.slope[l]);
            inputs.push(z);
        }

        let mut delta = logits;
        self.apply_logit_curvature(sweep, &mut delta, count);
        for l in (lowest..depth).rev() {
            let (outputs, width) = self.net.layers()[l].weight.dim();
            let moved = view(&delta, objects, count * outputs);
            if let Some(sum) = &mut sums.layers[l] {
                tiled(1.0, moved.t(), self.input(sweep, l), 1.0, sum.weights.view_mut());
                if !sum.turned.is_empty() {
                    let x = view(&inputs[l], objects, count * width);
                    tiled(1.0, sweep.delta[l].t(), x, 1.0, sum.turned.view_mut());
                }
                if let Some(bias) = &mut sum.bias {
                    tiled(1.0, Array2::ones((1, objects)).view(), moved, 1.0, bias.view_mut());
                }
            }
            if l > lowest {
                let mut below = Array2::zeros((objects * count, width));
                tiled(1.0, delta.view(), self.net.layers()[l].weight.view(), 0.0, below.view_mut());
                let mut below = reshape(below, objects);
                if let Some(direction) = &directions.layers[l]
                    && parts.residual
                {
                    tiled(1.0, sweep.delta[l].view(), direction.turned.view(), 1.0, below.view_mut());
                }
                scale(&mut below, &sweep.slope[l - 1]);
                if parts.residual && !sweep.activation_curvature[l - 1].is_empty() {
                    add_scaled(&mut below, &curved[l - 1], &sweep.activation_curvature[l - 1]);
                }
                delta = reshape(below, objects * count);
            }
        }
    }

    /// Turns the derivatives of the logits, row `n * k + v`, into those of the residual by the loss alone.
    fn apply_logit_curvature(&self, sweep: &Sweep, z: &mut Array2<f64>, count: usize) {
        if !self.parts().logits {
            z.fill(0.0);
            return;
        }
        let outputs = z.ncols();
        let objects: Vec<_> = z.axis_chunks_iter_mut(Axis(0), count).collect();
        objects.into_par_iter().enumerate().for_each(|(n, mut rows)| {
            if self.kind == CurvatureKind::EmpiricalFisher {
                let residual = sweep.delta[self.net.depth() - 1].row(n);
                for mut row in rows.rows_mut() {
                    let along = residual.dot(&row);
                    row.assign(&(&residual * along));
                }
            } else {
                let logits = &entries(&sweep.logits)[n * outputs..(n + 1) * outputs];
                let mut a = Array2::zeros((outputs, outputs));
                self.loss.curvature(logits, entries_mut(&mut a));
                let product = matmul(&rows, &a);
                rows.assign(&product);
            }
        });
    }
}

fn empty() -> Array2<f64> {
    Array2::zeros((0, 0))
}

fn reshape(matrix: Array2<f64>, rows: usize) -> Array2<f64> {
    let columns = matrix.len() / rows;
    matrix.into_shape_with_order((rows, columns)).expect("same number of entries, row-major")
}

fn view(matrix: &Array2<f64>, rows: usize, columns: usize) -> ArrayView2<'_, f64> {
    matrix.view().into_shape_with_order((rows, columns)).expect("same number of entries, row-major")
}

/// Calls `change` with every row and its number, rows shared out.
fn each_rows(matrix: &mut Array2<f64>, change: impl Fn(usize, ndarray::ArrayViewMut1<'_, f64>) + Sync) {
    let blocks: Vec<_> = matrix.axis_chunks_iter_mut(Axis(0), ROWS).collect();
    blocks.into_par_iter().enumerate().for_each(|(block, mut rows)| {
        for (r, row) in rows.rows_mut().into_iter().enumerate() {
            change(block * ROWS + r, row);
        }
    });
}

/// Multiplies the derivatives of object n, whatever their number, by `slope[n, i]` at unit i.
fn scale(derivatives: &mut Array2<f64>, slope: &Array2<f64>) {
    let (objects, units) = slope.dim();
    let each = derivatives.len() / objects;
    entries_mut(derivatives).par_chunks_mut(each).zip(entries(slope).par_chunks(units)).for_each(
        |(rows, slope)| {
            for row in rows.chunks_exact_mut(units) {
                row.iter_mut().zip(slope).for_each(|(value, slope)| *value *= slope);
            }
        },
    );
}

/// Adds `activation_curvature[n, i]` times the derivatives `z` of object n at unit i.
fn add_scaled(derivatives: &mut Array2<f64>, z: &Array2<f64>, activation_curvature: &Array2<f64>) {
    let (objects, units) = activation_curvature.dim();
    let each = derivatives.len() / objects;
    let sources = entries(z).par_chunks(each).zip(entries(activation_curvature).par_chunks(units));
    entries_mut(derivatives).par_chunks_mut(each).zip(sources).for_each(|(rows, (z, curvatures))| {
        for (row, z) in rows.chunks_exact_mut(units).zip(z.chunks_exact(units)) {
            row.iter_mut().zip(z).zip(curvatures).for_each(|((value, z), c)| *value += z * c);
        }
    });
}
