//! The constants that the bounds are made of, measured on a network and its data.

use std::f64::consts::SQRT_2;

use hessia::linalg::{euclidean_norm, spectral_norm};
use hessia::{Activation, Dataset, Loss, LossKind, Network, Result, Targets, passes};

/// Constants of a network, a data set and a loss.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Constants {
    /// Number of weight matrices L.
    pub depth: usize,
    /// Number of outputs K.
    pub outputs: usize,
    /// (outputs, inputs) of each layer.
    pub shapes: Vec<(usize, usize)>,
    /// The widest hidden layer h, if there is one.
    pub hidden: Option<usize>,
    /// Spectral norm of each weight matrix (largest singular value, LAPACK `dgesdd`; not the Frobenius norm).
    pub weight_norms: Vec<f64>,
    /// Euclidean norm of each layer's biases, where it has them.
    pub bias_norms: Vec<Option<f64>>,
    /// `M_W`: largest of the weight norms.
    pub m_w: f64,
    /// `M_x`: largest Euclidean norm of an object's inputs.
    pub m_x: f64,
    /// `M`: largest absolute weight.
    pub m: f64,
    /// `M_l`: largest loss of an object.
    pub m_l: f64,
    /// Bound on `||A||_2`, the curvature in the logits of any object: 1/2 for cross-entropy, 2 for squared error,
    /// 1/4 for binary cross-entropy, times the normaliser of one object.
    pub logit_curvature: f64,
    /// Bound on `||r||_2`, the residual of any object: √2 for cross-entropy, `√K` times the normaliser for binary
    /// cross-entropy with targets in 0..1; none for squared error.
    pub residual: Option<f64>,
    /// Largest slope `|s'(z)|` of the activation.
    pub slope: f64,
}

impl Constants {
    /// Measures them.
    ///
    /// # Errors
    /// Shapes or targets that do not fit; failure of LAPACK.
    ///
    /// ```
    /// use hessia::{Activation, Dataset, Layer, Loss, Network, Targets};
    /// use hessia_paper::theory::Constants;
    /// use ndarray::array;
    /// let net = Network::new(vec![Layer { weight: array![[3.0, 0.0], [4.0, 0.0]], bias: None }], Activation::Relu)?;
    /// let data = Dataset::new("toy", array![[1.0, 0.0], [0.0, -2.0]], Targets::Classes(array![0, 1]))?;
    /// let constants = Constants::measure(&net, &data, Loss::cross_entropy())?;
    /// assert!((constants.m_w - 5.0).abs() < 1e-14);
    /// assert_eq!((constants.m_x, constants.m), (2.0, 4.0));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn measure(net: &Network, data: &Dataset, loss: Loss) -> Result<Constants> {
        passes::check(net, data, loss)?;
        let layers = net.layers();
        let outputs = net.outputs();
        let scale = loss.normaliser(1, outputs);
        let weight_norms: Vec<f64> =
            layers.iter().map(|layer| spectral_norm(&layer.weight)).collect::<Result<_>>()?;
        let losses = loss.values(&net.forward(&data.x)?, &data.targets)?;
        let largest =
            |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |most: f64, v| most.max(v.abs()));
        Ok(Constants {
            depth: net.depth(),
            outputs,
            shapes: layers.iter().map(|layer| (layer.outputs(), layer.inputs())).collect(),
            hidden: layers[1..].iter().map(|layer| layer.inputs()).max(),
            m_w: largest(&mut weight_norms.iter().copied()),
            weight_norms,
            bias_norms: layers
                .iter()
                .map(|layer| layer.bias.as_ref().map(|b| euclidean_norm(b.iter())))
                .collect(),
            m_x: largest(&mut data.x.rows().into_iter().map(|row| euclidean_norm(row.iter()))),
            m: largest(&mut layers.iter().flat_map(|layer| layer.weight.iter().copied())),
            m_l: scale * largest(&mut losses.iter().copied()),
            logit_curvature: scale
                * match loss.kind {
                    LossKind::CrossEntropy => 0.5,
                    LossKind::MeanSquaredError => 2.0,
                    LossKind::BinaryCrossEntropy => 0.25,
                },
            residual: match (loss.kind, &data.targets) {
                (LossKind::CrossEntropy, _) => Some(SQRT_2),
                (LossKind::BinaryCrossEntropy, Targets::Values(y))
                    if y.iter().all(|y| (0.0..=1.0).contains(y)) =>
                {
                    Some(scale * (outputs as f64).sqrt())
                }
                _ => None,
            },
            slope: largest_slope(net.activation()),
        })
    }

    /// Whether any layer has biases.
    pub fn has_biases(&self) -> bool {
        self.bias_norms.iter().any(Option::is_some)
    }

    /// Length of the inputs of layer p with the one of its bias.
    pub(super) fn with_bias(&self, p: usize, input_norm: f64) -> f64 {
        if self.bias_norms[p].is_some() { input_norm.hypot(1.0) } else { input_norm }
    }

    /// `Π_{s>p} slope ||W^(s)||`: bounds on `||G^(p)||` of every layer.
    pub(super) fn sensitivities(&self) -> Vec<f64> {
        let mut bounds = vec![1.0; self.depth];
        for p in (0..self.depth - 1).rev() {
            bounds[p] = super::theorem_1::product(&[bounds[p + 1], self.slope, self.weight_norms[p + 1]]);
        }
        bounds
    }
}

/// The largest `|s'(z)|` of an activation.
fn largest_slope(activation: Activation) -> f64 {
    match activation {
        Activation::Sigmoid => 0.25,
        // Where s'' = 0: φ(z) (2 - z²) = 0.
        Activation::Gelu => activation.derivatives(SQRT_2).1,
        // Where 2 = z tanh(z/2); the slope is flat there, so the digits of z suffice.
        Activation::Silu => activation.derivatives(2.399_357_280_520_467_6).1,
        Activation::Relu
        | Activation::LeakyRelu
        | Activation::Tanh
        | Activation::Softplus
        | Activation::Elu
        | Activation::Identity => 1.0,
    }
}

/// Whether `|s(z)| <= slope |z|`, so that inputs of later layers are bounded by those of the first.
pub(super) fn vanishes_at_zero(activation: Activation) -> bool {
    activation.value(0.0) == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_slope_is_larger() {
        for activation in Activation::ALL {
            let bound = largest_slope(activation);
            let steepest = (-16_000..16_000)
                .map(|k| activation.derivatives(f64::from(k) / 400.0).1.abs())
                .fold(0.0, |most: f64, v| most.max(v));
            // The grid misses a smooth maximum by at most s''' h²/8; the bound itself is rounded.
            let rounded = bound * (1.0 + f64::EPSILON);
            assert!(steepest <= rounded && steepest > bound - 1e-5, "{activation}: {steepest} and {bound}");
        }
    }
}
