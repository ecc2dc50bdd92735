//! Eigenvalues as a table.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::{Result, Spectrum};

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
    let residual: Vec<Option<f64>> = match &spectrum.residuals {
        Some(residuals) => residuals.iter().map(|r| (!r.is_nan()).then_some(*r)).collect(),
        None => vec![None; count],
    };
    super::frame(vec![
        Series::new("index".into(), super::integers(spectrum.first..spectrum.first + count)).into_column(),
        Series::new("eigenvalue".into(), spectrum.eigenvalues.to_vec()).into_column(),
        Series::new("residual".into(), residual).into_column(),
    ])
}
