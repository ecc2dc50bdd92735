//! How the mean loss moves as objects join, over random orders.

use ndarray::Array1;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The quantiles of a [`Curve`].
pub const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Places kept on each curve, spaced evenly in log k.
const PLACES: usize = 80;
/// Where the numbers of the paper's figures stand.
const PAPER_PLACES: [usize; 11] = [11, 31, 101, 301, 1001, 2001, 3001, 5001, 7001, 9001, 9991];

/// `|L_{k+1} - L_k|` over random orders of the objects, at some k; every column has one entry a k.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Number of objects before the one that joins.
    pub k: Vec<usize>,
    /// Mean over the orders.
    pub mean: Vec<f64>,
    /// The [`QUANTILES`] over the orders, of the values by linear interpolation.
    pub quantiles: Vec<[f64; 5]>,
    /// The mean smoothed over all k as in the paper: `e_1 = v_1`, `e_k = s e_{k-1} + (1 - s) v_k`.
    pub smoothed: Vec<f64>,
}

/// `(1/m) Σ |l_i - (1/m) Σ l_j|`.
///
/// ```
/// use hessia_paper::experiment::mean_absolute_deviation;
/// assert_eq!(mean_absolute_deviation(&[1.0, 2.0, 6.0]), 2.0);
/// ```
pub fn mean_absolute_deviation(losses: &[f64]) -> f64 {
    let count = losses.len().max(1) as f64;
    // From the first: equal losses, those of a dead network, deviate by nothing at all.
    let first = losses.first().copied().unwrap_or(0.0);
    let mean = losses.iter().map(|loss| loss - first).sum::<f64>() / count;
    losses.iter().map(|loss| (loss - first - mean).abs()).sum::<f64>() / count
}

/// The curve, with the mean over k > m/10 of `(k+1)` times its mean.
pub(super) fn curve(losses: &Array1<f64>, permutations: usize, smoothing: f64, seed: u64) -> (Curve, f64) {
    let m = losses.len();
    let places = places(m);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Streams 0 and 1 of the same seed are the first weights' and the batches'.
    rng.set_stream(2);
    // From the first, for the same reason as above.
    let mut order: Vec<f64> = losses.iter().map(|loss| loss - losses[0]).collect();
    let mut sums = vec![0.0; m.saturating_sub(1)];
    let mut kept: Vec<Vec<f64>> = vec![Vec::with_capacity(permutations); places.len()];
    for _ in 0..permutations {
        order.shuffle(&mut rng);
        let mut total = 0.0;
        let mut place = 0;
        for k in 1..m {
            total += order[k - 1];
            // Equation (1): no difference of two nearly equal means.
            let value = (order[k] - total / k as f64).abs() / (k + 1) as f64;
            sums[k - 1] += value;
            if places.get(place) == Some(&k) {
                kept[place].push(value);
                place += 1;
            }
        }
    }
    let means: Vec<f64> = sums.iter().map(|sum| sum / permutations as f64).collect();
    let mut smoothed = Vec::with_capacity(means.len());
    for &mean in &means {
        let last = smoothed.last().copied().unwrap_or(mean);
        smoothed.push(smoothing * last + (1.0 - smoothing) * mean);
    }
    let tail = m / 10..means.len();
    let level = tail.clone().map(|at| (at + 2) as f64 * means[at]).sum::<f64>() / tail.len().max(1) as f64;
    let curve = Curve {
        mean: places.iter().map(|k| means[k - 1]).collect(),
        quantiles: kept.into_iter().map(quantiles).collect(),
        smoothed: places.iter().map(|k| smoothed[k - 1]).collect(),
        k: places,
    };
    (curve, level)
}

/// Ends of the percentile interval that holds 95 % of the mean absolute deviations of resampled objects.
pub(super) fn deviation_interval(losses: &Array1<f64>, resamples: usize, seed: u64) -> (f64, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(3);
    let m = losses.len();
    let mut sample = vec![0.0; m];
    let mut values: Vec<f64> = (0..resamples)
        .map(|_| {
            sample.iter_mut().for_each(|value| *value = losses[rng.random_range(0..m)]);
            mean_absolute_deviation(&sample)
        })
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    (quantile(&values, 0.025), quantile(&values, 0.975))
}

/// Places of 1..m spaced evenly in log k, with those of the paper's numbers.
fn places(m: usize) -> Vec<usize> {
    let last = m.saturating_sub(1);
    let mut places: Vec<usize> = (0..PLACES)
        .map(|i| (last as f64).powf(i as f64 / (PLACES - 1) as f64).round() as usize)
        .chain(PAPER_PLACES)
        .filter(|k| (1..=last).contains(k))
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn quantiles(mut values: Vec<f64>) -> [f64; 5] {
    values.sort_unstable_by(f64::total_cmp);
    QUANTILES.map(|q| quantile(&values, q))
}

/// The quantile of ascending values, by linear interpolation between the two nearest.
pub(crate) fn quantile(ascending: &[f64], q: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let place = q * last as f64;
    let (low, share) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(last);
    ascending[low] + share * (ascending[high] - ascending[low])
}
