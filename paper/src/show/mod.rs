//! What the paper's results look like.

#[cfg(feature = "notebook")]
mod display;
#[cfg(feature = "figure")]
pub mod figure;
pub mod table;
