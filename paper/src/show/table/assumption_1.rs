//! Assumption 1, measured.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::theory::Assumption1;
use hessia::Result;

/// One row a point: `point`, `k`, `loss_before`, `gradient_before`, `gradient_after`, `gradient_joining`,
/// `gradient_largest`, the fields of [`Assumption1`].
///
/// # Errors
/// None but polars' own.
pub fn assumption_1_table(points: &[Assumption1]) -> Result<DataFrame> {
    let number = |name: &str, value: fn(&Assumption1) -> f64| {
        Series::new(name.into(), points.iter().map(value).collect::<Vec<_>>()).into_column()
    };
    let names: Vec<_> = points.iter().map(|p| p.point.as_str()).collect();
    hessia::table::frame(vec![
        Series::new("point".into(), names).into_column(),
        Series::new("k".into(), hessia::table::integers(points.iter().map(|p| p.k))).into_column(),
        number("loss_before", |p| p.loss_before),
        number("gradient_before", |p| p.gradient_before),
        number("gradient_after", |p| p.gradient_after),
        number("gradient_joining", |p| p.gradient_joining),
        number("gradient_largest", |p| p.gradient_largest),
    ])
}
