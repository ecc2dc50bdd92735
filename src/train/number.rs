//! The two precisions of training.

use ndarray::LinalgScalar;
use num_traits::{Float, NumCast};

/// f32 or f64.
pub(super) trait Number: LinalgScalar + Float + Send + Sync {
    /// The number nearest to a float64.
    fn of(value: f64) -> Self {
        <Self as NumCast>::from(value).unwrap_or_else(Self::nan)
    }

    /// The same number as float64.
    fn as_f64(self) -> f64 {
        self.to_f64().unwrap_or(f64::NAN)
    }
}

impl Number for f32 {}
impl Number for f64 {}
