//! Activations that exporters write as several nodes.

use std::f64::consts::FRAC_1_SQRT_2;

use super::graph::Graph;
use super::messages::Node;
use crate::Activation;

/// The constants of these graphs are rounded to float32.
const ROUNDING: f64 = 1e-6;

/// The activation that the nodes after `x` make up, and the last of them.
///
/// SiLU is `x * Sigmoid(x)`. GELU is `Erf` of `x / sqrt 2`, plus one, times `x` and one half in any order. Softplus is
/// `x` itself where that is greater than 20.
pub(super) fn recognise<'a>(graph: &Graph<'a>, x: &str) -> Option<(Activation, &'a Node)> {
    graph.takers(x).iter().find_map(|node| match node.op_type.as_str() {
        "Sigmoid" => silu(graph, x, node),
        "Div" | "Mul" => gelu(graph, x, node),
        "Softplus" => softplus(graph, x, node),
        _ => None,
    })
}

fn silu<'a>(graph: &Graph<'a>, x: &str, sigmoid: &Node) -> Option<(Activation, &'a Node)> {
    let gate = sigmoid.output.first()?;
    let product = graph.only_taker(gate)?;
    let fits = is_product(product, x, gate) && graph.takers(x).len() == 2;
    fits.then_some((Activation::Silu, product))
}

fn softplus<'a>(graph: &Graph<'a>, x: &str, smooth: &Node) -> Option<(Activation, &'a Node)> {
    let smooth = smooth.output.first()?;
    let choice = graph.only_taker(smooth).filter(|node| node.op_type == "Where")?;
    let [condition, above, below] = &choice.input[..] else { return None };
    let mut takers = graph.takers(x).iter();
    let greater = takers.find(|node| node.op_type == "Greater" && node.output.first() == Some(condition))?;
    let [value, threshold] = &greater.input[..] else { return None };
    let fits = above == x
        && below == smooth
        && value == x
        && graph.scalar(threshold) == Some(20.0)
        && graph.only_taker(condition).is_some()
        && graph.takers(x).len() == 3;
    fits.then_some((Activation::Softplus, choice))
}

fn gelu<'a>(graph: &Graph<'a>, x: &str, scaling: &Node) -> Option<(Activation, &'a Node)> {
    let scale = match scaling.op_type.as_str() {
        "Div" if scaling.input.first()? == x => 1.0 / graph.scalar(scaling.input.get(1)?)?,
        _ => graph.scalar(other(scaling, x)?)?,
    };
    if (scale - FRAC_1_SQRT_2).abs() > ROUNDING {
        return None;
    }
    let erf = graph.only_taker(scaling.output.first()?).filter(|node| node.op_type == "Erf")?;
    let sum = graph.only_taker(erf.output.first()?).filter(|node| node.op_type == "Add")?;
    if (graph.scalar(other(sum, erf.output.first()?)?)? - 1.0).abs() > ROUNDING {
        return None;
    }
    // 1 + erf is still to be multiplied by x and by one half.
    let (mut last, mut halved, mut times_x) = (sum, false, false);
    let mut nodes_at_x = 1;
    while !(halved && times_x) {
        let value = last.output.first()?;
        let product = graph.only_taker(value).filter(|node| node.op_type == "Mul")?;
        let factor = other(product, value)?;
        if factor == x && !times_x {
            (times_x, nodes_at_x) = (true, nodes_at_x + 1);
        } else if is_half(graph, factor) && !halved {
            halved = true;
        } else if half_of(graph, x, factor) && !halved && !times_x {
            (halved, times_x, nodes_at_x) = (true, true, nodes_at_x + 1);
        } else {
            return None;
        }
        last = product;
    }
    (graph.takers(x).len() == nodes_at_x).then_some((Activation::Gelu, last))
}

fn is_half(graph: &Graph<'_>, value: &str) -> bool {
    graph.scalar(value).is_some_and(|scale| (scale - 0.5).abs() <= ROUNDING)
}

/// Whether `value` is `x * 0.5` or `x / 2` and used nowhere else.
fn half_of(graph: &Graph<'_>, x: &str, value: &str) -> bool {
    graph.only_taker(value).is_some()
        && graph.takers(x).iter().any(|node| {
            let made = node.output.first().is_some_and(|output| output == value);
            made && node.op_type == "Mul" && other(node, x).is_some_and(|scale| is_half(graph, scale))
        })
}

/// The other input of a node of two, one of which is `value`.
fn other<'n>(node: &'n Node, value: &str) -> Option<&'n str> {
    match &node.input[..] {
        [a, b] if a == value => Some(b),
        [a, b] if b == value => Some(a),
        _ => None,
    }
}

fn is_product(node: &Node, a: &str, b: &str) -> bool {
    node.op_type == "Mul" && other(node, a) == Some(b)
}
