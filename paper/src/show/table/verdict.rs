//! What the paper's figures show: curves and C over seeds beside the paper's own, and the verdict on the 16 panels.

use polars::prelude::{DataFrame, DataType};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::experiment::{Curve, Mode, Run, Sample, Slice, Verdict, living, paper_curves};
use hessia::table::Columns;
use hessia::{Error, Result};

/// One row a curve of the paper's two sections and k, over the seeds of that network.
///
/// `dataset`, `mode`, `slice` (`width`: N = 5; `depth`: h = 16), `hidden`, `inner_layers`, `networks`, `dead`, `k`,
/// `low`, `middle`, `high` (smallest, mean and largest over seeds of the smoothed mean of `|L_{k+1} - L_k|`),
/// `unsmoothed` (mean over seeds), `law` (mean C over k + 1), `paper` (its own smoothed curve, null where it is not
/// known). Dead networks, all of whose differences are zero, are counted and enter nothing else.
///
/// # Errors
/// Runs of the same shape whose curves have other k, as those of another number of objects; what polars refuses.
pub fn panel_table(dataset: &str, mode: Mode, runs: &[Run]) -> Result<DataFrame> {
    let paper = paper_curves();
    let mut rows: Vec<Row> = Vec::new();
    for slice in Slice::ALL {
        for group in by_shape(runs, slice) {
            let shape = (group[0].configuration.hidden, group[0].configuration.inner_layers);
            let own = paper.iter().find(|curve| {
                (curve.mode, curve.slice, curve.dataset.as_str()) == (mode, slice, dataset)
                    && (curve.hidden, curve.inner_layers) == shape
            });
            let (alive, dead) = living(group.iter().copied());
            check_places(&group)?;
            let count = alive.len() as f64;
            let constant = alive.iter().map(|run| run.constant).sum::<f64>() / count;
            for (at, &k) in group[0].curve.k.iter().enumerate() {
                let values: Vec<f64> = alive.iter().map(|run| run.curve.smoothed[at]).collect();
                let theirs = own.and_then(|curve| curve.points.iter().find(|point| point.0 == k));
                rows.push(Row {
                    slice,
                    shape,
                    networks: group.len(),
                    dead,
                    k,
                    low: values.iter().copied().reduce(f64::min).unwrap_or(f64::NAN),
                    middle: values.iter().sum::<f64>() / count,
                    high: values.iter().copied().reduce(f64::max).unwrap_or(f64::NAN),
                    unsmoothed: alive.iter().map(|run| run.curve.mean[at]).sum::<f64>() / count,
                    law: constant / (k + 1) as f64,
                    paper: theirs.map(|point| point.1),
                });
            }
        }
    }
    Columns::new()
        .text("dataset", vec![dataset; rows.len()])
        .text("mode", vec![mode.name(); rows.len()])
        .text("slice", rows.iter().map(|row| row.slice.name()))
        .count("hidden", rows.iter().map(|row| row.shape.0))
        .count("inner_layers", rows.iter().map(|row| row.shape.1))
        .count("networks", rows.iter().map(|row| row.networks))
        .count("dead", rows.iter().map(|row| row.dead))
        .count("k", rows.iter().map(|row| row.k))
        .number("low", rows.iter().map(|row| row.low))
        .number("middle", rows.iter().map(|row| row.middle))
        .number("high", rows.iter().map(|row| row.high))
        .number("unsmoothed", rows.iter().map(|row| row.unsmoothed))
        .number("law", rows.iter().map(|row| row.law))
        .number("paper", rows.iter().map(|row| row.paper))
        .into_table()
}

/// One place on the curves of one shape.
struct Row {
    slice: Slice,
    shape: (usize, usize),
    networks: usize,
    dead: usize,
    k: usize,
    low: f64,
    middle: f64,
    high: f64,
    unsmoothed: f64,
    law: f64,
    paper: Option<f64>,
}

/// Refuses curves that have not the same k: means over them would be of different things.
fn check_places(group: &[&Run]) -> Result<()> {
    let first = group[0];
    let lengths = |run: &Run| {
        let Curve { k, mean, smoothed, .. } = &run.curve;
        (k.len() == mean.len() && k.len() == smoothed.len()).then_some(k.len())
    };
    for run in group {
        if lengths(run).is_none() || run.curve.k != first.curve.k {
            let shown = |run: &Run| {
                let last = run.curve.k.last().map_or("none".to_string(), usize::to_string);
                format!("{} places up to k = {last}", run.curve.k.len())
            };
            let expected = format!("the {} of {}", shown(first), first.configuration);
            let found = format!("{} of {}", shown(run), run.configuration);
            return Err(Error::argument("curves of one panel", expected, found));
        }
    }
    Ok(())
}

/// Runs of a slice, those that differ in the seed alone together; by what varies along it.
fn by_shape(runs: &[Run], slice: Slice) -> Vec<Vec<&Run>> {
    let mut groups: std::collections::BTreeMap<usize, Vec<&Run>> = std::collections::BTreeMap::new();
    for run in runs {
        let (hidden, inner_layers) = (run.configuration.hidden, run.configuration.inner_layers);
        if slice.has(hidden, inner_layers) {
            groups.entry(slice.along(hidden, inner_layers)).or_default().push(run);
        }
    }
    groups.into_values().collect()
}

