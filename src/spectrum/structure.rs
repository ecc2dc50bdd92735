//! What a spectrum owes to structure: ranks, shares of layers, distances of spectra, overlaps, tails.

use ndarray::{Array1, Array2, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Spectrum;
use super::probes::sign_probes;
use crate::linalg::{tall_gram, workers};
use crate::operator::{LinearOperator, finite_product};
use crate::{Activation, CurvatureKind, CurvatureOperator, Dataset, Error, Loss, LossKind, Network, Result};

/// A rank with what it is made of, counted before it is measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RankReport {
    /// Number of parameters P.
    pub order: usize,
    /// Zero eigenvalues that inactive units, and inputs that are zero or equal on all objects, force.
    pub structural_zeros: usize,
    /// Zero eigenvalues that symmetries of the network force beside them.
    pub symmetry_zeros: usize,
    /// The most that the rank can be: the rest, and for the G-term at most the objects times the outputs that count.
    pub bound: usize,
    /// Eigenvalues above the tolerance by magnitude.
    pub rank: usize,
    /// The tolerance of the spectrum: `P eps ||H||_F`.
    pub tolerance: f64,
    /// Smallest magnitude counted as not zero; zero where there is none.
    pub smallest_kept: f64,
    /// Largest magnitude counted as zero; zero where there is none.
    pub largest_dropped: f64,
}

impl RankReport {
    /// Ratio of the smallest magnitude kept to the largest dropped: a wide gap is what makes a numerical rank certain.
    pub fn gap(&self) -> f64 {
        self.smallest_kept / self.largest_dropped.max(f64::MIN_POSITIVE)
    }
}

/// The rank of a curvature matrix from its whole spectrum, with the zeros that structure forces.
///
/// - Structural: a weight or bias of a unit that no object moves, a weight on an input or unit that is zero on all
///   objects, and all but one of each group of equal inputs.
/// - Symmetry: for the G-term and relu, leaky-relu or no activation, one for each hidden unit that lives (its inputs
///   scaled up, its outputs down); for cross-entropy, one for each input of the last layer, the bias included
///   (all logits moved alike).
///
/// # Errors
/// Data that do not fit, or a spectrum that does not hold all P eigenvalues.
///
/// ```
/// use hessia::spectrum::rank_report;
/// use hessia::{Activation, CurvatureKind, Dataset, Loss, Network, Targets, eigvalsh, ggn};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 2], false, Activation::Relu, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let spectrum = eigvalsh(&ggn(&net, &data, Loss::cross_entropy())?)?;
/// let report = rank_report(&net, &data, Loss::cross_entropy(), CurvatureKind::GTerm, &spectrum)?;
/// assert_eq!((report.rank, report.bound, report.symmetry_zeros), (3, 3, 3));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn rank_report(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    kind: CurvatureKind,
    spectrum: &Spectrum,
) -> Result<RankReport> {
    let order = net.parameter_count();
    if spectrum.eigenvalues.len() != order {
        return Err(Error::shape("eigenvalues", &[order], &[spectrum.eigenvalues.len()]));
    }
    let operator = CurvatureOperator::new(net, data, loss, kind)?;
    let live = operator.live_units();
    let inputs = |l: usize| if l == 0 { operator.distinct_inputs() } else { live[l - 1].1 };
    let bias = |l: usize| usize::from(net.layers()[l].bias.is_some());
    let moving: usize = (0..net.depth()).map(|l| live[l].0 * (inputs(l) + bias(l))).sum();
    let homogeneous =
        matches!(net.activation(), Activation::Relu | Activation::LeakyRelu | Activation::Identity);
    let gauss_newton =
        matches!(kind, CurvatureKind::GTerm | CurvatureKind::Fisher | CurvatureKind::EmpiricalFisher);
    let shift = loss.kind == LossKind::CrossEntropy;
    let last = net.depth() - 1;
    let scalings =
        if homogeneous && gauss_newton { live[..last].iter().map(|units| units.0).sum() } else { 0 };
    let shifts = if shift { inputs(last) + bias(last) } else { 0 };
    let symmetry_zeros = (scalings + shifts).min(moving);
    let outputs = match (kind, shift) {
        (CurvatureKind::EmpiricalFisher, _) => 1,
        (_, true) => net.outputs() - 1,
        _ => net.outputs(),
    };
    let samples = if gauss_newton { data.len().saturating_mul(outputs) } else { usize::MAX };
    let (mut smallest_kept, mut largest_dropped) = (f64::INFINITY, 0.0_f64);
    for value in spectrum.eigenvalues.iter().map(|v| v.abs()) {
        if value > spectrum.tolerance {
            smallest_kept = smallest_kept.min(value);
        } else {
            largest_dropped = largest_dropped.max(value);
        }
    }
    Ok(RankReport {
        order,
        structural_zeros: order - moving,
        symmetry_zeros,
        bound: (moving - symmetry_zeros).min(samples),
        rank: spectrum.rank(),
        tolerance: spectrum.tolerance,
        smallest_kept: if smallest_kept.is_finite() { smallest_kept } else { 0.0 },
        largest_dropped,
    })
}

