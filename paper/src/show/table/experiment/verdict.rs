//! C over seeds beside the paper's, and the verdict on the 16 panels.

use polars::prelude::{DataFrame, DataType, IntoColumn, NamedFrom, Series};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::experiment::{Finding, Sample, Verdict, living, paper_curves};
use hessia::table::{frame, integers};
use hessia::{Error, Result};

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
    let number = |name: &str, of: &dyn Fn(&Spread) -> Option<f64>| {
        Series::new(name.into(), own.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    frame(vec![
        Series::new("dataset".into(), curves.iter().map(|c| c.dataset.as_str()).collect::<Vec<_>>())
            .into_column(),
        Series::new("mode".into(), curves.iter().map(|c| c.mode.name()).collect::<Vec<_>>()).into_column(),
        Series::new("slice".into(), curves.iter().map(|c| c.slice.name()).collect::<Vec<_>>()).into_column(),
        Series::new("hidden".into(), integers(curves.iter().map(|c| c.hidden))).into_column(),
        Series::new("inner_layers".into(), integers(curves.iter().map(|c| c.inner_layers))).into_column(),
        Series::new("paper".into(), curves.iter().map(|c| c.constant).collect::<Vec<_>>()).into_column(),
        Series::new("seeds".into(), integers(own.iter().map(|own| own.seeds))).into_column(),
        Series::new("dead".into(), integers(own.iter().map(|own| own.dead))).into_column(),
        number("mean", &|own| own.mean),
        number("deviation", &|own| own.deviation),
        number("low", &|own| own.low),
        number("high", &|own| own.high),
        Series::new("t".into(), t).into_column(),
        Series::new("within".into(), within).into_column(),
    ])
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
    let text = |name: &str, of: &dyn Fn(&Verdict) -> Option<String>| {
        Series::new(name.into(), verdicts.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    let number = |name: &str, of: &dyn Fn(&Verdict) -> Option<f64>| {
        Series::new(name.into(), verdicts.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    let flag = |name: &str, of: &dyn Fn(&Verdict) -> Option<bool>| {
        Series::new(name.into(), verdicts.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    let pairs = |(right, all): (usize, usize)| format!("{right} of {all}");
    frame(vec![
        text("mode", &|v| Some(v.mode.name().to_string())),
        text("dataset", &|v| Some(v.dataset.clone())),
        text("slice", &|v| Some(v.slice.name().to_string())),
        text("claim", &|v| Some(v.slice.claim().to_string())),
        number("paper_rho", &|v| v.paper.correlation),
        number("paper_low", &|v| Some(v.paper.interval?.0)),
        number("paper_high", &|v| Some(v.paper.interval?.1)),
        number("paper_chance", &|v| v.paper.chance),
        text("paper_pairs", &|v| Some(pairs(v.paper.pairs))),
        flag("paper_strict", &|v| Some(v.paper.strict)),
        text("paper", &|v| {
            let words = match (v.paper.strict, v.paper.strictly_reversed) {
                (true, _) => "as claimed",
                (_, true) => "reversed",
                _ => "neither",
            };
            Some(words.to_string())
        }),
        flag("contradicts_text", &|v| Some(!v.paper.strict)),
        number("rho", &|v| v.measured.as_ref()?.correlation),
        number("low", &|v| Some(v.measured.as_ref()?.interval?.0)),
        number("high", &|v| Some(v.measured.as_ref()?.interval?.1)),
        text("pairs", &|v| Some(pairs(v.measured.as_ref()?.pairs))),
        flag("strict", &|v| Some(v.measured.as_ref()?.strict)),
        text("finding", &|v| Some(v.measured.as_ref()?.finding().map(Finding::name)?.to_string())),
        number("single_network_share", &|v| v.single_network_share),
        Series::new("dead".into(), integers(verdicts.iter().map(|v| v.dead))).into_column(),
    ])
}
