//! Numbers with their standard errors.

use std::fmt;

use statrs::distribution::{ContinuousCDF, StudentsT};

/// A number estimated from random vectors.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error; zero where the value is exact, infinite where one sample alone was taken.
    pub error: f64,
    /// Samples that the error is taken from.
    pub samples: usize,
    /// Products with single vectors.
    pub products: usize,
}

impl Estimate {
    pub(super) fn exact(value: f64, products: usize) -> Estimate {
        Estimate { value, error: 0.0, samples: 0, products }
    }

    /// The mean of independent samples.
    pub(super) fn mean(samples: &[f64], products: usize) -> Estimate {
        let count = samples.len() as f64;
        let value = samples.iter().sum::<f64>() / count;
        let spread = samples.iter().map(|v| (v - value).powi(2)).sum::<f64>();
        let error = if samples.len() > 1 { (spread / (count - 1.0) / count).sqrt() } else { f64::INFINITY };
        Estimate { value, error, samples: samples.len(), products }
    }

    pub(super) fn plus(self, known: f64) -> Estimate {
        Estimate { value: self.value + known, ..self }
    }

    /// The 95 % interval, by Student's distribution where samples were taken.
    pub fn interval(&self) -> (f64, f64) {
        let half = match self.samples {
            0 => 0.0,
            1 => f64::INFINITY,
            samples => student_quantile(samples - 1) * self.error,
        };
        (self.value - half, self.value + half)
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6e} ± {:.1e} ({} products)", self.value, self.error, self.products)
    }
}

/// The 0.975 quantile of Student's distribution.
pub(super) fn student_quantile(freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom.max(1) as f64).map_or(f64::INFINITY, |t| t.inverse_cdf(0.975))
}
