//! Whether C falls with the width and rises with the depth, as the paper's figures are said to show.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::curve::quantile;
use super::rank::{chance, rank_correlation};
use super::{Mode, Run, Slice, living, paper_curves};

/// Resamples of the seeds behind an interval.
const RESAMPLES: usize = 2_000;

/// C of one network of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name of the data set.
    pub dataset: String,
    /// Pixels or features.
    pub mode: Mode,
    /// Hidden width h.
    pub hidden: usize,
    /// The paper's N.
    pub inner_layers: usize,
    /// Seed.
    pub seed: u64,
    /// C.
    pub constant: f64,
    /// Whether the network was dead.
    pub dead: bool,
}

impl Sample {
    /// What a run says of C.
    pub fn of(dataset: &str, mode: Mode, run: &Run) -> Sample {
        Sample {
            dataset: dataset.to_string(),
            mode,
            hidden: run.configuration.hidden,
            inner_layers: run.configuration.inner_layers,
            seed: run.configuration.seed,
            constant: run.constant,
            dead: run.is_dead(),
        }
    }
}

/// What an order of C comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Finding {
    /// Strictly in the claimed order, and the interval of the rank correlation lies above zero.
    #[serde(rename = "as claimed")]
    AsClaimed,
    /// Not in strict order, but the interval lies above zero.
    #[serde(rename = "trend as claimed")]
    Trend,
    /// The interval holds zero.
    #[serde(rename = "no order")]
    None,
    /// Not in strict order, but the interval lies below zero.
    #[serde(rename = "trend reversed")]
    TrendReversed,
    /// Strictly in the opposite order, and the interval lies below zero.
    #[serde(rename = "reversed")]
    Reversed,
}

impl Finding {
    /// In words, as tables have it.
    pub fn name(self) -> &'static str {
        match self {
            Finding::AsClaimed => "as claimed",
            Finding::Trend => "trend as claimed",
            Finding::None => "no order",
            Finding::TrendReversed => "trend reversed",
            Finding::Reversed => "reversed",
        }
    }
}

/// One series of C over h or N, judged. Signs are such that +1 is the claimed order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// h or N of each value.
    pub places: Vec<usize>,
    /// C there.
    pub constants: Vec<f64>,
    /// Spearman's rank correlation with the claimed order; none where all C are equal.
    pub correlation: Option<f64>,
    /// Ends of its 95 % interval over seeds.
    pub interval: Option<(f64, f64)>,
    /// Chance of such a correlation or a higher one where all orders are as likely.
    pub chance: Option<f64>,
    /// Whether every step is in the claimed direction.
    pub strict: bool,
    /// Whether every step is in the opposite direction.
    pub strictly_reversed: bool,
    /// Pairs of values in the claimed order, and all pairs.
    pub pairs: (usize, usize),
}

impl Order {
    fn of(slice: Slice, places: Vec<usize>, constants: Vec<f64>, interval: Option<(f64, f64)>) -> Order {
        let claimed = claimed(slice, &constants);
        let at: Vec<f64> = places.iter().map(|&place| place as f64).collect();
        let steps = || claimed.windows(2);
        let mut pairs = (0, 0);
        for (i, first) in claimed.iter().enumerate() {
            pairs.1 += claimed.len() - 1 - i;
            pairs.0 += claimed[i + 1..].iter().filter(|&later| later > first).count();
        }
        Order {
            correlation: rank_correlation(&at, &claimed),
            interval,
            chance: chance(&at, &claimed),
            strict: claimed.len() > 1 && steps().all(|pair| pair[0] < pair[1]),
            strictly_reversed: claimed.len() > 1 && steps().all(|pair| pair[0] > pair[1]),
            pairs,
            places,
            constants,
        }
    }

    /// What it comes to; none without an interval.
    pub fn finding(&self) -> Option<Finding> {
        let (low, high) = self.interval?;
        Some(match (self.strict, self.strictly_reversed) {
            (true, _) if low > 0.0 => Finding::AsClaimed,
            (_, true) if high < 0.0 => Finding::Reversed,
            _ if low > 0.0 => Finding::Trend,
            _ if high < 0.0 => Finding::TrendReversed,
            _ => Finding::None,
        })
    }
}

/// One of the paper's 16 panels: its claim, its own curves, and ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Pixels or features.
    pub mode: Mode,
    /// Name of the data set.
    pub dataset: String,
    /// Over h or over N.
    pub slice: Slice,
    /// The curves of the paper's figure. Its interval is that of the correlation when each C varies from network to
    /// network by the ratios that our seeds show: the paper has one network a curve.
    pub paper: Order,
    /// The means over seeds, with the interval from resampled seeds; none where no network was given.
    pub measured: Option<Order>,
    /// Our networks of this panel that are dead, and enter nothing.
    pub dead: usize,
    /// Share of the experiments with one network a curve, drawn from ours, that show the strict order claimed.
    pub single_network_share: Option<f64>,
}

/// C turned so that it rises where the paper's claim holds.
fn claimed(slice: Slice, constants: &[f64]) -> Vec<f64> {
    let sign = if slice == Slice::Width { -1.0 } else { 1.0 };
    constants.iter().map(|constant| sign * constant).collect()
}

