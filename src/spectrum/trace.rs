//! Trace, diagonal, Frobenius norm and log-determinant of an operator, by random vectors.

use ndarray::{Array1, Array2, Axis};
use ndarray_linalg::QR;

use super::density::Density;
use super::estimate::Estimate;
use super::probes::{sign_probes, take_out};
use crate::linalg::{tall_add, tall_gram, workers};
use crate::operator::{LinearOperator, finite_product};
use crate::{Error, Result};

fn check(order: usize, products: usize, least: usize) -> Result<()> {
    if order == 0 || products < least {
        let found = format!("{products} products at order {order}");
        return Err(Error::argument("estimate", format!("at least {least} products and one row"), found));
    }
    Ok(())
}

/// The trace by Hutchinson's estimator: the mean of `vᵀ A v` over random signs v.
///
/// # Errors
/// No product, or one that is not finite.
///
/// Source: M. Hutchinson, "A stochastic estimator of the trace of the influence matrix", 1989.
///
/// ```
/// let identity = ndarray::Array2::<f64>::eye(50);
/// let trace = hessia::spectrum::hutchinson(&identity, 4, 0)?;
/// assert_eq!((trace.value, trace.error), (50.0, 0.0));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn hutchinson(operator: &impl LinearOperator, products: usize, seed: u64) -> Result<Estimate> {
    check(operator.order(), products, 1)?;
    let v = sign_probes(operator.order(), 0..products, seed);
    let samples = column_products(&v, &finite_product(operator, &v)?);
    Ok(Estimate::mean(&samples, products))
}

/// The square of the Frobenius norm: the mean of `|A v|²` over random signs v.
///
/// # Errors
/// As [`hutchinson`].
pub fn frobenius_squares(operator: &impl LinearOperator, products: usize, seed: u64) -> Result<Estimate> {
    check(operator.order(), products, 1)?;
    let v = sign_probes(operator.order(), 0..products, seed);
    let product = finite_product(operator, &v)?;
    Ok(Estimate::mean(&column_products(&product, &product), products))
}

/// The trace by Hutch++: a third of the products finds a subspace, whose part is exact, a third takes it, and a third
/// estimates the rest.
///
/// `tr(QᵀAQ) + mean of wᵀ A w`, w a random sign vector less its part in the span of Q. At a fast decay of the
/// eigenvalues the error falls with the number of products, not with its root.
///
/// # Errors
/// Fewer than three products; a product that is not finite.
///
/// Source: R. Meyer, C. Musco, C. Musco, D. Woodruff, "Hutch++: optimal stochastic trace estimation", 2021.
///
/// ```
/// let matrix = ndarray::Array2::from_diag(&ndarray::Array1::from_iter((0..60).map(|k| 0.5_f64.powi(k))));
/// let trace = hessia::spectrum::hutch_plus_plus(&matrix, 30, 1)?;
/// assert!((trace.value - 2.0).abs() < 0.01);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn hutch_plus_plus(operator: &impl LinearOperator, products: usize, seed: u64) -> Result<Estimate> {
    let order = operator.order();
    check(order, products, 3)?;
    let third = (products / 3).min(order);
    let sketch = finite_product(operator, &sign_probes(order, 0..third, seed))?;
    let (q, _) = thin_qr(&sketch)?;
    let inside: f64 = column_products(&q, &finite_product(operator, &q)?).iter().sum();
    let mut rest = sign_probes(order, third..2 * third, seed);
    take_out(&q, &mut rest);
    let samples = column_products(&rest, &finite_product(operator, &rest)?);
    Ok(Estimate::mean(&samples, 3 * third).plus(inside))
}

/// What XTrace and XDiag share: a sketch `A Ω = Q R` and its variants that leave one vector out.
struct LeftOut {
    omega: Array2<f64>,
    sketch: Array2<f64>,
    q: Array2<f64>,
    r: Array2<f64>,
    /// `A Q`.
    moved: Array2<f64>,
    /// Column i: the direction of the span of Q, in its basis, that the sketch without vector i lacks. None where the
    /// sketch has not full rank: then Q holds the whole range of A.
    directions: Option<Array2<f64>>,
    products: usize,
}

