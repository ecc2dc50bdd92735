//! A trained network at theta-hat: losses, gradient, accuracy and dead units in one sweep.

use ndarray::{Array1, Array2};

use hessia::loss::Loss;
use hessia::passes::{Sweep, add_gradient};
use hessia::{Dataset, Network, Result};

/// Objects at a time.
const BLOCK: usize = 512;

pub(super) struct Evaluation {
    pub(super) losses: Array1<f64>,
    pub(super) gradient_norm: f64,
    pub(super) accuracy: f64,
    pub(super) dead_units: Vec<usize>,
}

/// One sweep, on the calling thread alone: its job is one of many side by side.
pub(super) fn evaluate(net: &Network, data: &Dataset, labels: &Array1<usize>) -> Result<Evaluation> {
    let loss = Loss::cross_entropy();
    hessia::passes::check(net, data, loss)?;
    let mut losses = Vec::with_capacity(data.len());
    let mut gradient = Array1::zeros(net.parameter_count());
    let mut right = 0_usize;
    let hidden = &net.layers()[..net.depth() - 1];
    let mut alive: Vec<Vec<bool>> = hidden.iter().map(|layer| vec![false; layer.outputs()]).collect();
    for start in (0..data.len()).step_by(BLOCK) {
        let range = start..data.len().min(start + BLOCK);
        let sweep = Sweep::run(net, data, loss, range.clone())?;
        losses.extend(loss.values(&sweep.logits, &data.targets.select(&range.clone().collect::<Vec<_>>()))?);
        right +=
            range.zip(sweep.logits.rows()).filter(|(i, z)| first_largest(z.iter()) == labels[*i]).count();
        for (slopes, alive) in sweep.slope.iter().zip(&mut alive) {
            mark_alive(slopes, alive);
        }
        add_gradient(net, data, &sweep, &mut gradient);
    }
    gradient *= loss.normaliser(data.len(), net.outputs());
    Ok(Evaluation {
        losses: Array1::from(losses),
        gradient_norm: gradient.dot(&gradient).sqrt(),
        accuracy: right as f64 / data.len() as f64,
        dead_units: alive.iter().map(|layer| layer.iter().filter(|&&alive| !alive).count()).collect(),
    })
}

/// Whether all logits of all objects are zero, as a hidden layer without an active unit leaves them without biases.
pub(super) fn is_silent(net: &Network, data: &Dataset) -> Result<bool> {
    Ok(net.forward(&data.x)?.iter().all(|&z| z == 0.0))
}

fn first_largest<'a>(values: impl Iterator<Item = &'a f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (k, &value) in values.enumerate() {
        if value > best.1 {
            best = (k, value);
        }
    }
    best.0
}

fn mark_alive(slopes: &Array2<f64>, alive: &mut [bool]) {
    for row in slopes.rows() {
        alive.iter_mut().zip(row).for_each(|(alive, &slope)| *alive |= slope != 0.0);
    }
}
