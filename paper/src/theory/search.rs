//! Networks on which a statement fails: random search, local search, and shrinking to a few round numbers.
//!
//! A random search over small ReLU networks with one object each, over depth, widths and scales; then a local
//! search from the best of every depth that raises the ratio of measured norm to bound. Where the ratio exceeds
//! one, the statement is false, and the example is shrunk. Where it never does, the largest ratio says how tight the
//! bound is.

mod climb;
mod shrink;

use std::fmt;
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::WriteNpyExt;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

use super::statement::rounding_scale;
use super::{Comparison, Constants, Left, Statement, TOLERANCE};
use hessia::files::{write_atomically, write_npy};
use hessia::linalg::workers;
use hessia::progress::Progress;
use hessia::{
    Activation, Dataset, Error, Layer, Loss, Network, Result, Targets, Term, ggn_spectra, hessian_spectra,
    layer_norms,
};

/// Every example is one object of a softmax classifier.
const LOSS: Loss = Loss::cross_entropy();
/// Nets of one depth that the local search starts from.
const CLIMBS_PER_DEPTH: usize = 8;

/// How far to search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchSettings {
    /// Random nets to try.
    pub nets: usize,
    /// Steps of each local search; there are eight of them a depth.
    pub steps: usize,
    /// Most weight matrices.
    pub max_depth: usize,
    /// Most inputs, units of a hidden layer and classes.
    pub max_width: usize,
    /// Seed of everything random: the same seed finds the same.
    pub seed: u64,
}

impl Default for SearchSettings {
    /// 100,000 nets to depth 6 and width 5, 2,000 steps.
    fn default() -> Self {
        SearchSettings { nets: 100_000, steps: 2_000, max_depth: 6, max_width: 5, seed: 0 }
    }
}

/// One network with one object, and how a statement fares on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The network.
    pub network: Network,
    /// Its single object.
    pub data: Dataset,
    /// The measured norm and the bound.
    pub comparison: Comparison,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchReport {
    /// The statement.
    pub statement: Statement,
    /// Random nets tried.
    pub nets: usize,
    /// Random nets on which it fails.
    pub violations: usize,
    /// Random nets whose bound overflows.
    pub overflows: usize,
    /// Random nets whose norm exceeds the bound by no more than rounding could explain.
    pub undecided: usize,
    /// The example of the largest ratio after the local search, for each depth from 1; none where nothing had a ratio.
    pub tightest: Vec<Option<Example>>,
    /// A network on which it fails, shrunk; none if none was found.
    pub counterexample: Option<Example>,
}

impl Example {
    /// Evaluates `statement` on the single object of `data`.
    ///
    /// None where its assumptions do not hold.
    fn new(statement: Statement, network: Network, data: Dataset) -> Result<Option<Example>> {
        let constants = Constants::measure(&network, &data, LOSS)?;
        if !statement.broken_assumptions(&network, LOSS, &constants).is_empty() {
            return Ok(None);
        }
        let layers = layer_norms(&network, &data, LOSS)?;
        let bound = match statement.uniform_bound(&constants)? {
            Some(bound) => bound,
            None => statement.object_bound(&constants, &layers, 0)?,
        };
        let rounding = TOLERANCE * rounding_scale(&constants, &layers, 0);
        let values: Vec<f64> = match statement.left() {
            Left::GgnNorm => ggn_spectra(&network, &data, LOSS)?.into_iter().collect(),
            Left::HessianNorm => {
                hessian_spectra(&network, &data, LOSS, Term::Full)?.into_iter().flatten().collect()
            }
        };
        let left = values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        Ok(Some(Example { network, data, comparison: Comparison { left, bound, rounding } }))
    }

    /// Measured norm over bound, as [`Comparison::ratio`].
    pub fn ratio(&self) -> Option<f64> {
        self.comparison.ratio()
    }