/// Ranks of a deep linear network for generic weights and data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct LinearRanks {
    /// `q (r + K - q)`.
    pub g_term: usize,
    /// `2 q Σm + 2 q s - L q²`.
    pub h_term: usize,
    /// `2 q Σm - L q² + q (r + K)`.
    pub hessian: usize,
}

/// Ranks of a deep linear network of these widths without biases, `rank` being that of the inputs' covariance.
///
/// K outputs, one less for cross-entropy; m hidden widths, L weight matrices, `q = min(r, K, m)`, `s = min(r, K)`.
///
/// # Errors
/// Fewer than three widths (the formulas are for hidden layers).
///
/// Source: S. Singh, G. Bachmann, T. Hofmann, "Analytic insights into structure and rank of neural network Hessian
/// maps", 2021.
///
/// ```
/// use hessia::{Loss, spectrum::linear_ranks};
/// let ranks = linear_ranks(&[25, 5, 10, 10], 25, Loss::mean_squared_error())?;
/// assert_eq!((ranks.h_term, ranks.g_term, ranks.hessian), (175, 150, 250));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn linear_ranks(widths: &[usize], rank: usize, loss: Loss) -> Result<LinearRanks> {
    if widths.len() < 3 {
        return Err(Error::argument("widths", "inputs, hidden widths and outputs", format!("{widths:?}")));
    }
    let (hidden, outputs) = (&widths[1..widths.len() - 1], widths[widths.len() - 1]);
    let k = if loss.kind == LossKind::CrossEntropy { outputs.saturating_sub(1) } else { outputs };
    let r = rank.min(widths[0]);
    let s = r.min(k);
    let q = hidden.iter().copied().min().unwrap_or(s).min(s);
    let (sum, depth) = (hidden.iter().sum::<usize>(), hidden.len() + 1);
    Ok(LinearRanks {
        g_term: q * (r + k - q),
        h_term: (2 * q * sum + 2 * q * s).saturating_sub(depth * q * q),
        hessian: (2 * q * sum + q * (r + k)).saturating_sub(depth * q * q),
    })
}

/// How the square of a matrix's Frobenius norm falls on pairs of layers.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LayerShares {
    /// Row p, column q: share of block (p, q); all sum to one.
    pub share: Vec<Vec<f64>>,
    /// `||H||_F`.
    pub norm: f64,
    /// `||H - blocks||_F / ||H||_F`, the diagonal blocks taken off: 0 for a block-diagonal matrix.
    pub off_blocks: f64,
}

/// Shares of pairs of layers in a matrix at hand.
///
/// # Errors
/// A matrix that is not P x P.
pub fn layer_shares(net: &Network, matrix: &Array2<f64>) -> Result<LayerShares> {
    let order = net.parameter_count();
    if matrix.dim() != (order, order) {
        return Err(Error::shape("matrix", &[order, order], matrix.shape()));
    }
    Ok(shares(net.depth(), |p, q| {
        matrix.slice(s![net.layer_range(p), net.layer_range(q)]).iter().map(|v| v * v).sum()
    }))
}

