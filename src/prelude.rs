//! What the notebooks and small programs use: `use hessia::prelude::*;`.

pub use crate::cost::{Cost, curvature_cost};
pub use crate::fit::{Fit, power_law};
pub use crate::verify;
pub use crate::verify::{BiasPlace, Candidate, LayerOrder, ParameterOrder, VerifySettings, WeightOrder};
pub use crate::{
    Activation, Dataset, Layer, Loss, Network, Result, Targets, Term, curvature, eigh, eigh_largest,
    eigvalsh, ggn, gradient, h_term, hessian, hvp, loss_value, per_object,
};
pub use ndarray::{Array1, Array2, Axis, array, s};

#[cfg(feature = "figure")]
pub use crate::figure::{
    Draw, cost_figure, finite_difference_figure, log_log_figure, magnitude_figure, spectrum_figure,
};
#[cfg(feature = "notebook")]
pub use crate::notebook::{EvcxrDisplay, output, show};
#[cfg(feature = "table")]
pub use crate::table::{
    Provenance, Tabulate, block_norm_table, cost_table, fit_table, magnitude_table, spectrum_table,
    verification_table, write_table,
};
pub use crate::train::{AdamSettings, adam};
#[cfg(feature = "table")]
pub use polars::prelude::{DataFrame, IntoLazy, col, df, lit};
