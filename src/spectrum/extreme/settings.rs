//! What is looked for at the ends of a spectrum.

use crate::{Error, Result};

/// Which end of the spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The algebraically largest.
    Largest,
    /// The algebraically smallest.
    Smallest,
    /// So many of the largest, then so many of the smallest.
    BothEnds,
    /// The largest by magnitude, whatever their sign.
    LargestMagnitude,
}

/// What [`extreme_pairs`](super::extreme_pairs) looks for, and how far it goes.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ExtremeSettings {
    /// Which end.
    pub which: Which,
    /// Number of pairs, at each end for [`Which::BothEnds`].
    pub count: usize,
    /// Residual `||A v - lambda v||_2` to reach, in units of the largest absolute value found.
    pub tolerance: f64,
    /// Vectors of a product: eigenvalues that repeat up to so often are found at once, others in the check.
    pub block: usize,
    /// Vectors held at most; none for a number chosen from `count` and `block`.
    pub basis: Option<usize>,
    /// Products to take at most.
    pub most_products: usize,
    /// Seed of the start.
    pub seed: u64,
    /// The exact trace, if it is known and the operator has no negative eigenvalue: may prove that none was missed.
    pub trace: Option<f64>,
    /// The exact square of the Frobenius norm, if it is known: may prove that none was missed.
    pub squares: Option<f64>,
}

impl Default for ExtremeSettings {
    fn default() -> Self {
        ExtremeSettings {
            which: Which::Largest,
            count: 10,
            tolerance: 1e-8,
            block: 4,
            basis: None,
            most_products: 20_000,
            seed: 0,
            trace: None,
            squares: None,
        }
    }
}

impl ExtremeSettings {
    /// Number of pairs in all.
    pub(super) fn total(&self) -> usize {
        if self.which == Which::BothEnds { 2 * self.count } else { self.count }
    }

    pub(super) fn capacity(&self) -> usize {
        let total = self.total();
        self.basis.unwrap_or((3 * total + 6 * self.block).max(48))
    }

    pub(super) fn check(&self, order: usize) -> Result<()> {
        let total = self.total();
        if order == 0 || total == 0 || total > order {
            return Err(Error::argument("number of eigenpairs", format!("a number in 1..={order}"), total));
        }
        if !(self.tolerance >= 1e-14 && self.tolerance < 1.0) {
            return Err(Error::argument("tolerance", "a number in 1e-14..1", self.tolerance));
        }
        let least = total + 3 * self.block;
        if self.block == 0 || self.capacity() < least {
            let found = format!("{} vectors in blocks of {}", self.capacity(), self.block);
            return Err(Error::argument("basis", format!("at least {least} vectors in blocks of 1"), found));
        }
        Ok(())
    }

    /// The numbers of the `total` wanted among ascending values, best first.
    pub(super) fn select(&self, values: &[f64], total: usize) -> Vec<usize> {
        let (n, total) = (values.len(), total.min(values.len()));
        match self.which {
            Which::Largest => (n - total..n).rev().collect(),
            Which::Smallest => (0..total).collect(),
            Which::BothEnds => {
                let low = total / 2;
                (n - (total - low)..n).rev().chain(0..low).collect()
            }
            Which::LargestMagnitude => {
                let mut all: Vec<_> = (0..n).collect();
                all.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(b.cmp(&a)));
                all.truncate(total);
                all
            }
        }
    }

    /// Values below the first or above the second number are better than the worst of those found.
    pub(super) fn thresholds(&self, found: &[f64]) -> (f64, f64) {
        let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match self.which {
            Which::Largest => (f64::NEG_INFINITY, least(found)),
            Which::Smallest => (most(found), f64::INFINITY),
            Which::BothEnds => {
                let mut sorted = found.to_vec();
                sorted.sort_by(f64::total_cmp);
                (sorted[self.count.min(sorted.len()) - 1], sorted[sorted.len().saturating_sub(self.count)])
            }
            Which::LargestMagnitude => {
                let worst = found.iter().fold(f64::INFINITY, |least, v| least.min(v.abs()));
                (-worst, worst)
            }
        }
    }
}
