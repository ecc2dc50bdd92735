//! A few extreme eigenpairs of an operator: thick-restart block Lanczos.

mod basis;
mod outcome;
mod settings;
#[cfg(feature = "model-io")]
mod state;

use std::time::Instant;

use ndarray::{Array1, Array2, concatenate};

use crate::linalg::{symmetric_eigen, workers};
use crate::operator::LinearOperator;
use crate::progress::Progress;
use crate::{Error, Result};

use basis::Basis;
pub use outcome::{Completeness, ExtremePairs};
use outcome::{finish, whole_space};
pub use settings::{ExtremeSettings, Which};

/// A missed pair is looked for until it would have shown but for this probability.
const MISS: f64 = 1e-10;

/// A search for extreme eigenpairs that can be interrupted, saved and taken up again.
///
/// ```
/// use hessia::spectrum::{ExtremeSettings, ExtremeSolver};
/// let matrix = ndarray::Array2::from_diag(&ndarray::Array1::linspace(0.0, 1.0, 200));
/// let settings = ExtremeSettings { count: 2, most_products: 40, ..Default::default() };
/// let mut solver = ExtremeSolver::new(200, settings)?;
/// let early = solver.run(&matrix)?;
/// assert!(!early.converged);
/// // On from the last restart, perhaps in another process.
/// # #[cfg(feature = "model-io")] {
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("state.npz");
/// solver.save(&path)?;
/// let mut solver = ExtremeSolver::load(&path)?;
/// solver.allow(4000);
/// let pairs = solver.run(&matrix)?;
/// assert!(pairs.converged && (pairs.values[0] - 1.0).abs() < 1e-7);
/// # }
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExtremeSolver {
    order: usize,
    settings: ExtremeSettings,
    basis: Basis,
    /// Pairs that have converged and are kept out of the basis: while those missed are looked for.
    locked: Array2<f64>,
    locked_values: Vec<f64>,
    /// Whether the pairs wanted were found, and others are looked for beside them.
    checking: bool,
    products: usize,
    restarts: usize,
    /// Bound on the probability that a missed pair did not show.
    miss: f64,
    seconds: f64,
}

impl ExtremeSolver {
    /// A search that has not begun, in a space of this order.
    ///
    /// # Errors
    /// Settings out of range: more pairs than the order, no pair, or a basis too small for them.
    pub fn new(order: usize, settings: ExtremeSettings) -> Result<Self> {
        settings.check(order)?;
        let mut solver = ExtremeSolver {
            order,
            basis: Basis::empty(),
            locked: Array2::zeros((order, 0)),
            locked_values: Vec::new(),
            checking: false,
            products: 0,
            restarts: 0,
            miss: 1.0,
            seconds: 0.0,
            settings,
        };
        if !solver.is_small() {
            solver.begin();
        }
        Ok(solver)
    }

    /// Raises the number of products that may be taken to `most`.
    pub fn allow(&mut self, most: usize) {
        self.settings.most_products = most;
    }

    /// Goes on until the pairs are found and looked past, or the products are used up.
    ///
    /// After an error, an interrupt among them, the solver stands at its last restart: run it again or save it.
    ///
    /// # Errors
    /// An operator of another order, one that is not symmetric or whose product is not finite; an interrupt.
    pub fn run(&mut self, operator: &impl LinearOperator) -> Result<ExtremePairs> {
        if operator.order() != self.order {
            return Err(Error::argument("order of the operator", self.order.to_string(), operator.order()));
        }
        let start = Instant::now();
        let result = if self.is_small() { whole_space(self, operator) } else { self.iterate(operator) };
        self.seconds += start.elapsed().as_secs_f64();
        if result.is_err() && !self.is_small() {
            self.basis.rewind();
        }
        let mut pairs = result?;
        pairs.seconds = self.seconds;
        Ok(pairs)
    }

    /// Whether the whole matrix is no more work than a basis.
    fn is_small(&self) -> bool {
        self.order <= self.settings.capacity() + 2 * self.settings.total() + 2 * self.settings.block
    }

