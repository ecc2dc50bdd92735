//! Exact curvature of every object by itself, without any P x P matrix.
//!
//! The Hessian `H_i` of one object lives in a small subspace of the parameters, whatever the number of inputs: its
//! nonzero eigenvalues are those of a matrix of order `Σ_p h_p + Σ_{p≥2} d_p` or less, and those of its G-term `G_i`
//! are those of a K x K matrix. Everything here is of the loss of one object, so the normaliser is
//! [`Loss::normaliser`] of one object: 1 for cross-entropy and for sums, `1/K` for the mean of the other losses.

mod logits;
mod reduced;

use std::ops::Range;

use ndarray::{Array1, Array2, Axis, concatenate};
use rayon::prelude::*;

use super::Term;
use super::couplings::{Extent, bytes_per_object};
use crate::linalg::{entries, euclidean_norm, largest_magnitude, workers};
use crate::loss::{Loss, LossKind};
use crate::passes::{Sweep, check};
use crate::progress::Progress;
use crate::{Dataset, Error, Network, Result};

/// Most objects that one thread takes at once.
const CHUNK: usize = 128;
/// What one chunk may hold in memory: little enough to stay in a core's cache.
const CHUNK_BYTES: usize = 4 << 20;

/// Norms of each object's loss, gradient and curvature; every column has one entry an object.
#[derive(Debug, Clone, PartialEq)]
pub struct PerObject {
    /// `l_i`.
    pub loss: Array1<f64>,
    /// `||dl_i/dtheta||_2`.
    pub gradient_norm: Array1<f64>,
    /// `||x_i||_2`.
    pub input_norm: Array1<f64>,
    /// `||r_i||_2` with `r_i = dl_i/dz_i`.
    pub residual_norm: Array1<f64>,
    /// `||G_i||_2`, G-term.
    pub ggn_norm: Array1<f64>,
    /// `||H_i||_2`, full Hessian.
    pub hessian_norm: Array1<f64>,
    /// `||H_i - G_i||_2`, H-term, computed by itself.
    pub h_term_norm: Array1<f64>,
}

/// What the bounds on an object's curvature are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorms {
    /// `||x_i^(p)||_2` of the inputs of layer p, without the one of the bias, shape (m, L).
    pub input: Array2<f64>,
    /// `||delta_i^(p)||_2` with `delta_i^(p) = dl_i/dz_i^(p)`, shape (m, L).
    pub residual: Array2<f64>,
    /// `||dz_i/dz_i^(p)||_2`, the spectral norm of the map from layer p's outputs to the logits, shape (m, L).
    pub sensitivity: Array2<f64>,
    /// `||A_i||_2` with `A_i = d²l_i/dz_i²`, length m.
    pub logit_curvature: Array1<f64>,
}

/// Loss, gradient norm and exact spectral norms of the curvature of every object.
///
/// `||G_i||` comes from K x K matrices, `||H_i||` and the H-term's from matrices of order about `Σ_p h_p + Σ d_p`
/// (hidden layers only, active units only), by LAPACK's `dsyevd`.
///
/// # Errors
/// Shapes or targets that do not fit, numbers that overflow, failure of LAPACK, an interrupt.
///
/// ```
/// use hessia::{Activation, Dataset, Layer, Loss, Network, Targets, per_object};
/// use ndarray::{Array2, array};
/// // L = 1, K = 2, equal logits: ||H|| = 2 p (1 - p) ||x||² = 1.5.
/// let layer = Layer { weight: Array2::from_elem((2, 3), 0.05), bias: None };
/// let net = Network::new(vec![layer], Activation::Relu)?;
/// let data = Dataset::new("toy", array![[1.0, 1.0, 1.0]], Targets::Classes(array![0]))?;
/// let norms = per_object(&net, &data, Loss::cross_entropy())?;
/// assert!((norms.hessian_norm[0] - 1.5).abs() < 1e-15);
/// assert_eq!(norms.h_term_norm[0], 0.0);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn per_object(net: &Network, data: &Dataset, loss: Loss) -> Result<PerObject> {
    check(net, data, loss)?;
    let rows = over_objects("Norms of each object", net, data, reduced_bytes(net), |range| {
        norms_of(net, data, loss, range)
    })?;
    Ok(gather_norms(&rows))
}

/// [`per_object`] and [`layer_norms`] from the same sweeps, so that both have seen the same rounding.
///
/// # Errors
/// As [`per_object`].
pub fn per_object_with_layers(net: &Network, data: &Dataset, loss: Loss) -> Result<(PerObject, LayerNorms)> {
    check(net, data, loss)?;
    let rows = over_objects("Norms of each object", net, data, reduced_bytes(net), |range| {
        let layers = layers_of(net, data, loss, range.clone())?;
        Ok(norms_of(net, data, loss, range)?.into_iter().zip(layers).collect())
    })?;
    let (norms, layers): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    Ok((gather_norms(&norms), gather_layers(net.depth(), &layers)))
}

