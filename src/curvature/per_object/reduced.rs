//! The Hessian of one object in an orthonormal basis of the subspace that it acts in.
//!
//! For layer p the basis has the directions `e_i x^ᵀ` (i an output of p, `x^ = x~/|x~|`), and for every layer but
//! the first `delta^ v_cᵀ`, with `delta^ = delta/|delta|` and `v_c` an orthonormal basis of the complement of `x^`.
//! In these coordinates, `V = Σ_i alpha_i e_i x^ᵀ + Σ_c beta_c delta^ v_cᵀ`,
//! `u = V x~ = |x~| alpha` and `w = Vᵀ delta = (alpha · delta) x^ + |delta| Σ_c beta_c v_c`.

use ndarray::{Array1, Array2};

use super::check_finite;
use crate::curvature::Term;
use crate::curvature::couplings::{Couplings, Extent, Terms};
use crate::linalg::{entries, euclidean_norm, symmetric_eigenvalues};
use crate::loss::Loss;
use crate::passes::Sweep;
use crate::{Dataset, Network, Result};

/// Eigenvalues, ascending, of the reduced matrix of each object of one sweep.
pub(super) fn eigenvalues(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    term: Term,
    sweep: Sweep,
) -> Result<Vec<Array1<f64>>> {
    let depth = net.depth();
    let scale = loss.normaliser(1, net.outputs());
    let first = sweep.range.start;
    let frames: Vec<Vec<Frame>> = (0..sweep.len()).map(|n| frames(net, data, &sweep, n)).collect();
    let mut matrices: Vec<Array2<f64>> = frames
        .iter()
        .map(|frames| frames.last().map_or(0, Frame::end))
        .map(|order| Array2::zeros((order, order)))
        .collect();
    let mut couplings = Couplings::new(net, loss, Terms::of(term, net.activation()), Extent::Whole, sweep);
    let mut along = Vec::new();
    for p in (0..depth).rev() {
        if p + 1 < depth {
            couplings.step_down(net);
        }
        for (n, (frames, matrix)) in frames.iter().zip(&mut matrices).enumerate() {
            for q in p..depth {
                couple(&couplings, n, &frames[p], (q, &frames[q]), scale, matrix);
                add_activation_curvature(
                    &couplings,
                    n,
                    &frames[p],
                    (q, &frames[q]),
                    scale,
                    matrix,
                    &mut along,
                );
            }
        }
    }
    matrices
        .into_iter()
        .enumerate()
        .map(|(n, matrix)| {
            check_finite("Hessian", first + n, &matrix)?;
            symmetric_eigenvalues(matrix)
        })
        .collect()
}

/// Adds `u_pᵀ C^(p,q) u_q`.
fn couple(
    couplings: &Couplings,
    n: usize,
    from: &Frame,
    (q, to): (usize, &Frame),
    scale: f64,
    matrix: &mut Array2<f64>,
) {
    let weight = scale * from.length * to.length;
    for (row, &i) in from.outputs.iter().enumerate() {
        for (column, &j) in to.outputs.iter().enumerate() {
            let (a, b) = (from.alpha + row, to.alpha + column);
            let value = weight * couplings.coupling(n, i, q, j);
            matrix[[a, b]] += value;
            if from.alpha != to.alpha {
                matrix[[b, a]] += value;
            }
        }
    }
}

/// Adds `2 w_qᵀ J^(p,q) u_p`.
fn add_activation_curvature(
    couplings: &Couplings,
    n: usize,
    from: &Frame,
    (q, to): (usize, &Frame),
    scale: f64,
    matrix: &mut Array2<f64>,
    along: &mut Vec<f64>,
) {
    for (row, &i) in from.outputs.iter().enumerate() {
        let Some((_, sensitivity)) = couplings.residual_part(n, i, q, 0) else { return };
        let a = from.alpha + row;
        // The row of J in the basis of layer q's inputs: along x^ first, then along each v_c.
        along.clear();
        along.extend(to.inputs.iter().map(|&b| sensitivity[b]));
        along.extend(to.has_bias.then_some(0.0));
        let on_input = to.turn(along);
        let weight = scale * from.length;
        for (column, &j) in to.outputs.iter().enumerate() {
            let b = to.alpha + column;
            let value = weight * on_input * couplings.sweep.delta[q][[n, j]];
            matrix[[a, b]] += value;
            matrix[[b, a]] += value;
        }
        let weight = weight * to.residual;
        for (column, value) in along.iter().take(to.complement).enumerate() {
            let b = to.beta + column;
            matrix[[a, b]] += weight * value;
            matrix[[b, a]] += weight * value;
        }
    }
}

