//! The statements that can be audited: what each bounds, when it applies, and its value.

use std::fmt;
use std::str::FromStr;

use super::constants::{Constants, vanishes_at_zero};
use super::{lemma_1, theorem_1};
use hessia::{Error, LayerNorms, Loss, LossKind, Network, Result};

/// What a statement bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// `||G_i||_2` of every object.
    GgnNorm,
    /// `||H_i||_2` of every object.
    HessianNorm,
}

/// A bound on the curvature of single objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statement {
    /// Theorem 1 as the paper states it: [`theorem_1::stated`].
    Theorem1Stated,
    /// Theorem 1 corrected, G-term: [`theorem_1::corrected_ggn`].
    Theorem1CorrectedGgn,
    /// Theorem 1 corrected, full Hessian: [`theorem_1::corrected_hessian`].
    Theorem1CorrectedHessian,
    /// Lemma 1 as the paper states it: [`lemma_1::stated`].
    Lemma1Stated,
    /// Lemma 1 corrected, G-term: [`lemma_1::corrected_ggn`].
    Lemma1CorrectedGgn,
    /// Lemma 1 corrected, full Hessian: [`lemma_1::corrected_hessian`].
    Lemma1CorrectedHessian,
    /// The corrected theorem for any loss, with biases or without, G-term: from `M_x`, `M_W` and `max ||b||`.
    BoundUniformGgn,
    /// As [`Statement::BoundUniformGgn`] for the full Hessian.
    BoundUniformHessian,
    /// From the norm of each weight matrix and of the object's inputs to each layer, G-term.
    BoundPerLayerGgn,
    /// As [`Statement::BoundPerLayerGgn`] for the full Hessian, with the object's residual.
    BoundPerLayerHessian,
    /// From the object's own `||A_i||`, `||x_i^(p)||` and `||G_i^(p)||`, G-term.
    BoundPerObjectGgn,
    /// As [`Statement::BoundPerObjectGgn`] for the full Hessian, with the object's `||delta^(p)||`.
    BoundPerObjectHessian,
}

use Statement::*;

impl Statement {
    /// Every statement, in the order of the audit's columns.
    pub const ALL: [Statement; 12] = [
        Theorem1Stated,
        Theorem1CorrectedGgn,
        Theorem1CorrectedHessian,
        BoundPerLayerGgn,
        BoundPerObjectGgn,
        BoundPerLayerHessian,
        BoundPerObjectHessian,
        BoundUniformGgn,
        BoundUniformHessian,
        Lemma1Stated,
        Lemma1CorrectedGgn,
        Lemma1CorrectedHessian,
    ];

