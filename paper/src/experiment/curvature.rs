//! What Figures 2 to 5 do not test: the curvature of the same networks, and the losses away from theta-hat.
//!
//! At theta-hat itself the difference `L_{k+1} - L_k` is `(l_{k+1} - L_k)/(k+1)`, in which no Hessian stands. Here
//! theta = theta-hat + R u, and the terms of Lemma 2 are measured for objects that join:
//! `|L_{k+1} - L_k| <= (|l_{k+1} - L_k| + R ||g_{k+1} - g|| + R²/2 ||H_{k+1} - H||) / (k+1)` up to the remainder.

use ndarray::{Array1, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::evaluate::is_silent;
use super::{Configuration, Settings, Task};
use hessia::linalg::side_by_side;
use hessia::operator::LinearOperator;
use hessia::progress::Progress;
use hessia::spectrum::outermost;
use hessia::train::{Inputs, train};
use hessia::{
    CurvatureKind, CurvatureOperator, Dataset, Error, Loss, Network, Result, compress, loss_and_gradient,
    loss_value, per_object,
};

/// How the curvature of the grid's networks is measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvatureSettings {
    /// Objects k that are there before, the first of the task.
    pub objects: usize,
    /// Objects that join, each by itself: those that follow.
    pub joining: usize,
    /// Distance R from theta-hat.
    pub radius: f64,
    /// Largest eigenvalues kept.
    pub top: usize,
    /// Residual at which an eigenvalue counts as found, relative to the norm.
    pub tolerance: f64,
}

impl Default for CurvatureSettings {
    fn default() -> Self {
        CurvatureSettings { objects: 200, joining: 4, radius: 1.0, top: 5, tolerance: 1e-4 }
    }
}

/// Curvature of one trained network. Means are over the objects that join.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvatureRun {
    /// Which network.
    pub configuration: Configuration,
    /// Whether the network is dead: all logits of all objects are zero, and so is its curvature.
    pub dead: bool,
    /// Objects before, k.
    pub k: usize,
    /// R.
    pub radius: f64,
    /// `||H||_2` of the mean Hessian over the k objects.
    pub mean_hessian: f64,
    /// Its largest eigenvalues, descending.
    pub largest: Vec<f64>,
    /// Its smallest eigenvalue.
    pub smallest: f64,
    /// Largest residual of an eigenvalue, over `||H||_2`.
    pub residual: f64,
    /// Mean of `||H_i||_2` over the k objects.
    pub object_mean: f64,
    /// Largest of them.
    pub object_max: f64,
    /// Mean of `||G_i||_2`, the G-term's.
    pub object_ggn_mean: f64,
    /// Mean of `||H_{k+1} - H||_2`.
    pub hessian_gap: f64,
    /// Mean of `|l_{k+1} - L_k| / (k+1)` at theta-hat.
    pub zeroth_order: f64,
    /// Mean of `R ||g_{k+1} - g|| / (k+1)`.
    pub first_order_bound: f64,
    /// Mean of `R²/2 ||H_{k+1} - H|| / (k+1)`.
    pub second_order_bound: f64,
    /// Mean of `|L_{k+1} - L_k|` at theta-hat + R u, u random.
    pub difference_random: f64,
    /// Mean of `|L_{k+1} - L_k|` at theta-hat + R v, v the top eigenvector of H.
    pub difference_top: f64,
}

impl CurvatureRun {
    /// The bound with all three terms, in the mean over the objects that join.
    pub fn bound(&self) -> f64 {
        self.zeroth_order + self.first_order_bound + self.second_order_bound
    }
}

/// Trains the networks of the grid on all objects, as [`run`](super::run) does, and measures their curvature on the
/// first `k`, exactly per object and by Lanczos on matrix-free products for the means.
///
/// # Errors
/// As [`run`](super::run); fewer objects than are to be there and to join.
///
/// ```
/// use hessia_paper::experiment::{CurvatureSettings, Settings, Task, curvature_grid};
/// let task = Task::pixels("mnist", None, 200)?;
/// let settings = Settings { hidden_widths: vec![4], inner_layers: vec![1], seeds: vec![1], ..Settings::default() };
/// let small = CurvatureSettings { objects: 50, joining: 2, ..CurvatureSettings::default() };
/// let run = &curvature_grid(&task, &settings, &small)?[0];
/// assert!(run.mean_hessian <= run.object_mean * (1.0 + 1e-3));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn curvature_grid(
    task: &Task,
    settings: &Settings,
    curvature: &CurvatureSettings,
) -> Result<Vec<CurvatureRun>> {
    super::grid::check(task, settings)?;
    let (needed, there) = (curvature.objects.saturating_add(curvature.joining), task.data().len());
    if curvature.objects == 0 || curvature.joining == 0 || needed > there {
        let expected = format!("at least 1 of each and at most {there} together");
        let found = format!("{} and {}", curvature.objects, curvature.joining);
        return Err(Error::argument("objects that are there and that join", expected, found));
    }
    if !(curvature.radius >= 0.0 && curvature.radius.is_finite()) || curvature.top == 0 {
        let found = format!("{} and {}", curvature.radius, curvature.top);
        return Err(Error::argument("radius and eigenvalues", "a finite R and one value or more", found));
    }
    let inputs = Inputs::of(task.data(), settings.precision);
    let configurations = settings.configurations();
    let progress = Progress::new("Curvature", configurations.len() as u64, "networks");
    let one = |configuration: Configuration| {
        let start = configuration.network(task.data().inputs(), task.classes)?;
        let training = settings.training(configuration.seed);
        let (net, _) = train(&start, task.data(), &inputs, Loss::cross_entropy(), &training, &|_| Ok(()))?;
        let mut run = measure(&net, task.data(), configuration, curvature)?;
        run.dead = is_silent(&net, task.data())?;
        progress.advance(1)?;
        Ok(run)
    };
    side_by_side(configurations, one).into_iter().collect()
}

