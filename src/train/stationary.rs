//! Descent to a true stationary point, by the Levenberg-Marquardt method on the exact Hessian.

use std::fmt;

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use crate::linalg::{available_memory, largest_magnitude, solve_shifted, whole_machine};
use crate::passes::nearest_kink;
use crate::progress::Progress;
use crate::{Activation, Dataset, Error, Loss, Network, Result, hessian, loss_and_gradient};

/// A decrease of the loss below this share of it may be rounding.
const NOISE: f64 = 64.0 * f64::EPSILON;

/// Damping, in units of the Hessian's largest diagonal entry, is never below this,
const LEAST_DAMPING: f64 = 1e-12;
/// and above this the step is lost in the rounding of theta: there is none that helps.
const MOST_DAMPING: f64 = 1e12;

/// When [`stationary_point`] stops.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StationarySettings {
    /// Gradient norm to reach.
    pub tolerance: f64,
    /// Hessians to compute at most.
    pub max_iterations: usize,
}

impl Default for StationarySettings {
    fn default() -> Self {
        StationarySettings { tolerance: 1e-8, max_iterations: 200 }
    }
}

/// One accepted step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Step {
    /// Loss after the step.
    pub loss: f64,
    /// Gradient norm after the step.
    pub gradient_norm: f64,
    /// What was added to the Hessian's diagonal.
    pub damping: f64,
    /// Length of the step.
    pub length: f64,
    /// Steps refused before this one at the same place.
    pub refused: usize,
}

/// Why the descent ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Stopped {
    /// The gradient norm is below the tolerance.
    Converged,
    /// All iterations are used up.
    MaxIterations,
    /// However short, no step lowers the loss, or the gradient where the loss is too flat to tell.
    ///
    /// With relu and leaky-relu this is a kink as a rule: some unit's `z` is all but zero for some object, and the
    /// gradient jumps there without ever vanishing.
    NoProgress {
        /// The damping at which it was given up.
        damping: f64,
        /// The smallest `|z|` over objects and hidden units, for activations with a kink.
        nearest_kink: Option<f64>,
    },
}

/// Where the descent ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Stationary {
    /// The network there.
    pub network: Network,
    /// Its loss.
    pub loss: f64,
    /// Norm of the gradient there.
    pub gradient_norm: f64,
    /// Largest entry of the gradient by magnitude.
    pub gradient_max: f64,
    /// Distance from the start, `||theta - theta_0||`: large where the loss has no minimum but falls for ever.
    pub distance: f64,
    /// Why it ended.
    pub stopped: Stopped,
    /// The accepted steps.
    pub steps: Vec<Step>,
}

/// Descends from `net` to a point where the gradient vanishes, for claims that hold at such points only.
///
/// Step s of (H + μ I) s = -g with the exact Hessian H and gradient g; μ falls while the quadratic model predicts
/// the loss well and rises where it does not, or where H + μ I is not positive definite. Near the end, where the
/// loss changes by less than its rounding, a step must lower the gradient norm instead.
///
/// The result says how it ended. Ending without convergence is a finding, not an error: the loss of a ReLU network
/// may have its minimum on a kink.
///
/// # Errors
/// Settings out of range, data that do not fit, a Hessian that would not fit in memory twice, or an interrupt.
///
/// ```
/// use hessia::train::{StationarySettings, Stopped, stationary_point};
/// use hessia::{Activation, Dataset, Loss, Network, Targets};
/// use ndarray::array;
/// let x = array![[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]];
/// let data = Dataset::new("four", x, Targets::Values(array![[1.0], [2.0], [3.0], [4.0]]))?;
/// let net = Network::random(&[2, 1], true, Activation::Identity, 0)?;
/// let found = stationary_point(&net, &data, Loss::mean_squared_error(), &StationarySettings::default())?;
/// assert_eq!(found.stopped, Stopped::Converged);
/// assert!(found.gradient_norm < 1e-8);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn stationary_point(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    settings: &StationarySettings,
) -> Result<Stationary> {
    if !(settings.tolerance > 0.0 && settings.tolerance.is_finite()) {
        return Err(Error::argument("tolerance", "a finite number above 0", settings.tolerance));
    }
    let count = net.parameter_count();
    let (needed, available) = (16 * (count as u64).saturating_mul(count as u64), available_memory());
    if needed > available {
        let what = format!("the Hessian of {count} parameters and its factor");
        return Err(Error::OutOfMemory { what, needed, available });
    }
    let mut here = Point::at(net.clone(), data, loss)?;
    let mut factor = Array2::zeros((0, 0));
    let mut steps: Vec<Step> = Vec::new();
    let mut damping = 1e-3;
    let mut growth = 2.0;
    let progress = Progress::new("Descent", settings.max_iterations as u64, "Hessians");
    let stopped = loop {
        if here.norm() <= settings.tolerance {
            break Stopped::Converged;
        }
        if steps.len() == settings.max_iterations {
            break Stopped::MaxIterations;
        }
        let matrix = hessian(&here.network, data, loss)?;
        let scale = matrix.diag().iter().fold(0.0_f64, |most, v| most.max(v.abs())).max(f64::MIN_POSITIVE);
        let mut refused = 0;
        let accepted = loop {
            if damping > MOST_DAMPING {
                break None;
            }
            let shift = damping * scale;
            if let Some(step) = solve_shifted(&matrix, shift, &-&here.gradient, &mut factor)?
                && let Some((next, ratio)) = here.step(&step, &matrix, data, loss)?
            {
                let length = step.dot(&step).sqrt();
                break Some((next, ratio, shift, length));
            }
            refused += 1;
            damping *= growth;
            growth *= 2.0;
        };
        let Some((next, ratio, shift, length)) = accepted else {
            break Stopped::NoProgress { damping: damping * scale, nearest_kink: kink(&here.network, data)? };
        };
        here = next;
        let (loss, gradient_norm) = (here.loss, here.norm());
        steps.push(Step { loss, gradient_norm, damping: shift, length, refused });
        // Nielsen's rule: smooth in how well the model predicted, faster and faster while it does not.
        damping = LEAST_DAMPING.max(damping * (1.0 - (2.0 * ratio - 1.0).powi(3)).clamp(0.1, 2.0));
        growth = 2.0;
        progress.advance(1)?;
    };
    let moved = here.network.parameters() - net.parameters();
    Ok(Stationary {
        loss: here.loss,
        gradient_norm: here.norm(),
        gradient_max: largest_magnitude(here.gradient.iter()),
        distance: moved.dot(&moved).sqrt(),
        network: here.network,
        stopped,
        steps,
    })
}