/// Shares of pairs of layers of an operator over all parameters, estimated from `probes` products a layer.
///
/// `||H_pq||_F²` is the mean of `|(H v)_p|²` over random signs v that are zero outside layer q.
///
/// # Errors
/// No probe, an operator of another order than P, a product that is not finite.
///
/// ```
/// use hessia::spectrum::{estimated_layer_shares, layer_shares};
/// use hessia::{Activation, CurvatureKind, CurvatureOperator, Dataset, Loss, Network, Targets, hessian};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let loss = Loss::cross_entropy();
/// let exact = layer_shares(&net, &hessian(&net, &data, loss)?)?;
/// let operator = CurvatureOperator::new(&net, &data, loss, CurvatureKind::Hessian)?;
/// let found = estimated_layer_shares(&net, &operator, 400, 0)?;
/// assert!((found.off_blocks - exact.off_blocks).abs() < 0.05);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn estimated_layer_shares(
    net: &Network,
    operator: &impl LinearOperator,
    probes: usize,
    seed: u64,
) -> Result<LayerShares> {
    let order = net.parameter_count();
    if operator.order() != order || probes == 0 {
        let found = format!("order {}, {probes} probes", operator.order());
        return Err(Error::argument("operator", format!("order {order} and a probe or more"), found));
    }
    let mut squares = vec![vec![0.0; net.depth()]; net.depth()];
    for q in 0..net.depth() {
        let range = net.layer_range(q);
        let mut v = Array2::zeros((order, probes));
        let numbers = q * probes..(q + 1) * probes;
        v.slice_mut(s![range.clone(), ..]).assign(&sign_probes(range.len(), numbers, seed));
        let product = finite_product(operator, &v)?;
        for (p, row) in squares.iter_mut().enumerate() {
            let part = product.slice(s![net.layer_range(p), ..]);
            row[q] = part.iter().map(|v| v * v).sum::<f64>() / probes as f64;
        }
    }
    // Block (p, q) and its mirror image are the same number twice.
    Ok(shares(net.depth(), |p, q| 0.5 * (squares[p][q] + squares[q][p])))
}

fn shares(depth: usize, squares: impl Fn(usize, usize) -> f64) -> LayerShares {
    let all: Vec<Vec<f64>> = (0..depth).map(|p| (0..depth).map(|q| squares(p, q)).collect()).collect();
    let total: f64 = all.iter().flatten().sum();
    let scale = if total > 0.0 { total } else { 1.0 };
    let off: f64 = (0..depth)
        .flat_map(|p| (0..depth).map(move |q| (p, q)))
        .filter(|(p, q)| p != q)
        .map(|(p, q)| all[p][q])
        .sum();
    LayerShares {
        share: all.iter().map(|row| row.iter().map(|v| v / scale).collect()).collect(),
        norm: total.sqrt(),
        off_blocks: (off / scale).sqrt(),
    }
}

/// Jensen-Shannon distance of two spectra: the root of the divergence in bits, 0 for equal and 1 for disjoint ones.
///
/// Each spectrum is divided by its largest magnitude, and spread over `bins` even bins of -1..1.
///
/// # Errors
/// An empty spectrum, no bin, or a value that is not finite.
///
/// ```
/// use hessia::spectrum::jensen_shannon;
/// assert_eq!(jensen_shannon(&[0.0, 1.0], &[0.0, 5.0], 20)?, 0.0);
/// assert_eq!(jensen_shannon(&[1.0], &[-1.0], 20)?, 1.0);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn jensen_shannon(a: &[f64], b: &[f64], bins: usize) -> Result<f64> {
    let histogram = |values: &[f64]| -> Result<Vec<f64>> {
        if values.is_empty() || bins == 0 || values.iter().any(|v| !v.is_finite()) {
            let found = format!("{} values, {bins} bins", values.len());
            return Err(Error::argument("spectrum", "finite values and at least one bin", found));
        }
        let scale = values.iter().fold(f64::MIN_POSITIVE, |most, v| most.max(v.abs()));
        let mut shares = vec![0.0; bins];
        for v in values {
            let at = ((v / scale + 1.0) / 2.0 * bins as f64) as usize;
            shares[at.min(bins - 1)] += 1.0 / values.len() as f64;
        }
        Ok(shares)
    };
    let (a, b) = (histogram(a)?, histogram(b)?);
    let term = |p: f64, q: f64| if p > 0.0 { 0.5 * p * (2.0 * p / (p + q)).log2() } else { 0.0 };
    let divergence: f64 = a.iter().zip(&b).map(|(&p, &q)| term(p, q) + term(q, p)).sum();
    Ok(divergence.clamp(0.0, 1.0).sqrt())
}

