//! Tables as plotly figures: what a table holds is drawn, nothing is computed here but places on an axis.
//!
//! All figures have one look: 700 x 420 pixels, labelled axes, and colours that colour-blind readers can tell apart
//! (Okabe and Ito's for lines and points, cividis for maps).

mod columns;
mod cost;
mod density;
mod html;
pub mod label;
mod magnitudes;
mod spectrum;
mod steps;
pub mod style;
mod symlog;
mod training;

pub use columns::columns_figure;
pub use cost::cost_figure;
pub use density::density_figure;
pub use html::save_html;
pub use magnitudes::magnitude_figure;
pub use spectrum::spectrum_figure;
pub use steps::step_figure;
pub use training::training_figure;

use polars::prelude::{DataFrame, DataType};

use crate::Result;

/// A numeric column as floats, nulls as NaN (which plotly leaves out).
///
/// # Errors
/// No such column, or one that is not numeric.
pub fn numbers(table: &DataFrame, name: &str) -> Result<Vec<f64>> {
    let column = table.column(name)?.cast(&DataType::Float64)?;
    Ok(column.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}
