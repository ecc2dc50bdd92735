//! Kronecker-factored approximations of the G-term's diagonal blocks, and their damped inverses.

use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};

use super::{CurvatureKind, CurvatureOperator};
use crate::linalg::{symmetric_eigen, tiled, workers};
use crate::operator::check_vectors;
use crate::{Dataset, Loss, Network, Result};

/// Block-diagonal approximations of the G-term with Kronecker factors, in their eigenbases.
///
/// With u the rows of `F_nᵀ dz_n/dz^(l)_n` (`F Fᵀ = A_n`) and x~ the inputs of a layer, a one behind them where there
/// are biases, the G-term's block is `c Σ_n Σ_u u uᵀ ⊗ x~ x~ᵀ`. K-FAC takes
/// `(c Σ_n Σ_u u uᵀ) ⊗ (1/m Σ_n x~ x~ᵀ)`, exact for one object and for inputs or residuals that do not vary; EKFAC keeps
/// its eigenvectors and takes the exact diagonal of the block in them as eigenvalues.
///
/// Source: J. Martens, R. Grosse, "Optimizing neural networks with Kronecker-factored approximate curvature", 2015;
/// T. George and others, "Fast approximate natural gradient descent in a Kronecker-factored eigenbasis", 2018.
///
/// ```
/// use hessia::{Activation, Dataset, Kronecker, Loss, Network, Targets, ggn};
/// use ndarray::{Array1, array, s};
/// let net = Network::random(&[2, 3, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("one", array![[1.0, -2.0]], Targets::Classes(array![1]))?;
/// let kfac = Kronecker::new(&net, &data, Loss::cross_entropy())?;
/// // Of one object it is exact, block by block.
/// let exact = ggn(&net, &data, Loss::cross_entropy())?;
/// let block = kfac.block(0, false);
/// assert!((block - exact.slice(s![..9, ..9])).iter().all(|v| v.abs() < 1e-15));
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Kronecker {
    net: Network,
    layers: Vec<Factors>,
}

#[derive(Debug, Clone)]
struct Factors {
    /// Eigenvectors (columns) of the factor of the outputs.
    outputs: Array2<f64>,
    /// Eigenvectors (columns) of the factor of the inputs.
    inputs: Array2<f64>,
    /// Products of the factors' eigenvalues, shape (outputs, inputs).
    kfac: Array2<f64>,
    /// Diagonal of the block in the eigenbasis.
    ekfac: Array2<f64>,
}

impl Kronecker {
    /// The factors at a network's parameters.
    ///
    /// # Errors
    /// Shapes, labels or targets that do not fit; failure of LAPACK.
    pub fn new(net: &Network, data: &Dataset, loss: Loss) -> Result<Self> {
        let operator = CurvatureOperator::new(net, data, loss, CurvatureKind::GTerm)?;
        let sizes: Vec<_> = net
            .layers()
            .iter()
            .map(|layer| (layer.outputs(), layer.inputs() + usize::from(layer.bias.is_some())))
            .collect();
        let square = |n: usize| Array2::<f64>::zeros((n, n));
        let mut residuals: Vec<_> = sizes.iter().map(|&(outputs, _)| square(outputs)).collect();
        let mut moments: Vec<_> = sizes.iter().map(|&(_, inputs)| square(inputs)).collect();
        workers(|| {
            operator.each_block(|sweep| {
                for (l, u) in operator.factors(sweep).iter().enumerate() {
                    let x = with_ones(net, l, &sweep.input(data, l).to_owned());
                    tiled(operator.scale, u.t(), u.view(), 1.0, residuals[l].view_mut());
                    tiled(1.0 / data.len() as f64, x.t(), x.view(), 1.0, moments[l].view_mut());
                }
            });
        });
        let mut layers = Vec::new();
        for (residual, moment) in residuals.into_iter().zip(moments) {
            let ((b, outputs), (a, inputs)) =
                workers(|| Ok::<_, crate::Error>((symmetric_eigen(residual)?, symmetric_eigen(moment)?)))?;
            // Rounding below zero is zero.
            let kfac = Array2::from_shape_fn((b.len(), a.len()), |(i, j)| b[i].max(0.0) * a[j].max(0.0));
            let ekfac = Array2::zeros(kfac.dim());
            layers.push(Factors { outputs, inputs, kfac, ekfac });
        }
        workers(|| {
            operator.each_block(|sweep| {
                for (l, u) in operator.factors(sweep).iter().enumerate() {
                    let factors = &mut layers[l];
                    let x = with_ones(net, l, &sweep.input(data, l).to_owned());
                    let x = x.dot(&factors.inputs).mapv(|v| v * v);
                    let u = super::diagonal::sum_squares(&u.dot(&factors.outputs), net.outputs());
                    tiled(operator.scale, u.t(), x.view(), 1.0, factors.ekfac.view_mut());
                }
            });
        });
        Ok(Kronecker { net: net.clone(), layers })
    }