    /// Whether the bound fails here.
    pub fn violates(&self) -> bool {
        self.comparison.holds() == Some(false)
    }

    /// Writes `net.npz`, `X.npy` and `y.npy` into `folder`, as the command line takes them.
    ///
    /// # Errors
    /// The system's, for the folder or a file.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
        self.network.save(folder.join("net.npz"))?;
        write_npy(folder.join("X.npy"), &self.data.x)?;
        let Targets::Classes(labels) = &self.data.targets else { return Ok(()) };
        let labels = labels.mapv(|label| label as i64);
        let path = folder.join("y.npy");
        write_atomically(&path, |file| {
            labels.write_npy(file).map_err(|error| Error::io(&path, std::io::Error::other(error)))
        })
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.network)?;
        for (l, layer) in self.network.layers().iter().enumerate() {
            writeln!(f, "W{} = {}", l + 1, layer.weight)?;
            if let Some(bias) = &layer.bias {
                writeln!(f, "b{} = {bias}", l + 1)?;
            }
        }
        writeln!(f, "x = {}", self.data.x.row(0))?;
        if let Targets::Classes(labels) = &self.data.targets {
            writeln!(f, "label = {}", labels[0])?;
        }
        write!(f, "measured norm {}, bound {}", self.comparison.left, self.comparison.bound)
    }
}

impl SearchReport {
    /// The example of the largest ratio at any depth.
    pub fn largest(&self) -> Option<&Example> {
        let ratio = |example: &&Example| example.ratio().unwrap_or(0.0);
        self.tightest.iter().flatten().max_by(|a, b| ratio(a).total_cmp(&ratio(b)))
    }
}

/// Searches for networks on which `statement` fails.
///
/// # Errors
/// No nets, depth or width below 1 or 2; an interrupt.
///
/// ```
/// use hessia_paper::theory::{Statement, search::{SearchSettings, search}};
/// let settings = SearchSettings { nets: 500, steps: 50, ..SearchSettings::default() };
/// let found = search(Statement::Theorem1Stated, &settings)?.counterexample;
/// assert!(found.is_some_and(|example| example.violates() && example.network.parameter_count() <= 4));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn search(statement: Statement, settings: &SearchSettings) -> Result<SearchReport> {
    for (name, value, least) in [
        ("nets", settings.nets, 1),
        ("max_depth", settings.max_depth, 1),
        ("max_width", settings.max_width, 2),
    ] {
        if value < least {
            return Err(Error::argument(name, format!("at least {least}"), value));
        }
    }
    let progress = Progress::new("Random networks", settings.nets as u64, "networks");
    let drawn: Vec<Option<Example>> = workers(|| {
        (0..settings.nets)
            .into_par_iter()
            .map(|i| {
                let mut rng = stream(settings.seed, i);
                progress.advance(1)?;
                let (network, data) = draw(statement, settings, &mut rng)?;
                measured(statement, network, data)
            })
            .collect::<Result<_>>()
    })?;
    let drawn: Vec<Example> = drawn.into_iter().flatten().collect();
    let violations = drawn.iter().filter(|example| example.violates()).count();
    let overflows = drawn.iter().filter(|example| example.comparison.overflows()).count();
    let undecided = drawn.iter().filter(|example| example.comparison.is_undecided()).count();
    let mut smallest = drawn
        .iter()
        .filter(|example| example.violates())
        .min_by_key(|e| e.network.parameter_count())
        .cloned();

    let mut starts = Vec::new();
    for depth in 1..=settings.max_depth {
        let mut best: Vec<_> = drawn
            .iter()
            .filter(|example| example.network.depth() == depth)
            .filter_map(|example| Some((example.ratio()?, example)))
            .collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        starts.extend(best.into_iter().take(CLIMBS_PER_DEPTH).map(|(_, example)| example.clone()));
    }
    let progress = Progress::new("Local searches", starts.len() as u64, "starts");
    let climbed: Vec<Example> = workers(|| {
        starts
            .into_par_iter()
            .enumerate()
            .map(|(k, start)| {
                let mut rng = stream(settings.seed, settings.nets + k);
                let top = climb::climb(statement, start, settings.steps, &mut rng)?;
                progress.advance(1)?;
                Ok(top)
            })
            .collect::<Result<_>>()
    })?;
    let mut tightest: Vec<Option<Example>> = vec![None; settings.max_depth];
    for example in climbed {
        if smallest.is_none() && example.violates() {
            smallest = Some(example.clone());
        }
        let best = &mut tightest[example.network.depth() - 1];
        if best.as_ref().is_none_or(|best| best.ratio() < example.ratio()) {
            *best = Some(example);
        }
    }
    let counterexample = match smallest {
        Some(example) => Some(shrink::shrink(statement, example)?),
        None => None,
    };
    Ok(SearchReport {
        statement,
        nets: settings.nets,
        violations,
        overflows,
        undecided,
        tightest,
        counterexample,
    })
}

