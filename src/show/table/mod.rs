//! Results as polars tables, and tables as files: Parquet, CSV, JSON and Arrow IPC.
//!
//! A table has plain columns (64-bit integers, 64-bit floats, text) in long form, so that polars, pandas and R read
//! it without help. What made it travels in the same file; see [`write_table`] for where.

mod blocks;
mod cost;
mod density;
mod fit;
mod magnitudes;
mod provenance;
mod read;
mod spectrum;
mod verification;
mod write;

pub use blocks::block_norm_table;
pub use cost::cost_table;
pub use density::density_table;
pub use fit::fit_table;
pub(crate) use magnitudes::largest;
pub use magnitudes::magnitude_table;
pub use provenance::Provenance;
pub use read::read_table;
pub use spectrum::spectrum_table;
pub use verification::verification_table;
pub use write::{Format, PROVENANCE_KEY, write_table};

use crate::Error;
use polars::prelude::{Column, DataFrame, PolarsError};

impl From<PolarsError> for Error {
    fn from(error: PolarsError) -> Self {
        Error::Table { message: error.to_string() }
    }
}

/// Columns of equal length as a table.
///
/// # Errors
/// Only what polars refuses.
pub fn frame(columns: Vec<Column>) -> crate::Result<DataFrame> {
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Indices as the signed integers that readers can subtract without wrapping.
pub fn integers(values: impl IntoIterator<Item = usize>) -> Vec<i64> {
    values.into_iter().map(|value| value as i64).collect()
}
