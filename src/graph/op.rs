//! The maps that a graph is made of.

use super::windows::Windows;
use super::{NodeId, ParameterId, Shape};
use crate::Activation;

/// One map from tensors to a tensor. Tensors have positions (pixels, tokens) and channels.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// The data, an object a row; for images the file order is (channel, row, column).
    Input {
        /// Whether a row of the data holds channel after channel instead of position after position.
        channels_first: bool,
    },
    /// The same numbers for every object, position by position.
    Constant(Vec<f64>),
    /// A parameter as a tensor, the same for every object: positions of tokens, class tokens.
    Parameter(ParameterId),
    /// `z[s, i] = Σ_a W[i, a] x[s, a] + b[i]` at every position.
    Dense {
        /// W, shape (outputs, inputs).
        weight: ParameterId,
        /// b, shape (outputs).
        bias: Option<ParameterId>,
    },
    /// Convolution in one or two dimensions, as PyTorch's.
    Conv {
        /// Shape (outputs, inputs / groups, height, width).
        weight: ParameterId,
        /// Shape (outputs).
        bias: Option<ParameterId>,
        /// Groups of channels that do not mix.
        groups: usize,
        /// Where the kernel lies.
        windows: Windows,
    },
    /// A scalar function of every entry.
    Activation {
        /// The function.
        function: Activation,
        /// Its derivative at exactly zero, where it is not the function's own.
        kink: Option<f64>,
    },
    /// The largest entry of every window, channel by channel; of equal ones the first.
    MaxPool(Windows),
    /// The mean over every window, channel by channel.
    AveragePool {
        /// Where the windows lie.
        windows: Windows,
        /// One over the number of places that count, by window.
        weight: Vec<f64>,
    },
    /// Entries of the input in another order, some repeated, left out or zero: `out[e] = in[from[e]]`.
    ///
    /// Flatten, reshape, transpose, slices, nearest upsampling and the parts of a concatenation.
    Select(Vec<Option<u32>>),
    /// `factor[c] x[s, c] + shift[c]` with constants.
    Scale {
        /// By channel.
        factor: Vec<f64>,
        /// By channel.
        shift: Vec<f64>,
    },
    /// `gain[c] x[s, c] + shift[c]` with parameters.
    Gain {
        /// Shape (channels).
        gain: Option<ParameterId>,
        /// Shape (channels).
        shift: Option<ParameterId>,
    },
    /// `(x - mean) / sqrt(variance + epsilon)`, or without the mean `x / sqrt(mean of squares + epsilon)`.
    Normalise {
        /// Over the channels of a position, or over all positions of each of so many groups of channels.
        groups: Option<usize>,
        /// Whether the mean is taken off.
        centred: bool,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Sum of two tensors.
    Add,
    /// Product of two tensors, entry by entry.
    Multiply,
    /// Rows of a table, shape (tokens, channels), by the token numbers in the data.
    Embedding(ParameterId),
    /// `scale Σ_i q[t, h, i] k[u, h, i]`: positions are (head, t), channels are u.
    Scores {
        /// Number of heads.
        heads: usize,
        /// The factor, `1 / sqrt(channels / heads)` as a rule.
        scale: f64,
    },
    /// Softmax over the channels; where a mask (positions of one head x channels) is false, exactly zero.
    Softmax {
        /// By (position, channel); repeated for every head.
        mask: Option<Vec<bool>>,
    },
    /// `Σ_u p[h, t, u] v[u, h, i]`: positions are t, channels (h, i).
    Mix {
        /// Number of heads.
        heads: usize,
    },
}

/// One map with the tensors that it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The map.
    pub op: Op,
    /// Earlier nodes whose tensors it reads.
    pub inputs: Vec<NodeId>,
    /// Shape of the tensor that it writes.
    pub shape: Shape,
}

impl Op {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Input { .. } => "input",
            Op::Constant(_) => "constant",
            Op::Parameter(_) => "parameter",
            Op::Dense { .. } => "dense",
            Op::Conv { .. } => "convolution",
            Op::Activation { function, .. } => function.name(),
            Op::MaxPool(_) => "max-pool",
            Op::AveragePool { .. } => "average-pool",
            Op::Select(_) => "select",
            Op::Scale { .. } => "scale",
            Op::Gain { .. } => "gain",
            Op::Normalise { .. } => "normalise",
            Op::Add => "add",
            Op::Multiply => "multiply",
            Op::Embedding(_) => "embedding",
            Op::Scores { .. } => "scores",
            Op::Softmax { .. } => "softmax",
            Op::Mix { .. } => "mix",
        }
    }

    /// The parameters that it uses, in the order of its own parameter vector.
    pub fn parameters(&self) -> Vec<ParameterId> {
        match self {
            Op::Parameter(id) | Op::Embedding(id) => vec![*id],
            Op::Dense { weight, bias } | Op::Conv { weight, bias, .. } => {
                std::iter::once(*weight).chain(*bias).collect()
            }
            Op::Gain { gain, shift } => gain.iter().chain(shift).copied().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it works on every position by itself (rows of one position stay there).
    pub(super) fn is_positionwise(&self) -> bool {
        match self {
            Op::Dense { .. }
            | Op::Activation { .. }
            | Op::Scale { .. }
            | Op::Gain { .. }
            | Op::Add
            | Op::Multiply
            | Op::Softmax { .. } => true,
            Op::Normalise { groups, .. } => groups.is_none(),
            _ => false,
        }
    }

    /// Whether it has second derivatives in its inputs.
    pub(super) fn is_curved(&self) -> bool {
        match self {
            Op::Activation { function, .. } => !function.is_piecewise_linear(),
            Op::Normalise { .. } | Op::Multiply | Op::Scores { .. } | Op::Softmax { .. } | Op::Mix { .. } => {
                true
            }
            _ => false,
        }
    }
}
