//! Large matrix products shared out in tiles that depend on the shapes alone: the same bytes at any thread count.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

/// Largest tile of a result: enough for BLAS to be fast, small enough to share out.
const TILE: (usize, usize) = (128, 512);
/// Rows of a tall matrix that one partial sum takes.
const STRETCH: usize = 4096;

/// `c = alpha a b + beta c`, each tile of `c` by one thread. To be called from a worker.
pub(crate) fn tiled(
    alpha: f64,
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    beta: f64,
    mut c: ArrayViewMut2<'_, f64>,
) {
    if c.nrows() <= TILE.0 && c.ncols() <= TILE.1 {
        general_mat_mul(alpha, &a, &b, beta, &mut c);
        return;
    }
    let mut tiles = Vec::new();
    for (i, band) in c.axis_chunks_iter_mut(Axis(0), TILE.0).enumerate() {
        let mut rest = band;
        for j in 0.. {
            let width = rest.ncols().min(TILE.1);
            let (tile, right) = rest.split_at(Axis(1), width);
            tiles.push((i * TILE.0, j * TILE.1, tile));
            if right.is_empty() {
                break;
            }
            rest = right;
        }
    }
    tiles.into_par_iter().with_max_len(1).for_each(|(row, column, mut tile)| {
        let a = a.slice(s![row..row + tile.nrows(), ..]);
        let b = b.slice(s![.., column..column + tile.ncols()]);
        general_mat_mul(alpha, &a, &b, beta, &mut tile);
    });
}

/// `aᵀ b` of two tall matrices, (n, j) and (n, k): sums of fixed stretches of rows, added in order.
pub(crate) fn tall_gram(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let starts: Vec<_> = (0..a.nrows()).step_by(STRETCH).collect();
    let parts: Vec<Array2<f64>> = starts
        .into_par_iter()
        .map(|start| {
            let rows = start..a.nrows().min(start + STRETCH);
            let mut part = Array2::zeros((a.ncols(), b.ncols()));
            let (a, b) = (a.slice(s![rows.clone(), ..]), b.slice(s![rows, ..]));
            general_mat_mul(1.0, &a.t(), &b, 0.0, &mut part);
            part
        })
        .collect();
    parts.iter().fold(Array2::zeros((a.ncols(), b.ncols())), |sum, part| sum + part)
}

/// `c += alpha a b` for tall `a` (n, j) and `c` (n, k), stretch by stretch.
pub(crate) fn tall_add(
    alpha: f64,
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    mut c: ArrayViewMut2<'_, f64>,
) {
    let stretches: Vec<_> =
        c.axis_chunks_iter_mut(Axis(0), STRETCH).zip(a.axis_chunks_iter(Axis(0), STRETCH)).collect();
    stretches.into_par_iter().for_each(|(mut c, a)| general_mat_mul(alpha, &a, &b, 1.0, &mut c));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::workers;

    #[test]
    fn tiles_and_stretches_together_are_the_product() {
        let entry = |i: usize, j: usize| ((3 * i + 7 * j) as f64).sin();
        let a = Array2::from_shape_fn((300, 5), |(i, j)| entry(i, j));
        let b = Array2::from_shape_fn((5, 1100), |(i, j)| entry(j, i));
        let mut c = Array2::ones((300, 1100));
        workers(|| tiled(2.0, a.view(), b.view(), -1.0, c.view_mut()));
        let gap = c - (2.0 * a.dot(&b) - 1.0);
        assert!(gap.iter().all(|v| v.abs() < 1e-13));

        let a = Array2::from_shape_fn((9000, 3), |(i, j)| entry(i, j));
        let b = Array2::from_shape_fn((9000, 2), |(i, j)| entry(j, i));
        let gram = workers(|| tall_gram(a.view(), b.view()));
        assert!((&gram - a.t().dot(&b)).iter().all(|v| v.abs() < 1e-10));
        let mut c = b.clone();
        workers(|| tall_add(-1.0, a.view(), gram.view(), c.view_mut()));
        assert!((c - (&b - a.dot(&gram))).iter().all(|v| v.abs() < 1e-9));
    }
}
