//! PyTorch's default initialisation of linear layers, seeded.

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Activation, Layer, Network};
use crate::linalg::available_memory;
use crate::{Error, Result};

impl Network {
    /// A network with PyTorch's default start: weights and biases uniform in ±1/√(inputs of the layer).
    ///
    /// `widths` holds the number of inputs, the hidden widths and the number of outputs. The law is
    /// PyTorch's, the numbers are not: they come from ChaCha8 and depend on `seed` alone.
    ///
    /// # Errors
    /// Fewer than two widths, a width of zero, or more parameters than memory holds.
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
        let what = format!("network of widths {widths:?}");
        check_size(&what, parameter_count(widths, biases), size_of::<f64>() as u128, 0)?;
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

/// Number of parameters of a network of these widths, or none where it does not fit a machine word.
fn parameter_count(widths: &[usize], biases: bool) -> Option<usize> {
    widths.windows(2).try_fold(0_usize, |count, pair| {
        let inputs = pair[0].checked_add(usize::from(biases))?;
        count.checked_add(inputs.checked_mul(pair[1])?)
    })
}

/// Refuses `what` of so many parameters (none: more than a machine word counts) with so many bytes for each, and
/// `besides`, that memory does not hold it.
///
/// # Errors
/// [`Error::OutOfMemory`] with `what`, the bytes needed and those available.
pub fn check_size(what: &str, parameters: Option<usize>, bytes: u128, besides: u128) -> Result<()> {
    let needed = match parameters {
        Some(count) => (count as u128 * bytes).saturating_add(besides),
        None => u128::MAX,
    };
    let available = available_memory();
    if needed > u128::from(available) {
        let needed = u64::try_from(needed).unwrap_or(u64::MAX);
        return Err(Error::OutOfMemory { what: what.to_string(), needed, available });
    }
    Ok(())
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

    #[test]
    fn more_parameters_than_memory_holds_are_refused() {
        assert_eq!(parameter_count(&[9, 5, 2], true), Some(62));
        for hidden in [1_000_000_000_000, 99_999_999_999_999_999, usize::MAX] {
            let refused =
                Network::random(&[784, hidden, 10], true, Activation::Tanh, 7).unwrap_err().to_string();
            assert!(
                refused.contains(&format!("[784, {hidden}, 10]")) && refused.contains("memory"),
                "{refused}"
            );
        }
    }
}
