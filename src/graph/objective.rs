//! Losses of a graph's outputs, position by position, with exact residual and curvature.

use ndarray::Array2;

use super::{Answers, Shape};
use crate::data::Target;
use crate::loss::{Loss, LossKind, Reduction};
use crate::{Error, Result};

/// The form of an [`Objective`], at one position with outputs z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// `-Σ_k q_k log softmax(z)_k`; q is 1 at the label, or smoothed and weighted.
    CrossEntropy,
    /// `Σ_k (z_k - y_k)²`.
    MeanSquaredError,
    /// `Σ_k log(1 + exp z_k) - y_k z_k`.
    BinaryCrossEntropy,
    /// `Σ_k (z_k - y_k)²/2` up to `delta`, and `delta (|z_k - y_k| - delta/2)` beyond.
    Huber {
        /// Where the parabola ends.
        delta: f64,
    },
}

/// A loss of a graph's outputs, by PyTorch's definitions.
///
/// Cross-entropy may be smoothed and weighted by class, and may ignore a label: with weights w, smoothing e and K
/// classes, `q_k = (1 - e) w_y [k = y] + e w_k / K`, and its mean divides by `Σ w_y` over the labels not ignored. The
/// mean of the other forms is over objects, positions and outputs.
///
/// ```
/// use hessia::graph::Objective;
/// let loss = Objective::cross_entropy().smoothed(0.1).ignoring(-100);
/// assert_eq!(loss.smoothing, 0.1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// The form.
    pub form: Form,
    /// How the terms are put together.
    pub reduction: Reduction,
    /// Label smoothing, from 0 to 1; cross-entropy alone.
    pub smoothing: f64,
    /// Weight of every class; cross-entropy alone.
    pub weights: Option<Vec<f64>>,
    /// The label that stands for no answer; cross-entropy alone.
    pub ignored: Option<i64>,
}

impl Objective {
    const fn of(form: Form) -> Objective {
        Objective { form, reduction: Reduction::Mean, smoothing: 0.0, weights: None, ignored: None }
    }

    /// Softmax cross-entropy with class labels, mean over the labels.
    pub const fn cross_entropy() -> Objective {
        Objective::of(Form::CrossEntropy)
    }

    /// Squared error, mean over objects, positions and outputs.
    pub const fn mean_squared_error() -> Objective {
        Objective::of(Form::MeanSquaredError)
    }

    /// Binary cross-entropy with logits, mean over objects, positions and outputs.
    pub const fn binary_cross_entropy() -> Objective {
        Objective::of(Form::BinaryCrossEntropy)
    }

    /// Huber loss, mean over objects, positions and outputs.
    pub const fn huber(delta: f64) -> Objective {
        Objective::of(Form::Huber { delta })
    }

    /// The same loss, summed.
    pub fn sum(self) -> Objective {
        Objective { reduction: Reduction::Sum, ..self }
    }

    /// The same loss with label smoothing.
    pub fn smoothed(self, smoothing: f64) -> Objective {
        Objective { smoothing, ..self }
    }

    /// The same loss with a weight for every class.
    pub fn weighted(self, weights: Vec<f64>) -> Objective {
        Objective { weights: Some(weights), ..self }
    }

    /// The same loss that leaves out positions with this label.
    pub fn ignoring(self, label: i64) -> Objective {
        Objective { ignored: Some(label), ..self }
    }

    /// The factor before the sum over objects and positions.
    ///
    /// # Errors
    /// A mean over nothing: every label ignored, or of weight zero.
    pub(super) fn normaliser(&self, answers: &Answers, shape: Shape) -> Result<f64> {
        let total = match (self.reduction, answers) {
            (Reduction::Sum, _) => return Ok(1.0),
            (Reduction::Mean, Answers::Values(y)) => (y.nrows() * shape.size()) as f64,
            (Reduction::Mean, Answers::Classes(labels)) => {
                let counted = labels.iter().filter(|&&label| self.ignored != Some(label));
                counted.map(|&label| self.weight(label as usize)).sum()
            }
        };
        if total > 0.0 {
            Ok(1.0 / total)
        } else {
            Err(Error::argument("mean of the loss", "labels of positive weight that are not ignored", "none"))
        }
    }

