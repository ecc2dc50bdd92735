//! The paper's figures, drawn from its tables.

mod curvature;
mod grid;
mod surface;
mod theory;

pub use curvature::{curvature_figure, growth_figure};
pub use grid::{constant_figure, panel_figure};
pub use surface::{contour_figure, surface_figure};
pub use theory::{bounds_figure, lemma_2_figure};

use super::facts::statement_label;
use crate::experiment::{CurvatureRun, GrowthRun};
use hessia::PerObject;
use hessia::facts::Facts;
use hessia::figure::style;

/// What a figure calls a column of our tables: the label of its fact; names that are not ours stay as they are.
fn label(column: &str) -> String {
    let known = statement_label(column)
        .or_else(|| GrowthRun::facts().label(column))
        .or_else(|| CurvatureRun::facts().label(column))
        .or_else(|| PerObject::facts().label(column));
    known.map_or(column.to_string(), style::markup)
}
