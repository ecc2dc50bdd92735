//! How eigenvalues are spread.

use ndarray::Array1;
use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::{Error, Result};

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
    super::frame(vec![
        Series::new("from".into(), (0..bins).map(edge).collect::<Vec<_>>()).into_column(),
        Series::new("to".into(), (1..=bins).map(edge).collect::<Vec<_>>()).into_column(),
        Series::new("count".into(), super::integers(counts.iter().copied())).into_column(),
        Series::new("density".into(), counts.iter().map(|&c| c as f64 / total).collect::<Vec<_>>())
            .into_column(),
    ])
}
