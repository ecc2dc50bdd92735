//! The layers that a chain of nodes makes up.

use std::path::Path;

use ndarray::{Array1, ArrayD, Ix1, Ix2};

use super::graph::{Graph, attribute, label};
use super::messages::Node;
use super::tensor::shown;
use crate::{Activation, Error, Layer, Result};

const READ: &str = "Gemm, MatMul, Add, Flatten, Reshape, Identity or an activation (Relu, LeakyRelu, Tanh, Sigmoid, \
                    Softplus, Gelu, Elu, Swish)";

/// Layers as far as the chain has come.
pub(super) struct Layers<'a> {
    path: &'a Path,
    layers: Vec<Layer>,
    /// What follows each layer, with the node that says so.
    activations: Vec<Option<(Activation, String)>>,
    /// The constants taken, so that none serves twice.
    taken: Vec<&'a str>,
    notes: Vec<String>,
}

/// The layers of a whole chain.
pub(super) struct Finished {
    pub(super) layers: Vec<Layer>,
    /// The activation between them, with the node that says so; none where there is one layer.
    pub(super) activation: Option<(Activation, String)>,
    /// What was converted.
    pub(super) notes: Vec<String>,
}

impl<'a> Layers<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Layers { path, layers: Vec::new(), activations: Vec::new(), taken: Vec::new(), notes: Vec::new() }
    }

    /// The next node of the chain, which takes `value`.
    pub(super) fn take(&mut self, graph: &Graph<'a>, node: &Node, value: &str) -> Result<()> {
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            return Err(self.refused(READ, node, ""));
        }
        match node.op_type.as_str() {
            "Gemm" => self.gemm(graph, node, value),
            "MatMul" => self.mat_mul(graph, node, value),
            "Add" => self.add(graph, node, value),
            "Identity" => Ok(()),
            "Flatten" => match attribute(node, "axis").map_or(1, |axis| axis.i) {
                1 => Ok(()),
                axis => {
                    Err(self.refused("Flatten to one row an object (axis 1)", node, &format!("axis {axis}")))
                }
            },
            "Reshape" => self.reshape(graph, node),
            op => match self.activation(op, node)? {
                Some(activation) => {
                    if activation == Activation::Softplus {
                        let what = "Softplus read with PyTorch's threshold: z itself above 20, 2e-9 less";
                        self.notes.push(format!("{}: {what}", self.path.display()));
                    }
                    self.activate(activation, node)
                }
                None => Err(self.refused(READ, node, hint(op))),
            },
        }
    }

    /// An activation after the last layer so far.
    pub(super) fn activate(&mut self, activation: Activation, node: &Node) -> Result<()> {
        let expected = match self.activations.last() {
            Some(None) => {
                self.activations.pop();
                self.activations.push(Some((activation, label(node))));
                return Ok(());
            }
            Some(Some((_, before))) => format!("a linear layer after {before}"),
            None => "a linear layer before the first activation".to_string(),
        };
        Err(self.refused(&expected, node, ""))
    }

    /// What the whole chain makes up.
    pub(super) fn finish(mut self) -> Result<Finished> {
        match self.activations.pop() {
            None => {
                return Err(Error::format(self.path, "Gemm or MatMul with weights", "a graph of 0 layers"));
            }
            Some(Some((_, node))) => {
                let expected = "no activation after the last layer, since losses take logits";
                return Err(Error::format(self.path, expected, node));
            }
            Some(None) => {}
        }
        let described = |after: &Option<(Activation, String)>| match after {
            Some((activation, node)) => format!("{activation} ({node})"),
            None => "none".to_string(),
        };
        let kind = |after: &Option<(Activation, String)>| after.as_ref().map(|(activation, _)| *activation);
        for (l, pair) in self.activations.windows(2).enumerate() {
            if kind(&pair[0]) != kind(&pair[1]) {
                let found = format!(
                    "{} after layer {l} and {} after layer {}",
                    described(&pair[0]),
                    described(&pair[1]),
                    l + 1
                );
                return Err(Error::format(self.path, "one activation between all layers", found));
            }
        }
        let found = self.activations.into_iter().next().map(|after| {
            after.unwrap_or_else(|| (Activation::Identity, "no activation between its layers".to_string()))
        });
        Ok(Finished { layers: self.layers, activation: found, notes: self.notes })
    }

    fn activation(&self, op: &str, node: &Node) -> Result<Option<Activation>> {
        let slope = |default: f64| attribute(node, "alpha").map_or(default, |alpha| f64::from(alpha.f));
        let only = |activation: Activation, default: f64| match slope(default) {
            alpha if (alpha - default).abs() <= 1e-6 * default => Ok(Some(activation)),
            alpha => {
                Err(self.refused(&format!("{op} with alpha {default}"), node, &format!("alpha {alpha}")))
            }
        };
        match op {
            "Relu" => Ok(Some(Activation::Relu)),
            "Tanh" => Ok(Some(Activation::Tanh)),
            "Sigmoid" => Ok(Some(Activation::Sigmoid)),
            "Softplus" => Ok(Some(Activation::Softplus)),
            "LeakyRelu" => only(Activation::LeakyRelu, 0.01),
            "Elu" => only(Activation::Elu, 1.0),
            "Swish" => only(Activation::Silu, 1.0),
            "Gelu" => match attribute(node, "approximate").map(|a| &a.s[..]) {
                None | Some(b"" | b"none") => Ok(Some(Activation::Gelu)),
                Some(_) => Err(self.refused("Gelu with the exact normal distribution", node, "its tanh fit")),
            },
            _ => Ok(None),
        }
    }

    fn gemm(&mut self, graph: &Graph<'a>, node: &Node, value: &str) -> Result<()> {
        let flag = |name: &str| attribute(node, name).is_some_and(|a| a.i != 0);
        let factor = |name: &str| attribute(node, name).map_or(1.0, |a| f64::from(a.f));
        let (a, b, c) = match &node.input[..] {
            [a, b] => (a, b, None),
            [a, b, c] => (a, b, Some(c).filter(|c| !c.is_empty())),
            _ => return Err(self.refused("Gemm of two or three inputs", node, "")),
        };
        if a != value || flag("transA") {
            return Err(self.refused("Gemm of inputs and weights, inputs not transposed", node, ""));
        }
        self.linear(graph, node, b, flag("transB"), factor("alpha"))?;
        match (c, factor("beta")) {
            (None, _) | (_, 0.0) => Ok(()),
            (Some(c), beta) => self.bias(graph, node, c, beta),
        }
    }

    fn mat_mul(&mut self, graph: &Graph<'a>, node: &Node, value: &str) -> Result<()> {
        match &node.input[..] {
            [a, b] if a == value => self.linear(graph, node, b, false, 1.0),
            _ => Err(self.refused(
                "MatMul of inputs and weights, one object a row",
                node,
                "weights on the left",
            )),
        }
    }

    fn add(&mut self, graph: &Graph<'a>, node: &Node, value: &str) -> Result<()> {
        let open = matches!(self.activations.last(), Some(None))
            && self.layers.last().is_some_and(|layer| layer.bias.is_none());
        match &node.input[..] {
            [a, b] if open && a == value => self.bias(graph, node, b, 1.0),
            [a, b] if open && b == value => self.bias(graph, node, a, 1.0),
            _ => Err(self.refused("Add of biases, once after each MatMul", node, "")),
        }
    }

    fn linear(&mut self, graph: &Graph<'a>, node: &Node, name: &str, out_in: bool, alpha: f64) -> Result<()> {
        let matrix = self.constant(graph, node, name)?;
        let shape = matrix.shape().to_vec();
        let matrix = matrix
            .into_dimensionality::<Ix2>()
            .map_err(|_| self.refused("a matrix of weights", node, &format!("shape {shape:?}")))?;
        let weight = if out_in { matrix } else { matrix.reversed_axes() };
        if let Some(before) = self.layers.last()
            && before.outputs() != weight.ncols()
        {
            let what = format!("{}: weights of {}", self.path.display(), label(node));
            return Err(Error::shape(what, &[weight.nrows(), before.outputs()], weight.shape()));
        }
        if !out_in {
            self.notes.push(format!(
                "{}: {} (inputs, outputs) read transposed",
                self.path.display(),
                shown(name)
            ));
        }
        let weight =
            self.scaled(weight.as_standard_layout().into_owned().into_dyn(), node, "alpha", alpha)?;
        let weight = weight.into_dimensionality::<Ix2>().map_err(|_| self.refused("a matrix", node, ""))?;
        self.layers.push(Layer { weight, bias: None });
        self.activations.push(None);
        Ok(())
    }

    fn bias(&mut self, graph: &Graph<'a>, node: &Node, name: &str, beta: f64) -> Result<()> {
        let array = self.constant(graph, node, name)?;
        let outputs = self.layers.last().map_or(0, Layer::outputs);
        let shape = array.shape().to_vec();
        if !matches!(shape[..], [n] | [1, n] if n == outputs) {
            let what = format!("{}: biases of {}", self.path.display(), label(node));
            return Err(Error::shape(what, &[outputs], &shape));
        }
        let array = self.scaled(array, node, "beta", beta)?;
        let bias: Array1<f64> = array
            .into_shape_with_order(outputs)
            .and_then(|bias| bias.into_dimensionality::<Ix1>())
            .map_err(|_| self.refused("a vector of biases", node, &format!("shape {shape:?}")))?;
        if let Some(layer) = self.layers.last_mut() {
            layer.bias = Some(bias);
        }
        Ok(())
    }

    /// The entries of a constant that no other node has taken.
    fn constant(&mut self, graph: &Graph<'a>, node: &Node, value: &str) -> Result<ArrayD<f64>> {
        if !graph.is_constant(value) {
            let found = format!("{:?}", shown(value));
            return Err(self.refused("weights and biases that are constants", node, &found));
        }
        let (array, name, dtype) = graph.constant(value)?;
        if self.taken.contains(&name) {
            let found = format!("{:?} a second time", shown(name));
            return Err(self.refused("weights and biases of its own", node, &found));
        }
        self.taken.push(name);
        if dtype != "float64" {
            self.notes.push(format!("{}, {}: {dtype} read as float64", self.path.display(), shown(name)));
        }
        Ok(array)
    }

    /// The array times a factor of Gemm, which becomes part of the parameters.
    fn scaled(&mut self, array: ArrayD<f64>, node: &Node, name: &str, factor: f64) -> Result<ArrayD<f64>> {
        if factor == 1.0 {
            return Ok(array);
        }
        let array = array * factor;
        crate::error::check_finite(&format!("{}: {}", self.path.display(), label(node)), array.view())?;
        let node = label(node);
        self.notes.push(format!("{}: {name} = {factor} of {node} multiplied into it", self.path.display()));
        Ok(array)
    }

    /// Refuses what is not a matrix of one object a row.
    fn reshape(&self, graph: &Graph<'a>, node: &Node) -> Result<()> {
        let expected = "Reshape to one row an object, such as [0, -1] or [-1, n]";
        let Some(shape) = node.input.get(1).filter(|shape| graph.is_constant(shape)) else {
            return Err(self.refused(expected, node, "a shape that is computed"));
        };
        let shape = graph.integers(shape)?;
        let width = self.layers.last().map(|layer| layer.outputs() as i64);
        match shape[..] {
            [0, -1] => Ok(()),
            [-1..=1, n] if n > 0 && width.is_none_or(|width| width == n) => Ok(()),
            _ => {
                let shown = &shape[..shape.len().min(8)];
                Err(self.refused(expected, node, &format!("{shown:?}")))
            }
        }
    }

    fn refused(&self, expected: &str, node: &Node, more: &str) -> Error {
        let found = if more.is_empty() { label(node) } else { format!("{}: {more}", label(node)) };
        Error::format(self.path, expected, found)
    }
}

/// What to do about an operator that is not read.
fn hint(op: &str) -> &'static str {
    match op {
        "Softmax" | "LogSoftmax" => "losses take logits: export the network without it",
        _ => "",
    }
}