/// Eigenvalues of each object's G-term, ascending: shape (m, K - 1) for cross-entropy, (m, K) for the other losses.
///
/// They are those of `Fᵀ (Σ_p ||x~^(p)||² G^(p) G^(p)ᵀ) F` with `A = F Fᵀ` the curvature in the logits,
/// `G^(p) = dz/dz^(p)` and `x~` the inputs with the one of the bias. The other P - K eigenvalues are zero, as is one
/// of the K for cross-entropy, which is left out.
///
/// # Errors
/// As [`per_object`].
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, ggn_spectra};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::ones((5, 3)), Targets::Classes(array![0, 1, 1, 0, 1]))?;
/// assert_eq!(ggn_spectra(&net, &data, Loss::cross_entropy())?.dim(), (5, 1));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn ggn_spectra(net: &Network, data: &Dataset, loss: Loss) -> Result<Array2<f64>> {
    check(net, data, loss)?;
    let parts = over_objects("G-term of each object", net, data, logits::bytes_per_object(net), |range| {
        let sweep = Sweep::run(net, data, loss, range)?;
        Ok(vec![logits::ggn_eigenvalues(net, data, loss, &sweep)?])
    })?;
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    let all = concatenate(Axis(0), &views).unwrap_or_else(|_| Array2::zeros((0, 0)));
    debug_assert_eq!(all.nrows(), data.len());
    Ok(all)
}

/// The nonzero eigenvalues of each object's curvature, ascending, one array an object.
///
/// Zeros can be among them, as many as the object's subspace has to spare; all eigenvalues that are not listed are
/// zero. For one object alone, pass `data.select(&[i])`.
///
/// With a direction `V^(p)` a layer, the quadratic form of `H_i` depends on `u_p = V^(p) x~^(p)` and
/// `w_q = V^(q)ᵀ delta^(q)` alone: `Σ_pq u_pᵀ C^(p,q) u_q + 2 Σ_{p<q} w_qᵀ J^(p,q) u_p`, C and J being the couplings
/// and sensitivities that the whole Hessian is made of. An orthonormal basis of the subspace, from a Householder
/// reflection a layer, turns it into a small matrix with the same nonzero eigenvalues.
///
/// # Errors
/// As [`per_object`].
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, Term, eigvalsh, hessian, hessian_spectra};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[50, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::ones((1, 50)), Targets::Classes(array![1]))?;
/// let small = &hessian_spectra(&net, &data, Loss::cross_entropy(), Term::Full)?[0];
/// let whole = eigvalsh(&hessian(&net, &data, Loss::cross_entropy())?)?;
/// assert_eq!((small.len(), whole.order), (10, 214));
/// assert!((small[9] - whole.eigenvalues[213]).abs() < 1e-13 * whole.norm());
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn hessian_spectra(net: &Network, data: &Dataset, loss: Loss, term: Term) -> Result<Vec<Array1<f64>>> {
    check(net, data, loss)?;
    over_objects("Spectrum of each object", net, data, reduced_bytes(net), |range| {
        reduced::eigenvalues(net, data, loss, term, Sweep::run(net, data, loss, range)?)
    })
}

/// Norms of each object's inputs, residuals and sensitivities in every layer.
///
/// Residuals and logit curvature include the normaliser of one object.
///
/// # Errors
/// As [`per_object`].
///
/// Source: the quantities of the proof of theorem 1 of arXiv 2409.11995; LAPACK `dgesdd`.
pub fn layer_norms(net: &Network, data: &Dataset, loss: Loss) -> Result<LayerNorms> {
    check(net, data, loss)?;
    let rows = over_objects("Layers of each object", net, data, logits::bytes_per_object(net), |range| {
        layers_of(net, data, loss, range)
    })?;
    Ok(gather_layers(net.depth(), &rows))
}

/// The columns of [`PerObject`] for a chunk of objects, one row an object.
fn norms_of(net: &Network, data: &Dataset, loss: Loss, range: Range<usize>) -> Result<Vec<[f64; 7]>> {
    let scale = loss.normaliser(1, net.outputs());
    let sweep = Sweep::run(net, data, loss, range.clone())?;
    let (inputs, residuals) = lengths(net, data, &sweep);
    let losses = logits::losses(data, loss, &sweep);
    let ggn = norms(&logits::ggn_eigenvalues(net, data, loss, &sweep)?);
    let full = reduced::eigenvalues(net, data, loss, Term::Full, sweep)?;
    let sweep = Sweep::run(net, data, loss, range.clone())?;
    let h_term = reduced::eigenvalues(net, data, loss, Term::HTerm, sweep)?;
    Ok((0..range.len())
        .map(|n| {
            let gradient: Vec<f64> =
                (0..net.depth()).map(|p| residuals[[n, p]] * with_bias(net, p, inputs[[n, p]])).collect();
            [
                scale * losses[n],
                scale * euclidean_norm(gradient.iter()),
                inputs[[n, 0]],
                scale * residuals[[n, net.depth() - 1]],
                ggn[n],
                norm(&full[n]),
                norm(&h_term[n]),
            ]
        })
        .collect())
}

