//! The facts of the paper's results.

mod experiment;
mod theory;

pub(super) use experiment::{configuration_facts, curvature_quantities};
#[cfg(feature = "notebook")]
pub(super) use theory::example_facts;
pub use theory::search_facts;
#[cfg(feature = "figure")]
pub(super) use theory::statement_label;
