//! The orthonormal basis of block Lanczos and the operator's projection on it.

use ndarray::{Array2, ArrayView2, Axis, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::Ritz;
use crate::linalg::{tall_add, tall_gram, workers};
use crate::operator::{LinearOperator, finite_product};
use crate::{Error, Result};

/// `A V = V T + N C`: V the basis, T the projection, N the next block and C the coupling.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    /// Columns in use first, shape (order, capacity).
    v: Array2<f64>,
    used: usize,
    t: Array2<f64>,
    next: Array2<f64>,
    /// Shape (block, used).
    coupling: Array2<f64>,
    /// Columns in use after the last restart, and the coupling then.
    kept: usize,
    kept_coupling: Array2<f64>,
    /// Products of blocks between the random start and the first restart.
    steps: usize,
    kept_steps: usize,
    rng: ChaCha8Rng,
}

impl Basis {
    pub(super) fn empty() -> Basis {
        let none = || Array2::zeros((0, 0));
        Basis {
            v: none(),
            used: 0,
            t: none(),
            next: none(),
            coupling: none(),
            kept: 0,
            kept_coupling: none(),
            steps: 0,
            kept_steps: 0,
            rng: ChaCha8Rng::seed_from_u64(0),
        }
    }

    /// No vector yet, and a random block next, orthogonal to `locked`.
    pub(super) fn start(
        order: usize,
        capacity: usize,
        block: usize,
        (seed, stream): (u64, u64),
        locked: &Array2<f64>,
    ) -> Basis {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        let mut basis = Basis {
            v: crate::linalg::zeros(order, capacity),
            t: Array2::zeros((capacity, capacity)),
            coupling: Array2::zeros((block, 0)),
            kept_coupling: Array2::zeros((block, 0)),
            rng,
            ..Basis::empty()
        };
        let nothing = Array2::zeros((order, block));
        basis.next = basis.orthonormal(nothing, locked, 0.0).0;
        basis
    }

    /// A basis as it stood at a restart.
    #[cfg(feature = "model-io")]
    pub(super) fn resumed(
        kept: &Array2<f64>,
        values: &[f64],
        next: Array2<f64>,
        coupling: Array2<f64>,
        (capacity, steps): (usize, usize),
        (seed, stream): (u64, u64),
    ) -> Basis {
        let (order, used) = kept.dim();
        let mut v = crate::linalg::zeros(order, capacity);
        v.slice_mut(s![.., ..used]).assign(kept);
        let mut t = Array2::zeros((capacity, capacity));
        values.iter().enumerate().for_each(|(k, &value)| t[[k, k]] = value);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        let kept_coupling = coupling.clone();
        Basis { v, used, t, next, coupling, kept: used, kept_coupling, steps, kept_steps: steps, rng }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.used + self.next.ncols() > self.v.ncols()
    }

    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Vectors, values, next block, coupling and steps as they stood at the last restart.
    pub(super) fn at_restart(
        &self,
    ) -> (ArrayView2<'_, f64>, Vec<f64>, ArrayView2<'_, f64>, &Array2<f64>, usize) {
        let next = match self.used == self.kept {
            true => self.next.view(),
            false => self.v.slice(s![.., self.kept..self.kept + self.next.ncols()]),
        };
        let values = (0..self.kept).map(|k| self.t[[k, k]]).collect();
        (self.v.slice(s![.., ..self.kept]), values, next, &self.kept_coupling, self.kept_steps)
    }

    /// Back to the last restart.
    pub(super) fn rewind(&mut self) {
        let next = self.at_restart().2.to_owned();
        self.next = next;
        self.used = self.kept;
        self.coupling = self.kept_coupling.clone();
        self.steps = self.kept_steps;
    }

    /// Takes the next block in and computes the one after it, all orthogonal to `locked`.
    pub(super) fn expand(
        &mut self,
        operator: &impl LinearOperator,
        locked: &Array2<f64>,
        scale: f64,
    ) -> Result<()> {
        let (old, block) = (self.used, self.next.ncols());
        let mut w = finite_product(operator, &self.next)?;
        let all = old + block;
        self.v.slice_mut(s![.., old..all]).assign(&self.next);
        let mut along = Array2::zeros((all, block));
        workers(|| {
            let known = self.v.slice(s![.., ..all]);
            // Twice: once leaves rounding that grows as pairs converge.
            for _ in 0..2 {
                let part = tall_gram(known, w.view());
                tall_add(-1.0, known, part.view(), w.view_mut());
                along += &part;
                let outside = tall_gram(locked.view(), w.view());
                tall_add(-1.0, locked.view(), outside.view(), w.view_mut());
            }
        });
        let largest = |a: ArrayView2<'_, f64>| a.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        let scale = scale.max(largest(self.t.slice(s![..old, ..old]))).max(largest(along.view()));
        self.check_symmetry(&along, old, scale)?;
        self.t.slice_mut(s![..all, old..all]).assign(&along);
        self.t.slice_mut(s![old..all, ..all]).assign(&along.t());
        let corner = along.slice(s![old.., ..]);
        self.t.slice_mut(s![old..all, old..all]).assign(&((&corner + &corner.t()) * 0.5));
        self.used = all;
        let (next, upper) = self.orthonormal(w, locked, scale);
        self.next = next;
        self.coupling = Array2::zeros((block, all));
        self.coupling.slice_mut(s![.., old..]).assign(&upper);
        // After a restart the basis is no longer the Krylov space of the start.
        self.steps += usize::from(self.kept == 0);
        Ok(())
    }

