//! Local search for large ratios.

use ndarray::{Array2, s};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::{Example, measured};
use crate::theory::Statement;
use hessia::linalg::spectral_norm;
use hessia::{Dataset, Network, Result};

/// A ratio from which on nothing more is learnt.
const ENOUGH: f64 = 10.0;

/// Small random changes, kept where they raise the ratio.
pub(super) fn climb(
    statement: Statement,
    start: Example,
    steps: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Example> {
    let mut best = start;
    let mut size = 0.3;
    for _ in 0..steps {
        let (network, x) = change(&best, size, rng)?;
        let Ok(data) = Dataset::new("example", x, best.data.targets.clone()) else { continue };
        match measured(statement, network, data)? {
            Some(example) if example.ratio().is_some() && example.ratio() > best.ratio() => {
                best = example;
                size = f64::min(1.3 * size, 1.0);
            }
            _ => size = f64::max(0.97 * size, 1e-4),
        }
        if best.violates() && best.ratio() > Some(ENOUGH) {
            break;
        }
    }
    Ok(best)
}

/// One random change of relative size `size`, to the inputs, to one layer or to everything.
fn change(example: &Example, size: f64, rng: &mut ChaCha8Rng) -> Result<(Network, Array2<f64>)> {
    let net = &example.network;
    let mut theta = net.parameters();
    let mut x = example.data.x.clone();
    match rng.random_range(0..5) {
        0 => {
            let factor = normal(size, rng).exp();
            x.mapv_inplace(|v| v * factor);
        }
        1 => {
            let l = rng.random_range(0..net.depth());
            let mut layer = theta.slice_mut(s![net.layer_range(l)]);
            layer *= normal(size, rng).exp();
        }
        2 => {
            // Turned, but as large as before, or as the largest layer: a bound in `M_W` does not change.
            let norms: Vec<f64> =
                net.layers().iter().map(|layer| spectral_norm(&layer.weight)).collect::<Result<_>>()?;
            let l = rng.random_range(0..net.depth());
            let mut weight = net.layers()[l].weight.clone();
            let at = (rng.random_range(0..weight.nrows()), rng.random_range(0..weight.ncols()));
            weight[at] += normal(size * norms[l], rng);
            let largest = norms.iter().fold(0.0, |most: f64, v| most.max(*v));
            let wanted = if rng.random_bool(0.5) { largest } else { norms[l] };
            let turned = spectral_norm(&weight)?;
            if turned > 0.0 {
                weight *= wanted / turned;
                let start = net.layer_range(l).start;
                theta.slice_mut(s![start..start + weight.len()]).assign(&weight.flatten());
            }
        }
        3 => {
            let j = rng.random_range(0..theta.len() + x.len());
            if j < theta.len() {
                theta[j] += normal(size, rng) * (theta.dot(&theta) / theta.len() as f64).sqrt();
            } else {
                x[[0, j - theta.len()]] += normal(size, rng) * x.iter().map(|v| v * v).sum::<f64>().sqrt();
            }
        }
        _ => {
            theta.mapv_inplace(|v| v * (1.0 + normal(size, rng)));
            x.mapv_inplace(|v| v * (1.0 + normal(size, rng)));
        }
    }
    // Numbers that overflow are no change.
    Ok((net.with_parameters(&theta).unwrap_or_else(|_| net.clone()), x))
}

fn normal(size: f64, rng: &mut ChaCha8Rng) -> f64 {
    size * rng.sample::<f64, _>(StandardNormal)
}