    /// The approximation of the block of layer `l` in the order of theta; of EKFAC, or else of K-FAC.
    pub fn block(&self, l: usize, ekfac: bool) -> Array2<f64> {
        let count = self.net.layers()[l].parameter_count();
        let mut block = Array2::zeros((count, count));
        for k in 0..count {
            let mut unit = Array1::zeros(count);
            unit[k] = 1.0;
            block.column_mut(k).assign(&self.in_basis(l, unit.view(), ekfac, |value| value));
        }
        block
    }

    /// `(K + damping I)⁻¹` times the columns of `vectors`, shape (P, k); K of EKFAC, or else of K-FAC.
    ///
    /// # Errors
    /// Vectors of another length, or a damping that is not positive.
    pub fn solve(&self, vectors: &Array2<f64>, damping: f64, ekfac: bool) -> Result<Array2<f64>> {
        check_vectors(self.net.parameter_count(), vectors)?;
        if !(damping > 0.0 && damping.is_finite()) {
            return Err(crate::Error::argument("damping", "a finite number above 0", damping));
        }
        let mut solution = Array2::zeros(vectors.dim());
        for (l, _) in self.layers.iter().enumerate() {
            let range = self.net.layer_range(l);
            for (mut to, from) in solution.columns_mut().into_iter().zip(vectors.columns()) {
                let part = from.slice(s![range.clone()]);
                to.slice_mut(s![range.clone()])
                    .assign(&self.in_basis(l, part, ekfac, |v| 1.0 / (v + damping)));
            }
        }
        Ok(solution)
    }

    /// Turns a vector over layer l into the eigenbasis, multiplies by `f` of the eigenvalues, and turns it back.
    fn in_basis(&self, l: usize, v: ArrayView1<'_, f64>, ekfac: bool, f: impl Fn(f64) -> f64) -> Array1<f64> {
        let (layer, factors) = (&self.net.layers()[l], &self.layers[l]);
        let (outputs, inputs) = layer.weight.dim();
        let weights = v.slice(s![..outputs * inputs]);
        let weights =
            weights.to_shape((outputs, inputs)).expect("a layer's weights, row by row").into_owned();
        let matrix = match layer.bias {
            Some(_) => {
                let bias = v.slice(s![outputs * inputs..]).insert_axis(Axis(1));
                concatenate![Axis(1), weights, bias]
            }
            None => weights,
        };
        let values = if ekfac { &factors.ekfac } else { &factors.kfac };
        let inside = factors.outputs.t().dot(&matrix).dot(&factors.inputs) * values.mapv(f);
        let back = factors.outputs.dot(&inside).dot(&factors.inputs.t());
        let mut vector: Vec<f64> = back.slice(s![.., ..inputs]).iter().copied().collect();
        if layer.bias.is_some() {
            vector.extend(back.column(inputs));
        }
        Array1::from(vector)
    }
}

/// The inputs with a one behind them where the layer has biases.
fn with_ones(net: &Network, l: usize, x: &Array2<f64>) -> Array2<f64> {
    match net.layers()[l].bias {
        Some(_) => concatenate![Axis(1), *x, Array2::ones((x.nrows(), 1))],
        None => x.clone(),
    }
}
