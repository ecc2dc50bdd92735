//! The G-term from the Jacobian of the outputs: `Σ (Fᵀ J)ᵀ (Fᵀ J)` with `F Fᵀ = A`.
//!
//! As many rows as there are outputs go down, which is little where outputs are few; with a loss that alone is curved
//! no pair of tensors is left to push.

use std::ops::Range;

use ndarray::s;

use super::descent::Emit;
use super::pair::Pair;
use super::pass::Pass;
use super::product::product;
use super::pushing::ROWS;
use super::tensor::view;

/// Emits the blocks of the G-term.
pub(super) fn run(pass: &Pass<'_>, emit: &mut Emit<'_>) {
    let problem = pass.problem;
    let root = Pair { rows: pass.loss_root(), local: true }.expand().rows;
    let rows = root.rows * root.objects;
    let down = pass.down(root);
    let parametric = problem.parametric();
    // Rows times the derivative in the parameters: ((object, row), own parameters).
    let jacobians: Vec<Vec<f64>> = parametric
        .iter()
        .map(|&v| match &down[v] {
            Some(found) => {
                let step = found.positions;
                let starts = (0..found.places()).step_by(step);
                starts.flat_map(|start| pass.at(v).contract_places(found, start..start + step)).collect()
            }
            None => vec![0.0; rows * problem.owns[v].index.len()],
        })
        .collect();
    for (a, (&q, left)) in parametric.iter().zip(&jacobians).enumerate() {
        let count = problem.owns[q].index.len();
        for (&v, right) in parametric.iter().zip(&jacobians).skip(a) {
            let columns = problem.owns[v].index.len();
            for start in (0..count).step_by(ROWS) {
                let range = start..count.min(start + ROWS);
                let left = view(left, rows, count);
                let left = left.slice(s![.., range.clone()]);
                let right = view(right, rows, columns);
                if q == v {
                    // Of a symmetric block the columns from the first row on.
                    let found = product(left.reversed_axes(), right.slice(s![.., start..]));
                    emit(q, range.clone(), v, padded(&found, range, columns));
                } else {
                    emit(q, range, v, product(left.reversed_axes(), right));
                }
            }
        }
    }
}

/// Rows with zeros before the columns that were computed.
fn padded(found: &[f64], range: Range<usize>, columns: usize) -> Vec<f64> {
    let mut out = vec![0.0; range.len() * columns];
    let width = columns - range.start;
    for (to, from) in out.chunks_exact_mut(columns).zip(found.chunks_exact(width)) {
        to[range.start..].copy_from_slice(from);
    }
    out
}