fn gather_norms(rows: &[[f64; 7]]) -> PerObject {
    let column = |k: usize| rows.iter().map(|row| row[k]).collect();
    PerObject {
        loss: column(0),
        gradient_norm: column(1),
        input_norm: column(2),
        residual_norm: column(3),
        ggn_norm: column(4),
        hessian_norm: column(5),
        h_term_norm: column(6),
    }
}

/// What [`LayerNorms`] holds of a chunk of objects: a row has L inputs, L residuals, L sensitivities and `||A||`.
fn layers_of(net: &Network, data: &Dataset, loss: Loss, range: Range<usize>) -> Result<Vec<Vec<f64>>> {
    let scale = loss.normaliser(1, net.outputs());
    let sweep = Sweep::run(net, data, loss, range.clone())?;
    let (inputs, residuals) = lengths(net, data, &sweep);
    let sensitivity = logits::sensitivity_norms(net, &sweep)?;
    let curvature = logits::curvature_norms(net, loss, &sweep)?;
    Ok((0..range.len())
        .map(|n| {
            let mut row = inputs.row(n).to_vec();
            row.extend(residuals.row(n).iter().map(|v| scale * v));
            row.extend(sensitivity.row(n));
            row.push(scale * curvature[n]);
            row
        })
        .collect())
}

fn gather_layers(depth: usize, rows: &[Vec<f64>]) -> LayerNorms {
    let part = |k: usize| Array2::from_shape_fn((rows.len(), depth), |(i, p)| rows[i][k * depth + p]);
    LayerNorms {
        input: part(0),
        residual: part(1),
        sensitivity: part(2),
        logit_curvature: rows.iter().map(|row| row[3 * depth]).collect(),
    }
}

/// Runs `work` on chunks of the objects side by side and returns what it makes of them, in order.
fn over_objects<T: Send>(
    phase: &str,
    net: &Network,
    data: &Dataset,
    bytes: usize,
    work: impl Fn(Range<usize>) -> Result<Vec<T>> + Sync,
) -> Result<Vec<T>> {
    debug_assert_eq!(net.inputs(), data.inputs());
    let chunk = (CHUNK_BYTES / bytes.max(1)).clamp(1, CHUNK);
    let progress = Progress::new(phase, data.len() as u64, "objects");
    let starts: Vec<_> = (0..data.len()).step_by(chunk).collect();
    let parts: Vec<Vec<T>> = workers(|| {
        starts
            .into_par_iter()
            .map(|start| {
                let range = start..data.len().min(start + chunk);
                let count = range.len() as u64;
                let part = work(range)?;
                progress.advance(count)?;
                Ok(part)
            })
            .collect::<Result<_>>()
    })?;
    Ok(parts.into_iter().flatten().collect())
}

/// Bytes that an object's reduced problem takes.
fn reduced_bytes(net: &Network) -> usize {
    let order: usize = net.layers().iter().map(|layer| layer.outputs()).sum::<usize>()
        + net.layers()[1..].iter().map(|layer| layer.inputs() + 1).sum::<usize>();
    bytes_per_object(net, Extent::Whole) + size_of::<f64>() * order * order
}

/// `||x^(p)||` and `||delta^(p)||` of the objects of one sweep, shape (objects, L) each, before the normaliser.
fn lengths(net: &Network, data: &Dataset, sweep: &Sweep) -> (Array2<f64>, Array2<f64>) {
    let shape = (sweep.len(), net.depth());
    let inputs: Vec<_> = (0..net.depth()).map(|p| sweep.input(data, p)).collect();
    (
        Array2::from_shape_fn(shape, |(n, p)| euclidean_norm(inputs[p].row(n).iter())),
        Array2::from_shape_fn(shape, |(n, p)| euclidean_norm(sweep.delta[p].row(n).iter())),
    )
}

/// `||x~^(p)||`: the length of the inputs of layer p with the one of its bias.
fn with_bias(net: &Network, p: usize, input_norm: f64) -> f64 {
    if net.layers()[p].bias.is_some() { input_norm.hypot(1.0) } else { input_norm }
}

/// Number of eigenvalues of the curvature in the logits that are not zero for every object.
fn logit_rank(loss: Loss, outputs: usize) -> usize {
    if loss.kind == LossKind::CrossEntropy { outputs - 1 } else { outputs }
}

/// Largest absolute eigenvalue of each row of ascending ones.
fn norms(eigenvalues: &Array2<f64>) -> Vec<f64> {
    eigenvalues.rows().into_iter().map(|row| largest_magnitude(row.iter())).collect()
}

fn norm(eigenvalues: &Array1<f64>) -> f64 {
    largest_magnitude(eigenvalues.iter())
}

/// Refuses a small matrix with NaN or infinity before LAPACK sees it.
fn check_finite(what: &str, object: usize, matrix: &Array2<f64>) -> Result<()> {
    match entries(matrix).iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::NonFinite {
            what: format!("{what} of object {object}, whose numbers overflow"),
            index: vec![at / matrix.ncols(), at % matrix.ncols()],
            value: entries(matrix)[at],
        }),
    }
}
