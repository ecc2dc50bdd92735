//! Training: Adam with the paper's settings, and descent to a true stationary point.

mod adam;
mod number;
mod outcome;
mod pass;
mod stationary;

pub use adam::{AdamSettings, Inputs, Precision, Trained, adam, train};
pub use outcome::{accuracy, dead_units};
pub use stationary::{Stationary, StationarySettings, Step, Stopped, stationary_point};
