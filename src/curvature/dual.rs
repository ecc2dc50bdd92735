//! The G-term's nonzero spectrum from the Gram matrix of its square root: m K x m K instead of P x P.

use ndarray::{Array2, Axis, concatenate};

use super::check_memory;
use crate::linalg::{matmul, whole_machine, workers, zeros};
use crate::loss::Loss;
use crate::passes::{self, sweeps};
use crate::{Dataset, Network, Result};

/// The dual Gram matrix `B Bᵀ` of the G-term `G = Bᵀ B`, shape (m K, m K).
///
/// With `A_n = F_n F_nᵀ` the curvature in the logits and `G^(p)_n = dz_n/dz^(p)_n`, row (n, k) of B is
/// `√c Σ_j F_njk dz_nj/dtheta`, and
/// `(B Bᵀ)[(n,k),(n',k')] = c Σ_p (x~^(p)_n · x~^(p)_n') (F_nᵀ G^(p)_n G^(p)_n'ᵀ F_n')_kk'`:
/// B itself, which has P columns, is never formed. The nonzero eigenvalues are those of G.
///
/// # Errors
/// Shapes or targets that do not fit; a matrix that does not fit in memory.
pub fn ggn_dual_gram(net: &Network, data: &Dataset, loss: Loss) -> Result<Array2<f64>> {
    passes::check(net, data, loss)?;
    let (objects, outputs) = (data.len(), net.outputs());
    let order = objects * outputs;
    // Besides the result, one product of the same size is held at a time.
    check_memory(
        &format!("dual Gram matrix of {order} x {order} numbers"),
        2 * order,
        order,
        (8 * objects * objects) as u128,
    )?;
    let scale = loss.normaliser(objects, outputs);
    let sweeps = workers(|| sweeps(net, data, loss, 0..objects))?;
    let mut root = Array2::zeros((order, outputs));
    let mut row = 0;
    for sweep in &sweeps {
        for z in sweep.logits.rows() {
            let factor = loss.curvature_root(&z.to_vec());
            root.slice_mut(ndarray::s![row..row + outputs, ..]).assign(&factor.t());
            row += outputs;
        }
    }
    root *= scale.sqrt();
    let mut gram = zeros(order, order);
    for p in (0..net.depth()).rev() {
        if p + 1 < net.depth() {
            root = whole_machine(|| matmul(&root, &net.layers()[p + 1].weight));
            let slopes: Vec<_> = sweeps.iter().map(|sweep| sweep.slope[p].view()).collect();
            let slopes = stack(&slopes);
            for (mut block, slope) in root.axis_chunks_iter_mut(Axis(0), outputs).zip(slopes.rows()) {
                block *= &slope;
            }
        }
        let inputs: Vec<_> = sweeps.iter().map(|sweep| sweep.input(data, p)).collect();
        let inputs = stack(&inputs);
        let ones = if net.layers()[p].bias.is_some() { 1.0 } else { 0.0 };
        let (angles, product) =
            whole_machine(|| (matmul(&inputs, &inputs.t()) + ones, matmul(&root, &root.t())));
        for (n, mut rows) in gram.axis_chunks_iter_mut(Axis(0), outputs).enumerate() {
            for k in 0..outputs {
                let products = product.row(n * outputs + k);
                for (at, (entry, value)) in rows.row_mut(k).iter_mut().zip(products).enumerate() {
                    *entry += angles[[n, at / outputs]] * value;
                }
            }
        }
    }
    crate::error::check_finite("dual Gram matrix", gram.view().into_dyn())?;
    Ok(gram)
}

fn stack(parts: &[ndarray::ArrayView2<'_, f64>]) -> Array2<f64> {
    concatenate(Axis(0), parts).unwrap_or_else(|_| Array2::zeros((0, 0)))
}
