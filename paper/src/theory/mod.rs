//! The paper's bounds, as stated and corrected, against exact curvature.
//!
//! - [`theorem_1`], [`lemma_1`], [`lemma_2`]: the statements as functions of their constants;
//! - [`probe()`]: lemma 2 away from theta*, along chosen directions;
//! - [`Constants`]: those constants, measured on a network and its data;
//! - [`audit()`]: every statement against every object;
//! - [`search`]: networks on which a statement fails, shrunk to a few round numbers.
//!
//! Source: N. Kiselev, A. Grabovoy, "Unraveling the Hessian: A Key to Smooth Convergence in Loss Function
//! Landscapes", arXiv 2409.11995.

mod assumption_1;
mod audit;
mod constants;
pub mod lemma_1;
pub mod lemma_2;
mod probe;
pub mod search;
mod statement;
mod surface;
pub mod theorem_1;

pub use assumption_1::Assumption1;
pub use audit::{Audit, Bound, Comparison, Summary, TOLERANCE, Verdict, audit};
pub use constants::Constants;
pub use lemma_2::{Increment, Lemma2};
pub use probe::{Direction, Probe, ProbeSettings, probe};
pub use statement::{Left, Statement};
pub use surface::{Plane, Surface};