fn measure(
    net: &Network,
    data: &Dataset,
    configuration: Configuration,
    settings: &CurvatureSettings,
) -> Result<CurvatureRun> {
    let loss = Loss::cross_entropy();
    let k = settings.objects;
    let head = data.head(k + settings.joining);
    // Same losses, gradients' lengths and eigenvalues on fewer inputs.
    let small = compress(net, &head)?;
    let before = small.data.head(k);
    let order = small.network.parameter_count();
    let operator =
        |data: &Dataset| CurvatureOperator::new(&small.network, data, loss, CurvatureKind::Hessian);
    let product = |operator: &CurvatureOperator, v: &Array1<f64>| -> Result<Array1<f64>> {
        Ok(operator.apply(&v.view().insert_axis(Axis(1)).to_owned())?.remove_axis(Axis(1)))
    };
    let most = 300;
    let mean_hessian = operator(&before)?;
    let mean = outermost(order, settings.top, settings.tolerance, most, |v| product(&mean_hessian, v))?;
    let objects = per_object(&small.network, &before, loss)?;
    let (loss_before, gradient_before) = loss_and_gradient(&small.network, &before, loss)?;

    let random = moved(net, &direction(net.parameter_count(), configuration.seed), settings.radius)?;
    let top = small.expand(&mean.vector.view().insert_axis(Axis(1)).to_owned()).remove_axis(Axis(1));
    let top = moved(net, &top, settings.radius)?;
    let all = head.head(k);
    let (at_random, at_top) = (loss_value(&random, &all, loss)?, loss_value(&top, &all, loss)?);

    let share = 1.0 / ((k + 1) as f64 * settings.joining as f64);
    let mut run = CurvatureRun {
        configuration,
        dead: false,
        k,
        radius: settings.radius,
        mean_hessian: mean.norm(),
        smallest: mean.smallest,
        residual: if mean.norm() > 0.0 { mean.residual / mean.norm() } else { 0.0 },
        largest: mean.largest,
        object_mean: objects.hessian_norm.sum() / k as f64,
        object_max: objects.hessian_norm.fold(0.0, |most: f64, v| most.max(*v)),
        object_ggn_mean: objects.ggn_norm.sum() / k as f64,
        hessian_gap: 0.0,
        zeroth_order: 0.0,
        first_order_bound: 0.0,
        second_order_bound: 0.0,
        difference_random: 0.0,
        difference_top: 0.0,
    };
    for joining in k..k + settings.joining {
        let object = small.data.select(&[joining]);
        let (value, gradient) = loss_and_gradient(&small.network, &object, loss)?;
        let gradient_gap = gradient - &gradient_before;
        let object_hessian = operator(&object)?;
        let gap = outermost(order, 1, settings.tolerance, most, |v| {
            Ok(product(&object_hessian, v)? - product(&mean_hessian, v)?)
        })?;
        let original = head.select(&[joining]);
        run.hessian_gap += gap.norm() / settings.joining as f64;
        run.zeroth_order += share * (value - loss_before).abs();
        run.first_order_bound += share * settings.radius * gradient_gap.dot(&gradient_gap).sqrt();
        run.second_order_bound += share * 0.5 * settings.radius.powi(2) * gap.norm();
        run.difference_random += share * (loss_value(&random, &original, loss)? - at_random).abs();
        run.difference_top += share * (loss_value(&top, &original, loss)? - at_top).abs();
    }
    Ok(run)
}

/// A random direction of length 1, uniform over the sphere.
fn direction(order: usize, seed: u64) -> Array1<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Streams 0 to 3 of the same seed are the weights', batches', orders' and resamples'.
    rng.set_stream(4);
    let v: Array1<f64> = Array1::from_shape_simple_fn(order, || StandardNormal.sample(&mut rng));
    &v / v.dot(&v).sqrt()
}

fn moved(net: &Network, direction: &Array1<f64>, radius: f64) -> Result<Network> {
    net.with_parameters(&(net.parameters() + radius * direction))
}
