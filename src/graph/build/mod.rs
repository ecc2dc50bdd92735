//! Building a graph, node by node.

mod attention;
mod moves;
mod norms;

use std::collections::BTreeSet;

use super::windows::{Window, Windows};
use super::{Graph, Init, Node, NodeId, Op, Parameter, ParameterId, Shape};
use crate::{Activation, Error, Result};

/// Most entries of a tensor or a parameter: what is larger is no small network.
const LARGEST: usize = 1 << 28;

/// Whether places outside the grid count in a mean over a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// They count as zeros: PyTorch's default.
    Counts,
    /// The mean is over places inside.
    Ignored,
}

/// Builds a [`Graph`]; every method adds a map behind nodes that are there already and refuses shapes that do not fit.
///
/// ```
/// use hessia::graph::{Builder, Window};
/// use hessia::Activation;
/// let mut net = Builder::image(1, 8, 8);
/// let x = net.input();
/// let x = net.conv("conv", x, 4, Window::square(3))?;
/// let x = net.activation(x, Activation::Tanh)?;
/// let x = net.max_pool(x, Window::pool(2))?;
/// let x = net.flatten(x)?;
/// let z = net.dense("head", x, 10)?;
/// let graph = net.finish(z)?;
/// assert_eq!(graph.parameter_count(), 4 * 9 + 4 + 36 * 10 + 10);
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Builder {
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
    names: BTreeSet<String>,
}

impl Builder {
    /// Begins with data of this shape, position after position in every row of the data.
    pub fn new(shape: Shape) -> Builder {
        Builder::begin(shape, false)
    }

    /// Begins with images whose rows hold channel after channel, as PyTorch stores them.
    pub fn image(channels: usize, height: usize, width: usize) -> Builder {
        Builder::begin(Shape::image(channels, height, width), true)
    }

    /// Begins with sequences of token numbers for [`Builder::embedding`].
    pub fn tokens(length: usize) -> Builder {
        Builder::begin(Shape::sequence(length, 1), false)
    }

    fn begin(shape: Shape, channels_first: bool) -> Builder {
        let input = Node { op: Op::Input { channels_first }, inputs: Vec::new(), shape };
        Builder { nodes: vec![input], parameters: Vec::new(), names: BTreeSet::new() }
    }

    /// The data.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Shape of the tensor that a node writes.
    ///
    /// # Errors
    /// A node of another builder.
    pub fn shape(&self, node: NodeId) -> Result<Shape> {
        match self.nodes.get(node.0) {
            Some(node) => Ok(node.shape),
            None => Err(Error::argument("node", format!("one of {} nodes", self.nodes.len()), node.0)),
        }
    }

    /// A parameter to be used by [`Builder::dense_by`] and the like, as often as needed (tied weights).
    ///
    /// # Errors
    /// A name that is taken, or a shape without entries.
    pub fn parameter(&mut self, name: &str, shape: &[usize], init: Init) -> Result<ParameterId> {
        let size = shape.iter().try_fold(1usize, |size, &n| size.checked_mul(n));
        let size = match size {
            Some(size) if size > 0 && size < LARGEST => size,
            _ => {
                let expected = format!("a shape with 1 to {LARGEST} entries");
                return Err(Error::argument(format!("parameter {name}"), expected, format!("{shape:?}")));
            }
        };
        if !self.names.insert(name.to_string()) {
            return Err(Error::argument("name of a parameter", "one that is not taken", name));
        }
        let start = self.parameters.last().map_or(0, |parameter| parameter.range.end);
        self.parameters.push(Parameter {
            name: name.to_string(),
            shape: shape.to_vec(),
            range: start..start + size,
            init,
        });
        Ok(ParameterId(self.parameters.len() - 1))
    }