    fn weight(&self, label: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[label])
    }

    /// Refuses answers and settings that do not fit outputs of this shape.
    pub(super) fn check(&self, answers: &Answers, objects: usize, shape: Shape) -> Result<()> {
        let classes = shape.channels;
        let plain = self.smoothing == 0.0 && self.weights.is_none() && self.ignored.is_none();
        if self.form != Form::CrossEntropy && !plain {
            let found = format!("{:?}", self.form);
            return Err(Error::argument("smoothing, weights and ignored labels", "cross-entropy", found));
        }
        if let Form::Huber { delta } = self.form
            && !(delta.is_finite() && delta > 0.0)
        {
            return Err(Error::argument("delta of the Huber loss", "a finite number above 0", delta));
        }
        if !(0.0..=1.0).contains(&self.smoothing) {
            return Err(Error::argument("label smoothing", "a number from 0 to 1", self.smoothing));
        }
        if let Some(weights) = &self.weights {
            if weights.len() != classes {
                return Err(Error::shape("class weights", &[classes], &[weights.len()]));
            }
            if let Some(weight) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
                return Err(Error::argument("class weight", "a finite number from 0", weight));
            }
        }
        match (self.form, answers) {
            (Form::CrossEntropy, Answers::Classes(labels)) => {
                if labels.dim() != (objects, shape.positions()) {
                    return Err(Error::shape("labels", &[objects, shape.positions()], labels.shape()));
                }
                for ((object, _), &label) in labels.indexed_iter() {
                    let known = usize::try_from(label).is_ok_and(|label| label < classes);
                    if !known && self.ignored != Some(label) {
                        return Err(Error::LabelOutOfRange { object, label, classes });
                    }
                }
                Ok(())
            }
            (Form::CrossEntropy, Answers::Values(y)) => {
                let found = format!("real values of shape {:?}", y.shape());
                Err(Error::argument("answers", "class labels for cross-entropy", found))
            }
            (_, Answers::Classes(labels)) => {
                let expected = format!("real values of shape [{objects}, {}]", shape.size());
                Err(Error::argument("answers", expected, format!("labels of shape {:?}", labels.shape())))
            }
            (_, Answers::Values(y)) => {
                if y.dim() != (objects, shape.size()) {
                    return Err(Error::shape("answers", &[objects, shape.size()], y.shape()));
                }
                crate::error::check_finite("answers", y.view().into_dyn())
            }
        }
    }

    fn plain(&self) -> Loss {
        let kind = match self.form {
            Form::CrossEntropy => LossKind::CrossEntropy,
            Form::BinaryCrossEntropy => LossKind::BinaryCrossEntropy,
            _ => LossKind::MeanSquaredError,
        };
        Loss { kind, reduction: Reduction::Sum }
    }

    /// Share of every class in the smoothing, `e w_k / K`.
    fn smooth(&self, class: usize, classes: usize) -> f64 {
        self.smoothing * self.weight(class) / classes as f64
    }

    /// Loss of one position, before the normaliser.
    pub(super) fn value(&self, z: &[f64], target: Target<'_>) -> f64 {
        match (self.form, target) {
            (Form::Huber { delta }, Target::Values(y)) => z
                .iter()
                .zip(y)
                .map(|(z, y)| (z - y).abs())
                .map(|gap| if gap <= delta { 0.5 * gap * gap } else { delta * (gap - 0.5 * delta) })
                .sum(),
            (Form::CrossEntropy, Target::Class(label)) => {
                let nll = |k| self.plain().value(z, Target::Class(k));
                let smooth: f64 = match self.smoothing {
                    0.0 => 0.0,
                    _ => (0..z.len()).map(|k| self.smooth(k, z.len()) * nll(k)).sum(),
                };
                (1.0 - self.smoothing) * self.weight(label) * nll(label) + smooth
            }
            _ => self.plain().value(z, target),
        }
    }

    /// Residual `dl/dz` of one position, before the normaliser.
    pub(super) fn residual(&self, z: &[f64], target: Target<'_>, r: &mut [f64]) {
        match (self.form, target) {
            (Form::Huber { delta }, Target::Values(y)) => {
                r.iter_mut().zip(z.iter().zip(y)).for_each(|(r, (z, y))| *r = (z - y).clamp(-delta, delta));
            }
            (Form::CrossEntropy, Target::Class(label)) => {
                self.plain().residual(z, target, r);
                let factor = (1.0 - self.smoothing) * self.weight(label);
                r.iter_mut().for_each(|r| *r *= factor);
                if self.smoothing > 0.0 {
                    // The label's own part keeps its digits; the smoothing adds W p - w, with W = Σ w.
                    let mut own = vec![0.0; z.len()];
                    for class in 0..z.len() {
                        self.plain().residual(z, Target::Class(class), &mut own);
                        let share = self.smooth(class, z.len());
                        r.iter_mut().zip(&own).for_each(|(r, own)| *r += share * own);
                    }
                }
            }
            _ => self.plain().residual(z, target, r),
        }
    }

    /// Curvature `d²l/dz²` of one position, K x K, before the normaliser.
    pub(super) fn curvature(&self, z: &[f64], target: Target<'_>, a: &mut [f64]) {
        match (self.form, target) {
            (Form::Huber { delta }, Target::Values(y)) => {
                a.fill(0.0);
                for k in 0..z.len() {
                    a[k * z.len() + k] = f64::from(u8::from((z[k] - y[k]).abs() <= delta));
                }
            }
            _ => {
                self.plain().curvature(z, a);
                let factor = self.mass(z.len(), target);
                if factor != 1.0 {
                    a.iter_mut().for_each(|a| *a *= factor);
                }
            }
        }
    }

    /// A square root `F` of the curvature of one position, K x K: `F Fᵀ = A`.
    pub(super) fn root(&self, z: &[f64], target: Target<'_>) -> Array2<f64> {
        match (self.form, target) {
            (Form::Huber { .. }, _) => {
                let mut a = Array2::zeros((z.len(), z.len()));
                if let Some(a) = a.as_slice_mut() {
                    self.curvature(z, target, a);
                }
                a
            }
            _ => self.plain().curvature_root(z) * self.mass(z.len(), target).sqrt(),
        }
    }

    /// `Σ_k q_k` of cross-entropy, 1 of the others.
    fn mass(&self, classes: usize, target: Target<'_>) -> f64 {
        match target {
            Target::Class(label) if self.smoothing > 0.0 => {
                let smooth: f64 = (0..classes).map(|k| self.smooth(k, classes)).sum();
                (1.0 - self.smoothing) * self.weight(label) + smooth
            }
            Target::Class(label) => self.weight(label),
            Target::Values(_) => 1.0,
        }
    }
}

impl From<Loss> for Objective {
    fn from(loss: Loss) -> Objective {
        let form = match loss.kind {
            LossKind::CrossEntropy => Form::CrossEntropy,
            LossKind::MeanSquaredError => Form::MeanSquaredError,
            LossKind::BinaryCrossEntropy => Form::BinaryCrossEntropy,
        };
        Objective { reduction: loss.reduction, ..Objective::of(form) }
    }
}
