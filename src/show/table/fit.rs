//! Fitted laws.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::Result;
use crate::fit::Fit;

/// One row a law: `quantity`, `exponent`, its 95 % interval `lower` to `upper`, `factor`, `r_squared`, `points`.
///
/// # Errors
/// None but polars' own.
///
/// ```
/// use hessia::{fit::power_law, table::fit_table};
/// let fit = power_law(&[1.0, 2.0, 4.0], &[3.0, 12.0, 48.0])?;
/// assert_eq!(fit_table(&[("area", fit)])?.height(), 1);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn fit_table(fits: &[(&str, Fit)]) -> Result<DataFrame> {
    let floats = |name: &str, value: &dyn Fn(&Fit) -> f64| {
        Series::new(name.into(), fits.iter().map(|(_, fit)| value(fit)).collect::<Vec<_>>()).into_column()
    };
    let quantities: Vec<_> = fits.iter().map(|(quantity, _)| *quantity).collect();
    super::frame(vec![
        Series::new("quantity".into(), quantities).into_column(),
        floats("exponent", &|fit| fit.exponent),
        floats("lower", &|fit| fit.interval.0),
        floats("upper", &|fit| fit.interval.1),
        floats("factor", &|fit| fit.factor),
        floats("r_squared", &|fit| fit.r_squared),
        Series::new("points".into(), super::integers(fits.iter().map(|(_, fit)| fit.points))).into_column(),
    ])
}