/// C of each network in a [`configuration_table`](super::configuration_table), or in several put together.
///
/// # Errors
/// A column that the table does not have or that has other values.
pub fn samples(table: &DataFrame) -> Result<Vec<Sample>> {
    let number = |name: &str| -> Result<Vec<f64>> {
        let column = table.column(name)?.cast(&DataType::Float64)?;
        column
            .f64()?
            .iter()
            .map(|value| value.ok_or_else(|| Error::Table { message: format!("null in column {name}") }))
            .collect()
    };
    let text = |name: &str| -> Result<Vec<String>> {
        Ok(table.column(name)?.str()?.iter().map(|value| value.unwrap_or_default().to_string()).collect())
    };
    let (datasets, modes) = (text("dataset")?, text("mode")?);
    let (hidden, inner, seeds) = (number("hidden")?, number("inner_layers")?, number("seed")?);
    let (constants, dead) = (number("constant")?, number("dead")?);
    (0..table.height())
        .map(|row| {
            Ok(Sample {
                dataset: datasets[row].clone(),
                mode: modes[row].parse()?,
                hidden: hidden[row] as usize,
                inner_layers: inner[row] as usize,
                seed: seeds[row] as u64,
                constant: constants[row],
                dead: dead[row] != 0.0,
            })
        })
        .collect()
}

/// One row a curve of the paper's figures (80): its C, and C over our seeds.
///
/// `dataset`, `mode`, `slice`, `hidden`, `inner_layers`, `paper`, `seeds` (living networks, which all that follows is
/// of), `dead` (those left out), `mean`, `deviation`
/// (standard), `low`, `high` (smallest and largest), `t` = (paper - mean) / (deviation √(1 + 1/seeds)), `within`:
/// whether the paper's network is one that our seeds may bring, |t| below the 97.5 % quantile of Student's t with
/// seeds - 1 degrees of freedom. Null where a side is not known.
///
/// # Errors
/// Only what polars refuses.
pub fn constant_table(samples: &[Sample]) -> Result<DataFrame> {
    let curves = paper_curves();
    let own: Vec<Spread> = curves
        .iter()
        .map(|curve| {
            let key = (curve.mode, curve.dataset.as_str(), curve.hidden, curve.inner_layers);
            let of = |s: &&Sample| (s.mode, s.dataset.as_str(), s.hidden, s.inner_layers) == key;
            Spread::of(samples.iter().filter(of))
        })
        .collect();
    let t: Vec<Option<f64>> = curves
        .iter()
        .zip(&own)
        .map(|(curve, own)| {
            let deviation = own.deviation? * (1.0 + 1.0 / own.seeds as f64).sqrt();
            (deviation > 0.0).then_some((curve.constant? - own.mean?) / deviation)
        })
        .collect();
    let within: Vec<Option<bool>> = t
        .iter()
        .zip(&own)
        .map(|(t, own)| {
            let student = StudentsT::new(0.0, 1.0, own.seeds as f64 - 1.0).ok()?;
            t.map(|t| t.abs() < student.inverse_cdf(0.975))
        })
        .collect();
    Columns::new()
        .text("dataset", curves.iter().map(|curve| &curve.dataset))
        .text("mode", curves.iter().map(|curve| curve.mode.name()))
        .text("slice", curves.iter().map(|curve| curve.slice.name()))
        .count("hidden", curves.iter().map(|curve| curve.hidden))
        .count("inner_layers", curves.iter().map(|curve| curve.inner_layers))
        .number("paper", curves.iter().map(|curve| curve.constant))
        .count("seeds", own.iter().map(|own| own.seeds))
        .count("dead", own.iter().map(|own| own.dead))
        .number("mean", own.iter().map(|own| own.mean))
        .number("deviation", own.iter().map(|own| own.deviation))
        .number("low", own.iter().map(|own| own.low))
        .number("high", own.iter().map(|own| own.high))
        .number("t", t)
        .flag("within", within)
        .into_table()
}

/// C over seeds.
struct Spread {
    seeds: usize,
    dead: usize,
    mean: Option<f64>,
    deviation: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl Spread {
    fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Spread {
        let (alive, dead) = living(samples);
        let constants: Vec<f64> = alive.iter().map(|sample| sample.constant).collect();
        let count = constants.len() as f64;
        let mean = (count > 0.0).then(|| constants.iter().sum::<f64>() / count);
        let deviation = mean.filter(|_| count > 1.0).map(|mean| {
            let squares: f64 = constants.iter().map(|c| (c - mean).powi(2)).sum();
            (squares / (count - 1.0)).sqrt()
        });
        Spread {
            seeds: alive.len(),
            dead,
            mean,
            deviation,
            low: constants.iter().copied().reduce(f64::min),
            high: constants.iter().copied().reduce(f64::max),
        }
    }
}

/// One row a figure of the paper (16): its claim, what its own curves and ours say of it.
///
/// `mode`, `dataset`, `slice`, `claim`; of the paper's curves `paper_rho` (Spearman's rank correlation with the claimed
/// order), `paper_low`, `paper_high` (95 %, with the seeds' spread measured here), `paper_chance` (of such a
/// correlation or a higher one in a random order), `paper_pairs` (in the claimed order, such as `7 of 10`),
/// `paper_strict`, `paper` (`as claimed`, `reversed` or `neither`), `contradicts_text`; of ours `rho`, `low`, `high`,
/// `pairs`, `strict`, `finding`, `single_network_share` (how often one network a curve shows the strict order), and `dead`
/// (networks left out of all of these).
///
/// # Errors
/// Only what polars refuses.
pub fn order_table(verdicts: &[Verdict]) -> Result<DataFrame> {
    Columns::new().facts(verdicts).into_table()
}