impl LeftOut {
    fn new(operator: &impl LinearOperator, products: usize, seed: u64) -> Result<LeftOut> {
        let order = operator.order();
        check(order, products, 4)?;
        let count = (products / 2).min(order);
        let omega = sign_probes(order, 0..count, seed);
        let sketch = finite_product(operator, &omega)?;
        let (q, r) = thin_qr(&sketch)?;
        let moved = finite_product(operator, &q)?;
        let largest = r.diag().iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        let floor = largest * f64::EPSILON * order as f64;
        let full = r.diag().iter().all(|v| v.abs() > floor);
        let directions = full.then(|| inverse_transposed(&r));
        Ok(LeftOut { omega, sketch, q, r, moved, directions, products: 2 * count })
    }
}

/// The trace by XTrace: every vector serves once to test and else to sketch.
///
/// The mean over i of `tr(Q_iᵀ A Q_i) + c_i w_iᵀ A w_i`, Q_i a basis of the sketch without vector i, w_i what vector i
/// has beside it, and `c_i = (n - s + 1) / |w_i|²` for s vectors. Where the sketch holds the whole range, exact.
///
/// # Errors
/// Fewer than four products; a product that is not finite.
///
/// Source: E. Epperly, J. Tropp, R. Webber, "XTrace: making the most of every sample in stochastic trace estimation",
/// 2024.
///
/// ```
/// let matrix = ndarray::Array2::from_diag(&ndarray::Array1::from_iter((0..60).map(|k| 0.5_f64.powi(k))));
/// let trace = hessia::spectrum::xtrace(&matrix, 30, 1)?;
/// assert!((trace.value - 2.0).abs() < 1e-3);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn xtrace(operator: &impl LinearOperator, products: usize, seed: u64) -> Result<Estimate> {
    let parts = LeftOut::new(operator, products, seed)?;
    let (order, count) = parts.omega.dim();
    let (h, w, t) = workers(|| {
        let gram = |a: &Array2<f64>, b: &Array2<f64>| tall_gram(a.view(), b.view());
        (gram(&parts.q, &parts.moved), gram(&parts.q, &parts.omega), gram(&parts.moved, &parts.omega))
    });
    let whole: f64 = h.diag().sum();
    let Some(directions) = &parts.directions else { return Ok(Estimate::exact(whole, parts.products)) };
    if count == order {
        return Ok(Estimate::exact(whole, parts.products));
    }
    let own = column_products(&parts.omega, &parts.sketch);
    let samples: Vec<f64> = (0..count)
        .map(|i| {
            let (s, w) = (directions.column(i), w.column(i));
            // The part of vector i in the span of Q_i, in the basis Q.
            let x = &w - &(&s * s.dot(&w));
            let inside = whole - s.dot(&h.dot(&s));
            let outside = own[i] - 2.0 * x.dot(&t.column(i)) + x.dot(&h.dot(&x));
            let length = order as f64 - x.dot(&x);
            inside + (order - count + 1) as f64 / length * outside
        })
        .collect();
    Ok(Estimate::mean(&samples, parts.products))
}

/// A diagonal estimated from random vectors.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DiagonalEstimate {
    /// The estimate of each entry.
    pub values: Vec<f64>,
    /// The standard error of each; zero where the sketch held the whole range.
    pub errors: Vec<f64>,
    /// Products with single vectors.
    pub products: usize,
}

/// The diagonal by XDiag: every vector serves once to test and else to sketch.
///
/// The mean over i of `diag(Q_i Q_iᵀ A) + v_i ∘ (I - Q_i Q_iᵀ) A v_i`, as in [`xtrace`].
///
/// # Errors
/// As [`xtrace`].
///
/// Source: as [`xtrace`].
///
/// ```
/// let diagonal = ndarray::Array1::from_iter((0..60).map(|k| 0.5_f64.powi(k)));
/// let found = hessia::spectrum::xdiag(&ndarray::Array2::from_diag(&diagonal), 30, 1)?;
/// assert!(found.values.iter().zip(&diagonal).all(|(a, b)| (a - b).abs() < 1e-3));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn xdiag(operator: &impl LinearOperator, products: usize, seed: u64) -> Result<DiagonalEstimate> {
    let parts = LeftOut::new(operator, products, seed)?;
    let count = parts.omega.ncols();
    let whole: Array1<f64> = (&parts.q * &parts.moved).sum_axis(Axis(1));
    let none = |values: Array1<f64>| DiagonalEstimate {
        errors: vec![0.0; values.len()],
        values: values.to_vec(),
        products: parts.products,
    };
    let Some(directions) = parts.directions.as_ref().filter(|_| count < parts.omega.nrows()) else {
        return Ok(none(whole));
    };
    let product = |a: &Array2<f64>| {
        let mut out = Array2::zeros(a.dim());
        workers(|| tall_add(1.0, a.view(), directions.view(), out.view_mut()));
        out
    };
    let (basis, moved) = (product(&parts.q), product(&parts.moved));
    let (mut sum, mut squares) = (Array1::<f64>::zeros(whole.len()), Array1::<f64>::zeros(whole.len()));
    for i in 0..count {
        let along = directions.column(i).dot(&parts.r.column(i));
        let (b, m, v) = (basis.column(i), moved.column(i), parts.omega.column(i));
        // What vector i changes of the diagonal; the whole is added at the end, where it costs no digits.
        let change = &v * &b * along - &b * &m;
        sum += &change;
        squares += &(&change * &change);
    }
    let n = count as f64;
    let mean = sum / n;
    let spread = (squares / n - &mean * &mean).mapv(|v| v.max(0.0));
    Ok(DiagonalEstimate {
        values: (whole + mean).to_vec(),
        errors: spread.mapv(|v| (v / (n - 1.0).max(1.0)).sqrt()).to_vec(),
        products: parts.products,
    })
}

