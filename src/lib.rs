//! Exact second-order geometry of small neural networks.
#![warn(missing_docs)]

// Links the system's OpenBLAS.
extern crate openblas_src as _;

pub mod dataset;
pub mod error;
pub mod loss;
pub mod network;
pub mod progress;

pub use dataset::Dataset;
pub use error::{Error, Result};
pub use loss::{Loss, LossKind, Reduction, Targets};
pub use network::{Activation, Layer, Network, ParameterRange};
