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

pub use crate::experiment;
#[cfg(feature = "figure")]
pub use crate::figure::{
    bounds_figure, columns_figure, constant_figure, contour_figure, cost_figure, curvature_figure,
    density_figure, growth_figure, lemma_2_figure, magnitude_figure, panel_figure, save_html,
    spectrum_figure, step_figure, surface_figure, training_figure,
};
#[cfg(feature = "notebook")]
pub use crate::notebook::{EvcxrDisplay, output, show};
#[cfg(feature = "table")]
pub use crate::table::{
    Provenance, assumption_1_table, audit_table, block_norm_table, configuration_table, constant_table,
    cost_table, curvature_grid_table, curvature_trend_table, curve_table, density_table, fit_table,
    growth_fit_table, growth_table, lemma_2_table, magnitude_table, order_table, panel_table, read_table,
    recorded_experiment, samples, spectrum_table, surface_table, verdict_table, verification_table,
    write_table,
};
pub use crate::theory::search::{SearchSettings, search};
pub use crate::theory::{
    Assumption1, Constants, Increment, Plane, ProbeSettings, Statement, Surface, audit, probe,
};
pub use crate::train::{AdamSettings, Trained, adam};
#[cfg(feature = "figure")]
pub use plotly::Plot;
#[cfg(feature = "table")]
pub use polars::prelude::{DataFrame, IntoLazy, NamedFrom, Series, col, df, lit};
