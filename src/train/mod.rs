//! Training: Adam with the paper's settings, and descent to a true stationary point.

mod adam;
mod number;
mod outcome;
mod pass;

pub use adam::{AdamSettings, Precision, Trained, adam};
pub use outcome::{accuracy, dead_units};