/// Overlap of the spans of two sets of orthonormal columns, `||Uᵀ V||_F² / min(k, l)`: 1 where one holds the other.
///
/// With a single unit column in V it is the share of that vector in the span of U.
///
/// # Errors
/// Columns of different lengths, or none.
///
/// ```
/// use hessia::spectrum::subspace_overlap;
/// use ndarray::array;
/// let (u, v) = (array![[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], array![[0.6], [0.0], [0.8]]);
/// assert!((subspace_overlap(&u, &v)? - 0.36).abs() < 1e-15);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn subspace_overlap(u: &Array2<f64>, v: &Array2<f64>) -> Result<f64> {
    if u.nrows() != v.nrows() || u.ncols() == 0 || v.ncols() == 0 {
        return Err(Error::shape("columns to compare", u.shape(), v.shape()));
    }
    let gram = workers(|| tall_gram(u.view(), v.view()));
    Ok(gram.iter().map(|g| g * g).sum::<f64>() / u.ncols().min(v.ncols()) as f64)
}

/// A power law fitted to the largest values: density `∝ x^-exponent` from `start` on.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct PowerTail {
    /// Exponent of the density.
    pub exponent: f64,
    /// Smallest value of the tail.
    pub start: f64,
    /// Values in the tail.
    pub count: usize,
    /// Kolmogorov-Smirnov distance of the tail to the law.
    pub distance: f64,
    /// Share of samples drawn from the law, and fitted anew, that are farther from it: small speaks against it.
    pub p_value: f64,
}

/// Fits a power law to the `count` largest positive values, by maximum likelihood, and tests it with `draws` samples.
///
/// # Errors
/// Fewer than three values in the tail, or a tail whose values are all equal.
///
/// Source: A. Clauset, C. Shalizi, M. Newman, "Power-law distributions in empirical data", 2009.
///
/// ```
/// // Quantiles of a density of exponent 3.
/// let values: Vec<f64> = (0..500).map(|k| (1.0 - (k as f64 + 0.5) / 500.0_f64).powf(-0.5)).collect();
/// let tail = hessia::spectrum::power_tail(&values, 500, 100, 0)?;
/// assert!((tail.exponent - 3.0).abs() < 0.05 && tail.distance < 0.01 && tail.p_value > 0.9);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn power_tail(values: &[f64], count: usize, draws: usize, seed: u64) -> Result<PowerTail> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| *v > 0.0 && v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let tail = &sorted[sorted.len().saturating_sub(count)..];
    if tail.len() < 3 || tail[0] == tail[tail.len() - 1] {
        let found = format!("{} of {} values", tail.len(), values.len());
        return Err(Error::argument("tail", "at least three positive values that differ", found));
    }
    let (exponent, distance) = fit_tail(tail);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let farther = (0..draws).filter(|_| {
        let draw = |_| tail[0] * (1.0 - rng.random_range(0.0..1.0_f64)).powf(-1.0 / (exponent - 1.0));
        let mut sample: Vec<f64> = (0..tail.len()).map(draw).collect();
        sample.sort_by(f64::total_cmp);
        fit_tail(&sample).1 > distance
    });
    let p_value = farther.count() as f64 / draws.max(1) as f64;
    Ok(PowerTail { exponent, start: tail[0], count: tail.len(), distance, p_value })
}

/// Exponent and distance of an ascending tail.
fn fit_tail(tail: &[f64]) -> (f64, f64) {
    let count = tail.len() as f64;
    let logs: f64 = tail.iter().map(|v| (v / tail[0]).ln()).sum();
    let exponent = 1.0 + count / logs.max(f64::MIN_POSITIVE);
    let distance = tail.iter().enumerate().fold(0.0_f64, |worst, (k, v)| {
        let law = 1.0 - (v / tail[0]).powf(1.0 - exponent);
        worst.max((law - k as f64 / count).abs()).max((law - (k as f64 + 1.0) / count).abs())
    });
    (exponent, distance)
}

/// The overlap of a vector, such as the gradient, with the span of orthonormal columns: `|Uᵀ g|² / |g|²`.
///
/// # Errors
/// As [`subspace_overlap`], and a vector of zeros.
pub fn vector_overlap(u: &Array2<f64>, g: &Array1<f64>) -> Result<f64> {
    let length = g.dot(g).sqrt();
    if length == 0.0 || !length.is_finite() {
        return Err(Error::argument("vector", "a finite length above 0", length));
    }
    subspace_overlap(u, &(g / length).insert_axis(ndarray::Axis(1)))
}