    /// What an operator's product with new vectors has along the old ones is known beforehand, if it is symmetric.
    fn check_symmetry(&self, along: &Array2<f64>, old: usize, scale: f64) -> Result<()> {
        let corner = along.slice(s![old.., ..]);
        let expected = self.coupling.t();
        let mut worst = (0.0, (0, 0), 0.0, 0.0);
        let pairs = along.slice(s![..old, ..]);
        let known = pairs.indexed_iter().zip(expected.iter()).map(|((at, &a), &b)| (at, a, b));
        let mirrored = corner.indexed_iter().zip(corner.t()).map(|(((i, j), &a), &b)| ((old + i, j), a, b));
        for (at, found, mirror) in known.chain(mirrored) {
            let gap = (found - mirror).abs();
            if gap > worst.0 {
                worst = (gap, at, found, mirror);
            }
        }
        if worst.0 > 1e-7 * scale {
            let (_, (i, j), found, mirror) = worst;
            return Err(Error::argument(
                "symmetric operator",
                format!("u·Av equal to Au·v = {mirror:e} for basis vectors {i} and {}", old + j),
                format!("{found:e}"),
            ));
        }
        Ok(())
    }

    /// Orthonormal columns with the span of `w`, and the upper triangle that takes them back to it.
    ///
    /// Columns that are rounding at this scale, or zero, are replaced by random ones, with zeros in the triangle.
    fn orthonormal(
        &mut self,
        mut w: Array2<f64>,
        locked: &Array2<f64>,
        scale: f64,
    ) -> (Array2<f64>, Array2<f64>) {
        let (order, block) = w.dim();
        let floor = 100.0 * f64::EPSILON * scale;
        let mut upper = Array2::zeros((block, block));
        for c in 0..block {
            let (done, mut rest) = w.view_mut().split_at(Axis(1), c);
            let done = done.view();
            let mut column = rest.slice_mut(s![.., ..1]);
            for _ in 0..2 {
                let part = workers(|| {
                    let part = tall_gram(done, column.view());
                    tall_add(-1.0, done, part.view(), column.view_mut());
                    part
                });
                upper.slice_mut(s![..c, c]).scaled_add(1.0, &part.column(0));
            }
            let length = workers(|| norm(column.view()));
            if length > floor {
                upper[[c, c]] = length;
                column /= length;
            } else {
                let rng = &mut self.rng;
                column.assign(&Array2::from_shape_simple_fn((order, 1), || StandardNormal.sample(rng)));
            }
            // A short column has kept little besides rounding along the others; a random one has all of it.
            workers(|| {
                for _ in 0..2 {
                    for known in [self.v.slice(s![.., ..self.used]), locked.view(), done] {
                        let part = tall_gram(known, column.view());
                        tall_add(-1.0, known, part.view(), column.view_mut());
                    }
                    let length = norm(column.view());
                    column /= length;
                }
            });
        }
        (w, upper)
    }

    pub(super) fn ritz(&self) -> Result<Ritz> {
        Ritz::of(self.t.slice(s![..self.used, ..self.used]).to_owned(), &self.coupling)
    }

    /// The vectors of these pairs, as columns.
    pub(super) fn vectors(&self, ritz: &Ritz, which: &[usize]) -> Array2<f64> {
        let coefficients = ritz.coefficients.select(Axis(1), which);
        let mut vectors = Array2::zeros((self.v.nrows(), which.len()));
        let known = self.v.slice(s![.., ..self.used]);
        workers(|| tall_add(1.0, known, coefficients.view(), vectors.view_mut()));
        vectors
    }

    /// Keeps these pairs in place of the basis; the next block stays.
    pub(super) fn restart(&mut self, ritz: &Ritz, which: &[usize]) {
        let vectors = self.vectors(ritz, which);
        let kept = which.len();
        self.v.slice_mut(s![.., ..kept]).assign(&vectors);
        self.t.fill(0.0);
        which.iter().enumerate().for_each(|(at, &k)| self.t[[at, at]] = ritz.values[k]);
        self.coupling = self.coupling.dot(&ritz.coefficients.select(Axis(1), which));
        (self.used, self.kept, self.kept_steps) = (kept, kept, self.steps);
        self.kept_coupling = self.coupling.clone();
    }
}

fn norm(column: ArrayView2<'_, f64>) -> f64 {
    tall_gram(column, column)[[0, 0]].sqrt()
}
