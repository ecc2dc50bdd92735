//! Norms of the layer-pair blocks of a curvature matrix.

use ndarray::{ArrayView2, s};
use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};

use crate::{Curvature, Error, Network, Result, eigvalsh};

/// Frobenius and spectral norm of every layer-pair block `p <= q`, of each matrix given.
///
/// One row a block: `layer_p`, `layer_q` (from 0), `name` (such as `0 x 2`, by the modules' numbers in the state
/// dict), and for each term `{term}_frobenius` and `{term}_spectral`, with `full`, `ggn` or `h` for the term.
///
/// # Errors
/// No matrix, or one whose order is not P; failure of LAPACK.
pub fn block_norm_table(net: &Network, terms: &[&Curvature]) -> Result<DataFrame> {
    if terms.is_empty() {
        return Err(Error::argument("terms", "at least one matrix", "none"));
    }
    let order = net.parameter_count();
    for term in terms {
        if term.matrix.dim() != (order, order) {
            return Err(Error::shape(term.term.name(), &[order, order], term.matrix.shape()));
        }
    }
    let blocks: Vec<_> = (0..net.depth()).flat_map(|p| (p..net.depth()).map(move |q| (p, q))).collect();
    let names: Vec<_> = blocks.iter().map(|(p, q)| format!("{} x {}", 2 * p, 2 * q)).collect();
    let mut columns = vec![
        Series::new("layer_p".into(), super::integers(blocks.iter().map(|b| b.0))).into_column(),
        Series::new("layer_q".into(), super::integers(blocks.iter().map(|b| b.1))).into_column(),
        Series::new("name".into(), names).into_column(),
    ];
    for term in terms {
        let views: Vec<_> = blocks
            .iter()
            .map(|&(p, q)| term.matrix.slice(s![net.layer_range(p), net.layer_range(q)]))
            .collect();
        let frobenius: Vec<f64> = views.iter().map(frobenius_norm).collect();
        let spectral = views.iter().map(spectral_norm).collect::<Result<Vec<f64>>>()?;
        columns.push(norm_column(term, "frobenius", frobenius));
        columns.push(norm_column(term, "spectral", spectral));
    }
    super::frame(columns)
}

fn norm_column(term: &Curvature, norm: &str, values: Vec<f64>) -> Column {
    Series::new(format!("{}_{norm}", term.term.name()).into(), values).into_column()
}

fn frobenius_norm(block: &ArrayView2<'_, f64>) -> f64 {
    block.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Largest singular value, from the Gram matrix of the shorter side.
fn spectral_norm(block: &ArrayView2<'_, f64>) -> Result<f64> {
    // Scaled, so that the squares neither overflow nor vanish; the largest singular value loses no digits by them.
    let scale = block.iter().fold(0.0_f64, |largest, v| largest.max(v.abs()));
    if scale == 0.0 {
        return Ok(0.0);
    }
    let block = block.mapv(|v| v / scale);
    let gram = if block.nrows() <= block.ncols() { block.dot(&block.t()) } else { block.t().dot(&block) };
    Ok(scale * eigvalsh(&gram)?.norm().sqrt())
}
