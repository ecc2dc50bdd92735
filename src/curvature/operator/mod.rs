//! Curvature times vectors, without the matrix.

mod classes;
mod diagonal;
mod directions;
mod kronecker;
mod product;

use std::fmt;
use std::ops::Range;

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::Term;
use super::columns::equal_columns;
use super::couplings::Terms;
use crate::linalg::workers;
use crate::loss::Loss;
use crate::operator::{LinearOperator, check_vectors};
use crate::passes::{Sweep, check};
use crate::{Dataset, Error, Network, Result};

pub use classes::{ClassDecomposition, class_decomposition};
use directions::Directions;
pub use kronecker::Kronecker;
use product::Sums;

/// Objects that are multiplied at once.
const BLOCK: usize = 512;
/// Blocks whose forward quantities are recomputed side by side.
const WAVE: usize = 4;
/// Forward quantities of all objects are kept up to this many bytes.
const KEPT: usize = 512 << 20;
/// Derivatives of one block of objects may take about this many bytes: more vectors than fit go one group after another.
const GROUP: usize = 256 << 20;

/// Which second-order matrix of a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CurvatureKind {
    /// All second derivatives: `c Σ_i d²l_i/dtheta²`.
    Hessian,
    /// `c Σ_i J_iᵀ A_i J_i` with `A_i = d²l_i/dz_i²`.
    GTerm,
    /// `c Σ_i Σ_k r_ik d²z_ik/dtheta²`.
    HTerm,
    /// `c Σ_i E[g gᵀ]`, g the gradient of object i for a target drawn from the net's own distribution.
    ///
    /// The losses here are minus logarithms of likelihoods (softmax, Bernoulli, normal of variance 1/2), for which
    /// `E[r rᵀ] = A`: the exact Fisher matrix is the G-term, and is computed as such.
    Fisher,
    /// `c Σ_i g_i g_iᵀ`, with the gradients for the targets that the data have.
    EmpiricalFisher,
}

impl From<Term> for CurvatureKind {
    fn from(term: Term) -> Self {
        match term {
            Term::Full => CurvatureKind::Hessian,
            Term::Ggn => CurvatureKind::GTerm,
            Term::HTerm => CurvatureKind::HTerm,
        }
    }
}

impl fmt::Display for CurvatureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CurvatureKind::Hessian => "Hessian",
            CurvatureKind::GTerm => "G-term",
            CurvatureKind::HTerm => "H-term",
            CurvatureKind::Fisher => "Fisher matrix",
            CurvatureKind::EmpiricalFisher => "empirical Fisher matrix",
        })
    }
}

/// A curvature matrix of a loss over a data set, known by its products with blocks of vectors.
///
/// Order P, or the number of parameters of some neighbouring layers. Built once: inputs that are equal on every
/// object are taken once and inputs that are zero on every object are left out, and the forward and backward sweep is
/// kept where it takes at most 512 MiB, else run again for each block of 512 objects in every product.
///
/// A product is forward over reverse for all vectors at once, each step one matrix product over objects and vectors:
/// about `8 m P` floating-point operations a vector, of which the first layer needs `4 m n h`. Memory: four times the
/// block of vectors (as it lies, by layers, the sums, the result), and the derivatives of one block of objects, which
/// are kept below 256 MiB by taking the vectors in groups. The bytes of a product do not depend on the number of
/// threads.
///
/// ```
/// use hessia::operator::LinearOperator;
/// use hessia::{Activation, CurvatureKind, CurvatureOperator, Dataset, Loss, Network, Targets, hessian};
/// use ndarray::{Array2, array, s};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::ones((5, 3)), Targets::Classes(array![0, 1, 1, 0, 1]))?;
/// let whole = hessian(&net, &data, Loss::cross_entropy())?;
/// let operator = CurvatureOperator::new(&net, &data, Loss::cross_entropy(), CurvatureKind::Hessian)?;
/// let gap = operator.apply(&Array2::eye(26))? - &whole;
/// assert!(gap.iter().all(|v| v.abs() < 1e-15));
/// // The block of the second layer.
/// let block = operator.restricted(1..2)?;
/// let gap = block.apply(&Array2::eye(10))? - &whole.slice(s![16.., 16..]);
/// assert!(gap.iter().all(|v| v.abs() < 1e-15));
/// # Ok::<(), hessia::Error>(())
/// ```
pub struct CurvatureOperator {
    net: Network,
    kind: CurvatureKind,
    loss: Loss,
    scale: f64,
    /// Inputs of the first layer that differ and are not all zero, shape (m, distinct).
    x: Array2<f64>,
    /// For each input its column in `x`; none where it is zero on every object.
    places: Vec<Option<usize>>,
    forward: Forward,
    /// The neighbouring layers whose parameters the vectors are over.
    layers: Range<usize>,
}

