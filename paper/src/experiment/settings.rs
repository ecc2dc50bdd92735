//! What decides the grid and its numbers.

use serde::{Deserialize, Serialize};

use super::Configuration;
use hessia::train::{AdamSettings, Precision};
use hessia::{Error, Result};

/// Most values of a list: far above any grid that makes sense, far below what exhausts memory.
const MOST: usize = 10_000;

/// The grid and how each network is trained and looked at. The defaults are the paper's, with five seeds where the
/// paper has one network.
///
/// ```
/// use hessia_paper::experiment::Settings;
/// let settings = Settings::default();
/// assert_eq!(settings.configurations().len(), 125);
/// let slices = Settings { figures_only: true, seeds: vec![1], ..settings };
/// assert_eq!(slices.configurations().len(), 9);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Hidden widths h.
    pub hidden_widths: Vec<usize>,
    /// The paper's N, which its figures call L: the number of h x h matrices, of N + 2 in all.
    pub inner_layers: Vec<usize>,
    /// One network a seed.
    pub seeds: Vec<u64>,
    /// Only the networks that the paper's figures show: N = 5 over h, and h = 16 over N.
    pub figures_only: bool,
    /// Passes through the data.
    pub epochs: usize,
    /// Objects in a step.
    pub batch: usize,
    /// Step length of Adam.
    pub learning_rate: f64,
    /// The numbers that training computes in.
    pub precision: Precision,
    /// Random orders of the objects.
    pub permutations: usize,
    /// Weight of the past in the exponential moving average over k.
    pub smoothing: f64,
    /// Resamples of the objects for the interval of C.
    pub resamples: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            hidden_widths: vec![4, 8, 16, 32, 64],
            inner_layers: vec![1, 3, 5, 7, 10],
            seeds: (1..=5).collect(),
            figures_only: false,
            epochs: 10,
            batch: 64,
            learning_rate: 1e-3,
            precision: Precision::Float32,
            permutations: 100,
            smoothing: 0.99,
            resamples: 400,
        }
    }
}

impl Settings {
    /// All networks, by width, then depth, then seed.
    pub fn configurations(&self) -> Vec<Configuration> {
        let mut all = Vec::new();
        for &hidden in &self.hidden_widths {
            for &inner_layers in &self.inner_layers {
                all.extend(self.seeds.iter().map(|&seed| Configuration { hidden, inner_layers, seed }));
            }
        }
        all.retain(|configuration| !self.figures_only || configuration.is_in_figures());
        all.sort_unstable();
        all
    }

    /// How the network of `seed` is trained.
    pub fn training(&self, seed: u64) -> AdamSettings {
        AdamSettings {
            learning_rate: self.learning_rate,
            batch: self.batch,
            epochs: self.epochs,
            seed,
            precision: self.precision,
            ..AdamSettings::default()
        }
    }

    /// Refuses settings that give no grid or no curve.
    pub(crate) fn check(&self) -> Result<()> {
        check_list("hidden widths", &self.hidden_widths, |&h| h > 0)?;
        check_list("inner layers N", &self.inner_layers, |_| true)?;
        check_list("seeds", &self.seeds, |_| true)?;
        for (what, count) in
            [("epochs", self.epochs), ("permutations", self.permutations), ("resamples", self.resamples)]
        {
            if count == 0 {
                return Err(Error::argument(what, "at least 1", count));
            }
        }
        if !(0.0..1.0).contains(&self.smoothing) {
            return Err(Error::argument("smoothing", "a number of at least 0 and below 1", self.smoothing));
        }
        if self.configurations().is_empty() {
            let expected =
                "a network with N = 5 or h = 16, since only those of the paper's figures are asked for";
            return Err(Error::argument("grid", expected, "none"));
        }
        Ok(())
    }
}

fn check_list<T: Ord + Copy + std::fmt::Debug>(
    what: &str,
    values: &[T],
    fits: impl Fn(&T) -> bool,
) -> Result<()> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let repeated = sorted.windows(2).find(|pair| pair[0] == pair[1]);
    if let Some(pair) = repeated {
        return Err(Error::argument(what, "different values", format!("{:?} twice", pair[0])));
    }
    if values.is_empty() || values.len() > MOST || !values.iter().all(fits) {
        let shown = &values[..values.len().min(8)];
        let expected = format!("1 to {MOST} positive values");
        return Err(Error::argument(what, expected, format!("{} values: {shown:?}", values.len())));
    }
    Ok(())
}
