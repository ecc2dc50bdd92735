//! The grid, nets side by side.

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::curve::{curve, deviation_interval};
use super::evaluate::evaluate;
use super::store::{Kept, Store};
use super::{Configuration, Run, Settings, Task, mean_absolute_deviation};
use hessia::linalg::{side_by_side, threads};
use hessia::network::check_size;
use hessia::progress::Progress;
use hessia::train::{Inputs, train};
use hessia::{Error, Loss, Result};

/// A step costs as if each matrix had so many more weights: the fixed cost of its products, shared by the batch.
const OVERHEAD: u64 = 3_000;
/// Weights times objects in a unit of progress.
const UNIT: u64 = 10_000_000;

/// A finished experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// All runs, by width, then depth, then seed.
    pub runs: Vec<Run>,
    /// How many of them were there before.
    pub already_there: usize,
    /// Files of runs that were there and not whole, such as a power cut leaves, each with what was wrong with it; their
    /// runs were computed again.
    pub damaged: Vec<String>,
}

/// Trains and evaluates every network of the grid.
///
/// Networks run side by side on all threads, each on one; the numbers depend on neither their count nor their order.
///
/// # Errors
/// Settings or data that do not fit, a training that diverges, an interrupt.
///
/// ```
/// use hessia_paper::experiment::{Settings, Task, run};
/// let task = Task::pixels("mnist", None, 200)?;
/// let settings = Settings { hidden_widths: vec![4], inner_layers: vec![1], seeds: vec![1], ..Settings::default() };
/// let runs = run(&task, &settings)?;
/// assert!(runs[0].constant > 0.0 && runs[0].curve.mean[0] > runs[0].curve.mean[50]);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn run(task: &Task, settings: &Settings) -> Result<Vec<Run>> {
    check(task, settings)?;
    let configurations = settings.configurations();
    compute(task, settings, &configurations, |_| Ok(()))
}

/// [`run`] with every finished run kept in `folder`: killed at any moment and started again, it goes on and returns
/// the same.
///
/// A grid may grow from one call to the next; everything else that decides a number must be as in the first call.
///
/// # Errors
/// As [`run`]; a folder of other settings, with damaged ones, or that another process works in; what the system
/// refuses. A damaged file of a run is none: the run is computed again.
pub fn run_in(folder: &Path, task: &Task, settings: &Settings) -> Result<Finished> {
    check(task, settings)?;
    let configurations = settings.configurations();
    let store = Store::open(folder, task, settings)?;
    let (mut missing, mut damaged) = (Vec::new(), Vec::new());
    for configuration in &configurations {
        match store.read(configuration)? {
            Kept::Whole(_) => continue,
            Kept::Damaged { path, found } => damaged.push(format!("{}: {found}", path.display())),
            Kept::Nothing => {}
        }
        missing.push(*configuration);
    }
    let already_there = configurations.len() - missing.len();
    let kept = AtomicUsize::new(already_there);
    compute(task, settings, &missing, |run| {
        store.write(run).map_err(|error| match error {
            Error::Io { path, source } => {
                let note = format!(
                    "{source}; {} finished runs are kept, and the same call goes on from there",
                    kept.load(Relaxed)
                );
                Error::io(path, std::io::Error::new(source.kind(), note))
            }
            other => other,
        })?;
        kept.fetch_add(1, Relaxed);
        Ok(())
    })?;
    // Read back, all of them: what a cut and a whole experiment return is the same to the last bit.
    let runs = configurations.iter().map(|configuration| match store.read(configuration)? {
        Kept::Whole(run) => Ok(*run),
        Kept::Damaged { path, found } => Err(Error::format(path, "the result that was just written", found)),
        Kept::Nothing => {
            let gone = format!("the file of {configuration}");
            Err(Error::format(folder, gone, "none: it was removed while the experiment ran"))
        }
    });
    Ok(Finished { runs: runs.collect::<Result<_>>()?, already_there, damaged })
}