    /// Its name in tables, such as `theorem_1_stated`.
    pub fn name(self) -> &'static str {
        match self {
            Theorem1Stated => "theorem_1_stated",
            Theorem1CorrectedGgn => "theorem_1_corrected_ggn",
            Theorem1CorrectedHessian => "theorem_1_corrected_hessian",
            Lemma1Stated => "lemma_1_stated",
            Lemma1CorrectedGgn => "lemma_1_corrected_ggn",
            Lemma1CorrectedHessian => "lemma_1_corrected_hessian",
            BoundUniformGgn => "bound_uniform_ggn",
            BoundUniformHessian => "bound_uniform_hessian",
            BoundPerLayerGgn => "bound_per_layer_ggn",
            BoundPerLayerHessian => "bound_per_layer_hessian",
            BoundPerObjectGgn => "bound_per_object_ggn",
            BoundPerObjectHessian => "bound_per_object_hessian",
        }
    }

    /// What it bounds. The paper's `H_i` in theorem 1 and lemma 1 is the G-term.
    pub fn left(self) -> Left {
        match self {
            Theorem1CorrectedHessian
            | Lemma1CorrectedHessian
            | BoundUniformHessian
            | BoundPerLayerHessian
            | BoundPerObjectHessian => Left::HessianNorm,
            _ => Left::GgnNorm,
        }
    }

    /// Whether the paper states it so; the others are corrections.
    pub fn is_stated(self) -> bool {
        matches!(self, Theorem1Stated | Lemma1Stated)
    }

    /// The assumptions of the statement that do not hold here; empty where it applies.
    ///
    /// ```
    /// use hessia::{Activation, Dataset, Loss, Network, Targets};
    /// use hessia_paper::theory::{Constants, Statement};
    /// use ndarray::array;
    /// let net = Network::random(&[2, 3, 2], true, Activation::Relu, 1)?;
    /// let data = Dataset::new("toy", array![[1.0, 0.0]], Targets::Classes(array![0]))?;
    /// let loss = Loss::cross_entropy();
    /// let constants = Constants::measure(&net, &data, loss)?;
    /// let broken = Statement::Theorem1Stated.broken_assumptions(&net, loss, &constants);
    /// assert_eq!(broken, ["no biases"]);
    /// assert!(Statement::BoundPerLayerGgn.broken_assumptions(&net, loss, &constants).is_empty());
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn broken_assumptions(self, net: &Network, loss: Loss, constants: &Constants) -> Vec<&'static str> {
        let activation = net.activation();
        let of_the_paper = !self.name().starts_with("bound");
        let mut broken = Vec::new();
        let mut require = |holds: bool, assumption| {
            if !holds {
                broken.push(assumption);
            }
        };
        if of_the_paper {
            require(!constants.has_biases(), "no biases");
            require(loss.kind == LossKind::CrossEntropy, "cross-entropy");
        }
        if of_the_paper || self.left() == Left::HessianNorm {
            require(activation.is_piecewise_linear(), "an activation of straight pieces");
        }
        match self {
            Lemma1Stated => require(constants.hidden.is_some(), "a hidden layer"),
            BoundUniformGgn => require(vanishes_at_zero(activation), "an activation that is zero at zero"),
            BoundUniformHessian => require(constants.residual.is_some(), "a loss with bounded residuals"),
            _ => {}
        }
        broken
    }

    /// The bound where it is the same for every object; infinite where it overflows.
    ///
    /// The assumptions are the caller's to check.
    pub(super) fn uniform_bound(self, constants: &Constants) -> Result<Option<f64>> {
        let c = constants;
        Ok(Some(match self {
            Theorem1Stated => theorem_1::stated(c.depth, c.m_x, c.m_w),
            Theorem1CorrectedGgn => theorem_1::corrected_ggn(c.depth, c.m_x, c.m_w),
            Theorem1CorrectedHessian => theorem_1::corrected_hessian(c.depth, c.m_x, c.m_w),
            Lemma1Stated => lemma_1::stated(c.depth, c.m_x, c.hidden.unwrap_or(0), c.m),
            Lemma1CorrectedGgn => lemma_1::corrected_ggn(&c.shapes, c.m_x, c.m),
            Lemma1CorrectedHessian => lemma_1::corrected_hessian(&c.shapes, c.m_x, c.m)?,
            BoundUniformGgn => {
                let (lengths, sensitivities) = uniform(c);
                theorem_1::ggn_bound(c.logit_curvature, &lengths, &sensitivities)
            }
            BoundUniformHessian => {
                let (lengths, sensitivities) = uniform(c);
                let residuals = scaled(c.residual.unwrap_or(f64::INFINITY), &sensitivities);
                let weights = vec![c.m_w; c.depth];
                theorem_1::hessian_bound(
                    c.logit_curvature,
                    &lengths,
                    &sensitivities,
                    &residuals,
                    &weights,
                    c.slope,
                )?
            }
            BoundPerLayerGgn | BoundPerLayerHessian | BoundPerObjectGgn | BoundPerObjectHessian => {
                return Ok(None);
            }
        }))
    }

    /// The bound for object `i`, for the statements that have no [`Statement::uniform_bound`].
    pub(super) fn object_bound(self, constants: &Constants, norms: &LayerNorms, i: usize) -> Result<f64> {
        let c = constants;
        let lengths: Vec<_> = (0..c.depth).map(|p| c.with_bias(p, norms.input[[i, p]])).collect();
        let (curvature, sensitivities, residuals) = match self {
            BoundPerObjectGgn | BoundPerObjectHessian => {
                (norms.logit_curvature[i], norms.sensitivity.row(i).to_vec(), norms.residual.row(i).to_vec())
            }
            _ => {
                let sensitivities = c.sensitivities();
                let residuals = scaled(norms.residual[[i, c.depth - 1]], &sensitivities);
                (c.logit_curvature, sensitivities, residuals)
            }
        };
        match self.left() {
            Left::GgnNorm => Ok(theorem_1::ggn_bound(curvature, &lengths, &sensitivities)),
            Left::HessianNorm => theorem_1::hessian_bound(
                curvature,
                &lengths,
                &sensitivities,
                &residuals,
                &c.weight_norms,
                c.slope,
            ),
        }
    }
}

/// What the G-term of object `i` is a sum of, in size: what its rounding is relative to where parts cancel.
pub(super) fn rounding_scale(constants: &Constants, norms: &LayerNorms, i: usize) -> f64 {
    let lengths: Vec<_> = (0..constants.depth).map(|p| constants.with_bias(p, norms.input[[i, p]])).collect();
    theorem_1::ggn_bound(norms.logit_curvature[i], &lengths, &constants.sensitivities())
}

fn scaled(factor: f64, values: &[f64]) -> Vec<f64> {
    values.iter().map(|&value| theorem_1::product(&[factor, value])).collect()
}

/// Bounds on `||x~^(p)||` and `||G^(p)||` of any object.
fn uniform(c: &Constants) -> (Vec<f64>, Vec<f64>) {
    let largest_bias = c.bias_norms.iter().flatten().fold(0.0, |most: f64, b| most.max(*b));
    let gain = c.slope * c.m_w;
    let mut lengths = Vec::with_capacity(c.depth);
    let mut length = c.m_x;
    for p in 0..c.depth {
        lengths.push(c.with_bias(p, length));
        length = theorem_1::product(&[gain, length]) + c.slope * largest_bias;
    }
    let mut sensitivities = vec![1.0; c.depth];
    for p in (0..c.depth - 1).rev() {
        sensitivities[p] = theorem_1::product(&[sensitivities[p + 1], gain]);
    }
    (lengths, sensitivities)
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Statement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for Statement {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Statement::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| {
            let names: Vec<_> = Statement::ALL.iter().map(|s| s.name()).collect();
            Error::argument("statement", format!("one of {}", names.join(", ")), format!("{name:?}"))
        })
    }
}
