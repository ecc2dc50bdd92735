//! The exact diagonal and trace of a curvature matrix, from one pass over the objects.

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use super::{CurvatureKind, CurvatureOperator, Forward, sweeps};
use crate::linalg::{entries, entries_mut, matmul, tiled, workers};
use crate::operator::LinearOperator;
use crate::passes::Sweep;

impl CurvatureOperator {
    /// The exact diagonal, of the operator's order, from one pass: no product is taken.
    ///
    /// Entry (i, a) of a layer is `c Σ_n M_n[i, i] x_na²`, M the second derivatives in the layer's pre-activations. For
    /// the G-term `M = Σ_k u_k u_kᵀ` comes from K vectors an object, swept back; the Hessian of a net whose activation
    /// has no second derivative has the same diagonal, else the whole of M is carried.
    ///
    /// ```
    /// use hessia::{Activation, CurvatureKind, CurvatureOperator, Dataset, Loss, Network, Targets, hessian};
    /// use ndarray::{Array2, array};
    /// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
    /// let data = Dataset::new("toy", Array2::ones((5, 3)), Targets::Classes(array![0, 1, 1, 0, 1]))?;
    /// let operator = CurvatureOperator::new(&net, &data, Loss::cross_entropy(), CurvatureKind::Hessian)?;
    /// let gap = operator.diagonal() - hessian(&net, &data, Loss::cross_entropy())?.diag();
    /// assert!(gap.iter().all(|v| v.abs() < 1e-15));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn diagonal(&self) -> Array1<f64> {
        let mut diagonal = Array1::zeros(self.order());
        let start = self.range().start;
        workers(|| {
            self.each_block(|sweep| {
                let units = self.unit_curvature(sweep);
                for l in self.layers.clone() {
                    let (outputs, inputs) = self.net.layers()[l].weight.dim();
                    let x = self.input(sweep, l).mapv(|v| v * v);
                    let mut sums = Array2::zeros((outputs, x.ncols()));
                    tiled(1.0, units[l].t(), x.view(), 0.0, sums.view_mut());
                    let from = self.net.layer_range(l).start - start;
                    for i in 0..outputs {
                        for a in 0..inputs {
                            let place = if l == 0 { self.places[a] } else { Some(a) };
                            diagonal[from + i * inputs + a] += place.map_or(0.0, |place| sums[[i, place]]);
                        }
                    }
                    if self.net.layers()[l].bias.is_some() {
                        let from = from + outputs * inputs;
                        let mut part = diagonal.slice_mut(s![from..from + outputs]);
                        part += &units[l].sum_axis(Axis(0));
                    }
                }
            });
        });
        diagonal * self.scale
    }

    /// The exact trace of the block of each of the operator's layers; their sum is the trace.
    pub fn layer_traces(&self) -> Vec<f64> {
        let (diagonal, start) = (self.diagonal(), self.range().start);
        let part = |l: usize| {
            let range = self.net.layer_range(l);
            diagonal.slice(s![range.start - start..range.end - start]).sum()
        };
        self.layers.clone().map(part).collect()
    }

    /// For each layer how many of its units some object moves, and how many are not zero on all objects.
    ///
    /// The last layer's units all count for both.
    pub(crate) fn live_units(&self) -> Vec<(usize, usize)> {
        let hidden = self.net.depth() - 1;
        let flags = |l: usize| vec![(false, false); self.net.layers()[l].outputs()];
        let mut units: Vec<Vec<(bool, bool)>> = (0..hidden).map(flags).collect();
        workers(|| {
            self.each_block(|sweep| {
                for (l, units) in units.iter_mut().enumerate() {
                    for (i, (moved, not_zero)) in units.iter_mut().enumerate() {
                        *moved |= sweep.slope[l].column(i).iter().any(|&v| v != 0.0)
                            || (!sweep.activation_curvature[l].is_empty()
                                && sweep.activation_curvature[l].column(i).iter().any(|&v| v != 0.0));
                        *not_zero |= sweep.later_input(l + 1).column(i).iter().any(|&v| v != 0.0);
                    }
                }
            });
        });
        let count = |units: &Vec<(bool, bool)>| {
            (units.iter().filter(|u| u.0).count(), units.iter().filter(|u| u.1).count())
        };
        units.iter().map(count).chain([(self.net.outputs(), self.net.outputs())]).collect()
    }

    /// Calls `visit` with the sweep of every block of objects, in order.
    pub(super) fn each_block(&self, mut visit: impl FnMut(&Sweep)) {
        match &self.forward {
            Forward::Kept(kept) => kept.iter().for_each(visit),
            Forward::Recomputed(data) => {
                for start in (0..data.len()).step_by(super::WAVE * super::BLOCK) {
                    let end = data.len().min(start + super::WAVE * super::BLOCK);
                    let sweeps = sweeps(&self.net, data, self.loss, start..end)
                        .expect("the same sweeps were finite when the operator was built");
                    sweeps.iter().for_each(&mut visit);
                }
            }
        }
    }

    /// For each of the operator's layers the diagonal of M, shape (objects, outputs); empty for layers below.
    fn unit_curvature(&self, sweep: &Sweep) -> Vec<Array2<f64>> {
        let depth = self.net.depth();
        let curved = self.parts().residual && !self.net.activation().is_piecewise_linear();
        let mut units: Vec<_> = self.net.layers().iter().map(|_| Array2::zeros((0, 0))).collect();
        match self.kind {
            CurvatureKind::EmpiricalFisher => {
                (self.layers.start..depth).for_each(|l| units[l] = sweep.delta[l].mapv(|v| v * v));
            }
            CurvatureKind::HTerm if !curved => {
                (self.layers.start..depth).for_each(|l| units[l] = Array2::zeros(sweep.delta[l].dim()));
            }
            _ if curved => self.whole_units(sweep, &mut units),
            _ => {
                let factors = self.factors(sweep);
                for l in self.layers.start..depth {
                    units[l] = sum_squares(&factors[l], self.net.outputs());
                }
            }
        }
        units
    }

    /// For each of the operator's layers and those above the rows `F_nᵀ dz_n/dz^(l)_n`, `F Fᵀ = A`: shape
    /// (objects * K, outputs of l). Their products with the inputs are a square root of the G-term.
    pub(super) fn factors(&self, sweep: &Sweep) -> Vec<Array2<f64>> {
        let (depth, outputs) = (self.net.depth(), self.net.outputs());
        let mut root = Array2::zeros((sweep.len() * outputs, outputs));
        let blocks = entries_mut(&mut root).par_chunks_mut(outputs * outputs);
        blocks.zip(entries(&sweep.logits).par_chunks(outputs)).for_each(|(block, logits)| {
            let factor = self.loss.curvature_root(logits);
            block.iter_mut().zip(factor.t().iter()).for_each(|(to, from)| *to = *from);
        });
        let mut factors: Vec<_> = self.net.layers().iter().map(|_| Array2::zeros((0, 0))).collect();
        factors[depth - 1] = root;
        for l in (self.layers.start..depth - 1).rev() {
            let weight = &self.net.layers()[l + 1].weight;
            let mut below = Array2::zeros((sweep.len() * outputs, weight.ncols()));
            tiled(1.0, factors[l + 1].view(), weight.view(), 0.0, below.view_mut());
            let mut by_object = below.axis_chunks_iter_mut(Axis(0), outputs).collect::<Vec<_>>();
            by_object.par_iter_mut().zip(sweep.slope[l].axis_iter(Axis(0)).collect::<Vec<_>>()).for_each(
                |(rows, slope)| {
                    *rows *= &slope;
                },
            );
            factors[l] = below;
        }
        factors
    }

    /// The diagonals of M with the second derivatives of the activation, M carried object by object.
    fn whole_units(&self, sweep: &Sweep, units: &mut [Array2<f64>]) {
        let (depth, lowest, outputs) = (self.net.depth(), self.layers.start, self.net.outputs());
        let each: Vec<Vec<Array1<f64>>> = (0..sweep.len())
            .into_par_iter()
            .map(|n| {
                let mut m = Array2::zeros((outputs, outputs));
                if self.parts().logits {
                    let logits = &entries(&sweep.logits)[n * outputs..(n + 1) * outputs];
                    self.loss.curvature(logits, entries_mut(&mut m));
                }
                let mut diagonals = vec![m.diag().to_owned()];
                for l in (lowest..depth - 1).rev() {
                    let weight = &self.net.layers()[l + 1].weight;
                    let pulled = matmul(&m, weight);
                    let (slope, activation_curvature) =
                        (sweep.slope[l].row(n), sweep.activation_curvature[l].row(n));
                    if l == lowest {
                        // The diagonal alone.
                        let own = (&pulled * weight).sum_axis(Axis(0));
                        diagonals.push(own * slope * slope + activation_curvature);
                        break;
                    }
                    m = matmul(&weight.t(), &pulled);
                    m *= &slope;
                    m.axis_iter_mut(Axis(0)).zip(slope).for_each(|(mut row, &d)| row *= d);
                    let mut diagonal = m.diag_mut();
                    diagonal += &activation_curvature;
                    diagonals.push(m.diag().to_owned());
                }
                diagonals
            })
            .collect();
        for l in lowest..depth {
            let width = self.net.layers()[l].outputs();
            units[l] = Array2::zeros((sweep.len(), width));
            for (mut row, diagonals) in units[l].rows_mut().into_iter().zip(&each) {
                row.assign(&diagonals[depth - 1 - l]);
            }
        }
    }
}

/// Sums of squares over `group` rows at a time.
pub(super) fn sum_squares(rows: &Array2<f64>, group: usize) -> Array2<f64> {
    let mut sums = Array2::zeros((rows.nrows() / group, rows.ncols()));
    for (mut sum, rows) in sums.rows_mut().into_iter().zip(rows.axis_chunks_iter(Axis(0), group)) {
        for row in rows.rows() {
            sum.iter_mut().zip(row).for_each(|(sum, v)| *sum += v * v);
        }
    }
    sums
}