/// As [`Example::new`]; a network whose numbers overflow has no measured norm and counts as none.
fn measured(statement: Statement, network: Network, data: Dataset) -> Result<Option<Example>> {
    match Example::new(statement, network, data) {
        Err(Error::NonFinite { .. }) => Ok(None),
        other => other,
    }
}

/// Random numbers for net number `i`, whichever thread draws it.
fn stream(seed: u64, i: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(i as u64);
    rng
}

/// A random net to the assumptions of the statement, and one object.
fn draw(statement: Statement, settings: &SearchSettings, rng: &mut ChaCha8Rng) -> Result<(Network, Dataset)> {
    let depth = rng.random_range(1..=settings.max_depth);
    let mut widths: Vec<usize> = (0..=depth).map(|_| rng.random_range(1..=settings.max_width)).collect();
    if rng.random_bool(0.2) {
        // One unit a layer: nothing is lost between layers, so bounds are nearly reached.
        widths.fill(1);
    }
    widths[depth] = rng.random_range(2..=settings.max_width);
    let general = statement.name().starts_with("bound");
    let biases = general && rng.random_bool(0.5);
    let mut activation = Activation::Relu;
    if general && let Some(&other) = Activation::ALL.choose(rng) {
        activation = other;
    }
    if statement.left() == Left::HessianNorm && !activation.is_piecewise_linear() {
        activation = Activation::Relu;
    }
    let manner = rng.random_range(0..5);
    let scale = 10.0_f64.powf(rng.random_range(-1.5..1.0));
    let mut number = |scale: f64| {
        let normal: f64 = rng.sample(StandardNormal);
        scale
            * match manner {
                0 => normal,
                // Positive: no unit is dead.
                1 => normal.abs(),
                2 => 1.0,
                3 => normal.signum(),
                _ => normal.signum() * f64::from(u8::from(normal.abs() > 0.7)),
            }
    };
    let layers = widths
        .windows(2)
        .map(|pair| Layer {
            weight: Array2::from_shape_simple_fn((pair[1], pair[0]), || number(scale)),
            bias: biases.then(|| Array1::from_shape_simple_fn(pair[1], || number(scale))),
        })
        .collect();
    let x = Array2::from_shape_simple_fn((1, widths[0]), || number(1.0));
    let x = x * 10.0_f64.powf(rng.random_range(-1.5..1.0));
    let label = rng.random_range(0..widths[depth]);
    Ok((Network::new(layers, activation)?, one_object(x, label)?))
}

fn one_object(x: Array2<f64>, label: usize) -> Result<Dataset> {
    Dataset::new("example", x, Targets::Classes(Array1::from_elem(1, label)))
}

/// Whether an example fails by more than rounding could explain.
fn clearly_violates(example: &Example) -> bool {
    example.violates() && example.ratio().is_none_or(|ratio| ratio > 1.0 + 1e3 * TOLERANCE)
}
