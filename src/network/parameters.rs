//! theta, the vector of all parameters: the only place that knows its layout and the names of its arrays.

use std::ops::Range;

use ndarray::Array1;

use super::{Layer, Network};
use crate::{Error, Result};

/// One named stretch of the parameter vector.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ParameterRange {
    /// State-dict name, such as `2.weight`.
    pub name: String,
    /// Layer, from 0.
    pub layer: usize,
    /// Shape of the array: (outputs, inputs) or (outputs).
    pub shape: Vec<usize>,
    /// Its place in theta; the array lies there row by row.
    pub range: Range<usize>,
}

/// Where a layer's parameters lie in theta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerPlace {
    /// Inputs of the layer, without the one of its biases.
    pub inputs: usize,
    /// Outputs of the layer.
    pub outputs: usize,
    /// Weights, row by row: `W[i, a]` at `weight.start + i inputs + a`.
    pub weight: Range<usize>,
    /// Biases, if the layer has them: right behind the weights.
    pub bias: Option<Range<usize>>,
}

impl LayerPlace {
    /// Weights and biases together.
    pub fn range(&self) -> Range<usize> {
        self.weight.start..self.bias.as_ref().map_or(self.weight.end, |bias| bias.end)
    }

    /// Place of weight `W[i, a]`.
    pub fn weight_at(&self, i: usize, a: usize) -> usize {
        self.weight.start + i * self.inputs + a
    }
}

/// Number of layer `l` among the modules of PyTorch's `nn.Sequential`: an activation stands between two linear ones.
pub fn module_number(l: usize) -> usize {
    2 * l
}

/// State-dict name of the weights of layer `l`.
pub fn weight_name(l: usize) -> String {
    format!("{}.weight", module_number(l))
}

/// State-dict name of the biases of layer `l`.
pub fn bias_name(l: usize) -> String {
    format!("{}.bias", module_number(l))
}

/// What readers call layer `l`: its number in an `nn.Sequential`, then its index from 0.
///
/// ```
/// assert_eq!(hessia::network::layer_name(1), "2 (layer 1)");
/// ```
pub fn layer_name(l: usize) -> String {
    format!("{} (layer {l})", module_number(l))
}

/// What readers call the pair of layers `p` and `q`: `0 x 2 (layers 0, 1)`.
pub fn layer_pair_name(p: usize, q: usize) -> String {
    format!("{} x {} (layers {p}, {q})", module_number(p), module_number(q))
}

/// What readers call the weights of layer `l`: `2.weight (layer 1)`.
pub(crate) fn weight_title(l: usize) -> String {
    format!("{} (layer {l})", weight_name(l))
}

/// What readers call the biases of layer `l`: `2.bias (layer 1)`.
pub(crate) fn bias_title(l: usize) -> String {
    format!("{} (layer {l})", bias_name(l))
}

impl Network {
    /// theta, length P: per layer the weights row by row, then the biases (PyTorch's `parameters()` order).
    pub fn parameters(&self) -> Array1<f64> {
        let mut theta = Vec::with_capacity(self.parameter_count());
        for layer in self.layers() {
            theta.extend(layer.weight.iter());
            theta.extend(layer.bias.iter().flatten());
        }
        Array1::from(theta)
    }

    /// The same network with other parameters, in the order of [`Network::parameters`].
    ///
    /// # Errors
    /// A length other than P, or NaN and infinity.
    pub fn with_parameters(&self, theta: &Array1<f64>) -> Result<Self> {
        if theta.len() != self.parameter_count() {
            return Err(Error::shape("theta", &[self.parameter_count()], &[theta.len()]));
        }
        let mut values = theta.iter().copied();
        let layers = self
            .layers()
            .iter()
            .map(|layer| Layer {
                weight: layer.weight.mapv(|_| values.next().unwrap_or(0.0)),
                bias: layer.bias.as_ref().map(|b| b.mapv(|_| values.next().unwrap_or(0.0))),
            })
            .collect();
        self.with_layers(layers)
    }

    /// Which stretch of theta each weight and bias array takes, named as in `nn.Sequential`.
    ///
    /// ```
    /// use hessia::{Activation, Network};
    /// let net = Network::random(&[3, 2, 1], true, Activation::Relu, 0)?;
    /// let names: Vec<_> = net.parameter_map().iter().map(|p| (p.name.clone(), p.range.clone())).collect();
    /// assert_eq!(names[2], ("2.weight".to_string(), 8..10));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn parameter_map(&self) -> Vec<ParameterRange> {
        let mut map = Vec::new();
        for (l, (layer, place)) in self.layers().iter().zip(self.layout()).enumerate() {
            let shape = layer.weight.shape().to_vec();
            map.push(ParameterRange { name: weight_name(l), layer: l, shape, range: place.weight });
            if let Some(range) = place.bias {
                let shape = vec![range.len()];
                map.push(ParameterRange { name: bias_name(l), layer: l, shape, range });
            }
        }
        map
    }

    /// Where the weights and biases of every layer lie in theta.
    ///
    /// ```
    /// use hessia::{Activation, Network};
    /// let net = Network::random(&[3, 2, 1], true, Activation::Relu, 0)?;
    /// let last = &net.layout()[1];
    /// assert_eq!((last.weight.clone(), last.bias.clone()), (8..10, Some(10..11)));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn layout(&self) -> Vec<LayerPlace> {
        let mut start = 0;
        let place = |layer: &Layer| {
            let weight = start..start + layer.weight.len();
            let bias = layer.bias.as_ref().map(|bias| weight.end..weight.end + bias.len());
            start = bias.as_ref().map_or(weight.end, |bias| bias.end);
            LayerPlace { inputs: layer.inputs(), outputs: layer.outputs(), weight, bias }
        };
        self.layers().iter().map(place).collect()
    }

    /// The stretch of theta that layer `l` takes, weights and biases together.
    pub fn layer_range(&self, l: usize) -> Range<usize> {
        let start: usize = self.layers()[..l].iter().map(Layer::parameter_count).sum();
        start..start + self.layers()[l].parameter_count()
    }
}