    /// A new basis beside the pairs locked, from a random start.
    fn begin(&mut self) {
        let (block, capacity) = (self.settings.block, self.settings.capacity());
        let seed = (self.settings.seed, self.restarts as u64);
        self.basis = Basis::start(self.order, capacity, block, seed, &self.locked);
    }

    fn iterate(&mut self, operator: &impl LinearOperator) -> Result<ExtremePairs> {
        let progress = Progress::new("Eigenpairs", self.settings.most_products as u64, "products");
        let block = self.settings.block;
        loop {
            if self.products + block + self.settings.total() > self.settings.most_products {
                let (values, vectors) = self.best_so_far()?;
                self.basis.rewind();
                return finish(self, operator, values, vectors, false);
            }
            let scale = self.locked_values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
            self.basis.expand(operator, &self.locked, scale)?;
            self.products += block;
            progress.advance(block as u64)?;
            let ritz = self.basis.ritz()?;
            let norm = ritz.values.iter().fold(scale, |most, v| most.max(v.abs()));
            let goal = self.settings.tolerance * norm;
            let done = if self.checking { self.check(&ritz, goal)? } else { self.search(&ritz, goal) };
            if done {
                let (values, vectors) = self.take_best();
                return finish(self, operator, values, vectors, true);
            }
            if self.basis.is_full() {
                let total = self.settings.total();
                let room = self.settings.capacity() - 2 * block;
                let kept =
                    self.settings.select(&ritz.values, (total + room.saturating_sub(total) / 2).max(block));
                self.basis.restart(&ritz, &kept);
                self.restarts += 1;
            }
        }
    }

    /// Locks the pairs wanted once all of them have converged; the search is never the end.
    fn search(&mut self, ritz: &Ritz, goal: f64) -> bool {
        let wanted = self.settings.select(&ritz.values, self.settings.total());
        if wanted.len() == self.settings.total() && wanted.iter().all(|&k| ritz.residuals[k] <= goal) {
            self.lock(ritz, &wanted);
            self.checking = true;
            self.restarts += 1;
            self.begin();
        }
        false
    }

    /// Locks what is better than the pairs found, and says whether it is certain enough that nothing is.
    fn check(&mut self, ritz: &Ritz, goal: f64) -> Result<bool> {
        let (low, high) = self.settings.thresholds(&self.locked_values);
        let better = |v: f64| v > high + goal || v < low - goal;
        let last = ritz.values.len() - 1;
        let found: Vec<_> =
            (0..=last).filter(|&k| better(ritz.values[k]) && ritz.residuals[k] <= goal).collect();
        if !found.is_empty() {
            self.lock(ritz, &found);
            self.restarts += 1;
            self.begin();
            return Ok(false);
        }
        if better(ritz.values[last]) || better(ritz.values[0]) {
            return Ok(false);
        }
        // An eigenvalue at the threshold would have pulled the outermost value so far but for this probability.
        let (smallest, largest) =
            (ritz.values[0] - ritz.residuals[0], ritz.values[last] + ritz.residuals[last]);
        let steps = self.basis.steps() as f64;
        // Each vector of the start is a chance of its own, and the block's space holds the space of each.
        let block = self.settings.block as f64;
        let unseen = |threshold: f64, outermost: f64, other: f64| {
            let share = (threshold - outermost).abs() / (threshold - other).abs().max(f64::MIN_POSITIVE);
            let one = 1.648 * (self.order as f64).sqrt() * (-share.sqrt() * (2.0 * steps - 1.0)).exp();
            one.min(1.0).powf(block)
        };
        let mut miss = 0.0;
        let mut settled = true;
        if high.is_finite() {
            miss += unseen(high, ritz.values[last], smallest);
            settled &= ritz.residuals[last] <= goal;
        }
        if low.is_finite() {
            miss += unseen(low, ritz.values[0], largest);
            settled &= ritz.residuals[0] <= goal;
        }
        self.miss = miss.min(1.0);
        Ok(miss <= MISS || settled)
    }

    fn lock(&mut self, ritz: &Ritz, which: &[usize]) {
        let vectors = self.basis.vectors(ritz, which);
        self.locked_values.extend(which.iter().map(|&k| ritz.values[k]));
        self.locked = concatenate![ndarray::Axis(1), self.locked, vectors].as_standard_layout().into_owned();
    }

