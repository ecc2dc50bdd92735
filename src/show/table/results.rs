//! What the core computes, as tables.

use ndarray::{Array1, Array2, ArrayView2, s};
use polars::prelude::DataFrame;

use super::Columns;
use crate::cost::Cost;
use crate::fit::Fit;
use crate::network::module_number;
use crate::verify::Report;
use crate::{Curvature, Error, Network, Result, Spectrum, eigvalsh};

/// One row an eigenvalue: `index`, `eigenvalue`, `residual`.
///
/// `index` counts from 0 in ascending order of the whole spectrum, also where only a range of it was computed;
/// `residual` is `||H v - lambda v||_2`, null where no eigenvector was computed: for values alone, and for
/// eigenvalues that are zero by the shape of the problem ([`Spectrum::implied_zeros`]).
///
/// # Errors
/// Only what polars refuses.
///
/// ```
/// let spectrum = hessia::eigh(&ndarray::array![[2.0, 1.0], [1.0, 2.0]])?;
/// let table = hessia::table::spectrum_table(&spectrum)?;
/// assert_eq!(table.get_column_names(), ["index", "eigenvalue", "residual"]);
/// assert_eq!(table.height(), 2);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn spectrum_table(spectrum: &Spectrum) -> Result<DataFrame> {
    let count = spectrum.eigenvalues.len();
    let residual = match &spectrum.residuals {
        Some(residuals) => residuals.iter().map(|r| (!r.is_nan()).then_some(*r)).collect(),
        None => vec![None; count],
    };
    Columns::new()
        .count("index", spectrum.first..spectrum.first + count)
        .number("eigenvalue", spectrum.eigenvalues.to_vec())
        .number("residual", residual)
        .into_table()
}

/// Histogram of values in `bins` intervals of equal width: `from`, `to`, `count`, `density`.
///
/// `density = count / (number of values * width)`, so that it integrates to 1. An interval holds its left end; the
/// last one also holds its right end. Equal values get one interval of width 1 around them.
///
/// # Errors
/// No bins, no values, or values that are not finite.
///
/// ```
/// use hessia::table::density_table;
/// let table = density_table(&ndarray::array![0.0, 0.1, 0.9, 1.0], 2)?;
/// assert_eq!(table.height(), 2);
/// assert_eq!(table.column("density")?.f64()?.get(0), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn density_table(values: &Array1<f64>, bins: usize) -> Result<DataFrame> {
    if bins == 0 {
        return Err(Error::argument("bins", "at least one", bins));
    }
    if values.is_empty() {
        return Err(Error::argument("values", "at least one", "none"));
    }
    crate::error::check_finite("values", values.view().into_dyn())?;
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high, bins) = if low == high { (low - 0.5, high + 0.5, 1) } else { (low, high, bins) };
    let width = (high - low) / bins as f64;
    let mut counts = vec![0_usize; bins];
    for value in values {
        let bin = ((value - low) / width) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let edge = |k: usize| if k == bins { high } else { low + k as f64 * width };
    let total = values.len() as f64 * width;
    Columns::new()
        .number("from", (0..bins).map(edge))
        .number("to", (1..=bins).map(edge))
        .count("count", counts.iter().copied())
        .number("density", counts.iter().map(|&c| c as f64 / total))
        .into_table()
}

/// Largest `|entry|` of each cell of `factor` x `factor` entries: `row`, `column`, `factor`, `magnitude`.
///
/// `factor` is the smallest for which no side has more than `max_side` cells; 1 keeps every entry. `row` and
/// `column` are the indices of the cell's first entry; cells at the lower and right edge may be cut off. Taking the
/// largest keeps single large entries visible, which a mean would wash out. A cell with a NaN in it is NaN.
///
/// # Errors
/// An empty matrix, or no cells.
///
/// ```
/// use hessia::table::magnitude_table;
/// let table = magnitude_table(&ndarray::array![[1.0, -5.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0]], 2)?;
/// let magnitude: Vec<_> = table.column("magnitude")?.f64()?.into_no_null_iter().collect();
/// assert_eq!(magnitude, [5.0, 0.0, 0.0, 3.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn magnitude_table(matrix: &Array2<f64>, max_side: usize) -> Result<DataFrame> {
    if matrix.is_empty() {
        return Err(Error::argument("matrix", "at least one entry", format!("shape {:?}", matrix.shape())));
    }
    if max_side == 0 {
        return Err(Error::argument("max_side", "at least one cell", max_side));
    }
    let (rows, columns) = matrix.dim();
    let factor = rows.max(columns).div_ceil(max_side);
    let (mut row, mut column, mut magnitude) = (Vec::new(), Vec::new(), Vec::new());
    for i in (0..rows).step_by(factor) {
        for j in (0..columns).step_by(factor) {
            let cell = matrix.slice(s![i..rows.min(i + factor), j..columns.min(j + factor)]);
            row.push(i);
            column.push(j);
            magnitude.push(largest(cell.iter().copied()));
        }
    }
    let factors = vec![factor; row.len()];
    Columns::new()
        .count("row", row)
        .count("column", column)
        .count("factor", factors)
        .number("magnitude", magnitude)
        .into_table()
}

