//! The paper's figures, drawn from its tables.

mod bounds;
mod experiment;
mod lemma_2;
mod surface;

pub use bounds::bounds_figure;
pub use experiment::{constant_figure, curvature_figure, growth_figure, panel_figure};
pub use lemma_2::lemma_2_figure;
pub use surface::{contour_figure, surface_figure};
