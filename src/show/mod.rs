//! What results look like: their facts, tables, figures, and displays in notebooks.

mod facts;
#[cfg(feature = "figure")]
pub mod figure;
#[cfg(feature = "notebook")]
pub mod notebook;
#[cfg(feature = "table")]
pub mod table;
