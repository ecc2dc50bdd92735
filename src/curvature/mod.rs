//! Exact curvature: the full Hessian, its G-term and its H-term.

mod assemble;
mod columns;
mod compress;
mod couplings;
mod dual;
mod operator;
mod per_object;
mod plan;
mod product;
mod scatter;
mod tiles;

use ndarray::{Array1, Array2};

use crate::linalg::{available_memory, workers, zeros};
use crate::loss::Loss;
use crate::{Dataset, Error, Network, Result, passes};

pub use compress::{Compressed, compress};
pub use dual::ggn_dual_gram;
pub use operator::{
    ClassDecomposition, CurvatureKind, CurvatureOperator, Kronecker, class_decomposition, hvp,
};
pub use per_object::{
    LayerNorms, PerObject, ggn_spectra, hessian_spectra, layer_norms, per_object, per_object_with_layers,
};

use assemble::assemble;
use couplings::Extent;
use plan::Plan;

/// Which part of the second derivatives: `H = G + H-term`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
    strum::Display,
)]
#[strum(serialize_all = "lowercase", parse_err_ty = Error, parse_err_fn = unknown_term)]
pub enum Term {
    /// All second derivatives of the loss.
    #[serde(rename = "full")]
    Full,
    /// The G-term `Σ Jᵀ A J`, also called generalized Gauss-Newton matrix: curvature of the loss in the logits.
    #[serde(rename = "ggn")]
    Ggn,
    /// The H-term `Σ_k r_k d²z_k/dtheta²`: residual times curvature of the network.
    #[strum(to_string = "h")]
    #[serde(rename = "h")]
    HTerm,
}

impl Term {
    /// The name used on the command line and in tables: `full`, `ggn` or `h`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn unknown_term(name: &str) -> Error {
    Error::unknown_name::<Term>("term", name)
}

/// A curvature matrix with what came out of the same sweeps.
#[derive(Debug, Clone)]
pub struct Curvature {
    /// The matrix, P x P, in the order of [`Network::parameters`]; symmetric to the last bit.
    pub matrix: Array2<f64>,
    /// Which part of the second derivatives it holds.
    pub term: Term,
    /// Value of the loss.
    pub loss: f64,
    /// Gradient of the loss, length P.
    pub gradient: Array1<f64>,
    /// What the computation could leave out without changing the result.
    pub work: Work,
}

/// What an assembly found: every saving is exact.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Work {
    /// Inputs of the network.
    pub inputs: usize,
    /// Inputs that differ from each other on the objects: products are taken over these alone.
    pub distinct_inputs: usize,
    /// Share of the (object, output pair) combinations that were not zero and entered a product.
    pub active_share: f64,
    /// Number of blocks that the objects were taken in, to keep memory small.
    pub object_blocks: usize,
    /// Additions and multiplications of all matrix products, counted: about `m P²` where nothing is left out.
    pub flops: u64,
}

/// The exact curvature matrix of a loss over a data set, P x P.
///
/// With `l_i` the loss of object i and c the normaliser of [`Loss::normaliser`], the full Hessian is
/// `H = c Σ_i d²l_i/dtheta²`. With `J_i = dz_i/dtheta`, `r_i = dl_i/dz_i` and `A_i = d²l_i/dz_i²` it is the sum of
/// the G-term `c Σ_i J_iᵀ A_i J_i` and the H-term `c Σ_i Σ_k r_ik d²z_ik/dtheta²`; each is computed by itself.
/// About `m P²` floating-point operations, fewer where units are inactive or inputs repeat.
///
/// # Errors
/// Shapes, labels or targets that do not fit; no objects; a matrix that does not fit in memory, refused before any
/// work; numbers that overflow; an interrupt.
///
/// Source: equation (2) and the decomposition that follows it in arXiv 2409.11995.
///
/// ```
/// use hessia::{Activation, Dataset, Layer, Loss, Network, Targets, Term, curvature};
/// use ndarray::array;
/// // Linear regression: H = 2/(m K) xᵀx.
/// let net = Network::new(vec![Layer { weight: array![[0.5, -1.0]], bias: None }], Activation::Relu)?;
/// let data = Dataset::new("toy", array![[1.0, 2.0], [3.0, 4.0]], Targets::Values(array![[1.0], [0.0]]))?;
/// let h = curvature(&net, &data, Loss::mean_squared_error(), Term::Full)?;
/// assert_eq!(h.matrix, array![[10.0, 14.0], [14.0, 20.0]]);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn curvature(net: &Network, data: &Dataset, loss: Loss, term: Term) -> Result<Curvature> {
    passes::check(net, data, loss)?;
    let order = net.parameter_count();
    let what = format!("{} matrix of {order} x {order} numbers", describe(term));
    check_memory(&what, order, order, 0)?;
    let plan = Plan::new(net, data, Extent::Whole, (order, order));
    check_memory(&what, order, order, plan.bytes)?;
    let mut matrix = zeros(order, order);
    let work = workers(|| assemble(net, data, loss, term, plan, &mut matrix))?;
    Ok(Curvature {
        matrix,
        term,
        loss: work.loss,
        gradient: work.gradient,
        work: Work {
            inputs: net.inputs(),
            distinct_inputs: work.distinct_inputs,
            active_share: work.active,
            object_blocks: work.object_blocks,
            flops: work.flops,
        },
    })
}

