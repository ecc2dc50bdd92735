//! Lemma 2 along directions, as a table.

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};

use crate::theory::{Lemma2, Probe, TOLERANCE};
use hessia::Result;

/// One row a probe: `direction`, `index`, `k`, `radius`, then the terms of [`Lemma2`], each a column, and whether
/// the bounds hold.
///
/// - `stated_holds`: null where the bound does not apply or overflows;
/// - `corrected_holds`: `|difference| <= corrected + |remainder|`;
/// - `expansion_suffices`: the same without the remainder, true where the expansion to second order bounds the
///   difference by itself.
///
/// # Errors
/// None but polars' own.
///
/// ```
/// use hessia_paper::theory::{ProbeSettings, probe};
/// use hessia::{Activation, Dataset, Loss, Network, Targets, table::lemma_2_table};
/// use ndarray::{Array2, array};
/// let star = Network::random(&[3, 4, 2], false, Activation::Relu, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let settings = ProbeSettings { objects: vec![2], radii: vec![0.1], random: 1, top: 1, seed: 1 };
/// let table = lemma_2_table(&probe(&star, &data, Loss::cross_entropy(), &settings)?)?;
/// assert_eq!(table.height(), 4);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn lemma_2_table(probes: &[Probe]) -> Result<DataFrame> {
    let text: Vec<_> = probes.iter().map(|probe| probe.direction.name()).collect();
    let index = hessia::table::integers(probes.iter().map(|probe| probe.index));
    let k = hessia::table::integers(probes.iter().map(|probe| probe.terms.k));
    let mut columns = vec![
        Series::new("direction".into(), text).into_column(),
        Series::new("index".into(), index).into_column(),
        Series::new("k".into(), k).into_column(),
    ];
    let number = |name: &str, value: fn(&Lemma2) -> f64| -> Column {
        let values: Vec<f64> = probes.iter().map(|probe| value(&probe.terms)).collect();
        Series::new(name.into(), values).into_column()
    };
    columns.extend([
        number("radius", |t| t.radius),
        number("difference", |t| t.difference),
        number("zeroth_order", |t| t.zeroth_order),
        number("first_order", |t| t.first_order),
        number("second_order", |t| t.second_order),
        number("remainder", |t| t.remainder),
        number("first_order_bound", |t| t.first_order_bound),
        number("second_order_bound", |t| t.second_order_bound),
        number("stated_measured", |t| t.stated_measured),
        number("corrected", |t| t.corrected),
    ]);
    let stated: Vec<Option<f64>> = probes.iter().map(|probe| probe.terms.stated).collect();
    columns.push(Series::new("stated".into(), stated).into_column());
    let verdict = |name: &str, value: fn(&Lemma2) -> Option<bool>| -> Column {
        let values: Vec<Option<bool>> = probes.iter().map(|probe| value(&probe.terms)).collect();
        Series::new(name.into(), values).into_column()
    };
    columns.extend([
        verdict("stated_holds", Lemma2::stated_holds),
        verdict("corrected_holds", |t| {
            Some(t.difference.abs() <= (t.corrected + t.remainder.abs()) * (1.0 + TOLERANCE))
        }),
        verdict("expansion_suffices", |t| Some(t.difference.abs() <= t.corrected * (1.0 + TOLERANCE))),
    ]);
    hessia::table::frame(columns)
}
