//! Laws fitted to measured points: straight lines, powers, exponentials.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Error, Result};

/// A law `y = factor * g(x)` with the exponent of `g` and its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Fit {
    /// The slope of the line, or of the logarithms.
    pub exponent: f64,
    /// 95 % confidence interval of the exponent (Student's t with n - 2 degrees of freedom).
    pub interval: (f64, f64),
    /// The value at x = 0 (line), x = 1 (power) or x = 0 (exponential).
    pub factor: f64,
    /// Share of the variance that the law explains, of logarithms where these were fitted; 1 for constant values.
    pub r_squared: f64,
    /// Number of points.
    pub points: usize,
}

/// Least-squares line `y = factor + exponent x` through n >= 3 points.
///
/// # Errors
/// Different lengths, fewer than three points, numbers that are not finite, or equal `x`.
///
/// ```
/// use hessia::fit::line;
/// let fit = line(&[1.0, 2.0, 3.0, 4.0], &[3.0, 5.0, 7.0, 9.0])?;
/// assert!((fit.exponent - 2.0).abs() < 1e-14 && (fit.factor - 1.0).abs() < 1e-14);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn line(x: &[f64], y: &[f64]) -> Result<Fit> {
    if x.len() != y.len() {
        return Err(Error::ShapeMismatch { what: "y".into(), expected: vec![x.len()], found: vec![y.len()] });
    }
    if x.len() < 3 {
        return Err(Error::argument("points", "at least three", x.len()));
    }
    if let Some(bad) = x.iter().chain(y).find(|v| !v.is_finite()) {
        return Err(Error::argument("points", "finite numbers", bad));
    }
    let count = x.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let sum = |term: &dyn Fn(f64, f64) -> f64| -> f64 {
        x.iter().zip(y).map(|(&x, &y)| term(x - mean_x, y - mean_y)).sum()
    };
    let (xx, xy, yy) = (sum(&|x, _| x * x), sum(&|x, y| x * y), sum(&|_, y| y * y));
    if xx == 0.0 {
        return Err(Error::argument("x", "at least two different values", x[0]));
    }
    let slope = xy / xx;
    let rest = sum(&|x, y| (y - slope * x).powi(2));
    let degrees = count - 2.0;
    // The distribution exists for every positive number of degrees.
    let quantile = StudentsT::new(0.0, 1.0, degrees).map_or(f64::INFINITY, |t| t.inverse_cdf(0.975));
    let half = quantile * (rest / degrees / xx).sqrt();
    Ok(Fit {
        exponent: slope,
        interval: (slope - half, slope + half),
        factor: mean_y - slope * mean_x,
        r_squared: if yy == 0.0 { 1.0 } else { 1.0 - rest / yy },
        points: x.len(),
    })
}

/// Power law `y = factor * x^exponent`: a [`line()`] through the logarithms.
///
/// # Errors
/// As [`line()`]; numbers that are not positive.
///
/// ```
/// use hessia::fit::power_law;
/// let fit = power_law(&[1.0, 2.0, 4.0], &[3.0, 12.0, 48.0])?;
/// assert!((fit.exponent - 2.0).abs() < 1e-14 && (fit.factor - 3.0).abs() < 1e-14);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn power_law(x: &[f64], y: &[f64]) -> Result<Fit> {
    let fit = line(&logarithms("x", x)?, &logarithms("y", y)?)?;
    Ok(Fit { factor: fit.factor.exp(), ..fit })
}

/// Exponential `y = factor * exp(exponent * x)`: a [`line()`] through the logarithms of `y`.
///
/// # Errors
/// As [`line()`]; `y` that are not positive.
///
/// ```
/// use hessia::fit::exponential;
/// let fit = exponential(&[0.0, 1.0, 2.0], &[1.0, 2.0, 4.0])?;
/// assert!((fit.exponent - 2.0_f64.ln()).abs() < 1e-14);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn exponential(x: &[f64], y: &[f64]) -> Result<Fit> {
    let fit = line(x, &logarithms("y", y)?)?;
    Ok(Fit { factor: fit.factor.exp(), ..fit })
}

fn logarithms(what: &str, values: &[f64]) -> Result<Vec<f64>> {
    match values.iter().find(|v| !v.is_finite() || **v <= 0.0) {
        Some(bad) => Err(Error::argument(what, "positive numbers", bad)),
        None => Ok(values.iter().map(|v| v.ln()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::{line, power_law};

    #[test]
    fn the_interval_is_students() {
        // By hand: xx = 5, xy = 3, yy = 5, so the slope is 0.6 and the rest 5 - 9 / 5 on two degrees of freedom.
        let fit = line(&[0.0, 1.0, 2.0, 3.0], &[1.0, 0.0, 3.0, 2.0]).unwrap();
        assert!((fit.exponent - 0.6).abs() < 1e-14, "{fit:?}");
        let half = 4.302_652_729_911_275 * (3.2_f64 / 2.0 / 5.0).sqrt();
        assert!((fit.interval.1 - 0.6 - half).abs() < 1e-9 * half, "{fit:?}");
        assert!((fit.r_squared - 0.36).abs() < 1e-14, "{fit:?}");
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        for (x, y, message) in [
            (&[1.0, 2.0][..], &[1.0, 2.0][..], "at least three, found 2"),
            (&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0], "different values"),
            (&[1.0, 2.0, 3.0], &[1.0, 0.0, 3.0], "positive numbers, found 0"),
            (&[1.0, 2.0, 3.0], &[1.0, 2.0], "expected shape [3], found [2]"),
        ] {
            let error = power_law(x, y).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
