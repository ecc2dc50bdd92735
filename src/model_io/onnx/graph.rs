//! From a graph to the chain of nodes between its input and its output.

use std::collections::HashMap;
use std::path::Path;

use ndarray::ArrayD;

use super::messages::{self, Attribute, Node, Tensor};
use super::tensor::shown;
use crate::{Error, Result};

/// Constants are at most this many nodes away from their entries.
const DEEPEST_CONSTANT: usize = 8;

/// A graph with its values by name.
pub(super) struct Graph<'a> {
    pub(super) path: &'a Path,
    pub(super) nodes: &'a [Node],
    pub(super) input: &'a str,
    pub(super) output: &'a str,
    initializers: HashMap<&'a str, &'a Tensor>,
    producers: HashMap<&'a str, &'a Node>,
    /// The nodes that take a value, each once.
    consumers: HashMap<&'a str, Vec<&'a Node>>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(path: &'a Path, graph: &'a messages::Graph) -> Result<Graph<'a>> {
        let initializers: HashMap<_, _> = graph.initializer.iter().map(|t| (t.name.as_str(), t)).collect();
        // Old files list their weights among the inputs too.
        let inputs: Vec<_> = graph
            .input
            .iter()
            .map(|value| value.name.as_str())
            .filter(|name| !initializers.contains_key(name))
            .collect();
        let outputs: Vec<_> = graph.output.iter().map(|value| value.name.as_str()).collect();
        let ([input], [output]) = (&inputs[..], &outputs[..]) else {
            let found = format!("{} and {}", quoted(&inputs), quoted(&outputs));
            return Err(Error::format(path, "a graph with one input and one output", found));
        };
        let (mut producers, mut consumers) = (HashMap::new(), HashMap::<&str, Vec<&Node>>::new());
        for node in &graph.node {
            for output in node.output.iter().filter(|name| !name.is_empty()) {
                if producers.insert(output.as_str(), node).is_some() {
                    let found = format!("{:?} twice", shown(output));
                    return Err(Error::format(path, "values that are computed once", found));
                }
            }
            for name in &node.input {
                let takers = consumers.entry(name).or_default();
                if takers.last().is_none_or(|last| !std::ptr::eq(*last, node)) {
                    takers.push(node);
                }
            }
        }
        Ok(Graph { path, nodes: &graph.node, input, output, initializers, producers, consumers })
    }

    /// The nodes that take a value.
    pub(super) fn takers(&self, value: &str) -> &[&'a Node] {
        self.consumers.get(value).map_or(&[], Vec::as_slice)
    }

    /// The node that takes a value, if no other does and it is not the output.
    pub(super) fn only_taker(&self, value: &str) -> Option<&'a Node> {
        match self.takers(value) {
            [node] if value != self.output => Some(node),
            _ => None,
        }
    }

    /// The name of a node's only output.
    pub(super) fn only_output(&self, node: &'a Node) -> Result<&'a str> {
        match &node.output[..] {
            [output] if !output.is_empty() => Ok(output),
            _ => {
                let found = format!("{} in {}", node.output.len(), label(node));
                Err(Error::format(self.path, "nodes of one output", found))
            }
        }
    }

    /// Whether a value is known without the input.
    pub(super) fn is_constant(&self, value: &str) -> bool {
        self.source(value, DEEPEST_CONSTANT).is_some()
    }

    /// The entries of a constant, its initializer's name, and the name of the entries' type.
    pub(super) fn constant(&self, value: &str) -> Result<(ArrayD<f64>, &'a str, &'static str)> {
        let (tensor, name, transposed) = self.tensor(value)?;
        let (array, dtype) = tensor.floats(self.path)?;
        Ok((if transposed { array.reversed_axes() } else { array }, name, dtype))
    }

    /// The entries of a constant list of whole numbers.
    pub(super) fn integers(&self, value: &str) -> Result<Vec<i64>> {
        self.tensor(value)?.0.integers(self.path)
    }

    /// The only entry of a constant, if it has one.
    pub(super) fn scalar(&self, value: &str) -> Option<f64> {
        if !self.is_constant(value) {
            return None;
        }
        let (array, ..) = self.constant(value).ok()?;
        if array.len() == 1 { array.first().copied() } else { None }
    }

    fn tensor(&self, value: &str) -> Result<(&'a Tensor, &'a str, bool)> {
        self.source(value, DEEPEST_CONSTANT).ok_or_else(|| {
            let found = match self.producers.get(value) {
                Some(node) => format!("{:?} of {}", shown(value), label(node)),
                None => format!("{:?}, which is nowhere", shown(value)),
            };
            Error::format(self.path, "a constant: an initializer or a Constant node", found)
        })
    }

    /// The tensor behind a constant, its name, and whether it is to be transposed.
    fn source(&self, value: &str, depth: usize) -> Option<(&'a Tensor, &'a str, bool)> {
        if let Some((name, tensor)) = self.initializers.get_key_value(value) {
            return Some((tensor, name, false));
        }
        let node = *self.producers.get(value)?;
        let inner = || self.source(node.input.first()?, depth.checked_sub(1)?);
        match node.op_type.as_str() {
            "Constant" => Some((attribute(node, "value")?.t.as_deref()?, node.output.first()?, false)),
            "Identity" => inner(),
            "Transpose" if attribute(node, "perm").is_none_or(|perm| perm.ints == [1, 0]) => {
                inner().map(|(tensor, name, transposed)| (tensor, name, !transposed))
            }
            _ => None,
        }
    }
}

/// An attribute of a node by its name.
pub(super) fn attribute<'a>(node: &'a Node, name: &str) -> Option<&'a Attribute> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// A node as it is named in messages: `Gemm "/0/Gemm"`.
pub(super) fn label(node: &Node) -> String {
    let name = match (node.name.as_str(), node.output.first()) {
        ("", Some(output)) => output,
        (name, _) => name,
    };
    let domain = if node.domain.is_empty() { String::new() } else { format!("{}.", shown(&node.domain)) };
    format!("{domain}{} {:?}", shown(&node.op_type), shown(name))
}

fn quoted(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(4).map(|name| format!("{:?}", shown(name))).collect();
    format!("{} ({})", names.len(), shown.join(", "))
}
