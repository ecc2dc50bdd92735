//! The nonlinearity between two linear layers, with its first two derivatives.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::Error;
use crate::scalar::{sigmoid, sigmoid_slope_sign};

/// A scalar activation `s`, by PyTorch's definitions and default constants.
///
/// Where a derivative jumps, the value at the kink is PyTorch's: `relu'(0) = 0`,
/// `leaky_relu'(0) = 0.01`.
///
/// ```
/// use hessia::Activation;
/// assert_eq!(Activation::Relu.derivatives(0.0), (0.0, 0.0, 0.0));
/// assert_eq!(Activation::Tanh.derivatives(0.0), (0.0, 1.0, 0.0));
/// ```
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
    strum::Display,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = Error, parse_err_fn = unknown_activation)]
pub enum Activation {
    /// `max(0, z)`.
    Relu,
    /// `z` for `z > 0`, else `0.01 z`.
    LeakyRelu,
    /// `tanh z`.
    Tanh,
    /// `1 / (1 + exp(-z))`.
    Sigmoid,
    /// `log(1 + exp z)`, and `z` itself above 20.
    Softplus,
    /// `z Φ(z)` with the exact normal distribution function (not the tanh fit).
    Gelu,
    /// `z / (1 + exp(-z))`.
    Silu,
    /// `z` for `z > 0`, else `exp(z) - 1`.
    Elu,
    /// `z`: a deep linear network.
    Identity,
}

impl Activation {
    /// Every activation, in the order of the documentation.
    pub const ALL: [Activation; 9] = [
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Gelu,
        Activation::Silu,
        Activation::Elu,
        Activation::Identity,
    ];

    /// The name used on the command line and in tables, such as `leaky-relu`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether `s'' = 0` wherever it exists, so that the pre-activation Hessian gains no diagonal term.
    pub fn is_piecewise_linear(self) -> bool {
        matches!(self, Activation::Relu | Activation::LeakyRelu | Activation::Identity)
    }

    /// `s(z)`.
    pub fn value(self, z: f64) -> f64 {
        self.derivatives(z).0
    }

    /// `(s(z), s'(z), s''(z))`.
    pub fn derivatives(self, z: f64) -> (f64, f64, f64) {
        match self {
            // In this order NaN stays NaN.
            Activation::Relu => {
                if z <= 0.0 {
                    (0.0, 0.0, 0.0)
                } else {
                    (z, 1.0, 0.0)
                }
            }
            Activation::LeakyRelu => {
                if z <= 0.0 {
                    (0.01 * z, 0.01, 0.0)
                } else {
                    (z, 1.0, 0.0)
                }
            }
            Activation::Tanh => {
                let t = z.tanh();
                // sech² from exponentials: 1 - t² would cancel where tanh saturates.
                let e = (-2.0 * z.abs()).exp();
                let d = 4.0 * e / ((1.0 + e) * (1.0 + e));
                (t, d, -2.0 * t * d)
            }
            Activation::Sigmoid => {
                let (s, d) = sigmoid(z);
                (s, d, d * sigmoid_slope_sign(z))
            }
            Activation::Softplus => {
                if z > 20.0 {
                    (z, 1.0, 0.0)
                } else {
                    let (s, d) = sigmoid(z);
                    (z.max(0.0) + (-z.abs()).exp().ln_1p(), s, d)
                }
            }
            Activation::Gelu => {
                let cdf = 0.5 * libm::erfc(-z * FRAC_1_SQRT_2);
                let pdf = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
                // z² overflows long after the density has vanished.
                let second = if pdf == 0.0 { 0.0 } else { pdf * (2.0 - z * z) };
                (z * cdf, cdf + z * pdf, second)
            }
            Activation::Silu => {
                let (s, d) = sigmoid(z);
                (z * s, s + z * d, d * (2.0 + z * sigmoid_slope_sign(z)))
            }
            Activation::Elu => {
                if z > 0.0 {
                    (z, 1.0, 0.0)
                } else {
                    let e = z.exp();
                    (z.exp_m1(), e, e)
                }
            }
            Activation::Identity => (z, 1.0, 0.0),
        }
    }
}

fn unknown_activation(name: &str) -> Error {
    Error::unknown_name::<Activation>("activation", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_agree_with_central_differences() {
        let h = 1e-5;
        for activation in Activation::ALL {
            for z in [-8.0, -2.5, -0.7, -0.01, 0.3, 1.9, 7.0] {
                let (_, first, second) = activation.derivatives(z);
                let up = activation.derivatives(z + h);
                let down = activation.derivatives(z - h);
                // Truncation h²/6 s''' and rounding eps/h, both below 1e-9 here.
                assert!((first - (up.0 - down.0) / (2.0 * h)).abs() < 1e-9, "{activation} s' at {z}");
                assert!((second - (up.1 - down.1) / (2.0 * h)).abs() < 1e-9, "{activation} s'' at {z}");
            }
        }
    }

    #[test]
    fn derivatives_stay_finite_far_out() {
        for activation in Activation::ALL {
            for z in [-1e300, -800.0, 0.0, 800.0, 1e300] {
                let (s, first, second) = activation.derivatives(z);
                assert!(s.is_finite() && first.is_finite() && second.is_finite(), "{activation} at {z}");
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        for activation in Activation::ALL {
            assert!(activation.value(f64::NAN).is_nan(), "{activation}");
        }
    }

    #[test]
    fn names_round_trip() {
        for activation in Activation::ALL {
            assert_eq!(activation.name().parse::<Activation>().unwrap(), activation);
        }
        assert!("ReLU6".parse::<Activation>().unwrap_err().to_string().contains("leaky-relu"));
    }
}
