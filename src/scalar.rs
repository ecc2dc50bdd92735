//! Scalar functions in full relative accuracy, for activations and losses alike.

/// The logistic function and its derivative, without cancellation for large `|z|`.
pub(crate) fn sigmoid(z: f64) -> (f64, f64) {
    let e = (-z.abs()).exp();
    let s = if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
    (s, e / ((1.0 + e) * (1.0 + e)))
}

/// `1 - 2 σ(z) = -tanh(z / 2)`.
pub(crate) fn sigmoid_slope_sign(z: f64) -> f64 {
    -(0.5 * z).tanh()
}
