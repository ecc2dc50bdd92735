//! Smaller counterexamples with rounder numbers.

use ndarray::{Array1, Array2, Axis};

use super::{Example, clearly_violates, measured, one_object};
use crate::theory::Statement;
use hessia::{Dataset, Layer, Network, Result, Targets};

/// Values that all weights may take together.
const ROUND: [f64; 10] = [1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/// What the inputs are multiplied by when something is taken away, to make up for it.
const STRETCHES: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

/// Takes away layers, units, inputs and classes, then digits, as long as the statement still fails.
pub(super) fn shrink(statement: Statement, start: Example) -> Result<Example> {
    let mut best = start;
    loop {
        if let Some(smaller) = first_that_fails(statement, smaller_nets(&best)?, |_| true)? {
            best = smaller;
            continue;
        }
        let cost = complexity(&best);
        match first_that_fails(statement, rounder_numbers(&best)?, |e| complexity(e) < cost)? {
            Some(rounder) => best = rounder,
            None => return Ok(best),
        }
    }
}

fn first_that_fails(
    statement: Statement,
    candidates: Vec<(Network, Dataset)>,
    is_wanted: impl Fn(&Example) -> bool,
) -> Result<Option<Example>> {
    for (network, data) in candidates {
        if let Some(example) = measured(statement, network, data)?
            && clearly_violates(&example)
            && is_wanted(&example)
        {
            return Ok(Some(example));
        }
    }
    Ok(None)
}

fn label(example: &Example) -> usize {
    match &example.data.targets {
        Targets::Classes(labels) => labels[0],
        Targets::Values(_) => 0,
    }
}

/// Every net with one hidden layer, input, hidden unit or class less, with the same inputs and with larger ones.
fn smaller_nets(example: &Example) -> Result<Vec<(Network, Dataset)>> {
    let layers = example.network.layers();
    let (x, label) = (&example.data.x, label(example));
    let mut candidates = Vec::new();
    let mut push = |layers: Vec<Layer>, x: Array2<f64>, label: usize| -> Result<()> {
        let net = Network::new(layers, example.network.activation())?;
        for factor in STRETCHES {
            candidates.push((net.clone(), one_object(factor * &x, label)?));
        }
        Ok(())
    };
    for l in 1..layers.len() {
        // The layer above reads what the layer below read: its columns are repeated or left out.
        let (below, above) = (&layers[l - 1], &layers[l]);
        let columns: Vec<_> = (0..below.inputs()).map(|j| j % above.inputs()).collect();
        let merged = Layer { weight: above.weight.select(Axis(1), &columns), bias: above.bias.clone() };
        let mut fewer = layers.to_vec();
        fewer.splice(l - 1..=l, [merged]);
        push(fewer, x.clone(), label)?;
    }
    let widths = example.network.widths();
    for (at, &width) in widths.iter().enumerate() {
        let is_output = at + 1 == widths.len();
        if width <= if is_output { 2 } else { 1 } {
            continue;
        }
        for gone in (0..width).filter(|&unit| !is_output || unit != label) {
            let kept: Vec<_> = (0..width).filter(|&unit| unit != gone).collect();
            let mut fewer = layers.to_vec();
            let mut inputs = x.clone();
            match at {
                0 => inputs = x.select(Axis(1), &kept),
                _ => {
                    let below = &mut fewer[at - 1];
                    below.weight = below.weight.select(Axis(0), &kept);
                    below.bias = below.bias.as_ref().map(|b| b.select(Axis(0), &kept));
                }
            }
            if !is_output {
                fewer[at].weight = fewer[at].weight.select(Axis(1), &kept);
            }
            push(fewer, inputs, label - usize::from(is_output && gone < label))?;
        }
    }
    Ok(candidates)
}

/// The same net with all weights alike, or with one number rounder, or with the label 0.
fn rounder_numbers(example: &Example) -> Result<Vec<(Network, Dataset)>> {
    let theta = example.network.parameters();
    let (x, label) = (&example.data.x, label(example));
    let mut candidates = Vec::new();
    let mut push = |theta: &Array1<f64>, x: &Array2<f64>, label: usize| -> Result<()> {
        candidates.push((example.network.with_parameters(theta)?, one_object(x.clone(), label)?));
        Ok(())
    };
    let ones = Array2::ones(x.dim());
    for value in ROUND {
        let alike = Array1::from_elem(theta.len(), value);
        push(&alike, &ones, 0)?;
        push(&alike, x, label)?;
    }
    push(&theta, &ones, label)?;
    push(&theta, x, 0)?;
    push(&theta.mapv(f64::abs), &x.mapv(f64::abs), label)?;
    let mut sizes: Vec<_> = theta.iter().chain(x).map(|v| v.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    for &size in &sizes {
        // All numbers of this size together, so that no new one appears.
        for value in rounder(size).into_iter().filter(|&value| value != 0.0).chain(sizes.iter().copied()) {
            let replaced = |v: f64| if v.abs() == size { value.copysign(v) } else { v };
            push(&theta.mapv(replaced), &x.mapv(replaced), label)?;
        }
    }
    for j in 0..theta.len() {
        for value in rounder(theta[j]) {
            let mut changed = theta.clone();
            changed[j] = value;
            // A layer of zeros would be a poor example: the bound would be zero.
            if layers_are_alive(&example.network, &changed) {
                push(&changed, x, label)?;
            }
        }
    }
    for j in 0..x.len() {
        for value in rounder(x[[0, j]]) {
            let mut changed = x.clone();
            changed[[0, j]] = value;
            push(&theta, &changed, label)?;
        }
    }
    Ok(candidates)
}

fn layers_are_alive(net: &Network, theta: &Array1<f64>) -> bool {
    (0..net.depth()).all(|l| theta.slice(ndarray::s![net.layer_range(l)]).iter().any(|&v| v != 0.0))
}

/// The value with fewer digits, roundest first.
fn rounder(value: f64) -> Vec<f64> {
    let mut values = vec![0.0, 1.0_f64.copysign(value)];
    for digits in 0..4 {
        let text = format!("{value:.digits$e}");
        values.extend(text.parse::<f64>());
    }
    values
}

/// What shrinking makes smaller: distinct sizes, then digits and minus signs, then the label.
fn complexity(example: &Example) -> (usize, usize, usize) {
    let theta = example.network.parameters();
    let all: Vec<f64> = theta.iter().chain(&example.data.x).copied().collect();
    let mut sizes: Vec<_> = all.iter().map(|v| v.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let signs = all.iter().filter(|v| v.is_sign_negative()).count();
    let digits: usize = all.iter().map(|v| digits(*v)).sum();
    (sizes.len(), digits + signs, label(example))
}

/// Digits that it takes to write a number down.
fn digits(value: f64) -> usize {
    format!("{value:e}").split('e').next().map_or(0, |mantissa| mantissa.trim_start_matches('-').len())
}
