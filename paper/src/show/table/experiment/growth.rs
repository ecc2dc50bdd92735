//! Lemma 1 over the grid, as tables.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::experiment::{GROWTH_QUANTITIES, GrowthFit, GrowthRun, Mode};
use hessia::Result;
use hessia::table::frame;
use hessia::table::integers;

fn state(trained: bool) -> &'static str {
    if trained { "trained" } else { "initial" }
}

/// One row a network: `dataset`, `mode`, `hidden`, `inner_layers`, `matrices`, `seed`, `state` (`initial` or
/// `trained`), `dead`, `m` (M), `m_x`, `frobenius_ratio`, then the columns of [`GROWTH_QUANTITIES`], and whether the bounds
/// hold on every object: `stated_holds`, `corrected_holds`.
///
/// # Errors
/// Only what polars refuses.
pub fn growth_table(dataset: &str, mode: Mode, runs: &[GrowthRun]) -> Result<DataFrame> {
    let mut columns = super::labels(dataset, mode, runs.iter().map(|run| run.configuration));
    let states: Vec<_> = runs.iter().map(|run| state(run.trained)).collect();
    columns.push(Series::new("state".into(), states).into_column());
    let number = |name: &str, of: fn(&GrowthRun) -> f64| {
        Series::new(name.into(), runs.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    let verdict = |name: &str, of: fn(&GrowthRun) -> bool| {
        Series::new(name.into(), runs.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    columns.push(verdict("dead", |run| run.dead));
    columns.push(number("m", |run| run.m));
    columns.push(number("m_x", |run| run.m_x));
    columns.push(number("frobenius_ratio", |run| run.frobenius_ratio));
    columns.extend(GROWTH_QUANTITIES.map(|(name, of)| number(name, of)));
    columns.push(verdict("stated_holds", GrowthRun::stated_holds));
    columns.push(verdict("corrected_holds", GrowthRun::corrected_holds));
    frame(columns)
}

/// One row a fitted law: `slice`, `state`, `quantity`, `exponent` with its 95 % interval `lower` to `upper` (power of
/// h along `width`, growth a layer of N along `depth`), `r_squared`, `points`, `left_out` (dead networks).
///
/// # Errors
/// Only what polars refuses.
pub fn growth_fit_table(fits: &[GrowthFit]) -> Result<DataFrame> {
    let text = |name: &str, of: &dyn Fn(&GrowthFit) -> &'static str| {
        Series::new(name.into(), fits.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    let number = |name: &str, of: &dyn Fn(&GrowthFit) -> f64| {
        Series::new(name.into(), fits.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    let count = |name: &str, of: &dyn Fn(&GrowthFit) -> usize| {
        Series::new(name.into(), integers(fits.iter().map(of))).into_column()
    };
    frame(vec![
        text("slice", &|fit| fit.slice.name()),
        text("state", &|fit| state(fit.trained)),
        text("quantity", &|fit| fit.quantity),
        number("exponent", &|fit| fit.fit.exponent),
        number("lower", &|fit| fit.fit.interval.0),
        number("upper", &|fit| fit.fit.interval.1),
        number("r_squared", &|fit| fit.fit.r_squared),
        count("points", &|fit| fit.fit.points),
        count("left_out", &|fit| fit.left_out),
    ])
}