struct Point {
    network: Network,
    loss: f64,
    gradient: Array1<f64>,
}

impl Point {
    fn at(network: Network, data: &Dataset, loss: Loss) -> Result<Point> {
        let (loss, gradient) = loss_and_gradient(&network, data, loss)?;
        Ok(Point { network, loss, gradient })
    }

    fn norm(&self) -> f64 {
        self.gradient.dot(&self.gradient).sqrt()
    }

    /// The point after `step` with the share of the predicted decrease that came, or none where it is refused.
    fn step(
        &self,
        step: &Array1<f64>,
        matrix: &Array2<f64>,
        data: &Dataset,
        loss: Loss,
    ) -> Result<Option<(Point, f64)>> {
        let predicted = -self.gradient.dot(step) - 0.5 * step.dot(&whole_machine(|| matrix.dot(step)));
        let theta = self.network.parameters() + step;
        if !theta.iter().all(|v| v.is_finite()) {
            return Ok(None);
        }
        let next = match Point::at(self.network.with_parameters(&theta)?, data, loss) {
            Err(Error::NonFinite { .. }) => return Ok(None),
            next => next?,
        };
        let (gained, noise) = (self.loss - next.loss, NOISE * self.loss.abs());
        // The loss is blind here: the gradient must decide.
        if predicted <= noise {
            let (before, after) = (self.norm(), next.norm());
            if after >= before || gained < -noise {
                return Ok(None);
            }
            return Ok(Some((next, 1.0 - after / before)));
        }
        let ratio = gained / predicted;
        Ok((ratio >= 1e-4).then_some((next, ratio)))
    }
}

/// Distance to the nearest kink, where the activation has one.
fn kink(net: &Network, data: &Dataset) -> Result<Option<f64>> {
    if !matches!(net.activation(), Activation::Relu | Activation::LeakyRelu) {
        return Ok(None);
    }
    let nearest = nearest_kink(net, &data.x)?;
    Ok(nearest.is_finite().then_some(nearest))
}

impl fmt::Display for Stationary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stationary { loss, gradient_norm, distance, .. } = self;
        match self.stopped {
            Stopped::Converged => write!(f, "converged")?,
            Stopped::MaxIterations => write!(f, "not converged: iterations used up")?,
            Stopped::NoProgress { damping, nearest_kink } => {
                write!(f, "not converged: no step helps, down to damping {damping:.1e}")?;
                if let Some(kink) = nearest_kink {
                    write!(f, "; nearest kink at |z| = {kink:.1e}")?;
                }
            }
        }
        write!(f, " after {} steps: gradient norm {gradient_norm:.2e}, loss {loss:.6e}", self.steps.len())?;
        write!(f, ", {distance:.3e} from the start")
    }
}