    /// A dense map with biases; parameters `NAME.weight`, shape (outputs, inputs), and `NAME.bias`.
    ///
    /// # Errors
    /// No outputs, or a name that is taken.
    pub fn dense(&mut self, name: &str, x: NodeId, outputs: usize) -> Result<NodeId> {
        let inputs = self.shape(x)?.channels;
        let bound = Init::Uniform(1.0 / (inputs as f64).sqrt());
        let weight = self.parameter(&format!("{name}.weight"), &[outputs, inputs], bound)?;
        let bias = self.parameter(&format!("{name}.bias"), &[outputs], bound)?;
        self.dense_by(x, weight, Some(bias))
    }

    /// As [`Builder::dense`], without biases.
    ///
    /// # Errors
    /// As [`Builder::dense`].
    pub fn dense_without_bias(&mut self, name: &str, x: NodeId, outputs: usize) -> Result<NodeId> {
        let inputs = self.shape(x)?.channels;
        let bound = Init::Uniform(1.0 / (inputs as f64).sqrt());
        let weight = self.parameter(&format!("{name}.weight"), &[outputs, inputs], bound)?;
        self.dense_by(x, weight, None)
    }

    /// A dense map by parameters that are there already.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn dense_by(&mut self, x: NodeId, weight: ParameterId, bias: Option<ParameterId>) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let found = self.parameter_shape(weight)?;
        let &[outputs, inputs] = found else {
            return Err(Error::argument(
                self.parameters[weight.0].name.clone(),
                "a shape (outputs, inputs)",
                format!("{found:?}"),
            ));
        };
        if inputs != shape.channels {
            let what = self.parameters[weight.0].name.clone();
            return Err(Error::shape(what, &[outputs, shape.channels], &[outputs, inputs]));
        }
        self.expect_vector(bias, outputs)?;
        self.add_node(Op::Dense { weight, bias }, &[x], Shape { channels: outputs, ..shape })
    }

    /// A convolution with biases; parameters `NAME.weight`, shape (outputs, inputs, height, width), and `NAME.bias`.
    ///
    /// # Errors
    /// A window that does not fit, no outputs, or a name that is taken.
    pub fn conv(&mut self, name: &str, x: NodeId, outputs: usize, window: Window) -> Result<NodeId> {
        self.grouped_conv(name, x, outputs, window, 1, true)
    }

    /// A convolution over so many groups of channels, with or without biases.
    ///
    /// # Errors
    /// As [`Builder::conv`]; groups that do not divide the channels.
    pub fn grouped_conv(
        &mut self,
        name: &str,
        x: NodeId,
        outputs: usize,
        window: Window,
        groups: usize,
        bias: bool,
    ) -> Result<NodeId> {
        let inputs = self.shape(x)?.channels;
        if groups == 0 || !inputs.is_multiple_of(groups) {
            return Err(Error::argument(
                format!("groups of {name}"),
                format!("a divisor of {inputs} channels"),
                groups,
            ));
        }
        let [height, width] = window.kernel;
        let fan_in = (inputs / groups) as f64 * height as f64 * width as f64;
        let bound = Init::Uniform(1.0 / fan_in.sqrt());
        let shape = [outputs, inputs / groups, height, width];
        let weight = self.parameter(&format!("{name}.weight"), &shape, bound)?;
        let bias = match bias {
            true => Some(self.parameter(&format!("{name}.bias"), &[outputs], bound)?),
            false => None,
        };
        self.conv_by(x, weight, bias, window, groups)
    }

    /// A convolution by parameters that are there already.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn conv_by(
        &mut self,
        x: NodeId,
        weight: ParameterId,
        bias: Option<ParameterId>,
        window: Window,
        groups: usize,
    ) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let found = self.parameter_shape(weight)?.to_vec();
        let what = self.parameters[weight.0].name.clone();
        let outputs = found.first().copied().unwrap_or(0);
        if groups == 0 || !shape.channels.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
            let expected = format!("a divisor of {} and {outputs} channels", shape.channels);
            return Err(Error::argument(format!("groups of {what}"), expected, groups));
        }
        let expected = [outputs, shape.channels / groups, window.kernel[0], window.kernel[1]];
        if found != expected {
            return Err(Error::shape(what, &expected, &found));
        }
        self.expect_vector(bias, outputs)?;
        let windows = Windows::new(&what, shape.grid, window)?;
        let shape = Shape { grid: windows.grid, channels: outputs };
        self.add_node(Op::Conv { weight, bias, groups, windows }, &[x], shape)
    }

    /// An activation of every entry.
    ///
    /// # Errors
    /// A node of another builder.
    pub fn activation(&mut self, x: NodeId, activation: Activation) -> Result<NodeId> {
        let shape = self.shape(x)?;
        self.add_node(Op::Activation { function: activation, kink: None }, &[x], shape)
    }

    /// The sum of two tensors of one shape.
    ///
    /// # Errors
    /// Two shapes.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> Result<NodeId> {
        let shape = self.same_shape("sum", a, b)?;
        self.add_node(Op::Add, &[a, b], shape)
    }

    /// The product of two tensors of one shape, entry by entry.
    ///
    /// # Errors
    /// Two shapes.
    pub fn multiply(&mut self, a: NodeId, b: NodeId) -> Result<NodeId> {
        let shape = self.same_shape("product", a, b)?;
        self.add_node(Op::Multiply, &[a, b], shape)
    }

    /// The graph with outputs at this node; nodes that lead nowhere are left out, their parameters stay.
    ///
    /// # Errors
    /// A node of another builder; data without entries.
    pub fn finish(self, output: NodeId) -> Result<Graph> {
        self.shape(output)?;
        let input = self.nodes[0].shape;
        if input.size() == 0 {
            return Err(Error::argument("data", "at least one entry", input));
        }
        let mut needed = vec![false; self.nodes.len()];
        (needed[0], needed[output.0]) = (true, true);
        for v in (0..self.nodes.len()).rev().filter(|&v| v <= output.0) {
            if needed[v] {
                self.nodes[v].inputs.iter().for_each(|u| needed[u.0] = true);
            }
        }
        let mut place = vec![0; self.nodes.len()];
        let mut nodes = Vec::new();
        for (v, mut node) in self.nodes.into_iter().enumerate().filter(|(v, _)| needed[*v]) {
            place[v] = nodes.len();
            node.inputs.iter_mut().for_each(|u| u.0 = place[u.0]);
            nodes.push(node);
        }
        Ok(Graph { nodes, parameters: self.parameters })
    }

    fn parameter_shape(&self, id: ParameterId) -> Result<&[usize]> {
        match self.parameters.get(id.0) {
            Some(parameter) => Ok(&parameter.shape),
            None => Err(Error::argument(
                "parameter",
                format!("one of {} parameters", self.parameters.len()),
                id.0,
            )),
        }
    }

    fn expect_vector(&self, id: Option<ParameterId>, length: usize) -> Result<()> {
        match id {
            Some(id) if self.parameter_shape(id)? != [length] => {
                let parameter = &self.parameters[id.0];
                Err(Error::shape(parameter.name.clone(), &[length], &parameter.shape))
            }
            _ => Ok(()),
        }
    }

    fn same_shape(&self, what: &str, a: NodeId, b: NodeId) -> Result<Shape> {
        let (first, second) = (self.shape(a)?, self.shape(b)?);
        if first != second {
            return Err(Error::shape(format!("second tensor of a {what}"), &first.list(), &second.list()));
        }
        Ok(first)
    }

    pub(in crate::graph) fn add_node(&mut self, op: Op, inputs: &[NodeId], shape: Shape) -> Result<NodeId> {
        let size = shape.grid[0].checked_mul(shape.grid[1]).and_then(|s| s.checked_mul(shape.channels));
        if !size.is_some_and(|size| size > 0 && size < LARGEST) {
            let expected = format!("1 to {LARGEST} entries");
            return Err(Error::argument(
                format!("tensor of {}", op.name()),
                expected,
                format!("{:?}", shape.list()),
            ));
        }
        self.nodes.push(Node { op, inputs: inputs.to_vec(), shape });
        Ok(NodeId(self.nodes.len() - 1))
    }
}
