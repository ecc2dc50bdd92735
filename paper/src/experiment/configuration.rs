//! One network of the grid.

use std::fmt;

use serde::{Deserialize, Serialize};

use hessia::{Activation, Network, Result};

/// Width, depth and seed of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Configuration {
    /// Hidden width h.
    pub hidden: usize,
    /// The paper's N: matrices of shape h x h between the first and the last one.
    pub inner_layers: usize,
    /// Seed of the first weights, of the batches and of the orders.
    pub seed: u64,
}

impl Configuration {
    /// Number of weight matrices, N + 2.
    pub fn matrices(&self) -> usize {
        self.inner_layers + 2
    }

    /// Whether the network stands in one of the paper's figures: N = 5 over h, or h = 16 over N.
    pub fn is_in_figures(&self) -> bool {
        self.inner_layers == 5 || self.hidden == 16
    }

    /// Number of inputs, hidden widths, number of classes.
    ///
    /// ```
    /// use hessia_paper::experiment::Configuration;
    /// let configuration = Configuration { hidden: 16, inner_layers: 1, seed: 1 };
    /// assert_eq!(configuration.widths(784, 10), [784, 16, 16, 10]);
    /// assert_eq!(configuration.matrices(), 3);
    /// ```
    pub fn widths(&self, inputs: usize, classes: usize) -> Vec<usize> {
        let mut widths = vec![inputs];
        widths.extend(std::iter::repeat_n(self.hidden, self.inner_layers + 1));
        widths.push(classes);
        widths
    }

    /// The network before training: ReLU, no biases, PyTorch's law of the first weights.
    ///
    /// # Errors
    /// A width of zero.
    pub fn network(&self, inputs: usize, classes: usize) -> Result<Network> {
        Network::random(&self.widths(inputs, classes), false, Activation::Relu, self.seed)
    }

    /// Number of parameters P, or none where it does not fit a machine word.
    pub(crate) fn parameters(&self, inputs: usize, classes: usize) -> Option<usize> {
        let inner = self.hidden.checked_mul(self.hidden)?.checked_mul(self.inner_layers)?;
        self.hidden.checked_mul(inputs.checked_add(classes)?)?.checked_add(inner)
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Configuration { hidden, inner_layers, seed } = self;
        write!(f, "h = {hidden}, N = {inner_layers}, seed {seed}")
    }
}
