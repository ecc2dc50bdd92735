//! What the paper's notebooks want at hand: `use hessia_paper::prelude::*;` after hessia's own.

pub use crate::data::LoadDataset;
pub use crate::experiment;
#[cfg(feature = "figure")]
pub use crate::figure::{
    bounds_figure, constant_figure, contour_figure, curvature_figure, growth_figure, lemma_2_figure,
    panel_figure, surface_figure,
};
#[cfg(feature = "table")]
pub use crate::table::{
    assumption_1_table, audit_table, configuration_table, constant_table, curvature_grid_table,
    curvature_trend_table, growth_fit_table, growth_table, lemma_2_table, order_table, panel_table,
    recorded_experiment, samples, surface_table, verdict_table,
};
pub use crate::theory::search::{SearchSettings, search};
pub use crate::theory::{Assumption1, Increment, Plane, ProbeSettings, Statement, Surface, audit, probe};
