//! Measured cost of curvature matrices.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::Result;
use crate::cost::Cost;

/// One row a measurement: `network`, `parameters`, `objects`, `seconds`, `flops`, `plain_flops`, `active_share`,
/// `dgemm_gflops`, `dgemm_share`, `plain_share`; the columns are the fields and shares of [`Cost`].
///
/// # Errors
/// None but polars' own.
pub fn cost_table(costs: &[Cost]) -> Result<DataFrame> {
    let floats = |name: &str, value: &dyn Fn(&Cost) -> f64| {
        Series::new(name.into(), costs.iter().map(value).collect::<Vec<_>>()).into_column()
    };
    let integers = |name: &str, value: &dyn Fn(&Cost) -> i64| {
        Series::new(name.into(), costs.iter().map(value).collect::<Vec<_>>()).into_column()
    };
    let networks: Vec<_> = costs.iter().map(|cost| cost.network.as_str()).collect();
    super::frame(vec![
        Series::new("network".into(), networks).into_column(),
        integers("parameters", &|cost| cost.parameters as i64),
        integers("objects", &|cost| cost.objects as i64),
        floats("seconds", &|cost| cost.seconds),
        integers("flops", &|cost| cost.flops as i64),
        integers("plain_flops", &|cost| cost.plain_flops as i64),
        floats("active_share", &|cost| cost.active_share),
        floats("dgemm_gflops", &|cost| cost.dgemm_gflops),
        floats("dgemm_share", &Cost::dgemm_share),
        floats("plain_share", &Cost::plain_share),
    ])
}
