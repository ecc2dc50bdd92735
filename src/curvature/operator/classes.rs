//! The G-term of a classifier, taken apart by classes.

use ndarray::{Array1, Array2, Axis, s};

use super::{CurvatureKind, CurvatureOperator};
use crate::linalg::{symmetric_eigen, tall_gram, tiled, workers};
use crate::{Dataset, Error, Loss, LossKind, Network, Result, Targets};

/// The G-term of a cross-entropy classifier as a sum of four positive semidefinite parts.
///
/// With `g_ik = J_iᵀ (e_k - p_i)` and weights `c p_ik` it is `G = Σ_ik c p_ik g_ik g_ikᵀ`. Over the objects of class y
/// and each other class k the weighted mean is `d_yk`; over k its weighted mean is `d_y`. The parts: the class means
/// `d_y` (K outliers of the spectrum), the deviations `d_yk - d_y` (up to K² more), the spread of the `g_ik` within
/// each pair, and the terms with k = y.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ClassDecomposition {
    /// Number of classes K.
    pub classes: usize,
    /// Eigenvalues of the part of the class means, descending, K of them.
    pub class: Vec<f64>,
    /// Eigenvalues of the part of the pairs' deviations, descending, K (K - 1) of them.
    pub cross: Vec<f64>,
    /// Trace of the part of the class means.
    pub class_trace: f64,
    /// Trace of the part of the deviations of pairs.
    pub cross_trace: f64,
    /// Trace of the spread within pairs.
    pub within_trace: f64,
    /// Trace of the terms with k = y.
    pub own_trace: f64,
    /// The class means `√weight d_y` as columns, shape (P, K): their span is compared with the top eigenvectors.
    #[serde(skip)]
    pub class_means: Array2<f64>,
}

/// Takes the G-term apart by classes. Memory for K² vectors of length P.
///
/// # Errors
/// Another loss than cross-entropy; data that do not fit; failure of LAPACK.
///
/// Source: V. Papyan, "Traces of class/cross-class structure pervade deep learning spectra", 2020.
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, class_decomposition, ggn};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 3], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 2]))?;
/// let parts = class_decomposition(&net, &data, Loss::cross_entropy())?;
/// let sum = parts.class_trace + parts.cross_trace + parts.within_trace + parts.own_trace;
/// assert!((sum - ggn(&net, &data, Loss::cross_entropy())?.diag().sum()).abs() < 1e-14);
/// // One object a class: nothing varies within a pair.
/// assert!(parts.within_trace.abs() < 1e-15);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn class_decomposition(net: &Network, data: &Dataset, loss: Loss) -> Result<ClassDecomposition> {
    let (LossKind::CrossEntropy, Targets::Classes(labels)) = (loss.kind, &data.targets) else {
        return Err(Error::argument("loss", "cross-entropy, with labels", loss));
    };
    let operator = CurvatureOperator::new(net, data, loss, CurvatureKind::GTerm)?;
    let (classes, order) = (net.outputs(), net.parameter_count());
    let mut sums = Sums {
        // Row y K + k.
        means: Array2::zeros((classes * classes, order)),
        weights: Array2::zeros((classes, classes)),
        traces: Array2::zeros((classes, classes)),
    };
    workers(|| {
        operator.each_block(|sweep| {
            let mut shares = sweep.logits.clone();
            for mut row in shares.rows_mut() {
                let largest = row.fold(f64::NEG_INFINITY, |most, v| most.max(*v));
                row.mapv_inplace(|v| (v - largest).exp());
                let total = row.sum();
                row /= total;
            }
            let labels = labels.slice(s![sweep.range.clone()]).to_owned();
            let factors = operator.factors(sweep);
            let mut norms = Array2::<f64>::zeros((sweep.len(), classes));
            for (l, u) in factors.iter().enumerate() {
                let x = sweep.input(data, l).to_owned();
                let bias = f64::from(u8::from(net.layers()[l].bias.is_some()));
                let lengths = x.map_axis(Axis(1), |row| row.dot(&row) + bias);
                for n in 0..sweep.len() {
                    for k in 0..classes {
                        let row = u.row(n * classes + k);
                        norms[[n, k]] += row.dot(&row) * lengths[n];
                    }
                }
                sums.add_layer(net, l, u, &x, &shares, &labels, operator.scale);
            }
            for (n, &y) in labels.iter().enumerate() {
                for k in 0..classes {
                    sums.weights[[y, k]] += operator.scale * shares[[n, k]];
                    sums.traces[[y, k]] += operator.scale * norms[[n, k]];
                }
            }
        });
    });
    sums.decompose()
}

