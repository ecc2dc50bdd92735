//! Lanczos from many start vectors at once, each with a basis of its own.

use ndarray::{Array1, Array2, Axis, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::Result;
use crate::linalg::{symmetric_eigen, tall_add, tall_gram, workers};
use crate::operator::{LinearOperator, finite_product};

/// `A V = V T + rest`, from one start vector.
#[derive(Debug, Clone)]
pub(super) struct Tridiagonal {
    /// Diagonal of T.
    pub(super) diagonal: Vec<f64>,
    /// Beside the diagonal; the last entry is the length of the rest, zero where the basis is exhausted.
    pub(super) beside: Vec<f64>,
    /// V, shape (order, steps).
    pub(super) basis: Array2<f64>,
}

impl Tridiagonal {
    /// Eigenvalues of T, and the first components of its eigenvectors (columns).
    pub(super) fn eigen(&self) -> Result<(Array1<f64>, Array2<f64>)> {
        let steps = self.diagonal.len();
        let mut t = Array2::zeros((steps, steps));
        for k in 0..steps {
            t[[k, k]] = self.diagonal[k];
            if k + 1 < steps {
                t[[k, k + 1]] = self.beside[k];
                t[[k + 1, k]] = self.beside[k];
            }
        }
        // In a worker LAPACK keeps to one thread, so that its bytes are the same on any machine.
        workers(|| symmetric_eigen(t))
    }
}

/// `count` vectors of independent standard normal entries, each from a stream of the seed of its own.
pub(super) fn normal_probes(order: usize, numbers: std::ops::Range<usize>, seed: u64) -> Array2<f64> {
    let mut probes = Array2::zeros((order, numbers.len()));
    for (number, mut column) in numbers.zip(probes.columns_mut()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number as u64);
        column.mapv_inplace(|_: f64| StandardNormal.sample(&mut rng));
    }
    probes
}

/// `count` vectors of independent signs, each from a stream of the seed of its own.
pub(super) fn sign_probes(order: usize, numbers: std::ops::Range<usize>, seed: u64) -> Array2<f64> {
    // The sign of a normal number is a fair coin.
    normal_probes(order, numbers, seed).mapv(|v| if v < 0.0 { -1.0 } else { 1.0 })
}

/// Takes the span of the orthonormal `basis` out of the columns of `vectors`.
pub(super) fn take_out(basis: &Array2<f64>, vectors: &mut Array2<f64>) {
    workers(|| {
        // Twice: once leaves rounding.
        for _ in 0..2 {
            let along = tall_gram(basis.view(), vectors.view());
            tall_add(-1.0, basis.view(), along.view(), vectors.view_mut());
        }
    });
}

/// Lanczos of at most `steps` steps from each column of `starts` (none zero), in the space beside `outside`.
///
/// All products of a step are taken at once. Full reorthogonalisation, twice.
pub(super) fn lanczos_from(
    operator: &impl LinearOperator,
    starts: Array2<f64>,
    steps: usize,
    outside: &Array2<f64>,
) -> Result<Vec<Tridiagonal>> {
    let (order, count) = starts.dim();
    let mut now = starts;
    for mut column in now.columns_mut() {
        let length = column.dot(&column).sqrt();
        column /= length;
    }
    let steps = steps.min(order - outside.ncols());
    let mut runs: Vec<_> = (0..count)
        .map(|_| Tridiagonal {
            diagonal: Vec::new(),
            beside: Vec::new(),
            basis: Array2::zeros((order, steps)),
        })
        .collect();
    for step in 0..steps {
        let mut next = finite_product(operator, &now)?;
        take_out(outside, &mut next);
        let columns: Vec<_> =
            next.axis_chunks_iter_mut(Axis(1), 1).zip(now.axis_chunks_iter(Axis(1), 1)).collect();
        workers(|| {
            columns.into_par_iter().zip(&mut runs).for_each(|((mut next, now), run)| {
                if run.beside.last() == Some(&0.0) {
                    next.fill(0.0);
                    return;
                }
                run.basis.slice_mut(s![.., step..=step]).assign(&now);
                let known = run.basis.slice(s![.., ..=step]);
                let mut along = 0.0;
                for _ in 0..2 {
                    let part = tall_gram(known, next.view());
                    tall_add(-1.0, known, part.view(), next.view_mut());
                    along += part[[step, 0]];
                }
                run.diagonal.push(along);
                let length = tall_gram(next.view(), next.view())[[0, 0]].sqrt();
                let scale =
                    run.diagonal.iter().chain(&run.beside).fold(length, |most: f64, v| most.max(v.abs()));
                // The rest is rounding: the start's part of the space is exhausted, and T holds all of it.
                if length <= 100.0 * f64::EPSILON * scale {
                    run.beside.push(0.0);
                    next.fill(0.0);
                } else {
                    run.beside.push(length);
                    next /= length;
                }
            });
        });
        if runs.iter().all(|run| run.beside.last() == Some(&0.0)) {
            break;
        }
        now = next;
    }
    for run in &mut runs {
        let taken = run.diagonal.len();
        run.basis = run.basis.slice(s![.., ..taken]).to_owned();
    }
    Ok(runs)
}
