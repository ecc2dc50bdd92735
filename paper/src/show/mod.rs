//! What the paper's results look like.

#[cfg(feature = "notebook")]
mod display;
pub mod facts;
#[cfg(feature = "figure")]
pub mod figure;
pub mod table;
