//! Exact second-order geometry of small neural networks.
//!
//! A [`Network`] and a [`Dataset`] give, for a [`Loss`], their exact [`hessian`], its G-term [`ggn`] and its
//! [`h_term`]; [`eigh`] gives the eigenvalues; [`fn@verify`] judges a Hessian that somebody else computed.
//!
//! ```
//! use hessia::{Activation, Dataset, Loss, Network, Targets, eigh, hessian};
//! use ndarray::{Array2, array};
//!
//! let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
//! let data = Dataset::new("mine", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
//! let h = hessian(&net, &data, Loss::cross_entropy())?;
//! let spectrum = eigh(&h)?;
//! assert_eq!(spectrum.order, net.parameter_count());
//! # Ok::<(), hessia::Error>(())
//! ```
//!
//! The rooms, each knowing only those before it: [`format`](mod@format), [`facts`], [`error`], [`progress`],
//! [`linalg`]; [`data`], [`loss`], [`network`]; [`operator`] (matrices by their products);
//! [`files`] and [`model_io`] (files to arrays and networks); [`passes`] (one sweep forward, one back);
//! [`curvature`](mod@curvature); [`spectrum`], [`train`]; [`verify`](mod@verify), [`check`], [`cases`], [`cost`];
//! [`table`], [`figure`] and [`notebook`] (what a result looks like). The paper that this began with, its bounds and
//! its experiment, is the package `hessia-paper`. `docs/design.md` draws the map.
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// Links the system's OpenBLAS.
extern crate openblas_src as _;

#[cfg(feature = "model-io")]
pub mod cases;
pub mod check;
pub mod cost;
pub mod curvature;
pub mod data;
pub mod error;
pub mod facts;
pub mod files;
pub mod fit;
pub mod format;
pub mod graph;
pub mod influence;
pub mod linalg;
pub mod loss;
#[cfg(feature = "model-io")]
pub mod model_io;
pub mod network;
pub mod operator;
pub mod passes;
pub mod prelude;
pub mod progress;
mod scalar;
mod show;
pub mod spectrum;
pub mod train;
pub mod verify;

pub use curvature::{
    ClassDecomposition, Compressed, Curvature, CurvatureKind, CurvatureOperator, Kronecker, LayerNorms,
    PerObject, Term, Work, class_decomposition, compress, curvature, curvature_block, ggn, ggn_dual_gram,
    ggn_spectra, h_term, hessian, hessian_spectra, hvp, layer_norms, per_object,
};
pub use data::{Dataset, Targets};
pub use error::{Error, Result};
pub use linalg::{set_threads, side_by_side, threads};
pub use loss::{Loss, LossKind, Reduction};
#[cfg(feature = "model-io")]
pub use model_io::{LoadOptions, WeightLayout};
pub use network::{Activation, Layer, Network, ParameterRange};
pub use passes::{gradient, loss_and_gradient, loss_value};
#[cfg(feature = "figure")]
pub use show::figure;
#[cfg(feature = "notebook")]
pub use show::notebook;
#[cfg(feature = "table")]
pub use show::table;
pub use spectrum::{Inertia, Route, Spectrum, eigh, eigh_largest, eigh_range, eigvalsh, network_spectrum};
pub use verify::verify;

// The crates whose types stand in signatures here, in the versions that fit.
pub use ndarray;
#[cfg(feature = "figure")]
pub use plotly;
#[cfg(feature = "table")]
pub use polars;
