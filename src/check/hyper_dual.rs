//! Numbers `a + b e_1 + c e_2 + d e_1 e_2` with `e_1² = e_2² = 0`.

use std::ops::{Add, Mul, Sub};

/// A hyper-dual number: a value with two first derivatives and the mixed second one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct HyperDual {
    pub(super) value: f64,
    pub(super) first: f64,
    pub(super) second: f64,
    pub(super) mixed: f64,
}

impl HyperDual {
    pub(super) fn constant(value: f64) -> Self {
        HyperDual { value, first: 0.0, second: 0.0, mixed: 0.0 }
    }

    /// `f(self)` from f, f' and f'' at the value.
    fn through(self, f: f64, d1: f64, d2: f64) -> Self {
        HyperDual {
            value: f,
            first: d1 * self.first,
            second: d1 * self.second,
            mixed: d1 * self.mixed + d2 * self.first * self.second,
        }
    }

    pub(super) fn exp(self) -> Self {
        let e = self.value.exp();
        self.through(e, e, e)
    }

    pub(super) fn exp_m1(self) -> Self {
        let e = self.value.exp();
        self.through(self.value.exp_m1(), e, e)
    }

    pub(super) fn ln(self) -> Self {
        let inverse = 1.0 / self.value;
        self.through(self.value.ln(), inverse, -inverse * inverse)
    }

    pub(super) fn ln_1p(self) -> Self {
        let inverse = 1.0 / (1.0 + self.value);
        self.through(self.value.ln_1p(), inverse, -inverse * inverse)
    }

    pub(super) fn recip(self) -> Self {
        let inverse = 1.0 / self.value;
        self.through(inverse, -inverse * inverse, 2.0 * inverse * inverse * inverse)
    }

    pub(super) fn tanh(self) -> Self {
        let t = self.value.tanh();
        let slope = 1.0 - t * t;
        self.through(t, slope, -2.0 * t * slope)
    }

    pub(super) fn erfc(self) -> Self {
        let slope = -std::f64::consts::FRAC_2_SQRT_PI * (-self.value * self.value).exp();
        self.through(libm::erfc(self.value), slope, -2.0 * self.value * slope)
    }

    /// `1 / (1 + exp(-z))`, from whichever exponential does not overflow.
    pub(super) fn sigmoid(self) -> Self {
        if self.value >= 0.0 {
            ((self * -1.0).exp() + 1.0).recip()
        } else {
            let e = self.exp();
            e * (e + 1.0).recip()
        }
    }

    /// `log(1 + exp z)`, from whichever exponential does not overflow.
    pub(super) fn softplus(self) -> Self {
        if self.value > 0.0 { self + (self * -1.0).exp().ln_1p() } else { self.exp().ln_1p() }
    }
}

impl Add for HyperDual {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        HyperDual {
            value: self.value + other.value,
            first: self.first + other.first,
            second: self.second + other.second,
            mixed: self.mixed + other.mixed,
        }
    }
}

impl Add<f64> for HyperDual {
    type Output = Self;

    fn add(self, constant: f64) -> Self {
        HyperDual { value: self.value + constant, ..self }
    }
}

impl Sub for HyperDual {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + other * -1.0
    }
}

impl Sub<f64> for HyperDual {
    type Output = Self;

    fn sub(self, constant: f64) -> Self {
        self + -constant
    }
}

impl Mul for HyperDual {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        HyperDual {
            value: self.value * other.value,
            first: self.first * other.value + self.value * other.first,
            second: self.second * other.value + self.value * other.second,
            mixed: self.mixed * other.value
                + self.first * other.second
                + self.second * other.first
                + self.value * other.mixed,
        }
    }
}

impl Mul<f64> for HyperDual {
    type Output = Self;

    fn mul(self, constant: f64) -> Self {
        HyperDual {
            value: self.value * constant,
            first: self.first * constant,
            second: self.second * constant,
            mixed: self.mixed * constant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every function against differences of its own first derivative.
    #[test]
    fn second_derivatives_agree_with_differences_of_first_ones() {
        type Function = fn(HyperDual) -> HyperDual;
        let functions: [(&str, Function); 9] = [
            ("exp", HyperDual::exp),
            ("exp_m1", HyperDual::exp_m1),
            ("ln", HyperDual::ln),
            ("ln_1p", HyperDual::ln_1p),
            ("recip", HyperDual::recip),
            ("tanh", HyperDual::tanh),
            ("erfc", HyperDual::erfc),
            ("sigmoid", HyperDual::sigmoid),
            ("softplus", HyperDual::softplus),
        ];
        let h = 1e-5;
        for (name, f) in functions {
            for x in [0.3, 1.1, 2.5] {
                let at = |value: f64| f(HyperDual { value, first: 1.0, second: 1.0, mixed: 0.0 });
                let (here, up, down) = (at(x), at(x + h), at(x - h));
                // Truncation h²/6 f''' and rounding eps/h; f''' of 1/x at 0.3 is 740.
                assert!((here.first - (up.value - down.value) / (2.0 * h)).abs() < 1e-7, "{name}' at {x}");
                assert!((here.mixed - (up.first - down.first) / (2.0 * h)).abs() < 1e-6, "{name}'' at {x}");
                assert_eq!(here.first, here.second);
            }
        }
    }
}
