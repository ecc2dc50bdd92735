//! Curvature times vectors, without the matrix.

use ndarray::{Array2, ArrayView2, Axis, s};

use super::Term;
use super::couplings::{Parts, scale_rows};
use crate::linalg::{entries, entries_mut, matmul, workers};
use crate::loss::Loss;
use crate::passes::{Sweep, check, sweeps};
use crate::{Dataset, Error, Network, Result};

/// Objects whose sweeps are held at once.
const BLOCK: usize = 2048;

/// Products of a curvature matrix with the columns of `vectors`, shape (P, k), without forming the matrix.
///
/// Forward over reverse: the derivative of the gradient in each direction, for all directions at once, so that
/// every step is one matrix product. About `8 m P k` floating-point operations; memory for a block of objects.
///
/// # Errors
/// Vectors of another length than P; otherwise as [`curvature`](crate::curvature()).
///
/// Source: B. Pearlmutter, "Fast exact multiplication by the Hessian", 1994.
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, Term, hessian, hvp};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::ones((5, 3)), Targets::Classes(array![0, 1, 1, 0, 1]))?;
/// let loss = Loss::cross_entropy();
/// let vectors = Array2::eye(net.parameter_count());
/// let gap = hvp(&net, &data, loss, Term::Full, &vectors)? - hessian(&net, &data, loss)?;
/// assert!(gap.iter().all(|v| v.abs() < 1e-15));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn hvp(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    term: Term,
    vectors: &Array2<f64>,
) -> Result<Array2<f64>> {
    check(net, data, loss)?;
    if vectors.nrows() != net.parameter_count() {
        let expected = [net.parameter_count(), vectors.ncols()];
        return Err(Error::shape("vectors", &expected, vectors.shape()));
    }
    let mut products = Array2::zeros(vectors.dim());
    if vectors.ncols() == 0 {
        return Ok(products);
    }
    let directions = Directions::new(net, vectors);
    let parts = Parts::of(term, net.activation());
    workers(|| {
        use rayon::prelude::*;
        for start in (0..data.len()).step_by(BLOCK) {
            let sweeps = sweeps(net, data, loss, start..data.len().min(start + BLOCK));
            let sums: Vec<_> = sweeps
                .par_iter()
                .map(|sweep| one_sweep(net, data, loss, parts, sweep, &directions))
                .collect();
            sums.iter().for_each(|sum| products += sum);
        }
    });
    Ok(products * loss.normaliser(data.len(), net.outputs()))
}

/// The vectors, split into layers and laid out for products.
struct Directions {
    count: usize,
    layers: Vec<LayerDirections>,
}

struct LayerDirections {
    /// Row `v * outputs + i`: row i of the weights of vector v. Shape (k * outputs, inputs).
    weights: Array2<f64>,
    /// Column `v * inputs + a`. Shape (outputs, k * inputs).
    turned: Array2<f64>,
    /// Shape (k, outputs).
    bias: Option<Array2<f64>>,
}

impl Directions {
    fn new(net: &Network, vectors: &Array2<f64>) -> Directions {
        let count = vectors.ncols();
        let layers = net.layers().iter().enumerate().map(|(l, layer)| {
            let (outputs, inputs) = layer.weight.dim();
            let start = net.layer_range(l).start;
            let at = |v: usize, i: usize, a: usize| vectors[[start + i * inputs + a, v]];
            let bias_start = start + outputs * inputs;
            LayerDirections {
                weights: Array2::from_shape_fn((count * outputs, inputs), |(r, a)| {
                    at(r / outputs, r % outputs, a)
                }),
                turned: Array2::from_shape_fn((outputs, count * inputs), |(i, c)| {
                    at(c / inputs, i, c % inputs)
                }),
                bias: layer
                    .bias
                    .is_some()
                    .then(|| vectors.slice(s![bias_start..bias_start + outputs, ..]).t().to_owned()),
            }
        });
        Directions { count, layers: layers.collect() }
    }
}

