//! The paper "Unraveling the Hessian: A Key to Smooth Convergence in Loss Function Landscapes" (arXiv 2409.11995),
//! checked on exact Hessians: every statement as stated and as it can be proved.
//!
//! - [`theory`]: Theorem 1, Lemma 1, Lemma 2 and Assumption 1, audited on networks and searched for counterexamples;
//! - [`experiment`]: the networks of its Figures 2 to 5, trained, measured and judged;
//! - [`data`]: the four data sets by name; [`download`] brings them, [`features`] makes features of them;
//! - [`table`], [`figure`]: what all of these look like.
//!
//! ```
//! use hessia::prelude::*;
//! use hessia_paper::prelude::*;
//!
//! let mnist = Dataset::load("mnist")?.head(20);
//! let net = Network::random(&[784, 4, 10], false, Activation::Relu, 1)?;
//! let audit = audit(&net, &mnist, Loss::cross_entropy())?;
//! assert!(audit.summary().verdicts.iter().any(|verdict| verdict.violations == 0));
//! # Ok::<(), hessia::Error>(())
//! ```
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod data;
#[cfg(feature = "fetch")]
pub mod download;
pub mod experiment;
pub mod features;
pub mod prelude;
#[cfg(feature = "table")]
mod show;
pub mod theory;

#[cfg(feature = "table")]
pub use show::facts;
#[cfg(feature = "figure")]
pub use show::figure;
#[cfg(feature = "table")]
pub use show::table;
