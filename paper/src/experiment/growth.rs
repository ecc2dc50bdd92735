//! Lemma 1 over the grid: how curvature grows with the width and the depth, before and after training.

use ndarray::{Array1, Axis};
use serde::{Deserialize, Serialize};

use super::evaluate::is_silent;
use super::{Configuration, Settings, Slice, Task, living};
use crate::theory::{Constants, TOLERANCE, lemma_1};
use hessia::fit::{Fit, exponential, power_law};
use hessia::linalg::{euclidean_norm, side_by_side};
use hessia::operator::LinearOperator;
use hessia::progress::Progress;
use hessia::spectrum::outermost;
use hessia::train::{Inputs, train};
use hessia::{CurvatureKind, CurvatureOperator, Dataset, Error, Loss, Network, Result, compress, per_object};

/// Norms of one network's Hessians and what lemma 1 says of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrowthRun {
    /// Which network.
    pub configuration: Configuration,
    /// After training, or with its first weights.
    pub trained: bool,
    /// Whether the network is dead: all logits of the measured objects are zero, and so is the curvature.
    pub dead: bool,
    /// `M`: largest absolute weight.
    pub m: f64,
    /// `M_x`: largest length of the measured objects.
    pub m_x: f64,
    /// Largest `||W||_F / (hM)` of its matrices: above 1 where the proof's `||W||_F <= hM` fails.
    pub frobenius_ratio: f64,
    /// `||H||_2` of the mean Hessian.
    pub mean_hessian: f64,
    /// Mean of `||H_i||_2`.
    pub hessian_mean: f64,
    /// Largest of them.
    pub hessian_max: f64,
    /// Mean of `||G_i||_2`, the G-term's.
    pub ggn_mean: f64,
    /// Largest of them.
    pub ggn_max: f64,
    /// `(hM)^(2L)` with L = N + 2 matrices.
    pub growth: f64,
    /// The bound as stated, [`lemma_1::stated`].
    pub stated: f64,
    /// [`lemma_1::corrected_ggn`].
    pub corrected_ggn: f64,
    /// [`lemma_1::corrected_hessian`].
    pub corrected_hessian: f64,
}

impl GrowthRun {
    /// Whether the bound as stated holds of the G-term, which the paper takes for the Hessian, on every object.
    pub fn stated_holds(&self) -> bool {
        below(self.ggn_max, self.stated)
    }

    /// Whether both corrected bounds hold on every object.
    pub fn corrected_holds(&self) -> bool {
        below(self.ggn_max, self.corrected_ggn) && below(self.hessian_max, self.corrected_hessian)
    }
}

fn below(measured: f64, bound: f64) -> bool {
    bound.is_finite() && measured <= bound * (1.0 + TOLERANCE)
}

/// Measures every network of the grid twice, before and after training on all objects: on the first `objects`,
/// exactly for each, and by Lanczos on matrix-free products to 1e-4 of the norm for the mean.
///
/// # Errors
/// As [`run`](super::run); no object, or more than there are.
///
/// ```
/// use hessia_paper::experiment::{Settings, Task, growth_grid};
/// let task = Task::pixels("mnist", None, 200)?;
/// let settings = Settings { hidden_widths: vec![4], inner_layers: vec![1], seeds: vec![1], ..Settings::default() };
/// let runs = growth_grid(&task, &settings, 20)?;
/// assert!(!runs[0].trained && runs[1].trained);
/// assert!(runs.iter().all(|run| run.corrected_holds()));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn growth_grid(task: &Task, settings: &Settings, objects: usize) -> Result<Vec<GrowthRun>> {
    super::grid::check(task, settings)?;
    if objects == 0 || objects > task.data().len() {
        return Err(Error::argument("measured objects", format!("1 to {}", task.data().len()), objects));
    }
    let inputs = Inputs::of(task.data(), settings.precision);
    let configurations = settings.configurations();
    let progress = Progress::new("Growth", configurations.len() as u64, "networks");
    let head = task.data().head(objects);
    let one = |configuration: Configuration| {
        let start = configuration.network(task.data().inputs(), task.classes)?;
        let training = settings.training(configuration.seed);
        let (end, _) = train(&start, task.data(), &inputs, Loss::cross_entropy(), &training, &|_| Ok(()))?;
        let before = measure_growth(&start, &head, configuration, false)?;
        let after = measure_growth(&end, &head, configuration, true)?;
        progress.advance(1)?;
        Ok([before, after])
    };
    let pairs: Vec<_> = side_by_side(configurations, one).into_iter().collect::<Result<_>>()?;
    Ok(pairs.into_iter().flatten().collect())
}

