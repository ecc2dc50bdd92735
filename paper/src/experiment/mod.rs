//! The paper's experiment (its section 5, Figures 2 to 5): a grid of networks, trained with several seeds.
//!
//! Each network of widths `n, h, ..., h, K` without biases is trained on all m objects. At the parameters
//! theta-hat that it ends with, the per-object losses `l_i` give, for every order of the objects,
//! `|L_{k+1} - L_k| = |l_{k+1} - L_k| / (k+1)`, and its mean over random orders approaches `C / (k+1)` with
//! `C = E|l - E l|`, the mean absolute deviation of the losses: one number describes a curve.
//!
//! The paper's figures call the number N of h x h matrices L; here it is [`Settings::inner_layers`], and a network
//! has N + 2 weight matrices.

mod configuration;
mod curvature;
mod curve;
mod evaluate;
mod grid;
mod growth;
mod living;
mod paper;
mod rank;
mod settings;
mod store;
mod task;
mod verdict;

pub use configuration::Configuration;
pub use curvature::{CurvatureRun, CurvatureSettings, curvature_grid};
pub use curve::{Curve, QUANTILES, mean_absolute_deviation};
pub use grid::{Finished, run, run_in};
pub use growth::{
    GROWTH_QUANTITIES, GrowthFit, GrowthQuantity, GrowthRun, growth_fits, growth_grid, measure_growth,
};
pub use living::{Mortal, living};
pub use paper::{PaperCurve, Slice, paper_curves};
pub use rank::rank_correlation;
pub use settings::Settings;
pub use store::fingerprint;
pub use task::{Mode, Task};
pub use verdict::{Finding, Order, Sample, Verdict, verdicts};

use serde::{Deserialize, Serialize};

/// What one network of the grid came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Which network.
    pub configuration: Configuration,
    /// Number of parameters P.
    pub parameters: usize,
    /// Loss of each epoch, every object's at the step that took it.
    pub epoch_losses: Vec<f64>,
    /// `L_m` at theta-hat.
    pub loss: f64,
    /// `||dL_m/dtheta||_2` at theta-hat: zero under the paper's Assumption 1.
    pub gradient_norm: f64,
    /// Share of the objects classified rightly.
    pub accuracy: f64,
    /// Units of each hidden layer that are inactive on every object.
    pub dead_units: Vec<usize>,
    /// `C = (1/m) Σ |l_i - L_m|`.
    pub constant: f64,
    /// Ends of the 95 % percentile bootstrap interval of C over objects.
    pub constant_interval: (f64, f64),
    /// Mean over k of `(k+1)` times the mean of `|L_{k+1} - L_k|`, over the last nine tenths: C as the curve has it.
    pub constant_of_curve: f64,
    /// `|L_{k+1} - L_k|` over random orders of the objects.
    pub curve: Curve,
}

impl Run {
    /// Whether a hidden layer has no active unit left: without biases all logits are zero then, all losses equal and
    /// all differences zero.
    pub fn is_dead(&self) -> bool {
        self.dead_units.contains(&self.configuration.hidden)
    }
}