/// Unnormalised products of one sweep, shape (P, k).
fn one_sweep(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    parts: Parts,
    sweep: &Sweep,
    directions: &Directions,
) -> Array2<f64> {
    let (depth, count, objects) = (net.depth(), directions.count, sweep.len());
    // Derivatives of the inputs and pre-activations of every layer; row n * k + v.
    let mut inputs: Vec<Option<Array2<f64>>> = vec![None];
    let mut outputs: Vec<Array2<f64>> = Vec::new();
    for (l, (layer, direction)) in net.layers().iter().zip(&directions.layers).enumerate() {
        let mut z = reshape(matmul(&sweep.input(data, l), &direction.weights.t()), objects * count);
        if let Some(bias) = &direction.bias {
            z.axis_chunks_iter_mut(Axis(0), count).for_each(|mut block| block += bias);
        }
        if let Some(x) = &inputs[l] {
            z += &matmul(x, &layer.weight.t());
        }
        if l + 1 < depth {
            let mut x = z.clone();
            scale_rows(&mut x, &sweep.slope[l]);
            inputs.push(Some(x));
        }
        outputs.push(z);
    }

    let mut products = Array2::zeros((net.parameter_count(), count));
    let mut delta = logit_products(loss, parts, sweep, &outputs[depth - 1], count);
    for l in (0..depth).rev() {
        let (height, width) = net.layers()[l].weight.dim();
        let by_direction = view(&delta, objects, count * height);
        let mut weights = matmul(&by_direction.t(), &sweep.input(data, l));
        if parts.residual
            && let Some(x) = &inputs[l]
        {
            let moved = matmul(&sweep.delta[l].t(), &view(x, objects, count * width));
            for ((r, a), value) in weights.indexed_iter_mut() {
                *value += moved[[r % height, r / height * width + a]];
            }
        }
        let start = net.layer_range(l).start;
        for ((r, a), &value) in weights.indexed_iter() {
            products[[start + r % height * width + a, r / height]] += value;
        }
        if net.layers()[l].bias.is_some() {
            for (r, &value) in by_direction.sum_axis(Axis(0)).iter().enumerate() {
                products[[start + height * width + r % height, r / height]] += value;
            }
        }
        if l > 0 {
            let mut below = matmul(&delta, &net.layers()[l].weight);
            if parts.residual {
                below += &reshape(matmul(&sweep.delta[l], &directions.layers[l].turned), objects * count);
            }
            scale_rows(&mut below, &sweep.slope[l - 1]);
            if parts.residual && !sweep.bend[l - 1].is_empty() {
                let mut bent = outputs[l - 1].clone();
                scale_rows(&mut bent, &sweep.bend[l - 1]);
                below += &bent;
            }
            delta = below;
        }
    }
    products
}

/// `A Rz` for every object and direction, or zeros where the term leaves `A` out.
fn logit_products(loss: Loss, parts: Parts, sweep: &Sweep, z: &Array2<f64>, count: usize) -> Array2<f64> {
    let mut products = Array2::zeros(z.dim());
    if parts.logits {
        let outputs = z.ncols();
        let mut a = Array2::zeros((outputs, outputs));
        for (n, logits) in entries(&sweep.logits).chunks_exact(outputs).enumerate() {
            loss.curvature(logits, entries_mut(&mut a));
            let rows = s![n * count..(n + 1) * count, ..];
            products.slice_mut(rows).assign(&matmul(&z.slice(rows), &a));
        }
    }
    products
}

fn reshape(matrix: Array2<f64>, rows: usize) -> Array2<f64> {
    let columns = matrix.len() / rows;
    matrix.into_shape_with_order((rows, columns)).expect("same number of entries, row-major")
}

fn view(matrix: &Array2<f64>, rows: usize, columns: usize) -> ArrayView2<'_, f64> {
    matrix.view().into_shape_with_order((rows, columns)).expect("same number of entries, row-major")
}