/// Judges the paper's 16 panels by its own curves and by these networks.
///
/// The same samples give the same verdicts: the resampling of seeds is seeded.
///
/// ```
/// use hessia_paper::experiment::{Mode, Slice, verdicts};
/// let verdicts = verdicts(&[]);
/// let reversed = verdicts.iter().filter(|v| v.paper.strictly_reversed);
/// assert!(reversed.clone().all(|v| v.dataset == "cifar100" && v.mode == Mode::Pixels));
/// assert_eq!((verdicts.len(), reversed.count()), (16, 2));
/// ```
pub fn verdicts(samples: &[Sample]) -> Vec<Verdict> {
    let curves = paper_curves();
    let mut all: Vec<(Mode, String, Slice)> = Vec::new();
    for curve in &curves {
        let figure = (curve.mode, curve.dataset.clone(), curve.slice);
        if !all.contains(&figure) {
            all.push(figure);
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let judge = |(mode, dataset, slice): (Mode, String, Slice)| {
        let mut paper: Vec<(usize, f64)> = Vec::new();
        for curve in curves.iter().filter(|c| (c.mode, &c.dataset, c.slice) == (mode, &dataset, slice)) {
            paper.extend(curve.constant.map(|c| (slice.along(curve.hidden, curve.inner_layers), c)));
        }
        let (ours, dead) = by_place(samples, mode, &dataset, slice);
        let measured = (ours.len() > 1).then(|| measured(slice, &ours, &mut rng));
        let single_network_share = (ours.len() > 1).then(|| single_network_share(slice, &ours, &mut rng));
        let interval = paper_interval(slice, &paper, &ours, &mut rng);
        let (places, constants) = paper.into_iter().unzip();
        let paper = Order::of(slice, places, constants, interval);
        Verdict { mode, dataset, slice, paper, measured, dead, single_network_share }
    };
    all.into_iter().map(judge).collect()
}

/// C over the seeds of living networks at each place of a slice, ascending, and the number of dead ones.
fn by_place(samples: &[Sample], mode: Mode, dataset: &str, slice: Slice) -> (Vec<(usize, Vec<f64>)>, usize) {
    let mut groups: std::collections::BTreeMap<usize, Vec<f64>> = std::collections::BTreeMap::new();
    let of_panel = samples.iter().filter(|s| s.mode == mode && s.dataset == dataset);
    let (alive, dead) = living(of_panel.filter(|s| slice.has(s.hidden, s.inner_layers)));
    for sample in alive {
        let place = slice.along(sample.hidden, sample.inner_layers);
        groups.entry(place).or_default().push(sample.constant);
    }
    (groups.into_iter().collect(), dead)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn measured(slice: Slice, ours: &[(usize, Vec<f64>)], rng: &mut ChaCha8Rng) -> Order {
    let interval = interval(slice, ours.iter().map(|group| group.0), || {
        let mut mean_of_resample =
            |values: &[f64]| (0..values.len()).map(|_| draw(values, rng)).sum::<f64>() / values.len() as f64;
        ours.iter().map(|group| mean_of_resample(&group.1)).collect()
    });
    let (places, means) = ours.iter().map(|(place, values)| (*place, mean(values))).unzip();
    Order::of(slice, places, means, interval)
}

fn paper_interval(
    slice: Slice,
    paper: &[(usize, f64)],
    ours: &[(usize, Vec<f64>)],
    rng: &mut ChaCha8Rng,
) -> Option<(f64, f64)> {
    let ratios: Vec<Vec<f64>> = paper
        .iter()
        .map(|(place, _)| {
            let group = &ours.iter().find(|group| group.0 == *place)?.1;
            let mean = mean(group);
            (mean > 0.0).then(|| group.iter().map(|constant| constant / mean).collect())
        })
        .collect::<Option<_>>()?;
    interval(slice, paper.iter().map(|curve| curve.0), || {
        paper.iter().zip(&ratios).map(|((_, constant), ratios)| constant * draw(ratios, rng)).collect()
    })
}

fn single_network_share(slice: Slice, ours: &[(usize, Vec<f64>)], rng: &mut ChaCha8Rng) -> f64 {
    let strict = (0..RESAMPLES).filter(|_| {
        let constants: Vec<f64> = ours.iter().map(|group| draw(&group.1, rng)).collect();
        claimed(slice, &constants).windows(2).all(|pair| pair[0] < pair[1])
    });
    strict.count() as f64 / RESAMPLES as f64
}

fn draw(values: &[f64], rng: &mut ChaCha8Rng) -> f64 {
    values[rng.random_range(0..values.len())]
}

/// Ends of the middle 95 % of the rank correlations of resampled constants.
fn interval(
    slice: Slice,
    places: impl Iterator<Item = usize>,
    mut resample: impl FnMut() -> Vec<f64>,
) -> Option<(f64, f64)> {
    let places: Vec<f64> = places.map(|place| place as f64).collect();
    let mut all: Vec<f64> =
        (0..RESAMPLES).filter_map(|_| rank_correlation(&places, &claimed(slice, &resample()))).collect();
    all.sort_unstable_by(f64::total_cmp);
    (!all.is_empty()).then(|| (quantile(&all, 0.025), quantile(&all, 0.975)))
}