    /// The best of the pairs locked.
    fn take_best(&self) -> (Array1<f64>, Array2<f64>) {
        let mut order: Vec<_> = (0..self.locked_values.len()).collect();
        order.sort_by(|&a, &b| self.locked_values[a].total_cmp(&self.locked_values[b]));
        let sorted: Vec<_> = order.iter().map(|&k| self.locked_values[k]).collect();
        let best = self.settings.select(&sorted, self.settings.total());
        let columns: Vec<_> = best.iter().map(|&k| order[k]).collect();
        let values = best.iter().map(|&k| sorted[k]).collect();
        (values, self.locked.select(ndarray::Axis(1), &columns))
    }

    /// What there is when the products are used up.
    fn best_so_far(&mut self) -> Result<(Array1<f64>, Array2<f64>)> {
        if self.checking {
            return Ok(self.take_best());
        }
        if self.basis.is_empty() {
            return Ok((Array1::zeros(0), Array2::zeros((self.order, 0))));
        }
        let ritz = self.basis.ritz()?;
        let best = self.settings.select(&ritz.values, self.settings.total());
        Ok((best.iter().map(|&k| ritz.values[k]).collect(), self.basis.vectors(&ritz, &best)))
    }
}

/// Values and coefficients of the projection on a basis, ascending.
struct Ritz {
    values: Vec<f64>,
    /// Columns, in the basis.
    coefficients: Array2<f64>,
    residuals: Vec<f64>,
}

impl Ritz {
    /// `coupling` times the coefficients is what the basis leaves of each product.
    fn of(projected: Array2<f64>, coupling: &Array2<f64>) -> Result<Ritz> {
        // In a worker LAPACK keeps to one thread, so that its bytes are the same on any machine.
        let (values, coefficients) = workers(|| symmetric_eigen(projected))?;
        let rest = coupling.dot(&coefficients);
        let residuals = rest.columns().into_iter().map(|column| column.dot(&column).sqrt()).collect();
        Ok(Ritz { values: values.to_vec(), coefficients, residuals })
    }
}

/// A few extreme eigenpairs of a symmetric operator, by thick-restart block Lanczos with full reorthogonalisation.
///
/// Products with blocks of vectors; memory for `basis` + `block` + 2 `count` vectors of the operator's order. Once the
/// pairs wanted have converged, a second search from another random start in the space beside them looks for pairs that
/// the first could not see, such as an eigenvalue that repeats more often than the block is wide. The result
/// says with which right it takes itself for complete. Where the order is hardly above that of the basis, the whole
/// matrix is formed from products and solved. The same seed gives the same bytes at any number of threads.
///
/// # Errors
/// As [`ExtremeSolver::new`] and [`ExtremeSolver::run`]. Products used up are no error: see
/// [`ExtremePairs::converged`].
///
/// Source: K. Wu, H. Simon, "Thick-restart Lanczos method for large symmetric eigenvalue problems", 2000; the
/// probability of a miss by J. Kuczyński, H. Woźniakowski, "Estimating the largest eigenvalue by the power and Lanczos
/// algorithms with a random start", 1992, theorem 4.2.
///
/// ```
/// use hessia::spectrum::{ExtremeSettings, Which, extreme_pairs};
/// let mut diagonal = ndarray::Array1::linspace(-1.0, 1.0, 500);
/// // The largest three times over.
/// diagonal[1] = 3.0;
/// diagonal[200] = 3.0;
/// diagonal[300] = 3.0;
/// let matrix = ndarray::Array2::from_diag(&diagonal);
/// let settings = ExtremeSettings { which: Which::Largest, count: 4, ..Default::default() };
/// let pairs = extreme_pairs(&matrix, &settings)?;
/// assert!(pairs.converged && pairs.values[..3].iter().all(|v| (v - 3.0).abs() < 1e-7));
/// assert!((pairs.values[3] - 1.0).abs() < 1e-7);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn extreme_pairs(operator: &impl LinearOperator, settings: &ExtremeSettings) -> Result<ExtremePairs> {
    ExtremeSolver::new(operator.order(), settings.clone())?.run(operator)
}
