//! The experiment as tables: one row a network, and one row a place on its curve.

mod curvature;
mod growth;
mod panels;
mod recorded;
mod verdict;

pub use curvature::{curvature_grid_table, curvature_trend_table};
pub use growth::{growth_fit_table, growth_table};
pub use panels::panel_table;
pub use recorded::recorded_experiment;
pub use verdict::{constant_table, order_table, samples};

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};

use crate::experiment::{Configuration, Mode, QUANTILES, Run, Settings, Task, fingerprint};
use hessia::Result;
use hessia::table::{Provenance, integers};

/// One row a network: what it is, how it was trained, and C with its interval.
///
/// `dataset`, `mode`, `hidden` (h), `inner_layers` (the paper's N), `matrices` (N + 2), `parameters`, `seed`, `loss`,
/// `accuracy`, `gradient_norm`, `dead_units` (all hidden layers together), `dead` (a layer without an active unit),
/// `constant` (C), `constant_low`, `constant_high` (95 % bootstrap over objects), `constant_of_curve`.
///
/// # Errors
/// Only what polars refuses.
pub fn configuration_table(dataset: &str, mode: Mode, runs: &[Run]) -> Result<DataFrame> {
    let mut columns = labels(dataset, mode, runs.iter().map(|run| run.configuration));
    let count = |name: &str, of: &dyn Fn(&Run) -> usize| {
        Series::new(name.into(), integers(runs.iter().map(of))).into_column()
    };
    let number = |name: &str, of: &dyn Fn(&Run) -> f64| {
        Series::new(name.into(), runs.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    columns.extend([
        count("parameters", &|run| run.parameters),
        number("loss", &|run| run.loss),
        number("accuracy", &|run| run.accuracy),
        number("gradient_norm", &|run| run.gradient_norm),
        count("dead_units", &|run| run.dead_units.iter().sum()),
        Series::new("dead".into(), runs.iter().map(Run::is_dead).collect::<Vec<_>>()).into_column(),
        number("constant", &|run| run.constant),
        number("constant_low", &|run| run.constant_interval.0),
        number("constant_high", &|run| run.constant_interval.1),
        number("constant_of_curve", &|run| run.constant_of_curve),
    ]);
    hessia::table::frame(columns)
}

/// One row a network and k: `|L_{k+1} - L_k|` over random orders.
///
/// `dataset`, `mode`, `hidden`, `inner_layers`, `matrices`, `seed`, `k` (objects before the one that joins), `mean`,
/// `q05`, `q25`, `q50`, `q75`, `q95`, `smoothed` (the mean, smoothed over k as in the paper: its first few hundred
/// values are the smoothing's start).
///
/// # Errors
/// Only what polars refuses.
pub fn curve_table(dataset: &str, mode: Mode, runs: &[Run]) -> Result<DataFrame> {
    let repeated = runs.iter().flat_map(|run| std::iter::repeat_n(run, run.curve.k.len()));
    let mut columns = labels(dataset, mode, repeated.map(|run| run.configuration));
    let number = |name: &str, of: &dyn Fn(&Run) -> Vec<f64>| {
        Series::new(name.into(), runs.iter().flat_map(of).collect::<Vec<_>>()).into_column()
    };
    let k = integers(runs.iter().flat_map(|run| run.curve.k.iter().copied()));
    columns.push(Series::new("k".into(), k).into_column());
    columns.push(number("mean", &|run| run.curve.mean.clone()));
    for (at, quantile) in QUANTILES.iter().enumerate() {
        let name = format!("q{:02.0}", 100.0 * quantile);
        columns.push(number(&name, &|run| run.curve.quantiles.iter().map(|q| q[at]).collect()));
    }
    columns.push(number("smoothed", &|run| run.curve.smoothed.clone()));
    hessia::table::frame(columns)
}

/// What made a table of an experiment.
pub fn experiment_provenance(table: &str, task: &Task, settings: &Settings) -> Provenance {
    let mut made = Provenance::new(table);
    if let Some(decided) = fingerprint(task, settings).as_object() {
        for (name, value) in decided {
            made = made.setting(name.as_str(), value.clone());
        }
    }
    made.setting("hidden_widths", settings.hidden_widths.clone())
        .setting("inner_layers", settings.inner_layers.clone())
        .setting("seeds", settings.seeds.clone())
        .setting("figures_only", settings.figures_only)
}

/// The columns that say which network a row is of.
fn labels(dataset: &str, mode: Mode, of: impl Iterator<Item = Configuration>) -> Vec<Column> {
    let of: Vec<_> = of.collect();
    let seeds: Vec<i64> = of.iter().map(|c| c.seed as i64).collect();
    vec![
        Series::new("dataset".into(), vec![dataset; of.len()]).into_column(),
        Series::new("mode".into(), vec![mode.name(); of.len()]).into_column(),
        Series::new("hidden".into(), integers(of.iter().map(|c| c.hidden))).into_column(),
        Series::new("inner_layers".into(), integers(of.iter().map(|c| c.inner_layers))).into_column(),
        Series::new("matrices".into(), integers(of.iter().map(|c| c.matrices()))).into_column(),
        Series::new("seed".into(), seeds).into_column(),
    ]
}
