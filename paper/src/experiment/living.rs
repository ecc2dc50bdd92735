//! Networks that died in training: one rule for every mean, correlation, fit and figure over networks.

use super::{CurvatureRun, GrowthRun, Run, Sample};

/// What came of a network that may have died: one with a hidden layer without an active unit, whose outputs are the
/// same for every object, so that C and every Hessian are zero whatever its width and depth.
pub trait Mortal {
    /// Whether it has died.
    fn is_dead(&self) -> bool;
}

/// The living, which enter whatever is said of several networks, and how many are left out of it.
///
/// ```
/// use hessia_paper::experiment::{Mode, Sample, living};
/// let sample = |seed, constant| Sample {
///     dataset: "toy".to_string(), mode: Mode::Pixels, hidden: 4, inner_layers: 1, seed, constant, dead: constant == 0.0,
/// };
/// let samples = [sample(1, 0.5), sample(2, 0.0), sample(3, 0.7)];
/// let (alive, dead) = living(&samples);
/// assert_eq!((alive.len(), dead), (2, 1));
/// ```
pub fn living<'a, T: Mortal + 'a>(networks: impl IntoIterator<Item = &'a T>) -> (Vec<&'a T>, usize) {
    let (dead, alive): (Vec<&T>, Vec<&T>) = networks.into_iter().partition(|network| network.is_dead());
    (alive, dead.len())
}

impl Mortal for Run {
    fn is_dead(&self) -> bool {
        Run::is_dead(self)
    }
}

impl Mortal for Sample {
    fn is_dead(&self) -> bool {
        self.dead
    }
}

impl Mortal for CurvatureRun {
    fn is_dead(&self) -> bool {
        self.dead
    }
}

impl Mortal for GrowthRun {
    fn is_dead(&self) -> bool {
        self.dead
    }
}
