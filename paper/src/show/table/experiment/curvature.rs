//! The curvature of the grid's networks, and how it changes with the width and the depth.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::experiment::{CurvatureRun, Mode, Slice, living, rank_correlation};
use hessia::Result;
use hessia::table::{frame, integers};

type Quantity = (&'static str, fn(&CurvatureRun) -> f64);

/// The measured quantities, as the columns of [`curvature_grid_table`] have them.
const QUANTITIES: [Quantity; 13] = [
    ("mean_hessian", |run| run.mean_hessian),
    ("smallest_eigenvalue", |run| run.smallest),
    ("second_eigenvalue", |run| run.largest.get(1).copied().unwrap_or(f64::NAN)),
    ("object_mean", |run| run.object_mean),
    ("object_max", |run| run.object_max),
    ("object_ggn_mean", |run| run.object_ggn_mean),
    ("hessian_gap", |run| run.hessian_gap),
    ("zeroth_order", |run| run.zeroth_order),
    ("first_order_bound", |run| run.first_order_bound),
    ("second_order_bound", |run| run.second_order_bound),
    ("bound", CurvatureRun::bound),
    ("difference_random", |run| run.difference_random),
    ("difference_top", |run| run.difference_top),
];

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
    let mut columns = super::labels(dataset, mode, runs.iter().map(|run| run.configuration));
    let dead: Vec<_> = runs.iter().map(|run| run.dead).collect();
    columns.push(Series::new("dead".into(), dead).into_column());
    columns.push(Series::new("k".into(), integers(runs.iter().map(|run| run.k))).into_column());
    let number = |name: &str, of: fn(&CurvatureRun) -> f64| {
        Series::new(name.into(), runs.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    columns.push(number("radius", |run| run.radius));
    columns.extend(QUANTITIES.map(|(name, of)| number(name, of)));
    columns.push(number("residual", |run| run.residual));
    frame(columns)
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
    let quantities = || QUANTITIES.into_iter().filter(|(name, _)| *name != "second_eigenvalue");
    let names: Vec<_> = quantities().map(|(name, _)| name).collect();
    let mut columns = vec![Series::new("quantity".into(), names).into_column()];
    for slice in Slice::ALL {
        let of_slice =
            |run: &&CurvatureRun| slice.has(run.configuration.hidden, run.configuration.inner_layers);
        let (alive, dead) = living(runs.iter().filter(of_slice));
        let trends: Vec<Trend> = quantities().map(|(_, of)| Trend::of(&alive, slice, of)).collect();
        let mut push = |what: &str, of: fn(&Trend) -> Option<f64>| {
            let name = format!("{slice}_{what}");
            columns.push(Series::new(name.into(), trends.iter().map(of).collect::<Vec<_>>()).into_column());
        };
        push("correlation", |trend| trend.correlation);
        push("first", |trend| trend.first);
        push("last", |trend| trend.last);
        let dead = integers(std::iter::repeat_n(dead, trends.len()));
        columns.push(Series::new(format!("{slice}_dead").into(), dead).into_column());
    }
    frame(columns)
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
