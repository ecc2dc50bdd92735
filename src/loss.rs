//! Losses in the logits: value, residual, curvature, and PyTorch's normalisers.

use std::fmt;
use std::str::FromStr;

use ndarray::{Array1, Array2};

use crate::data::{Target, Targets};
use crate::scalar::sigmoid;
use crate::{Error, Result};

/// The form of the loss.
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
    strum::VariantNames,
    strum::Display,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = Error, parse_err_fn = unknown_loss)]
pub enum LossKind {
    /// `-log softmax(z)_y`.
    #[serde(rename = "cross-entropy")]
    CrossEntropy,
    /// `sum_k (z_k - y_k)²`.
    #[serde(rename = "mse")]
    #[strum(to_string = "mse")]
    MeanSquaredError,
    /// `sum_k log(1 + exp z_k) - y_k z_k`.
    #[serde(rename = "bce")]
    #[strum(to_string = "bce")]
    BinaryCrossEntropy,
}

/// How the terms of a loss are put together.
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
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = Error, parse_err_fn = unknown_reduction)]
pub enum Reduction {
    /// PyTorch's `mean`: over objects for cross-entropy, over objects and outputs for the other two.
    Mean,
    /// The plain sum.
    Sum,
}

/// A loss with its reduction.
///
/// ```
/// use hessia::Loss;
/// assert_eq!(Loss::mean_squared_error().normaliser(10, 3), 1.0 / 30.0);
/// assert_eq!(Loss::cross_entropy().normaliser(10, 3), 1.0 / 10.0);
/// assert_eq!(Loss::cross_entropy().sum().normaliser(10, 3), 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Loss {
    /// The form of the loss.
    pub kind: LossKind,
    /// How its terms are put together.
    pub reduction: Reduction,
}

impl Loss {
    /// Softmax cross-entropy with class labels, mean over objects.
    pub const fn cross_entropy() -> Self {
        Loss { kind: LossKind::CrossEntropy, reduction: Reduction::Mean }
    }

    /// Squared error, mean over objects and outputs.
    pub const fn mean_squared_error() -> Self {
        Loss { kind: LossKind::MeanSquaredError, reduction: Reduction::Mean }
    }

    /// Binary cross-entropy with logits, mean over objects and outputs.
    pub const fn binary_cross_entropy() -> Self {
        Loss { kind: LossKind::BinaryCrossEntropy, reduction: Reduction::Mean }
    }

    /// The same loss, summed.
    pub const fn sum(self) -> Self {
        Loss { reduction: Reduction::Sum, ..self }
    }

    /// The factor before the sum over objects (and outputs): `1/m`, `1/(m K)` or 1.
    pub fn normaliser(self, objects: usize, outputs: usize) -> f64 {
        match (self.reduction, self.kind) {
            (Reduction::Sum, _) => 1.0,
            (Reduction::Mean, LossKind::CrossEntropy) => 1.0 / objects as f64,
            (Reduction::Mean, _) => 1.0 / (objects * outputs) as f64,
        }
    }

    /// Refuses targets that this loss cannot take for `objects` objects and `outputs` outputs.
    pub fn check_targets(self, targets: &Targets, objects: usize, outputs: usize) -> Result<()> {
        match (self.kind, targets) {
            (LossKind::CrossEntropy, Targets::Classes(labels)) => {
                if labels.len() != objects {
                    return Err(Error::shape("labels", &[objects], &[labels.len()]));
                }
                match labels.iter().position(|&label| label >= outputs) {
                    Some(object) => {
                        Err(Error::LabelOutOfRange { object, label: labels[object] as i64, classes: outputs })
                    }
                    None => Ok(()),
                }
            }
            (LossKind::CrossEntropy, Targets::Values(y)) => Err(Error::argument(
                "targets",
                "class labels for cross-entropy",
                format!("real values of shape {:?}", y.shape()),
            )),
            (_, Targets::Classes(labels)) => Err(Error::argument(
                "targets",
                format!("real values of shape [{objects}, {outputs}] for {self}"),
                format!("{} class labels", labels.len()),
            )),
            (_, Targets::Values(y)) => {
                if y.dim() != (objects, outputs) {
                    return Err(Error::shape("targets", &[objects, outputs], y.shape()));
                }
                crate::error::check_finite("targets", y.view().into_dyn())
            }
        }
    }

