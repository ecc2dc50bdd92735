//! Adam, step by step as PyTorch takes it.

use ndarray::{Array1, CowArray, Ix2};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::number::Number;
use super::outcome::survey;
use super::pass::Pass;
use crate::linalg::{entries, workers};
use crate::progress::Progress;
use crate::{Dataset, Error, Loss, Network, Result};

/// The numbers that training computes in. Curvature is in float64 in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits, as in the paper's code.
    #[default]
    Float32,
    /// 64 bits.
    Float64,
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Precision::Float32 => "float32",
            Precision::Float64 => "float64",
        })
    }
}

impl std::str::FromStr for Precision {
    type Err = Error;

    /// Reads `float32` or `float64`.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "float32" => Ok(Precision::Float32),
            "float64" => Ok(Precision::Float64),
            other => Err(Error::argument("precision", "float32 or float64", format!("{other:?}"))),
        }
    }
}

/// How [`adam`] trains. The defaults are PyTorch's with the paper's batches, epochs and precision.
///
/// ```
/// use hessia::train::AdamSettings;
/// let settings = AdamSettings { epochs: 3, seed: 7, ..AdamSettings::default() };
/// assert_eq!((settings.learning_rate, settings.batch), (1e-3, 64));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamSettings {
    /// Step length.
    pub learning_rate: f64,
    /// Decay of the running mean of the gradient.
    pub beta1: f64,
    /// Decay of the running mean of its square.
    pub beta2: f64,
    /// Added to the root of the latter.
    pub epsilon: f64,
    /// Objects in a step; the last step of an epoch takes what is left.
    pub batch: usize,
    /// Passes through the data.
    pub epochs: usize,
    /// Whether every epoch takes the objects in a new order.
    pub shuffle: bool,
    /// Seed of these orders.
    pub seed: u64,
    /// The numbers that training computes in.
    pub precision: Precision,
}

impl Default for AdamSettings {
    fn default() -> Self {
        AdamSettings {
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            batch: 64,
            epochs: 10,
            shuffle: true,
            seed: 0,
            precision: Precision::Float32,
        }
    }
}

impl AdamSettings {
    /// Refuses settings that train nothing or diverge at once.
    ///
    /// # Errors
    /// The setting, what is expected of it, and its value.
    pub fn check(&self) -> Result<()> {
        let refuse = |what: &str, expected: &str, found: f64| Err(Error::argument(what, expected, found));
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return refuse("learning rate", "a finite number above 0", self.learning_rate);
        }
        for (what, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return refuse(what, "a number of at least 0 and below 1", beta);
            }
        }
        if !(self.epsilon >= 0.0 && self.epsilon.is_finite()) {
            return refuse("epsilon", "a finite number of at least 0", self.epsilon);
        }
        if self.batch == 0 {
            return refuse("batch", "at least 1 object", 0.0);
        }
        Ok(())
    }
}

/// A trained network, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The network; after float32 training its numbers are those of float32.
    pub network: Network,
    /// Loss over all objects in each epoch, every object's at the step that took it: the usual training curve.
    pub losses: Vec<f64>,
    /// Loss of the trained network over all objects, in float64.
    pub loss: f64,
    /// Share of objects classified rightly: [`accuracy`](super::accuracy).
    pub accuracy: Option<f64>,
    /// Units in each hidden layer that have stopped learning: [`dead_units`](super::dead_units).
    pub dead_units: Vec<usize>,
    /// What it was trained with.
    pub settings: AdamSettings,
}

/// Trains a copy of `net` by Adam (Kingma & Ba 2015) in mini-batches.
///
/// With the gradient g of a batch's loss at step t, element by element and in the order of PyTorch's operations:
/// `m += (1 - beta1)(g - m)`, `v = beta2 v + (1 - beta2) g²`,
/// `theta -= lr / (1 - beta1^t) · m / (√v / √(1 - beta2^t) + epsilon)`. No weight decay.
///
/// The same network, data, settings and machine give the same bits, whatever the number of threads.
///
/// # Errors
/// Settings out of range, data that do not fit the network or the loss, an interrupt, or a loss that is no longer
/// finite.
///
/// ```
/// use hessia::train::{AdamSettings, adam};
/// use hessia::{Activation, Dataset, Loss, Network};
/// use hessia_paper::data::LoadDataset;
/// let data = Dataset::load("mnist")?.head(500);
/// let net = Network::random(&[784, 4, 4, 10], false, Activation::Relu, 1)?;
/// let trained = adam(&net, &data, Loss::cross_entropy(), &AdamSettings { epochs: 5, ..Default::default() })?;
/// assert!(trained.losses[4] < trained.losses[0]);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn adam(net: &Network, data: &Dataset, loss: Loss, settings: &AdamSettings) -> Result<Trained> {
    let objects = (settings.epochs as u64).saturating_mul(data.len() as u64);
    let progress = Progress::new("Training", objects, "objects");
    let inputs = Inputs::of(data, settings.precision);
    let (network, losses) = train(net, data, &inputs, loss, settings, &|objects| progress.advance(objects))?;
    drop(progress);
    let outcome = workers(|| survey(&network, data))?;
    let values = loss.values(&outcome.logits, &data.targets)?;
    Ok(Trained {
        loss: values.sum() * loss.normaliser(data.len(), net.outputs()),
        accuracy: outcome.accuracy(&data.targets),
        dead_units: outcome.dead_units,
        network,
        losses,
        settings: *settings,
    })
}

