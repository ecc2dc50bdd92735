//! The way from a graph's input to its output, node by node.

use super::fused;
use super::graph::{Graph, label};
use super::layers::Layers;
use super::tensor::shown;
use crate::{Error, Result};

/// Gives the nodes of the graph from input to output to `layers`, one after the other.
pub(super) fn walk<'a>(graph: &Graph<'a>, layers: &mut Layers<'a>) -> Result<()> {
    let mut value = graph.input;
    // Every step passes a node: more steps than nodes go round.
    for _ in 0..=graph.nodes.len() {
        if value == graph.output {
            return Ok(());
        }
        let takers = graph.takers(value);
        value = match takers {
            [] => {
                let found = format!("{:?}, which no node takes", shown(value));
                let expected = format!("a chain of nodes to {:?}", shown(graph.output));
                return Err(Error::format(graph.path, expected, found));
            }
            [node] => {
                layers.take(graph, node, value)?;
                graph.only_output(node)?
            }
            _ => match fused::recognise(graph, value) {
                Some((activation, end)) => {
                    layers.activate(activation, end)?;
                    graph.only_output(end)?
                }
                None => {
                    let nodes: Vec<_> = takers.iter().take(4).map(|node| label(node)).collect();
                    let found = format!("{:?} taken by {}", shown(value), nodes.join(" and "));
                    return Err(Error::format(graph.path, "a chain, one node after the other", found));
                }
            },
        };
    }
    Err(Error::format(graph.path, "a chain of nodes from input to output", "a circle"))
}
