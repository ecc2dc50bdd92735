//! What comes from the maps `dz/dz^(p)` to the logits alone: the G-term, and the norms of those maps.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Axis, s};

use super::{check_finite, lengths, logit_rank, with_bias};
use crate::curvature::couplings::scale_rows;
use crate::linalg::{entries, matmul, spectral_norm, symmetric_eigenvalues};
use crate::loss::Loss;
use crate::passes::Sweep;
use crate::{Dataset, Network, Result};

/// Bytes that an object takes here.
pub(super) fn bytes_per_object(net: &Network) -> usize {
    let widest = net.layers().iter().map(|layer| layer.outputs()).max().unwrap_or(1);
    let units: usize = net.layers().iter().map(|layer| 5 * layer.outputs()).sum();
    size_of::<f64>() * (units + 3 * net.outputs() * widest)
}

/// Carries `rows` rows an object, stacked, from the logits down: `visit` gets `rows^(p) = rows dz/dz^(p)` of each
/// layer p, the last layer first.
fn pull_back(
    net: &Network,
    sweep: &Sweep,
    mut rows: Array2<f64>,
    mut visit: impl FnMut(usize, &Array2<f64>) -> Result<()>,
) -> Result<()> {
    for p in (0..net.depth()).rev() {
        if p + 1 < net.depth() {
            rows = matmul(&rows, &net.layers()[p + 1].weight);
            scale_rows(&mut rows, &sweep.slope[p]);
        }
        visit(p, &rows)?;
    }
    Ok(())
}

/// Eigenvalues of the G-term of the objects of one sweep, ascending, shape (objects, [`logit_rank`]).
pub(super) fn ggn_eigenvalues(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    sweep: &Sweep,
) -> Result<Array2<f64>> {
    let (objects, outputs) = sweep.logits.dim();
    let scale = loss.normaliser(1, outputs);
    let mut roots = Array2::zeros((objects * outputs, outputs));
    for (z, mut block) in
        entries(&sweep.logits).chunks_exact(outputs).zip(roots.axis_chunks_iter_mut(Axis(0), outputs))
    {
        block.assign(&loss.curvature_root(z).t());
    }
    let (inputs, _) = lengths(net, data, sweep);
    let mut grams = vec![Array2::zeros((outputs, outputs)); objects];
    pull_back(net, sweep, roots, |p, rows| {
        for (n, (block, gram)) in rows.axis_chunks_iter(Axis(0), outputs).zip(&mut grams).enumerate() {
            let length = with_bias(net, p, inputs[[n, p]]);
            general_mat_mul(scale * length * length, &block, &block.t(), 1.0, gram);
        }
        Ok(())
    })?;
    let kept = logit_rank(loss, outputs);
    let mut all = Array2::zeros((objects, kept));
    for (n, (gram, mut row)) in grams.into_iter().zip(all.rows_mut()).enumerate() {
        check_finite("G-term", sweep.range.start + n, &gram)?;
        // The smallest is the zero of the softmax's invariance where there is one.
        row.assign(&symmetric_eigenvalues(gram)?.slice(s![outputs - kept..]));
    }
    Ok(all)
}

/// `||dz/dz^(p)||_2` of the objects of one sweep, shape (objects, L).
pub(super) fn sensitivity_norms(net: &Network, sweep: &Sweep) -> Result<Array2<f64>> {
    let (objects, outputs) = sweep.logits.dim();
    let mut identities = Array2::zeros((objects * outputs, outputs));
    for mut block in identities.axis_chunks_iter_mut(Axis(0), outputs) {
        block.diag_mut().fill(1.0);
    }
    let mut norms = Array2::zeros((objects, net.depth()));
    pull_back(net, sweep, identities, |p, rows| {
        for (n, block) in rows.axis_chunks_iter(Axis(0), outputs).enumerate() {
            norms[[n, p]] = if p + 1 == net.depth() { 1.0 } else { spectral_norm(&block)? };
        }
        Ok(())
    })?;
    Ok(norms)
}

/// `||A||_2` of the objects of one sweep, before the normaliser.
pub(super) fn curvature_norms(net: &Network, loss: Loss, sweep: &Sweep) -> Result<Vec<f64>> {
    let outputs = net.outputs();
    sweep
        .logits
        .rows()
        .into_iter()
        .enumerate()
        .map(|(n, z)| {
            let mut a = vec![0.0; outputs * outputs];
            loss.curvature(&z.to_vec(), &mut a);
            let a = Array2::from_shape_fn((outputs, outputs), |(i, j)| a[i * outputs + j]);
            check_finite("curvature in the logits", sweep.range.start + n, &a)?;
            Ok(symmetric_eigenvalues(a)?.last().map_or(0.0, |v| v.abs()))
        })
        .collect()
}

/// Loss of each object of one sweep, before the normaliser.
pub(super) fn losses(data: &Dataset, loss: Loss, sweep: &Sweep) -> Vec<f64> {
    let rows = entries(&sweep.logits).chunks_exact(sweep.logits.ncols());
    sweep.range.clone().zip(rows).map(|(i, z)| data.targets.with_row(i, |t| loss.value(z, t))).collect()
}