/// The inputs of a data set in the precision of training: made once for all networks trained on it.
#[derive(Debug)]
pub enum Inputs<'a> {
    /// Row by row.
    Float32(Vec<f32>),
    /// Shape (m, n).
    Float64(CowArray<'a, f64, Ix2>),
}

impl<'a> Inputs<'a> {
    /// The inputs of a data set in this precision: shared by many runs on the same data.
    pub fn of(data: &'a Dataset, precision: Precision) -> Self {
        match precision {
            Precision::Float32 => Inputs::Float32(data.x.iter().map(|&value| value as f32).collect()),
            Precision::Float64 => Inputs::Float64(data.x.as_standard_layout()),
        }
    }
}

/// The network that [`adam`] ends with, and the loss of each epoch; `advance` hears of every batch.
///
/// # Errors
/// An interrupt, by `advance`.
pub fn train(
    net: &Network,
    data: &Dataset,
    inputs: &Inputs<'_>,
    loss: Loss,
    settings: &AdamSettings,
    advance: &(dyn Fn(u64) -> Result<()> + Sync),
) -> Result<(Network, Vec<f64>)> {
    settings.check()?;
    crate::passes::check(net, data, loss)?;
    // One thread: the products are too small to share, and its bits do not depend on how many there are.
    let (theta, losses) = workers(|| match inputs {
        Inputs::Float32(x) => descend(net, data, x, loss, settings, advance),
        Inputs::Float64(x) => descend(net, data, entries(x), loss, settings, advance),
    })?;
    Ok((net.with_parameters(&theta)?, losses))
}

fn descend<T: Number>(
    net: &Network,
    data: &Dataset,
    inputs: &[T],
    loss: Loss,
    settings: &AdamSettings,
    advance: &(dyn Fn(u64) -> Result<()> + Sync),
) -> Result<(Array1<f64>, Vec<f64>)> {
    let mut theta: Vec<T> = net.parameters().iter().map(|&v| T::of(v)).collect();
    let mut gradient = vec![T::zero(); theta.len()];
    let mut moments = Moments::new(theta.len(), settings);
    let mut objects: Vec<usize> = (0..data.len()).collect();
    // Stream 0 of the same seed may have drawn the network's first weights.
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(1);
    let mut pass = Pass::new(net, data, inputs, loss, settings.batch.min(data.len()));
    let scale = loss.normaliser(data.len(), net.outputs());
    let mut losses = Vec::with_capacity(settings.epochs);
    for epoch in 1..=settings.epochs {
        if settings.shuffle {
            objects.shuffle(&mut rng);
        }
        let mut total = 0.0;
        for rows in objects.chunks(settings.batch) {
            total += pass.gradient(&theta, rows, &mut gradient);
            moments.step(&mut theta, &gradient);
            advance(rows.len() as u64)?;
        }
        let value = total * scale;
        if !value.is_finite() {
            let what = format!("loss in epoch {epoch} at learning rate {}", settings.learning_rate);
            return Err(Error::NonFinite { what, index: vec![], value });
        }
        losses.push(value);
    }
    Ok((theta.into_iter().map(T::as_f64).collect(), losses))
}

/// The running means of the gradient and of its square.
struct Moments<T> {
    first: Vec<T>,
    second: Vec<T>,
    step: f64,
    learning_rate: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl<T: Number> Moments<T> {
    fn new(count: usize, settings: &AdamSettings) -> Self {
        let AdamSettings { learning_rate, beta1, beta2, epsilon, .. } = *settings;
        let zeros = || vec![T::zero(); count];
        Moments { first: zeros(), second: zeros(), step: 0.0, learning_rate, beta1, beta2, epsilon }
    }

    fn step(&mut self, theta: &mut [T], gradient: &[T]) {
        self.step += 1.0;
        // The factors are made in float64 and rounded once, as PyTorch does with Python's numbers.
        let step_size = T::of(self.learning_rate / (1.0 - self.beta1.powf(self.step)));
        let root = T::of((1.0 - self.beta2.powf(self.step)).sqrt());
        let (towards, keep) = (T::of(1.0 - self.beta1), T::of(self.beta2));
        let (add, epsilon) = (T::of(1.0 - self.beta2), T::of(self.epsilon));
        // Indices and equal lengths let the compiler use vector instructions.
        let count = theta.len();
        let (gradient, first) = (&gradient[..count], &mut self.first[..count]);
        let second = &mut self.second[..count];
        for i in 0..count {
            let g = gradient[i];
            first[i] = first[i] + towards * (g - first[i]);
            second[i] = second[i] * keep + add * g * g;
            theta[i] = theta[i] - step_size * first[i] / (second[i].sqrt() / root + epsilon);
        }
    }
}