/// The largest size; NaN if one of the values is, which `f64::max` would pass over.
pub(crate) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    let larger = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b.abs()) };
    values.into_iter().fold(0.0, larger)
}

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
    let mut made = Columns::new()
        .count("layer_p", blocks.iter().map(|b| b.0))
        .count("layer_q", blocks.iter().map(|b| b.1))
        .text("name", blocks.iter().map(|(p, q)| format!("{} x {}", module_number(*p), module_number(*q))));
    for term in terms {
        let views: Vec<_> = blocks
            .iter()
            .map(|&(p, q)| term.matrix.slice(s![net.layer_range(p), net.layer_range(q)]))
            .collect();
        let spectral = views.iter().map(spectral_norm).collect::<Result<Vec<f64>>>()?;
        let name = term.term.name();
        made = made
            .number(&format!("{name}_frobenius"), views.iter().map(frobenius_norm))
            .number(&format!("{name}_spectral"), spectral);
    }
    made.into_table()
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

/// One row a measurement: `network`, `parameters`, `objects`, `seconds`, `flops`, `plain_flops`, `active_share`,
/// `dgemm_gflops`, `dgemm_share`, `plain_share`; the columns are the fields and shares of [`Cost`].
///
/// # Errors
/// None but polars' own.
pub fn cost_table(costs: &[Cost]) -> Result<DataFrame> {
    Columns::new().facts(costs).into_table()
}

/// One row a law: `quantity`, `exponent`, its 95 % interval `lower` to `upper`, `factor`, `r_squared`, `points`.
///
/// # Errors
/// None but polars' own.
///
/// ```
/// use hessia::{fit::power_law, table::fit_table};
/// let fit = power_law(&[1.0, 2.0, 4.0], &[3.0, 12.0, 48.0])?;
/// assert_eq!(fit_table(&[("area", fit)])?.height(), 1);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn fit_table(fits: &[(&str, Fit)]) -> Result<DataFrame> {
    let quantities = fits.iter().map(|(quantity, _)| *quantity);
    Columns::new().text("quantity", quantities).facts(fits.iter().map(|(_, fit)| fit)).into_table()
}

/// One row for the whole, one for every block of layers, one for every hypothesis, in this order.
///
/// - `row`: `whole`, `block` or `hypothesis`;
/// - `name`: place of the largest error, layers of the block, or what the hypothesis says;
/// - `result`: the verdict, `agrees` or `differs`, or how well the hypothesis explains the candidate (`exact`,
///   `single`, `statistical`, `partial`);
/// - `largest_error` and `relative_error`: of the candidate, or what the hypothesis leaves of it; null where the sizes
///   differ;
/// - `tolerance`: largest error allowed; null for hypotheses.
///
/// # Errors
/// Only what polars refuses.
///
/// ```
/// use hessia::verify::VerifySettings;
/// use hessia::{Activation, Dataset, Loss, Network, Targets, hessian, table::verification_table, verify};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let (h, loss) = (hessian(&net, &data, Loss::cross_entropy())?, Loss::cross_entropy());
/// let table = verification_table(&verify(&h.into(), &net, &data, loss, VerifySettings::default())?)?;
/// assert_eq!(table.height(), 1 + 4);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn verification_table(report: &Report) -> Result<DataFrame> {
    struct Row {
        row: &'static str,
        name: String,
        result: String,
        largest: Option<f64>,
        relative: Option<f64>,
        tolerance: Option<f64>,
    }
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let worst = report.largest_error.as_ref();
    let whole = Row {
        row: "whole",
        name: worst.map_or(String::new(), |e| e.place.clone()),
        result: word(serde_json::json!(report.verdict)),
        largest: worst.map(|e| e.error),
        relative: report.relative_error,
        tolerance: Some(report.tolerance),
    };
    let blocks = report.blocks.iter().map(|block| Row {
        row: "block",
        name: block.name.clone(),
        result: if block.agrees { "agrees" } else { "differs" }.to_string(),
        largest: Some(block.largest_error),
        relative: Some(block.relative_error),
        tolerance: Some(block.tolerance),
    });
    let hypotheses = report.diagnosis.iter().map(|hypothesis| Row {
        row: "hypothesis",
        name: hypothesis.claim(),
        result: word(serde_json::json!(hypothesis.support)),
        largest: Some(hypothesis.largest_error),
        relative: Some(hypothesis.relative_error),
        tolerance: None,
    });
    let rows: Vec<Row> = [whole].into_iter().chain(blocks).chain(hypotheses).collect();
    Columns::new()
        .text("row", rows.iter().map(|row| row.row))
        .text("name", rows.iter().map(|row| &row.name))
        .text("result", rows.iter().map(|row| &row.result))
        .number("largest_error", rows.iter().map(|row| row.largest))
        .number("relative_error", rows.iter().map(|row| row.relative))
        .number("tolerance", rows.iter().map(|row| row.tolerance))
        .into_table()
}

#[cfg(test)]
mod tests {
    use super::largest;

    #[test]
    fn nan_is_not_passed_over() {
        assert_eq!(largest([1.0, -5.0]), 5.0);
        assert!(largest([f64::NAN, 1.0]).is_nan() && largest([1.0, f64::NAN]).is_nan());
    }
}