struct Sums {
    means: Array2<f64>,
    weights: Array2<f64>,
    traces: Array2<f64>,
}

impl Sums {
    /// Adds `Σ c √p_k u_k ⊗ x~`, the weighted gradients of layer l, to the sums of the pairs (class, k).
    #[allow(clippy::too_many_arguments)]
    fn add_layer(
        &mut self,
        net: &Network,
        l: usize,
        u: &Array2<f64>,
        x: &Array2<f64>,
        shares: &Array2<f64>,
        labels: &Array1<usize>,
        scale: f64,
    ) {
        let classes = shares.ncols();
        let range = net.layer_range(l);
        let (outputs, inputs) = net.layers()[l].weight.dim();
        for y in 0..classes {
            let objects: Vec<usize> = (0..labels.len()).filter(|&n| labels[n] == y).collect();
            if objects.is_empty() {
                continue;
            }
            let x = x.select(Axis(0), &objects);
            for k in 0..classes {
                let rows: Vec<usize> = objects.iter().map(|&n| n * classes + k).collect();
                let mut left = u.select(Axis(0), &rows);
                for (mut row, &n) in left.rows_mut().into_iter().zip(&objects) {
                    row *= scale * shares[[n, k]].sqrt();
                }
                let mut product = Array2::zeros((outputs, inputs));
                tiled(1.0, left.t(), x.view(), 0.0, product.view_mut());
                let mut mean = self.means.row_mut(y * classes + k);
                let mut part = mean.slice_mut(s![range.start..range.start + outputs * inputs]);
                part += &product.flatten();
                if net.layers()[l].bias.is_some() {
                    let mut part = mean.slice_mut(s![range.start + outputs * inputs..range.end]);
                    part += &left.sum_axis(Axis(0));
                }
            }
        }
    }

    fn decompose(mut self) -> Result<ClassDecomposition> {
        let classes = self.weights.nrows();
        let order = self.means.ncols();
        let mut class_means = Array2::zeros((order, classes));
        let mut deviations = Array2::zeros((order, classes * (classes - 1)));
        let mut at = 0;
        for y in 0..classes {
            let others: Vec<usize> = (0..classes).filter(|&k| k != y && self.weights[[y, k]] > 0.0).collect();
            let weight: f64 = others.iter().map(|&k| self.weights[[y, k]]).sum();
            if weight == 0.0 {
                continue;
            }
            let mut mean = Array1::<f64>::zeros(order);
            others.iter().for_each(|&k| mean += &self.means.row(y * classes + k));
            mean /= weight;
            for &k in &others {
                let share = self.weights[[y, k]];
                let mut own = self.means.row_mut(y * classes + k);
                own /= share;
                deviations.column_mut(at).assign(&((&own - &mean) * share.sqrt()));
                at += 1;
            }
            class_means.column_mut(y).assign(&(mean * weight.sqrt()));
        }
        let (class, cross) = (descending(&class_means)?, descending(&deviations)?);
        let (class_trace, cross_trace) = (class.iter().sum::<f64>(), cross.iter().sum::<f64>());
        let own_trace = self.traces.diag().sum();
        Ok(ClassDecomposition {
            classes,
            within_trace: self.traces.sum() - own_trace - class_trace - cross_trace,
            class,
            cross,
            class_trace,
            cross_trace,
            own_trace,
            class_means,
        })
    }
}

/// Eigenvalues of `V Vᵀ` that V can give, from its Gram matrix, descending and not below zero.
fn descending(v: &Array2<f64>) -> Result<Vec<f64>> {
    let (values, _) = workers(|| symmetric_eigen(tall_gram(v.view(), v.view())))?;
    Ok(values.iter().rev().map(|v| v.max(0.0)).collect())
}
