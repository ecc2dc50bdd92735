//! What the paper's figures show: curves over seeds beside the paper's own.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::experiment::{Curve, Mode, Run, Slice, living, paper_curves};
use hessia::table::{frame, integers};
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
    let mut slices = Vec::new();
    let mut counts: [Vec<usize>; 5] = Default::default();
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut theirs: Vec<Option<f64>> = Vec::new();
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
                slices.push(slice.name());
                let whole = [shape.0, shape.1, group.len(), dead, k];
                counts.iter_mut().zip(whole).for_each(|(column, value)| column.push(value));
                let row = [
                    values.iter().copied().reduce(f64::min).unwrap_or(f64::NAN),
                    values.iter().sum::<f64>() / count,
                    values.iter().copied().reduce(f64::max).unwrap_or(f64::NAN),
                    alive.iter().map(|run| run.curve.mean[at]).sum::<f64>() / count,
                    constant / (k + 1) as f64,
                ];
                columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
                theirs
                    .push(own.and_then(|c| c.points.iter().find(|point| point.0 == k)).map(|point| point.1));
            }
        }
    }
    let mut all = vec![
        Series::new("dataset".into(), vec![dataset; slices.len()]).into_column(),
        Series::new("mode".into(), vec![mode.name(); slices.len()]).into_column(),
        Series::new("slice".into(), slices).into_column(),
    ];
    for (name, values) in ["hidden", "inner_layers", "networks", "dead", "k"].into_iter().zip(counts) {
        all.push(Series::new(name.into(), integers(values)).into_column());
    }
    for (name, values) in ["low", "middle", "high", "unsmoothed", "law"].into_iter().zip(columns) {
        all.push(Series::new(name.into(), values).into_column());
    }
    all.push(Series::new("paper".into(), theirs).into_column());
    frame(all)
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
