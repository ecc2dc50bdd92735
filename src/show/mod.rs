//! What results look like: tables, figures, and displays in notebooks.

#[cfg(feature = "figure")]
pub mod figure;
#[cfg(feature = "notebook")]
pub mod notebook;
pub mod table;