pub(super) fn check(task: &Task, settings: &Settings) -> Result<()> {
    settings.check()?;
    settings.training(0).check()?;
    let (m, n, threads) = (task.data().len() as u128, task.data().inputs() as u128, threads() as u128);
    for configuration in settings.configurations() {
        let parameters = configuration.parameters(task.data().inputs(), task.classes);
        // Adam's four vectors and the network; what the orders keep; the inputs in the precision of training.
        let besides = (40 * m + 100 * settings.permutations as u128) * threads + 8 * m * n;
        check_size(&format!("training of {configuration}"), parameters, 40 * threads, besides)?;
    }
    Ok(())
}

/// Runs of these networks, in their order; `keep` hears of each as it ends.
fn compute(
    task: &Task,
    settings: &Settings,
    configurations: &[Configuration],
    keep: impl Fn(&Run) -> Result<()> + Sync,
) -> Result<Vec<Run>> {
    if configurations.is_empty() {
        return Ok(Vec::new());
    }
    let effort = |configuration: &Configuration| {
        let weights = configuration.parameters(task.data().inputs(), task.classes).unwrap_or(usize::MAX);
        weights as u64 + OVERHEAD * configuration.matrices() as u64
    };
    // The longest first, so that no thread is left with a long one at the end.
    let mut queue: Vec<usize> = (0..configurations.len()).collect();
    queue.sort_by_key(|&at| std::cmp::Reverse(effort(&configurations[at])));
    let presented = (settings.epochs * task.data().len()) as u64;
    let total: u64 = configurations.iter().map(|c| presented.saturating_mul(effort(c))).sum();
    let progress = Progress::new("Experiment", total.div_ceil(UNIT), "steps");
    let counted = AtomicU64::new(0);
    let next = AtomicUsize::new(0);
    let inputs = Inputs::of(task.data(), settings.precision);

    let worker = |_| -> Result<Vec<(usize, Run)>> {
        let mut done = Vec::new();
        while let Some(&at) = queue.get(next.fetch_add(1, Relaxed)) {
            let cost = effort(&configurations[at]);
            let advance = |objects: u64| {
                let before = counted.fetch_add(objects * cost, Relaxed);
                progress.advance((before + objects * cost) / UNIT - before / UNIT)
            };
            let run = one(task, settings, configurations[at], &inputs, &advance).and_then(|run| {
                keep(&run)?;
                Ok(run)
            });
            match run {
                Ok(run) => done.push((at, run)),
                Err(error) => {
                    // The others finish what they have begun and take nothing new.
                    next.store(queue.len(), Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(done)
    };
    let parts = side_by_side((0..threads().min(queue.len())).collect(), worker);
    let mut all = Vec::with_capacity(configurations.len());
    for part in parts {
        all.extend(part?);
    }
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, run)| run).collect())
}

fn one(
    task: &Task,
    settings: &Settings,
    configuration: Configuration,
    inputs: &Inputs<'_>,
    advance: &(dyn Fn(u64) -> Result<()> + Sync),
) -> Result<Run> {
    let data = task.data();
    let start = configuration.network(data.inputs(), task.classes)?;
    let training = settings.training(configuration.seed);
    let (net, epoch_losses) = train(&start, data, inputs, Loss::cross_entropy(), &training, advance)?;
    let outcome = evaluate(&net, data, task.labels())?;
    let (curve, constant_of_curve) =
        curve(&outcome.losses, settings.permutations, settings.smoothing, configuration.seed);
    let losses = &outcome.losses;
    Ok(Run {
        configuration,
        parameters: net.parameter_count(),
        epoch_losses,
        loss: losses.sum() / losses.len() as f64,
        gradient_norm: outcome.gradient_norm,
        accuracy: outcome.accuracy,
        dead_units: outcome.dead_units,
        constant: mean_absolute_deviation(&losses.to_vec()),
        constant_interval: deviation_interval(losses, settings.resamples, configuration.seed),
        constant_of_curve,
        curve,
    })
}