/// Measures one network of the grid's form on all objects of `data`, with cross-entropy.
///
/// # Errors
/// Shapes that do not fit; failure of LAPACK.
pub fn measure_growth(
    net: &Network,
    data: &Dataset,
    configuration: Configuration,
    trained: bool,
) -> Result<GrowthRun> {
    let loss = Loss::cross_entropy();
    let constants = Constants::measure(net, data, loss)?;
    let (depth, h, m) = (constants.depth, configuration.hidden, constants.m);
    // Same nonzero eigenvalues on fewer inputs.
    let small = compress(net, data)?;
    let operator = CurvatureOperator::new(&small.network, &small.data, loss, CurvatureKind::Hessian)?;
    let product = |v: &Array1<f64>| -> Result<Array1<f64>> {
        Ok(operator.apply(&v.view().insert_axis(Axis(1)).to_owned())?.remove_axis(Axis(1)))
    };
    let mean = outermost(small.network.parameter_count(), 1, 1e-4, 300, product)?;
    let each = per_object(&small.network, &small.data, loss)?;
    let largest = |values: &Array1<f64>| values.fold(0.0, |most: f64, v| most.max(*v));
    let average = |values: &Array1<f64>| values.sum() / values.len() as f64;
    let width = h as f64 * m;
    let frobenius = net.layers().iter().map(|layer| euclidean_norm(layer.weight.iter()));
    Ok(GrowthRun {
        configuration,
        trained,
        dead: is_silent(net, data)?,
        m,
        m_x: constants.m_x,
        frobenius_ratio: frobenius.fold(0.0, f64::max) / width,
        mean_hessian: mean.norm(),
        hessian_mean: average(&each.hessian_norm),
        hessian_max: largest(&each.hessian_norm),
        ggn_mean: average(&each.ggn_norm),
        ggn_max: largest(&each.ggn_norm),
        growth: width.powi(2 * depth as i32),
        stated: lemma_1::stated(depth, constants.m_x, h, m),
        corrected_ggn: lemma_1::corrected_ggn(&constants.shapes, constants.m_x, m),
        corrected_hessian: lemma_1::corrected_hessian(&constants.shapes, constants.m_x, m)?,
    })
}

/// A quantity of [`GrowthRun`], by its column's name.
pub type GrowthQuantity = (&'static str, fn(&GrowthRun) -> f64);

/// What is fitted: the measured norms, then the lemma's growth and the bounds.
pub const GROWTH_QUANTITIES: [GrowthQuantity; 9] = [
    ("mean_hessian", |run| run.mean_hessian),
    ("hessian_mean", |run| run.hessian_mean),
    ("hessian_max", |run| run.hessian_max),
    ("ggn_mean", |run| run.ggn_mean),
    ("ggn_max", |run| run.ggn_max),
    ("growth", |run| run.growth),
    ("stated", |run| run.stated),
    ("corrected_ggn", |run| run.corrected_ggn),
    ("corrected_hessian", |run| run.corrected_hessian),
];

/// A law fitted to one quantity along one section of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrowthFit {
    /// Trained networks or initial ones.
    pub trained: bool,
    /// Name of the quantity.
    pub quantity: &'static str,
    /// Width: `y = factor h^exponent` at N = 5. Depth: `y = factor exp(exponent N)` at h = 16.
    pub slice: Slice,
    /// The law with its interval.
    pub fit: Fit,
    /// Networks left out because the quantity is not positive there (dead ones).
    pub left_out: usize,
}

/// Fits every quantity along both sections, of initial and of trained networks: a power law over h, an exponential
/// over N. A section that has fewer than three networks is left out.
///
/// # Errors
/// As [`power_law`]: all networks of a section alike in h or N.
pub fn growth_fits(runs: &[GrowthRun]) -> Result<Vec<GrowthFit>> {
    let mut fits = Vec::new();
    for slice in Slice::ALL {
        for trained in [false, true] {
            for (quantity, of) in GROWTH_QUANTITIES {
                let all: Vec<&GrowthRun> = runs
                    .iter()
                    .filter(|run| run.trained == trained)
                    .filter(|run| slice.has(run.configuration.hidden, run.configuration.inner_layers))
                    .collect();
                let place = |c: Configuration| slice.along(c.hidden, c.inner_layers) as f64;
                let alive = living(all.iter().copied()).0.into_iter();
                let points = alive.map(|run| (place(run.configuration), of(run)));
                // No law of powers has a zero, which a network on the brink of death can bring.
                let (x, y): (Vec<f64>, Vec<f64>) = points.filter(|(_, y)| *y > 0.0).unzip();
                if x.len() < 3 {
                    continue;
                }
                let fit = if slice == Slice::Width { power_law(&x, &y)? } else { exponential(&x, &y)? };
                fits.push(GrowthFit { trained, quantity, slice, fit, left_out: all.len() - x.len() });
            }
        }
    }
    Ok(fits)
}