/// The basis of one layer for one object.
struct Frame {
    /// Outputs i of the directions `e_i x^ᵀ`: those that the object reaches; none where `x~ = 0`.
    outputs: Vec<usize>,
    /// Inputs of the layer that `x^` and the `v_c` have entries at; the bias comes after them.
    inputs: Vec<usize>,
    has_bias: bool,
    /// `|x~|`.
    length: f64,
    /// `|delta|`.
    residual: f64,
    /// Vector v of the Householder reflection `I - 2 v vᵀ / vᵀv` that takes `x^` to an axis; empty where `x~ = 0`.
    reflector: Vec<f64>,
    /// That axis, and whether `x^` ends up on its positive side.
    axis: usize,
    sign: f64,
    /// Number of directions `delta^ v_cᵀ`.
    complement: usize,
    /// Places of the two families in the reduced matrix.
    alpha: usize,
    beta: usize,
}

impl Frame {
    fn end(&self) -> usize {
        self.beta + self.complement
    }

    /// Replaces `row` by its entries along the `v_c` and returns the one along `x^`.
    fn turn(&self, row: &mut Vec<f64>) -> f64 {
        if self.reflector.is_empty() {
            return 0.0;
        }
        let product: f64 = row.iter().zip(&self.reflector).map(|(a, v)| a * v).sum();
        // vᵀv = 2 (1 + |x^_axis|) = 2 |v_axis|
        let factor = product / self.reflector[self.axis].abs();
        row.iter_mut().zip(&self.reflector).for_each(|(a, v)| *a -= factor * v);
        self.sign * row.remove(self.axis)
    }
}

/// The bases of all layers for object `n` of the sweep.
fn frames(net: &Network, data: &Dataset, sweep: &Sweep, n: usize) -> Vec<Frame> {
    let depth = net.depth();
    let reached = |p: usize, i: usize| {
        p + 1 == depth
            || sweep.slope[p][[n, i]] != 0.0
            || sweep.activation_curvature[p].get([n, i]).is_some_and(|&c| c != 0.0)
    };
    let mut frames = Vec::with_capacity(depth);
    let mut start = 0;
    for (p, layer) in net.layers().iter().enumerate() {
        let has_bias = layer.bias.is_some();
        let x = sweep.input(data, p);
        let x = x.row(n);
        let x_norm = euclidean_norm(x.iter());
        let length = if has_bias { x_norm.hypot(1.0) } else { x_norm };
        let width = sweep.delta[p].ncols();
        let delta = &entries(&sweep.delta[p])[n * width..(n + 1) * width];
        let residual = euclidean_norm(delta.iter());
        let outputs: Vec<_> = (0..width).filter(|&i| length > 0.0 && reached(p, i)).collect();
        let mut inputs = Vec::new();
        let mut reflector = Vec::new();
        let (mut axis, mut sign, mut complement) = (0, 1.0, 0);
        if p > 0 {
            // Where neither dx/dz nor x itself has an entry, no direction needs one.
            inputs = (0..layer.inputs()).filter(|&b| reached(p - 1, b) || x[b] != 0.0).collect();
            let size = inputs.len() + usize::from(has_bias);
            if length > 0.0 {
                reflector.extend(inputs.iter().map(|&b| x[b] / length));
                reflector.extend(has_bias.then_some(1.0 / length));
                axis =
                    (0..size).max_by(|&a, &b| reflector[a].abs().total_cmp(&reflector[b].abs())).unwrap_or(0);
                // The side away from x^, so that nothing cancels.
                sign = if reflector[axis] >= 0.0 { -1.0 } else { 1.0 };
                reflector[axis] -= sign;
            }
            if residual > 0.0 {
                complement = size - usize::from(length > 0.0);
            }
        }
        let (alpha, beta) = (start, start + outputs.len());
        start = beta + complement;
        frames.push(Frame {
            outputs,
            inputs,
            has_bias,
            length,
            residual,
            reflector,
            axis,
            sign,
            complement,
            alpha,
            beta,
        });
    }
    frames
}