enum Forward {
    Kept(Vec<Sweep>),
    /// The data as they came, to sweep over again.
    Recomputed(Box<Dataset>),
}

impl fmt::Debug for CurvatureOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} over {} objects, layers {:?}", self.kind, self.net, self.x.nrows(), self.layers)
    }
}

impl CurvatureOperator {
    /// The operator of all parameters over all objects; [`Dataset::select`] gives a subset, with its own normaliser.
    ///
    /// # Errors
    /// Shapes, labels or targets that do not fit; no objects; numbers that overflow.
    pub fn new(net: &Network, data: &Dataset, loss: Loss, kind: CurvatureKind) -> Result<Self> {
        CurvatureOperator::keeping(net, data, loss, kind, KEPT)
    }

    /// As [`new`](Self::new), with another limit in bytes for the forward quantities that are kept.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn keeping(
        net: &Network,
        data: &Dataset,
        loss: Loss,
        kind: CurvatureKind,
        bytes: usize,
    ) -> Result<Self> {
        check(net, data, loss)?;
        let (places, x) = distinct_inputs(&data.x);
        let widths: usize = net.layers().iter().map(|layer| layer.outputs()).sum();
        // Inputs, slopes, bends and residuals of every layer.
        let kept = 4 * size_of::<f64>() * widths * data.len() <= bytes;
        let forward = if kept {
            Forward::Kept(workers(|| sweeps(net, data, loss, 0..data.len()))?)
        } else {
            // Once now, so that numbers that overflow are refused here and not in the products.
            workers(|| -> Result<()> {
                for start in (0..data.len()).step_by(WAVE * BLOCK) {
                    sweeps(net, data, loss, start..data.len().min(start + WAVE * BLOCK))?;
                }
                Ok(())
            })?;
            Forward::Recomputed(Box::new(data.clone()))
        };
        let scale = loss.normaliser(data.len(), net.outputs());
        let layers = 0..net.depth();
        Ok(CurvatureOperator { net: net.clone(), kind, loss, scale, x, places, forward, layers })
    }

    /// The same matrix restricted to the parameters of neighbouring layers: `l..l + 1` is the diagonal block of layer l.
    ///
    /// # Errors
    /// An empty range or one that the network does not have.
    pub fn restricted(self, layers: Range<usize>) -> Result<Self> {
        if layers.is_empty() || layers.end > self.net.depth() {
            let expected = format!("a non-empty range within 0..{}", self.net.depth());
            return Err(Error::argument("layers", expected, format!("{layers:?}")));
        }
        Ok(CurvatureOperator { layers, ..self })
    }

    /// Which matrix it is.
    pub fn kind(&self) -> CurvatureKind {
        self.kind
    }

    /// The network at whose parameters the matrix is taken.
    pub fn network(&self) -> &Network {
        &self.net
    }

    /// The stretch of theta that the vectors are over.
    pub fn range(&self) -> Range<usize> {
        self.net.layer_range(self.layers.start).start..self.net.layer_range(self.layers.end - 1).end
    }

    /// Inputs of the first layer that enter products: neither equal to another one nor zero on every object.
    pub fn distinct_inputs(&self) -> usize {
        self.x.ncols()
    }

    /// Whether the forward quantities are kept, not computed again in every product.
    pub fn keeps_forward(&self) -> bool {
        matches!(self.forward, Forward::Kept(_))
    }

    /// Floating-point operations of the matrix products for one vector, additions and multiplications counted.
    pub fn flops(&self) -> u64 {
        let (objects, parts) = (self.x.nrows() as u64, self.parts());
        let mut products = 0;
        for l in self.layers.start..self.net.depth() {
            let layer = &self.net.layers()[l];
            let inputs = if l == 0 { self.x.ncols() } else { layer.inputs() };
            let own = self.layers.contains(&l);
            let below = l > self.layers.start;
            // Tangent and gradient of its own weights; tangent and gradient handed through it; the residual's two.
            let count = 2 * usize::from(own)
                + 2 * usize::from(below)
                + 2 * usize::from(own && below && parts.residual);
            products += (count * layer.outputs() * inputs) as u64;
        }
        2 * objects * products
    }

    fn parts(&self) -> Terms {
        let term = match self.kind {
            CurvatureKind::Hessian => Term::Full,
            CurvatureKind::HTerm => Term::HTerm,
            _ => Term::Ggn,
        };
        Terms::of(term, self.net.activation())
    }

    /// How many vectors go at once.
    fn group(&self) -> usize {
        let widths: usize = self.net.layers()[self.layers.start..].iter().map(|layer| layer.outputs()).sum();
        let objects = BLOCK.min(self.x.nrows());
        (GROUP / (4 * size_of::<f64>() * widths * objects)).max(1)
    }
}

