//! The two precisions of training.

use ndarray::LinalgScalar;

/// f32 or f64, with what training needs of them.
pub(super) trait Number: LinalgScalar + PartialOrd + Send + Sync {
    fn of(value: f64) -> Self;
    fn to_f64(self) -> f64;
    fn sqrt(self) -> Self;
}

impl Number for f32 {
    fn of(value: f64) -> f32 {
        value as f32
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn sqrt(self) -> f32 {
        self.sqrt()
    }
}

impl Number for f64 {
    fn of(value: f64) -> f64 {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn sqrt(self) -> f64 {
        self.sqrt()
    }
}
