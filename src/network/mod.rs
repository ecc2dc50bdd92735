//! Fully connected networks: `z = W x + b`, `x' = s(z)`, no activation after the last layer.

mod activation;
mod init;
mod parameters;

use ndarray::{Array1, Array2};

use crate::{Error, Result};

pub use activation::Activation;
pub use init::check_size;
pub use parameters::{
    LayerPlace, ParameterRange, bias_name, layer_name, layer_pair_name, module_number, weight_name,
};
use parameters::{bias_title, weight_title};

/// One linear layer: `z = W x + b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Weights, shape (outputs, inputs).
    pub weight: Array2<f64>,
    /// Biases, shape (outputs), if the layer has them.
    pub bias: Option<Array1<f64>>,
}

impl Layer {
    /// Number of inputs, without the bias.
    pub fn inputs(&self) -> usize {
        self.weight.ncols()
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.weight.nrows()
    }

    /// Number of weights and biases.
    pub fn parameter_count(&self) -> usize {
        self.weight.len() + self.bias.as_ref().map_or(0, Array1::len)
    }
}

/// A fully connected network with one activation between its layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    layers: Vec<Layer>,
    activation: Activation,
    /// Derivative of the activation at exactly zero, where it is not the activation's own.
    kink_slope: Option<f64>,
}

impl Network {
    /// Builds a network from its layers, input side first.
    ///
    /// # Errors
    /// No layer, an empty layer, widths that do not follow on each other, or NaN and infinity among the numbers.
    ///
    /// ```
    /// use hessia::{Activation, Layer, Network};
    /// use ndarray::array;
    /// let layer = Layer { weight: array![[1.0, -1.0]], bias: None };
    /// let net = Network::new(vec![layer], Activation::Relu)?;
    /// assert_eq!(net.widths(), [2, 1]);
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn new(mut layers: Vec<Layer>, activation: Activation) -> Result<Self> {
        if layers.is_empty() {
            return Err(Error::argument("network", "at least one layer", "none"));
        }
        for (l, layer) in layers.iter().enumerate() {
            let (outputs, inputs) = layer.weight.dim();
            if outputs == 0 || inputs == 0 {
                return Err(Error::argument(
                    weight_title(l),
                    "at least one row and one column",
                    format!("shape {:?}", [outputs, inputs]),
                ));
            }
            if l > 0 && layers[l - 1].outputs() != inputs {
                let expected = [outputs, layers[l - 1].outputs()];
                return Err(Error::shape(weight_title(l), &expected, &[outputs, inputs]));
            }
            if let Some(bias) = &layer.bias
                && bias.len() != outputs
            {
                return Err(Error::shape(bias_title(l), &[outputs], &[bias.len()]));
            }
            crate::error::check_finite(&weight_title(l), layer.weight.view().into_dyn())?;
            if let Some(bias) = &layer.bias {
                crate::error::check_finite(&bias_title(l), bias.view().into_dyn())?;
            }
        }
        for layer in &mut layers {
            // Everything that walks along theta counts on rows being contiguous.
            if !layer.weight.is_standard_layout() {
                layer.weight = layer.weight.as_standard_layout().into_owned();
            }
        }
        Ok(Network { layers, activation, kink_slope: None })
    }

    /// The layers, input side first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The activation between the layers.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The same network for programs that take another derivative at the kink of relu or leaky-relu.
    pub(crate) fn with_kink_slope(self, slope: f64) -> Self {
        Network { kink_slope: Some(slope), ..self }
    }

    pub(crate) fn kink_slope(&self) -> Option<f64> {
        self.kink_slope
    }

    /// Number of inputs, hidden widths, number of outputs.
    pub fn widths(&self) -> Vec<usize> {
        let mut widths = vec![self.layers[0].inputs()];
        widths.extend(self.layers.iter().map(Layer::outputs));
        widths
    }

    /// Number of inputs `n`.
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs()
    }

    /// Number of outputs `K`.
    pub fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].outputs()
    }

    /// Number of weight matrices `L`.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// Number of parameters `P`.
    pub fn parameter_count(&self) -> usize {
        self.layers.iter().map(Layer::parameter_count).sum()
    }

    /// Whether any layer has biases.
    pub fn has_biases(&self) -> bool {
        self.layers.iter().any(|layer| layer.bias.is_some())
    }

    /// The same activation, and the same slope at its kink, between other layers.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub(crate) fn with_layers(&self, layers: Vec<Layer>) -> Result<Self> {
        Ok(Network { kink_slope: self.kink_slope, ..Network::new(layers, self.activation)? })
    }

    pub(crate) fn check_inputs(&self, x: &Array2<f64>) -> Result<()> {
        if x.ncols() != self.inputs() {
            return Err(Error::shape("inputs", &[x.nrows(), self.inputs()], x.shape()));
        }
        Ok(())
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let widths: Vec<_> = self.widths().iter().map(usize::to_string).collect();
        let biases = if self.has_biases() { "with biases" } else { "without biases" };
        write!(f, "{} {} {biases}, P = {}", widths.join("-"), self.activation, self.parameter_count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, Targets, compress};

    #[test]
    fn another_slope_at_the_kink_survives_other_parameters_and_inputs() {
        let net = Network::random(&[3, 4, 2], true, Activation::Relu, 1).unwrap().with_kink_slope(0.5);
        let moved = net.with_parameters(&(net.parameters() * 2.0)).unwrap();
        assert_eq!(moved.kink_slope(), Some(0.5));
        let data =
            Dataset::new("toy", Array2::ones((2, 3)), Targets::Classes(ndarray::array![0, 1])).unwrap();
        assert_eq!(compress(&net, &data).unwrap().network.kink_slope(), Some(0.5));
    }
}
