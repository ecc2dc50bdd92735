//! Exact second-order geometry of small neural networks.
#![warn(missing_docs)]

// Links the system's OpenBLAS.
extern crate openblas_src as _;

pub mod cases;
pub mod check;
pub mod cost;
pub mod curvature;
pub mod dataset;
pub mod error;
pub mod experiment;
pub mod features;
#[cfg(feature = "figure")]
pub mod figure;
pub mod fit;
pub mod linalg;
pub mod loss;
pub mod network;
#[cfg(feature = "notebook")]
pub mod notebook;
pub mod passes;
pub mod prelude;
pub mod progress;
pub mod spectrum;
#[cfg(feature = "table")]
pub mod table;
pub mod theory;
pub mod train;
pub mod verify;

pub use curvature::{
    Compressed, Curvature, LayerNorms, PerObject, Term, Work, compress, curvature, curvature_block, ggn,
    ggn_dual_gram, ggn_spectra, h_term, hessian, hessian_spectra, hvp, layer_norms, per_object,
};
pub use dataset::Dataset;
pub use error::{Error, Result};
pub use linalg::{set_threads, side_by_side, threads};
pub use loss::{Loss, LossKind, Reduction, Targets};
pub use network::{Activation, Layer, LoadOptions, Network, ParameterRange, WeightLayout};
pub use passes::{gradient, loss_and_gradient, loss_value};
pub use spectrum::{Inertia, Route, Spectrum, eigh, eigh_largest, eigh_range, eigvalsh, network_spectrum};
pub use verify::verify;

// The crates whose types stand in signatures here, in the versions that fit.
pub use ndarray;
#[cfg(feature = "figure")]
pub use plotly;
#[cfg(feature = "table")]
pub use polars;
