//! What a notebook or a small program wants at hand: `use hessia::prelude::*;`.

pub use crate::cost::{Cost, curvature_cost};
pub use crate::fit::{Fit, exponential, power_law};
pub use crate::verify;
pub use crate::verify::{BiasPlace, Candidate, LayerOrder, ParameterOrder, VerifySettings, WeightOrder};
pub use crate::{
    Activation, Curvature, Dataset, Error, Inertia, Layer, Loss, LossKind, Network, Reduction, Result,
    Spectrum, Targets, Term, curvature, curvature_block, eigh, eigh_largest, eigh_range, eigvalsh, ggn,
    gradient, h_term, hessian, hvp, loss_value, network_spectrum, per_object, set_threads,
};
pub use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, array, s};

#[cfg(feature = "figure")]
pub use crate::figure::{
    columns_figure, cost_figure, density_figure, magnitude_figure, save_html, spectrum_figure, step_figure,
    training_figure,
};
#[cfg(feature = "notebook")]
pub use crate::notebook::{EvcxrDisplay, output, show};
#[cfg(feature = "table")]
pub use crate::table::{
    Provenance, block_norm_table, cost_table, density_table, fit_table, magnitude_table, read_table,
    spectrum_table, verification_table, write_table,
};
pub use crate::train::{AdamSettings, Trained, adam};
#[cfg(feature = "figure")]
pub use plotly::Plot;
#[cfg(feature = "table")]
pub use polars::prelude::{DataFrame, IntoLazy, NamedFrom, Series, col, df, lit};
