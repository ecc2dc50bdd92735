//! The two small tensors per object that the blocks of the Hessian are made of.
//!
//! For a layer p and every layer q >= p:
//! - the coupling `C^(p,q) = (dz^(q)/dz^(p))ᵀ M^(q)` (outputs of p x outputs of q), M being the pre-activation
//!   Hessian `d²l/dz^(q)²`; `C^(p,p) = M^(p)`;
//! - the sensitivity `J^(p,q) = dx^(q)/dz^(p)` for q > p.
//!
//! Both are carried for a chunk of objects at once, so that every step of the recursions is one matrix product.

use ndarray::{Array2, Axis, s};

use super::Term;
use crate::linalg::{entries, entries_mut, matmul};
use crate::loss::Loss;
use crate::passes::Sweep;
use crate::{Activation, Layer, Network};

/// Which contributions a term of the Hessian keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The curvature of the loss in the logits, pulled back through the layers.
    pub(crate) logits: bool,
    /// The residual times the second derivatives of the network.
    pub(crate) residual: bool,
    /// Whether any coupling can differ from zero.
    pub(crate) coupled: bool,
}

impl Terms {
    pub(crate) fn of(term: Term, activation: Activation) -> Terms {
        let logits = term != Term::HTerm;
        let residual = term != Term::Ggn;
        Terms { logits, residual, coupled: logits || !activation.is_piecewise_linear() }
    }
}

/// Which part of the Hessian is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Extent {
    Whole,
    /// Block of the layers p <= q.
    Block(usize, usize),
}

impl Extent {
    /// The first layer: the recursions need not go below it.
    pub(crate) fn first(self) -> usize {
        match self {
            Extent::Whole => 0,
            Extent::Block(p, _) => p,
        }
    }

    /// Whether blocks of layer q with layers before it are wanted.
    fn keeps(self, q: usize) -> bool {
        match self {
            Extent::Whole => true,
            Extent::Block(p, last) => q == last && q > p,
        }
    }

    /// Whether `M^(p)` is needed, for itself or for what starts from it.
    fn has_diagonal(self, p: usize) -> bool {
        match self {
            Extent::Whole => true,
            Extent::Block(_, last) => p >= last,
        }
    }

    /// The last layer q whose block with layer p is wanted; p itself where there is none.
    fn last_below(self, p: usize) -> usize {
        match self {
            Extent::Whole => usize::MAX - 1,
            Extent::Block(first, last) => {
                if p == first {
                    last
                } else {
                    p
                }
            }
        }
    }
}

/// Couplings and sensitivities of one chunk of objects, for the layer `layer` as p.
pub(crate) struct Couplings {
    pub(crate) sweep: Sweep,
    layer: usize,
    parts: Terms,
    part: Extent,
    /// Per layer q >= p: `C` with row `n * outputs(q) + j` and column `i` of p.
    coupling: Vec<Array2<f64>>,
    /// Per layer q > p: `J` with row `n * outputs(p) + i` and column `b` of q's inputs.
    sensitivity: Vec<Array2<f64>>,
}

impl Couplings {
    /// Starts at the last layer, where `C = A`, for the blocks of `part`.
    pub(crate) fn new(net: &Network, loss: Loss, parts: Terms, part: Extent, sweep: Sweep) -> Couplings {
        let (depth, outputs, objects) = (net.depth(), net.outputs(), sweep.len());
        let empty = || Array2::zeros((0, 0));
        let mut coupling: Vec<_> = (0..depth).map(|_| empty()).collect();
        if parts.coupled {
            let mut a = Array2::zeros((objects * outputs, outputs));
            if parts.logits {
                let blocks = entries_mut(&mut a).chunks_exact_mut(outputs * outputs);
                for (z, block) in entries(&sweep.logits).chunks_exact(outputs).zip(blocks) {
                    loss.curvature(z, block);
                }
            }
            coupling[depth - 1] = a;
        }
        let sensitivity = (0..depth).map(|_| empty()).collect();
        Couplings { sweep, layer: depth - 1, parts, part, coupling, sensitivity }
    }

    /// Moves p one layer towards the input.
    pub(crate) fn step_down(&mut self, net: &Network) {
        let p = self.layer - 1;
        self.layer = p;
        let weight = &net.layers()[p + 1].weight;
        let slope = &self.sweep.slope[p];
        if self.parts.coupled {
            if self.part.has_diagonal(p + 1) {
                let pulled = matmul(&self.coupling[p + 1], weight);
                if self.part.has_diagonal(p) {
                    self.coupling[p] = self.pre_activation_hessian(&pulled, weight, p);
                }
                self.coupling[p + 1] = if self.part.keeps(p + 1) { pulled } else { Array2::zeros((0, 0)) };
            }
            for q in (p + 1..net.depth()).filter(|&q| self.part.keeps(q)) {
                if q > p + 1 {
                    self.coupling[q] = matmul(&self.coupling[q], weight);
                }
                scale_rows(&mut self.coupling[q], slope);
            }
        }
        if self.parts.residual && self.part.last_below(p) > p {
            let (objects, outputs) = slope.dim();
            let mut first = Array2::zeros((objects * outputs, outputs));
            for ((n, i), &d) in slope.indexed_iter() {
                first[[n * outputs + i, i]] = d;
            }
            self.sensitivity[p + 1] = first;
            for q in p + 2..net.depth().min(self.part.last_below(p) + 1) {
                let mut next = matmul(&self.sensitivity[q - 1], &net.layers()[q - 1].weight.t());
                scale_rows(&mut next, &self.sweep.slope[q - 1]);
                self.sensitivity[q] = next;
                if !self.part.keeps(q - 1) {
                    self.sensitivity[q - 1] = Array2::zeros((0, 0));
                }
            }
        }
    }

