//! The paper's results as polars tables.

mod assumption_1;
mod audit;
mod catalog;
mod experiment;
mod lemma_2;
mod surface;

pub use assumption_1::assumption_1_table;
pub use audit::{audit_table, verdict_table};
pub use catalog::catalog_table;
pub use experiment::{
    configuration_table, constant_table, curvature_grid_table, curvature_trend_table, curve_table,
    experiment_provenance, growth_fit_table, growth_table, order_table, panel_table, recorded_experiment,
    samples,
};
pub use lemma_2::lemma_2_table;
pub use surface::surface_table;
