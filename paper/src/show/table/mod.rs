//! The paper's results as polars tables.

mod data;
mod experiment;
mod theory;
mod verdict;

pub use data::{catalog_table, recorded_experiment};
pub use experiment::{
    configuration_table, curvature_grid_table, curvature_trend_table, curve_table, experiment_provenance,
    growth_fit_table, growth_table,
};
pub use theory::{assumption_1_table, audit_table, lemma_2_table, surface_table, verdict_table};
pub use verdict::{constant_table, order_table, panel_table, samples};