/// The full Hessian, P x P: [`curvature`] of [`Term::Full`].
///
/// # Errors
/// As [`curvature`].
pub fn hessian(net: &Network, data: &Dataset, loss: Loss) -> Result<Array2<f64>> {
    Ok(curvature(net, data, loss, Term::Full)?.matrix)
}

/// The G-term (generalized Gauss-Newton matrix), P x P: [`curvature`] of [`Term::Ggn`].
///
/// # Errors
/// As [`curvature`].
pub fn ggn(net: &Network, data: &Dataset, loss: Loss) -> Result<Array2<f64>> {
    Ok(curvature(net, data, loss, Term::Ggn)?.matrix)
}

/// The H-term, P x P: [`curvature`] of [`Term::HTerm`].
///
/// # Errors
/// As [`curvature`].
pub fn h_term(net: &Network, data: &Dataset, loss: Loss) -> Result<Array2<f64>> {
    Ok(curvature(net, data, loss, Term::HTerm)?.matrix)
}

/// Rows of layer `p` and columns of layer `q` (from 0) of [`curvature`], computed alone.
///
/// Shape (parameters of layer p, parameters of layer q).
///
/// # Errors
/// A layer that the network does not have; otherwise as [`curvature`].
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, Term, curvature_block, hessian};
/// use ndarray::{Array2, array, s};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::ones((5, 3)), Targets::Classes(array![0, 1, 1, 0, 1]))?;
/// let block = curvature_block(&net, &data, Loss::cross_entropy(), Term::Full, 0, 1)?;
/// let whole = hessian(&net, &data, Loss::cross_entropy())?;
/// let gap = &block - &whole.slice(s![net.layer_range(0), net.layer_range(1)]);
/// assert!(gap.iter().all(|v| v.abs() < 1e-15));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn curvature_block(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    term: Term,
    p: usize,
    q: usize,
) -> Result<Array2<f64>> {
    passes::check(net, data, loss)?;
    for (name, layer) in [("p", p), ("q", q)] {
        if layer >= net.depth() {
            let expected = format!("a layer in 0..{}", net.depth());
            return Err(Error::argument(format!("layer {name}"), expected, layer));
        }
    }
    let (first, last) = (p.min(q), p.max(q));
    let (rows, columns) = (net.layer_range(first).len(), net.layer_range(last).len());
    let what = format!("block of {rows} x {columns} numbers");
    check_memory(&what, rows, columns, 0)?;
    let plan = Plan::new(net, data, Extent::Block(first, last), (rows, columns));
    check_memory(&what, rows, columns, plan.bytes)?;
    let mut block = zeros(rows, columns);
    workers(|| assemble(net, data, loss, term, plan, &mut block))?;
    Ok(if p <= q { block } else { block.t().as_standard_layout().into_owned() })
}

fn describe(term: Term) -> &'static str {
    match term {
        Term::Full => "Hessian",
        Term::Ggn => "G-term",
        Term::HTerm => "H-term",
    }
}

/// Refuses a matrix that, with the bytes of its buffers, does not fit in the memory that is free.
fn check_memory(what: &str, rows: usize, columns: usize, buffers: u128) -> Result<()> {
    let needed = rows as u128 * columns as u128 * size_of::<f64>() as u128 + buffers;
    let available = available_memory();
    if needed > u128::from(available) {
        return Err(Error::OutOfMemory {
            what: what.to_string(),
            needed: u64::try_from(needed).unwrap_or(u64::MAX),
            available,
        });
    }
    Ok(())
}