    /// Loss of one object from its logits `z`, before the normaliser.
    pub(crate) fn value(self, z: &[f64], target: Target<'_>) -> f64 {
        match target {
            Target::Class(label) => {
                // The largest term of the sum is one: kept apart, so that small losses keep their digits.
                let top = (1..z.len()).fold(0, |top, k| if z[k] > z[top] { k } else { top });
                let others: f64 = (0..z.len()).filter(|&k| k != top).map(|k| (z[k] - z[top]).exp()).sum();
                others.ln_1p() + (z[top] - z[label])
            }
            Target::Values(y) => match self.kind {
                LossKind::BinaryCrossEntropy => {
                    z.iter().zip(y).map(|(&z, &y)| z.max(0.0) - y * z + (-z.abs()).exp().ln_1p()).sum()
                }
                _ => z.iter().zip(y).map(|(&z, &y)| (z - y) * (z - y)).sum(),
            },
        }
    }

    /// Residual `r = dl/dz` of one object, before the normaliser.
    pub(crate) fn residual(self, z: &[f64], target: Target<'_>, r: &mut [f64]) {
        match target {
            Target::Class(label) => {
                softmax(z, r);
                // p_y - 1 as minus the sum of the others: no cancellation when p_y is near 1.
                let others: f64 = r.iter().enumerate().filter(|&(k, _)| k != label).map(|(_, p)| p).sum();
                r[label] = -others;
            }
            Target::Values(y) => {
                for ((r, &z), &y) in r.iter_mut().zip(z).zip(y) {
                    *r = match self.kind {
                        // σ(z) - y, without cancellation where the answer is right and sure.
                        LossKind::BinaryCrossEntropy => (1.0 - y) * sigmoid(z).0 - y * sigmoid(-z).0,
                        _ => 2.0 * (z - y),
                    };
                }
            }
        }
    }

    /// Curvature `A = d²l/dz²` of one object, K x K row by row, before the normaliser.
    pub(crate) fn curvature(self, z: &[f64], a: &mut [f64]) {
        let k = z.len();
        a.fill(0.0);
        match self.kind {
            LossKind::CrossEntropy => {
                let mut p = vec![0.0; k];
                softmax(z, &mut p);
                for i in 0..k {
                    let mut others = 0.0;
                    for j in 0..k {
                        if i != j {
                            a[i * k + j] = -p[i] * p[j];
                            others += p[j];
                        }
                    }
                    a[i * k + i] = p[i] * others;
                }
            }
            LossKind::MeanSquaredError => (0..k).for_each(|i| a[i * k + i] = 2.0),
            LossKind::BinaryCrossEntropy => (0..k).for_each(|i| a[i * k + i] = sigmoid(z[i]).1),
        }
    }

    /// A square root `F` of the curvature of one object, K x K: `F Fᵀ = A`, before the normaliser.
    pub(crate) fn curvature_root(self, z: &[f64]) -> Array2<f64> {
        let k = z.len();
        match self.kind {
            LossKind::CrossEntropy => {
                // F = (I - p 1ᵀ) diag(√p): F Fᵀ = diag p - p pᵀ, because the entries of p sum to one.
                let mut p = vec![0.0; k];
                softmax(z, &mut p);
                Array2::from_shape_fn((k, k), |(i, j)| {
                    let others: f64 =
                        if i == j { (0..k).filter(|&l| l != i).map(|l| p[l]).sum() } else { -p[i] };
                    others * p[j].sqrt()
                })
            }
            LossKind::MeanSquaredError => Array2::eye(k) * 2.0_f64.sqrt(),
            LossKind::BinaryCrossEntropy => {
                Array2::from_diag(&z.iter().map(|&z| sigmoid(z).1.sqrt()).collect::<Array1<f64>>())
            }
        }
    }

    /// Loss of every object, length m, from the logits, shape (m, K), before the normaliser.
    ///
    /// # Errors
    /// Targets that do not fit the logits or the loss.
    pub fn values(self, logits: &Array2<f64>, targets: &Targets) -> Result<Array1<f64>> {
        self.check_targets(targets, logits.nrows(), logits.ncols())?;
        let logits = logits.as_standard_layout();
        Ok(logits
            .rows()
            .into_iter()
            .enumerate()
            .map(|(i, z)| targets.with_row(i, |t| self.value(z.as_slice().unwrap_or(&[]), t)))
            .collect())
    }
}

fn softmax(z: &[f64], p: &mut [f64]) {
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = z.iter().map(|z| (z - largest).exp()).sum();
    for (p, z) in p.iter_mut().zip(z) {
        *p = (z - largest).exp() / sum;
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl FromStr for Loss {
    type Err = Error;

    /// Reads `cross-entropy`, `mse` or `bce`, with mean reduction.
    fn from_str(name: &str) -> Result<Self> {
        Ok(Loss { kind: name.parse()?, reduction: Reduction::Mean })
    }
}

fn unknown_loss(name: &str) -> Error {
    Error::unknown_name::<LossKind>("loss", name)
}

fn unknown_reduction(name: &str) -> Error {
    Error::unknown_name::<Reduction>("reduction", name)
}
