//! The experiment as tables: one row a network, one row a place on its curve, and how its curvature changes.

use polars::prelude::DataFrame;

use super::super::facts::{configuration_facts, curvature_quantities};
use crate::experiment::{
    Configuration, CurvatureRun, GrowthFit, GrowthRun, Mode, QUANTILES, Run, Settings, Slice, Task,
    fingerprint, living, rank_correlation,
};
use hessia::Result;
use hessia::table::{Columns, Provenance};

/// One row a network: what it is, how it was trained, and C with its interval.
///
/// `dataset`, `mode`, `hidden` (h), `inner_layers` (the paper's N), `matrices` (N + 2), `parameters`, `seed`, `loss`,
/// `accuracy`, `gradient_norm`, `dead_units` (all hidden layers together), `dead` (a layer without an active unit),
/// `constant` (C), `constant_low`, `constant_high` (95 % bootstrap over objects), `constant_of_curve`.
///
/// # Errors
/// Only what polars refuses.
pub fn configuration_table(dataset: &str, mode: Mode, runs: &[Run]) -> Result<DataFrame> {
    networks(dataset, mode, runs.iter().map(|run| run.configuration)).facts(runs).into_table()
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
    let mut made = networks(dataset, mode, repeated.map(|run| run.configuration))
        .count("k", runs.iter().flat_map(|run| run.curve.k.iter().copied()))
        .number("mean", runs.iter().flat_map(|run| run.curve.mean.iter().copied()));
    for (at, quantile) in QUANTILES.iter().enumerate() {
        let name = format!("q{:02.0}", 100.0 * quantile);
        made = made.number(&name, runs.iter().flat_map(|run| run.curve.quantiles.iter().map(move |q| q[at])));
    }
    made.number("smoothed", runs.iter().flat_map(|run| run.curve.smoothed.iter().copied())).into_table()
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
fn networks(dataset: &str, mode: Mode, of: impl Iterator<Item = Configuration>) -> Columns {
    let of: Vec<_> = of.collect();
    Columns::new()
        .text("dataset", vec![dataset; of.len()])
        .text("mode", vec![mode.name(); of.len()])
        .list(&configuration_facts(), &of)
}

/// One row a network: `dataset`, `mode`, `hidden`, `inner_layers`, `matrices`, `seed`, `state` (`initial` or
/// `trained`), `dead`, `m` (M), `m_x`, `frobenius_ratio`, then the columns of
/// [`GROWTH_QUANTITIES`](crate::experiment::GROWTH_QUANTITIES), and whether the bounds hold on every object: `stated_holds`, `corrected_holds`.
///
/// # Errors
/// Only what polars refuses.
pub fn growth_table(dataset: &str, mode: Mode, runs: &[GrowthRun]) -> Result<DataFrame> {
    networks(dataset, mode, runs.iter().map(|run| run.configuration)).facts(runs).into_table()
}

/// One row a fitted law: `slice`, `state`, `quantity`, `exponent` with its 95 % interval `lower` to `upper` (power of
/// h along `width`, growth a layer of N along `depth`), `r_squared`, `points`, `left_out` (dead networks).
///
/// # Errors
/// Only what polars refuses.
pub fn growth_fit_table(fits: &[GrowthFit]) -> Result<DataFrame> {
    Columns::new().facts(fits).into_table()
}

/// One row a network: norms of its Hessians, and the terms of Lemma 2 at the distance R from theta-hat.
///
/// `dataset`, `mode`, `hidden`, `inner_layers`, `matrices`, `seed`, `dead`, `k`, `radius`, then `mean_hessian` (`||H||_2`),
/// `smallest_eigenvalue`, `second_eigenvalue`, `object_mean`, `object_max` (`||H_i||_2`), `object_ggn_mean`,
/// `hessian_gap` (`||H_{k+1} - H||_2`), `zeroth_order`, `first_order_bound`, `second_order_bound`, `bound` (their sum),
/// `difference_random`, `difference_top` (`|L_{k+1} - L_k|` in a random direction and along the top eigenvector), and
/// `residual` of the eigenvalues over `||H||`.
///
/// # Errors
/// Only what polars refuses.
pub fn curvature_grid_table(dataset: &str, mode: Mode, runs: &[CurvatureRun]) -> Result<DataFrame> {
    networks(dataset, mode, runs.iter().map(|run| run.configuration)).facts(runs).into_table()
}

/// One row a quantity: how it changes with h at N = 5, and with N at h = 16.
///
/// `quantity`, then for each section `width` and `depth`: `_correlation` (Spearman's, over all living networks; +1
/// rises), `_first`, `_last` (means at the smallest and at the largest h or N), `_dead` (networks left out of these). The
/// second eigenvalue is left out.
///
/// # Errors
/// Only what polars refuses.
pub fn curvature_trend_table(runs: &[CurvatureRun]) -> Result<DataFrame> {
    let quantities: Vec<_> =
        curvature_quantities().into_iter().filter(|(name, ..)| *name != "second_eigenvalue").collect();
    let mut made = Columns::new().text("quantity", quantities.iter().map(|(name, ..)| name));
    for slice in Slice::ALL {
        let of_slice =
            |run: &&CurvatureRun| slice.has(run.configuration.hidden, run.configuration.inner_layers);
        let (alive, dead) = living(runs.iter().filter(of_slice));
        let trends: Vec<Trend> = quantities.iter().map(|(.., of)| Trend::of(&alive, slice, *of)).collect();
        made = made
            .number(&format!("{slice}_correlation"), trends.iter().map(|trend| trend.correlation))
            .number(&format!("{slice}_first"), trends.iter().map(|trend| trend.first))
            .number(&format!("{slice}_last"), trends.iter().map(|trend| trend.last))
            .count(&format!("{slice}_dead"), vec![dead; trends.len()]);
    }
    made.into_table()
}

/// How one quantity changes along one section.
struct Trend {
    correlation: Option<f64>,
    first: Option<f64>,
    last: Option<f64>,
}

impl Trend {
    fn of(runs: &[&CurvatureRun], slice: Slice, of: fn(&CurvatureRun) -> f64) -> Trend {
        let shape = |run: &CurvatureRun| (run.configuration.hidden, run.configuration.inner_layers);
        let points: Vec<(f64, f64)> =
            runs.iter().map(|run| (slice.along(shape(run).0, shape(run).1) as f64, of(run))).collect();
        let (places, values): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let mean_at = |place: Option<f64>| {
            let there: Vec<f64> = points.iter().filter(|p| Some(p.0) == place).map(|p| p.1).collect();
            (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
        };
        Trend {
            correlation: rank_correlation(&places, &values),
            first: mean_at(places.iter().copied().reduce(f64::min)),
            last: mean_at(places.iter().copied().reduce(f64::max)),
        }
    }
}