    /// `M^(p) = D (Wᵀ M^(p+1) W) D + diag(activation_curvature)` from `pulled = M^(p+1) W`, all objects stacked.
    fn pre_activation_hessian(&self, pulled: &Array2<f64>, weight: &Array2<f64>, p: usize) -> Array2<f64> {
        let (above, outputs) = weight.dim();
        let objects = self.sweep.len();
        let mut turned = Array2::zeros((objects * outputs, above));
        for n in 0..objects {
            let block = pulled.slice(s![n * above..(n + 1) * above, ..]);
            turned.slice_mut(s![n * outputs..(n + 1) * outputs, ..]).assign(&block.t());
        }
        let mut m = matmul(&turned, weight);
        let slope = &self.sweep.slope[p];
        scale_rows(&mut m, slope);
        for (mut row, &d) in m.rows_mut().into_iter().zip(slope) {
            row *= d;
        }
        let activation_curvature = &self.sweep.activation_curvature[p];
        if self.parts.residual && !activation_curvature.is_empty() {
            for ((n, i), &b) in activation_curvature.indexed_iter() {
                m[[n * outputs + i, i]] += b;
            }
        }
        m
    }

    /// Whether unit `i` of layer p can contribute for object `n` of the chunk.
    pub(crate) fn is_active(&self, n: usize, i: usize) -> bool {
        let p = self.layer;
        p + 1 == self.coupling.len()
            || self.sweep.slope[p][[n, i]] != 0.0
            || self.sweep.activation_curvature[p].get([n, i]).is_some_and(|&b| b != 0.0)
    }

    /// `C^(p,q)` at (i, j) for object `n`.
    pub(crate) fn coupling(&self, n: usize, i: usize, q: usize, j: usize) -> f64 {
        if !self.parts.coupled {
            return 0.0;
        }
        self.coupling[q][[n * self.sweep.delta[q].ncols() + j, i]]
    }

    /// `delta^(q)_j` and the row `dx^(q)/dz^(p)_i` for object `n`, where the term keeps them.
    pub(crate) fn residual_part(&self, n: usize, i: usize, q: usize, j: usize) -> Option<(f64, &[f64])> {
        if !self.parts.residual || q == self.layer {
            return None;
        }
        let (rows, columns) = self.sensitivity[q].dim();
        let outputs = rows / self.sweep.len();
        let start = (n * outputs + i) * columns;
        Some((self.sweep.delta[q][[n, j]], &entries(&self.sensitivity[q])[start..start + columns]))
    }
}

/// Multiplies column `i` of every row that belongs to object `n` by `slope[n, i]`.
pub(super) fn scale_rows(stacked: &mut Array2<f64>, slope: &Array2<f64>) {
    if slope.is_empty() || stacked.is_empty() {
        return;
    }
    let per_object = stacked.nrows() / slope.nrows();
    for (mut block, slope) in stacked.axis_chunks_iter_mut(Axis(0), per_object).zip(slope.rows()) {
        block *= &slope;
    }
}

/// Bytes that one object takes in a [`Couplings`] at its largest, temporary products included.
pub(crate) fn bytes_per_object(net: &Network, part: Extent) -> usize {
    let layers = net.layers();
    let depth = layers.len();
    let sweep: usize = layers.iter().map(|l| l.inputs() + 4 * l.outputs()).sum::<usize>() - net.inputs();
    let largest = (part.first()..depth)
        .map(|p| {
            let out = layers[p].outputs();
            // The step to layer p holds the products before and after.
            let above = layers.get(p + 1).map_or(0, Layer::outputs);
            let couplings: usize =
                (p + 1..depth).filter(|&q| part.keeps(q)).map(|q| layers[q].outputs() * out).sum();
            let step = match part {
                Extent::Whole => 2 * out * out,
                Extent::Block(_, last) if p >= last => 2 * out * out + 2 * above * out + above * above,
                Extent::Block(_, last) => above * out + layers[last].outputs() * above,
            };
            let last = part.last_below(p).min(depth - 1);
            let sensitivities: usize = match part {
                Extent::Whole => (p + 1..depth).map(|q| layers[q].inputs() * out).sum(),
                // Two neighbours at a time.
                Extent::Block(..) => (p + 1..=last)
                    .map(|q| (layers[q].inputs() + layers[q - 1].inputs() * usize::from(q > p + 1)) * out)
                    .max()
                    .unwrap_or(0),
            };
            couplings + step + sensitivities
        })
        .max()
        .unwrap_or(0);
    size_of::<f64>() * (sweep + largest)
}