impl LinearOperator for CurvatureOperator {
    fn order(&self) -> usize {
        self.range().len()
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        check_vectors(self.order(), vectors)?;
        let mut products = crate::linalg::zeros(vectors.nrows(), vectors.ncols());
        workers(|| {
            let groups = products.axis_chunks_iter_mut(Axis(1), self.group());
            for (mut products, vectors) in groups.zip(vectors.axis_chunks_iter(Axis(1), self.group())) {
                let directions = Directions::new(self, &vectors);
                let mut sums = Sums::new(self, vectors.ncols());
                self.each_block(|sweep| self.add_block(sweep, &directions, &mut sums));
                sums.write(self, &mut products);
            }
        });
        crate::error::check_finite("products with a curvature matrix", products.view().into_dyn())?;
        Ok(products)
    }
}

/// Sweeps over the objects `range`, in blocks side by side.
fn sweeps(net: &Network, data: &Dataset, loss: Loss, range: Range<usize>) -> Result<Vec<Sweep>> {
    let starts: Vec<_> = range.clone().step_by(BLOCK).collect();
    starts
        .into_par_iter()
        .map(|start| Sweep::run(net, data, loss, start..range.end.min(start + BLOCK)))
        .collect()
}

/// For each input its place among those that differ and are not all zero, and these, shape (m, distinct).
fn distinct_inputs(x: &Array2<f64>) -> (Vec<Option<usize>>, Array2<f64>) {
    let (places, sources) = equal_columns(x);
    let mut kept = Vec::new();
    let moved: Vec<_> = sources
        .iter()
        .map(|&source| {
            let zero = x.column(source).iter().all(|&v| v == 0.0);
            (!zero).then(|| {
                kept.push(source);
                kept.len() - 1
            })
        })
        .collect();
    (places.iter().map(|&place| moved[place]).collect(), x.select(Axis(1), &kept))
}

/// Products of a curvature matrix with the columns of `vectors`, shape (P, k), without forming the matrix.
///
/// One product of a [`CurvatureOperator`], which is the way to take several.
///
/// # Errors
/// Vectors of another length than P; otherwise as [`curvature`](crate::curvature()).
///
/// Source: B. Pearlmutter, "Fast exact multiplication by the Hessian", 1994.
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, Term, hessian, hvp};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::ones((5, 3)), Targets::Classes(array![0, 1, 1, 0, 1]))?;
/// let loss = Loss::cross_entropy();
/// let vectors = Array2::eye(net.parameter_count());
/// let gap = hvp(&net, &data, loss, Term::Full, &vectors)? - hessian(&net, &data, loss)?;
/// assert!(gap.iter().all(|v| v.abs() < 1e-15));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn hvp(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    term: Term,
    vectors: &Array2<f64>,
) -> Result<Array2<f64>> {
    check(net, data, loss)?;
    check_vectors(net.parameter_count(), vectors)?;
    CurvatureOperator::new(net, data, loss, term.into())?.apply(vectors)
}
