//! Any small network as a graph of maps, and its exact curvature.
//!
//! A [`Graph`] is built by a [`Builder`], shape by shape; its parameters are one vector theta with a name for every
//! stretch. Tensors have positions (pixels, tokens) and channels. Batch norm is taken with its frozen statistics: with
//! those of the batch every object would depend on all others.

mod assemble;
mod attention;
mod build;
mod counts;
mod dense;
mod descent;
mod examples;
mod jacobian;
mod local;
mod moves;
mod nets;
mod normal;
mod objective;
mod op;
mod pair;
mod pass;
mod plan;
mod pointwise;
mod product;
mod pushing;
mod tangents;
mod target;
mod tensor;
mod tickets;
mod vectors;
mod windows;

use std::fmt;
use std::ops::Range;

use ndarray::Array1;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

pub use assemble::{GraphCurvature, block, curvature, curvature_by, ggn, h_term, hessian};
pub use build::{Builder, Padding};
pub use examples::{Answers, Examples};
pub use nets::{ConvNet, Pool, Transformer};
pub use objective::{Form, Objective};
pub use op::{Node, Op};
pub use pass::{forward, gradient, loss_and_gradient, loss_value};
pub use plan::Plan;
pub use vectors::{ObjectCurvature, hvp, per_object};
pub use windows::{Window, Windows};

/// Positions and channels of a tensor, for one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Height and width of an image; 1 and the length of a sequence; 1 and 1 for a vector.
    pub grid: [usize; 2],
    /// Channels at every position.
    pub channels: usize,
}

impl Shape {
    /// A vector.
    pub const fn vector(channels: usize) -> Shape {
        Shape { grid: [1, 1], channels }
    }

    /// A sequence of `length` vectors.
    pub const fn sequence(length: usize, channels: usize) -> Shape {
        Shape { grid: [1, length], channels }
    }

    /// An image.
    pub const fn image(channels: usize, height: usize, width: usize) -> Shape {
        Shape { grid: [height, width], channels }
    }

    /// Number of positions.
    pub const fn positions(self) -> usize {
        self.grid[0] * self.grid[1]
    }

    /// Number of entries.
    pub const fn size(self) -> usize {
        self.positions() * self.channels
    }

    /// Height, width and channels.
    pub(super) const fn list(self) -> [usize; 3] {
        [self.grid[0], self.grid[1], self.channels]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {} positions of {} channels", self.grid[0], self.grid[1], self.channels)
    }
}

/// A node of a graph: its place in [`Graph::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) usize);

impl NodeId {
    /// Its place in [`Graph::nodes`], for a node that came from a finished graph.
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A parameter of a graph: its place in [`Graph::parameters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterId(pub(super) usize);

impl ParameterId {
    /// Its place in [`Graph::parameters`].
    pub const fn index(self) -> usize {
        self.0
    }
}

/// How a parameter begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Uniform between minus and plus this bound.
    Uniform(f64),
    /// Normal with this standard deviation.
    Normal(f64),
    /// This number everywhere.
    Constant(f64),
}

/// One named array of parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// State-dict name, such as `conv1.weight`.
    pub name: String,
    /// Shape of the array, which lies in theta row by row.
    pub shape: Vec<usize>,
    /// Its place in theta.
    pub range: Range<usize>,
    /// How it begins.
    pub init: Init,
}

/// A network as a graph of maps, in topological order; the last node writes the outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
}

impl Graph {
    /// The maps in topological order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The named stretches of theta, in their order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Number of parameters `P`.
    pub fn parameter_count(&self) -> usize {
        self.parameters.last().map_or(0, |parameter| parameter.range.end)
    }

    /// Shape of the outputs of one object.
    pub fn output_shape(&self) -> Shape {
        self.nodes[self.nodes.len() - 1].shape
    }

    /// Shape of the data of one object.
    pub fn input_shape(&self) -> Shape {
        self.nodes[0].shape
    }

    /// Seeded parameters, length P, as the parameters' [`Init`] says (PyTorch's bounds for weights and biases).
    ///
    /// ```
    /// use hessia::graph::Graph;
    /// # use hessia::graph::{Builder, Shape};
    /// # let mut net = Builder::new(Shape::vector(4));
    /// # let z = net.dense("0", net.input(), 3)?;
    /// # let graph: Graph = net.finish(z)?;
    /// assert_eq!(graph.initial(7), graph.initial(7));
    /// assert_eq!(graph.initial(7).len(), graph.parameter_count());
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn initial(&self, seed: u64) -> Array1<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut theta = Vec::with_capacity(self.parameter_count());
        for parameter in &self.parameters {
            theta.extend(parameter.range.clone().map(|_| match parameter.init {
                Init::Uniform(bound) => bound * (2.0 * rng.random::<f64>() - 1.0),
                Init::Normal(deviation) => deviation * rng.sample::<f64, _>(StandardNormal),
                Init::Constant(value) => value,
            }));
        }
        Array1::from(theta)
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} maps from {} to {}, P = {}",
            self.nodes.len() - 1,
            self.input_shape(),
            self.output_shape(),
            self.parameter_count()
        )
    }
}
