//! Lossless compression of the inputs: a smaller network with the same nonzero curvature eigenvalues.

use ndarray::{Array2, Axis, concatenate, s};
use ndarray_linalg::QR;

use super::columns::equal_columns;
use crate::linalg::{one_thread, whole_machine};
use crate::{Dataset, Layer, Network, Result};

/// A network and data set whose first layer sees only the directions that the inputs take.
///
/// With `X = R Qᵀ` (Q with orthonormal columns, n x rho) the network of first weights `W Q` on the inputs `R`
/// has the same logits, and its Hessian is the original one restricted to the span of Q: the eigenvalues are the
/// same but for `outputs * (n - rho)` zeros.
#[derive(Debug, Clone)]
pub struct Compressed {
    /// The network with first weights `W Q`, shape (outputs, rho).
    pub network: Network,
    /// The objects with inputs `R`, shape (m, rho).
    pub data: Dataset,
    /// `Q`, shape (n, rho).
    pub basis: Array2<f64>,
}

/// Compresses the inputs without loss, in two steps that need no tolerance.
///
/// 1. k equal columns of X become one column times `√k`; columns of zeros are dropped.
/// 2. If there are still more columns than objects, a QR factorisation of the transpose leaves m of them.
///
/// # Errors
/// Inputs that do not fit the network; failure of LAPACK.
///
/// ```
/// use hessia::{Activation, Dataset, Network, Targets, compress};
/// use ndarray::array;
/// let net = Network::random(&[4, 3, 2], false, Activation::Relu, 1)?;
/// let x = array![[1.0, 1.0, 0.0, 2.0], [3.0, 3.0, 0.0, 5.0]];
/// let small = compress(&net, &Dataset::new("toy", x, Targets::Classes(array![0, 1]))?)?;
/// assert_eq!(small.network.widths(), [2, 3, 2]);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn compress(net: &Network, data: &Dataset) -> Result<Compressed> {
    crate::passes::check_objects(net, data)?;
    let (places, first) = equal_columns(&data.x);
    let count = first.len();
    let mut sizes = vec![0.0_f64; count];
    places.iter().for_each(|&place| sizes[place] += 1.0);
    let mut basis = Array2::zeros((net.inputs(), count));
    for (a, &place) in places.iter().enumerate() {
        basis[[a, place]] = 1.0 / sizes[place].sqrt();
    }
    let mut x = data.x.select(Axis(1), &first);
    for (mut column, size) in x.columns_mut().into_iter().zip(&sizes) {
        column *= size.sqrt();
    }
    let kept: Vec<_> = (0..count).filter(|&c| x.column(c).iter().any(|&v| v != 0.0)).collect();
    if kept.len() < count && !kept.is_empty() {
        x = x.select(Axis(1), &kept);
        basis = basis.select(Axis(1), &kept);
    }
    if x.ncols() > x.nrows() {
        let (q, r) = whole_machine(|| x.t().to_owned().qr())?;
        x = r.t().as_standard_layout().into_owned();
        basis = one_thread(|| basis.dot(&q));
    }
    let mut layers = net.layers().to_vec();
    layers[0] = Layer { weight: one_thread(|| layers[0].weight.dot(&basis)), bias: layers[0].bias.take() };
    Ok(Compressed {
        network: net.with_layers(layers)?,
        data: Dataset {
            name: data.name.clone(),
            x: x.as_standard_layout().into_owned(),
            targets: data.targets.clone(),
        },
        basis,
    })
}

impl Compressed {
    /// Vectors over the small network's parameters, as columns, brought back to the original parameters.
    ///
    /// Lengths and angles stay as they are: an eigenvector becomes an eigenvector.
    pub fn expand(&self, vectors: &Array2<f64>) -> Array2<f64> {
        let (inputs, rank) = self.basis.dim();
        let outputs = self.network.layers()[0].outputs();
        let count = vectors.ncols();
        let small = outputs * rank;
        let mut parts = Vec::new();
        for i in 0..outputs {
            let rows = vectors.slice(s![i * rank..(i + 1) * rank, ..]);
            parts.push(whole_machine(|| self.basis.dot(&rows)));
        }
        parts.push(vectors.slice(s![small.., ..]).to_owned());
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        concatenate(Axis(0), &views).unwrap_or_else(|_| Array2::zeros((outputs * inputs, count)))
    }
}
