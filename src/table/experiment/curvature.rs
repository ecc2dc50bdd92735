//! The curvature of the grid's networks, and how it changes with the width and the depth.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use super::integers;
use crate::experiment::{CurvatureRun, Mode, Slice, rank_correlation};
use crate::{Result, table::frame};

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
/// `dataset`, `mode`, `hidden`, `inner_layers`, `matrices`, `seed`, `k`, `radius`, then `mean_hessian` (`||H||_2`),
/// `smallest_eigenvalue`, `second_eigenvalue`, `object_mean`, `object_max` (`||H_i||_2`), `object_ggn_mean`,
/// `hessian_gap` (`||H_{k+1} - H||_2`), `zeroth_order`, `first_order_bound`, `second_order_bound`, `bound` (their sum),
/// `difference_random`, `difference_top` (`|L_{k+1} - L_k|` in a random direction and along the top eigenvector), and
/// `residual` of the eigenvalues over `||H||`.
///
/// # Errors
/// Only what polars refuses.
pub fn curvature_grid_table(dataset: &str, mode: Mode, runs: &[CurvatureRun]) -> Result<DataFrame> {
    let mut columns = super::labels(dataset, mode, runs.iter().map(|run| run.configuration));
    columns.push(Series::new("k".into(), integers(runs.iter().map(|run| run.k))).into_column());
    let number = |name: &str, of: fn(&CurvatureRun) -> f64| {
        Series::new(name.into(), runs.iter().map(of).collect::<Vec<_>>()).into_column()
    };
    columns.push(number("radius", |run| run.radius));
    columns.extend(QUANTITIES.map(|(name, of)| number(name, of)));
    columns.push(number("residual", |run| run.residual));
    frame(columns)
}

/// One row a quantity and section: Spearman's rank correlation with h at N = 5, and with N at h = 16.
///
/// `quantity`, `slice`, `networks`, `correlation` (over all networks of the section; +1 rises with h or N), `first`,
/// `last` (mean at the smallest and at the largest h or N).
///
/// # Errors
/// Only what polars refuses.
pub fn curvature_trend_table(runs: &[CurvatureRun]) -> Result<DataFrame> {
    let (mut quantities, mut slices, mut networks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut correlations, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    for (name, of) in QUANTITIES {
        for slice in Slice::ALL {
            let place =
                |run: &CurvatureRun| slice.along(run.configuration.hidden, run.configuration.inner_layers);
            let mut of_slice: Vec<&CurvatureRun> = runs
                .iter()
                .filter(|run| slice.has(run.configuration.hidden, run.configuration.inner_layers))
                .collect();
            of_slice.sort_by_key(|run| place(run));
            let places: Vec<f64> = of_slice.iter().map(|run| place(run) as f64).collect();
            let values: Vec<f64> = of_slice.iter().map(|run| of(run)).collect();
            let mean_at = |at: Option<&f64>| -> Option<f64> {
                let there: Vec<f64> = places
                    .iter()
                    .zip(&values)
                    .filter(|pair| Some(pair.0) == at)
                    .map(|pair| *pair.1)
                    .collect();
                (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
            };
            quantities.push(name);
            slices.push(slice.name());
            networks.push(of_slice.len());
            correlations.push(rank_correlation(&places, &values));
            firsts.push(mean_at(places.first()));
            lasts.push(mean_at(places.last()));
        }
    }
    frame(vec![
        Series::new("quantity".into(), quantities).into_column(),
        Series::new("slice".into(), slices).into_column(),
        Series::new("networks".into(), integers(networks)).into_column(),
        Series::new("correlation".into(), correlations).into_column(),
        Series::new("first".into(), firsts).into_column(),
        Series::new("last".into(), lasts).into_column(),
    ])
}
