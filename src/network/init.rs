//! PyTorch's default initialisation of linear layers, seeded.

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Activation, Layer, Network};
use crate::{Error, Result};

impl Network {
    /// A network with PyTorch's default start: weights and biases uniform in ±1/√(inputs of the layer).
    ///
    /// `widths` holds the number of inputs, the hidden widths and the number of outputs. The law is
    /// PyTorch's, the numbers are not: they come from ChaCha8 and depend on `seed` alone.
    ///
    /// # Errors
    /// Fewer than two widths, or a width of zero.
    ///
    /// ```
    /// use hessia::{Activation, Network};
    /// let net = Network::random(&[784, 4, 4, 10], false, Activation::Relu, 1)?;
    /// assert_eq!(net.parameter_count(), 3192);
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn random(widths: &[usize], biases: bool, activation: Activation, seed: u64) -> Result<Self> {
        if widths.len() < 2 || widths.contains(&0) {
            return Err(Error::argument("widths", "two or more positive numbers", format!("{widths:?}")));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let layers = widths
            .windows(2)
            .map(|pair| {
                let (inputs, outputs) = (pair[0], pair[1]);
                let bound = 1.0 / (inputs as f64).sqrt();
                let mut draw = || rng.random_range(-bound..bound);
                let weight = Array2::from_shape_simple_fn((outputs, inputs), &mut draw);
                let bias = biases.then(|| Array1::from_shape_simple_fn(outputs, &mut draw));
                Layer { weight, bias }
            })
            .collect();
        Network::new(layers, activation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_numbers_within_the_bound() {
        let a = Network::random(&[9, 5, 2], true, Activation::Tanh, 7).unwrap();
        let b = Network::random(&[9, 5, 2], true, Activation::Tanh, 7).unwrap();
        let c = Network::random(&[9, 5, 2], true, Activation::Tanh, 8).unwrap();
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert!(a.layers()[0].weight.iter().all(|w| w.abs() <= 1.0 / 3.0));
    }
}
