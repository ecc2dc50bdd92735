//! What can be wrong with a Hessian, in words.

use std::fmt;

use serde::Serialize;

use super::order::ParameterOrder;
use crate::Term;
use crate::format::significant;
use crate::network::layer_pair_name;

/// One difference between the candidate and what it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// It is another term than the one asked for.
    Term(Term),
    /// It is the empirical Fisher matrix `1/m Σ g_i g_iᵀ` of the objects' gradients.
    EmpiricalFisher,
    /// It is multiplied by a number that a reduction would make.
    Reduction {
        /// The number.
        factor: f64,
        /// The reduction.
        meaning: String,
    },
    /// It is multiplied by a number that no reduction makes.
    Factor(f64),
    /// It has the wrong sign.
    Sign,
    /// Its parameters stand in another order.
    Order(ParameterOrder),
    /// It has no rows and columns for these arrays.
    Missing(Vec<String>),
    /// It has rows and columns for these arrays, but they are zero.
    Zeroed(Vec<String>),
    /// It is of the network with these biases taken away.
    WithoutBiases(Vec<String>),
    /// It is of a network that has biases besides, which are zero.
    MoreBiases,
    /// It was computed in float32, or by differences that are as exact.
    Float32,
    /// It is a central difference of gradients with this step.
    FiniteDifference(f64),
    /// The network and the inputs were rounded to float32 first.
    RoundedToFloat32,
    /// The derivative of the activation at its kink is this number.
    KinkSlope(f64),
    /// The inputs were prepared in another way, named here as a function of those given.
    Inputs(String),
    /// The labels or targets were changed, named here.
    Targets(String),
    /// Only the first of the objects were taken.
    FirstObjects(usize),
    /// The objects count with these weights, one being that of the plain mean.
    ObjectWeights(Vec<f64>),
    /// The block is transposed.
    Transposed,
    /// The block is column-major data read as row-major.
    ColumnMajor,
    /// It is the block of another pair of layers.
    OtherBlock(usize, usize),
    /// Only one triangle is filled.
    HalfFilled {
        /// The lower one.
        lower: bool,
    },
    /// Entries of a triangle were mirrored wrongly: those off the diagonal, or on it, are this many times too large.
    Mirrored {
        /// Factor of the entries off the diagonal.
        off_diagonal: f64,
        /// Factor of the entries on it.
        diagonal: f64,
    },
    /// The objects stand in another order.
    ObjectOrder,
    /// It is a random estimate.
    Stochastic {
        /// How it is made.
        estimator: String,
        /// Number of probes (or objects) that its error suggests.
        probes: f64,
        /// A 95 % interval for that number.
        interval: (f64, f64),
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Term(Term::Full) => write!(f, "it is the full Hessian"),
            Fault::Term(Term::Ggn) => write!(f, "it is the G-term (generalized Gauss-Newton matrix)"),
            Fault::Term(Term::HTerm) => write!(f, "it is the H-term"),
            Fault::EmpiricalFisher => write!(f, "it is the empirical Fisher matrix"),
            Fault::Reduction { factor, meaning } => {
                write!(f, "multiplied by {}: {meaning}", significant(*factor, 10))
            }
            Fault::Factor(factor) => {
                write!(f, "multiplied by {}, which no reduction makes", significant(*factor, 10))
            }
            Fault::Sign => write!(f, "wrong sign"),
            Fault::Order(order) => write!(f, "other order of the parameters: {order}"),
            Fault::Missing(names) => write!(f, "no rows and columns for {}", names.join(", ")),
            Fault::Zeroed(names) => write!(f, "rows and columns of {} are zero", names.join(", ")),
            Fault::WithoutBiases(names) => write!(f, "of the network without {}", names.join(", ")),
            Fault::MoreBiases => write!(f, "of the network with zero biases in every layer"),
            Fault::Float32 => {
                write!(
                    f,
                    "float32 or finite differences: an error of the size that rounding in float32 leaves"
                )
            }
            Fault::FiniteDifference(step) => {
                write!(f, "central differences of gradients with the step {step:e}")
            }
            Fault::RoundedToFloat32 => write!(f, "network and inputs rounded to float32 first"),
            Fault::KinkSlope(slope) => write!(f, "derivative {slope} of the activation at its kink"),
            Fault::Inputs(map) => write!(f, "inputs prepared differently: {map}"),
            Fault::Targets(map) => write!(f, "targets changed: {map}"),
            Fault::FirstObjects(count) => write!(f, "of the first {count} objects alone"),
            Fault::ObjectWeights(weights) => describe_weights(weights, f),
            Fault::Transposed => write!(f, "transposed"),
            Fault::ColumnMajor => write!(f, "column-major entries read as row-major"),
            Fault::OtherBlock(p, q) => write!(f, "it is the block {}", layer_pair_name(*p, *q)),
            Fault::HalfFilled { lower: true } => write!(f, "only the lower triangle is filled"),
            Fault::HalfFilled { lower: false } => write!(f, "only the upper triangle is filled"),
            Fault::Mirrored { off_diagonal, diagonal } => write!(
                f,
                "a triangle mirrored wrongly: {off_diagonal} times the entries off the diagonal, {diagonal} times those on it"
            ),
            Fault::ObjectOrder => write!(f, "the objects in another order"),
            Fault::Stochastic { estimator, probes, interval: (low, high) } => write!(
                f,
                "{estimator}: the error suggests n = {} (95 % of {} to {})",
                significant(*probes, 5),
                significant(*low, 5),
                significant(*high, 5)
            ),
        }
    }
}

fn describe_weights(weights: &[f64], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let taken: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] != 0.0).collect();
    let (low, high) = taken
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), &i| (low.min(weights[i]), high.max(weights[i])));
    let rows: Vec<String> = taken.iter().take(10).map(usize::to_string).collect();
    let more = if taken.len() > 10 { ", ..." } else { "" };
    match low == high {
        true => {
            write!(f, "mean over {} of {} objects: {}{more}", taken.len(), weights.len(), rows.join(", "))
        }
        false => write!(f, "objects weighted by {} to {}", significant(low, 5), significant(high, 5)),
    }
}