impl Density {
    /// `log det(A + damping I)` of a positive semidefinite operator, from the quadratures.
    ///
    /// Nodes below zero by rounding count as zero.
    ///
    /// # Errors
    /// A damping that is not positive, or a node below minus half of it: the operator has negative eigenvalues.
    ///
    /// ```
    /// use hessia::spectrum::{DensitySettings, spectral_density};
    /// let values = ndarray::Array1::from_iter((0..80).map(|k| (k as f64).sin().powi(2)));
    /// let density = spectral_density(&ndarray::Array2::from_diag(&values), None, &DensitySettings::default())?;
    /// let (found, exact) = (density.log_determinant(0.1)?, values.mapv(|v| (v + 0.1).ln()).sum());
    /// assert!((found.value - exact).abs() < 4.0 * found.error);
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn log_determinant(&self, damping: f64) -> Result<Estimate> {
        let least =
            self.nodes.iter().flatten().chain(&self.outliers).fold(0.0, |least: f64, v| least.min(*v));
        if !(damping > 0.0 && damping.is_finite() && least > -0.5 * damping) {
            let expected = "a finite number above 0, and no eigenvalue below minus half of it";
            return Err(Error::argument(
                "damping",
                expected,
                format!("{damping:e} with an eigenvalue of {least:e}"),
            ));
        }
        let term = |v: f64| (v.max(0.0) + damping).ln();
        let known: f64 = self.outliers.iter().map(|&v| term(v)).sum();
        let samples: Vec<f64> = self
            .nodes
            .iter()
            .zip(&self.weights)
            .map(|(nodes, weights)| {
                self.order as f64 * nodes.iter().zip(weights).map(|(&v, w)| w * term(v)).sum::<f64>()
            })
            .collect();
        if samples.is_empty() {
            return Ok(Estimate::exact(known, self.products));
        }
        Ok(Estimate::mean(&samples, self.products).plus(known))
    }
}

/// `aᵀ b` column by column.
fn column_products(a: &Array2<f64>, b: &Array2<f64>) -> Vec<f64> {
    a.columns().into_iter().zip(b.columns()).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum()).collect()
}

fn thin_qr(matrix: &Array2<f64>) -> Result<(Array2<f64>, Array2<f64>)> {
    // In a worker LAPACK keeps to one thread, so that its bytes are the same on any machine.
    let (q, r) = workers(|| matrix.qr())?;
    Ok((q.as_standard_layout().into_owned(), r))
}

/// Columns of `R⁻ᵀ`, each of length one: column i is orthogonal to all columns of R but the i-th.
fn inverse_transposed(r: &Array2<f64>) -> Array2<f64> {
    let count = r.nrows();
    let mut s = Array2::<f64>::zeros((count, count));
    for i in 0..count {
        // Rᵀ s = e_i, downwards: the entries above i are zero.
        for row in i..count {
            let known: f64 = (i..row).map(|k| r[[k, row]] * s[[k, i]]).sum();
            s[[row, i]] = (f64::from(u8::from(row == i)) - known) / r[[row, row]];
        }
        let mut column = s.column_mut(i);
        let length = column.dot(&column).sqrt();
        column /= length;
    }
    s
}
