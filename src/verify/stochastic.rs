//! Random estimates: whether the error is what so many probes would leave, and how many.
//!
//! Every estimator has a known covariance of its errors, `S / n` with n probes. Where the errors have that form, `n`
//! follows from their size: `n = d / (eᵀ S⁺ e)` with d the rank of S.

use ndarray::{Array1, Array2, Axis, s};

use super::candidate::Candidate;
use super::fault::Fault;
use super::reference::{Held, Setting, Source, view};
use crate::linalg::{matmul, symmetric_eigen, symmetric_eigenvalues};
use crate::{LossKind, Result, Targets, Term};

/// Multiplications that an estimator's variance may take.
const WORK: f64 = 2e10;
/// Largest matrix whose eigenvalues are computed for a test.
const LARGEST: usize = 2000;

/// An estimator of one matrix: the entries that it is right about on average, and the spread of one probe.
struct Estimator {
    name: &'static str,
    /// What it estimates instead of what was asked for.
    of: Option<Fault>,
    mean: Vec<f64>,
    spread: Spread,
}

enum Spread {
    /// Covariance of the entries.
    Covariance(Array2<f64>),
    /// Variance of every entry, and how many of them are independent, or as good as.
    Variance(Vec<f64>, f64),
}

/// How much likelier than the simplest an estimator must be that takes one fault more.
const OCCAM: f64 = 4.0;

/// The estimates that the candidate's errors fit best, with their means: the likeliest, and those nearly as likely.
pub(super) fn estimates(
    candidate: &Candidate,
    setting: &Setting,
    values: &[f64],
    asked: Term,
    held: &[(Source, Held)],
) -> Result<Vec<(Vec<Fault>, Vec<f64>)>> {
    let mut found = Vec::new();
    for Estimator { name, of, mean, spread } in estimators(candidate, setting, asked, held)? {
        let Some(Fit { likelihood, probes, interval }) = fit(&mean, &spread, values)? else { continue };
        let likelihood = likelihood - if of.is_some() { OCCAM } else { 0.0 };
        let stochastic = Fault::Stochastic { estimator: name.to_string(), probes, interval };
        found.push((likelihood, of.into_iter().chain([stochastic]).collect(), mean));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let most = found.first().map_or(0.0, |best| best.0);
    let near = found.into_iter().take_while(|(likelihood, ..)| most - likelihood < OCCAM);
    Ok(near.map(|(_, faults, mean)| (faults, mean)).collect())
}

fn estimators(
    candidate: &Candidate,
    setting: &Setting,
    asked: Term,
    held: &[(Source, Held)],
) -> Result<Vec<Estimator>> {
    let mut all = Vec::new();
    for (source, held) in held {
        let (Source::Term(term), Held::Matrix(matrix)) = (source, held) else { continue };
        let mean = view(candidate, held, None)?;
        let of = (*term != asked).then_some(Fault::Term(*term));
        let mut push =
            |name, spread| all.push(Estimator { name, of: of.clone(), mean: mean.clone(), spread });
        let squares = matrix * matrix;
        let (rows, diagonal) = (squares.sum_axis(Axis(1)), squares.diag().to_owned());
        match candidate {
            Candidate::Diagonal(_) => {
                // e_i = z_i Σ_{j≠i} H_ij z_j: covariance H_ij² for i ≠ j; normal vectors add the variance of z_i².
                for (name, own) in [
                    ("estimate of the diagonal from products with random signs", &rows - &diagonal),
                    ("estimate of the diagonal from products with normal vectors", &rows + &diagonal),
                ] {
                    if matrix.nrows() > LARGEST {
                        push(name, Spread::Variance(own.to_vec(), own.len() as f64));
                        continue;
                    }
                    let mut covariance = squares.clone();
                    covariance.diag_mut().assign(&own);
                    push(name, Spread::Covariance(covariance));
                }
            }
            Candidate::Trace(_) => {
                let variance = 2.0 * (rows.sum() - diagonal.sum());
                push(
                    "estimate of the trace from products with random signs",
                    Spread::Variance(vec![variance], 1.0),
                );
            }
            _ => {}
        }
    }
    all.extend(sampled_fisher(candidate, setting, asked, held)?);
    Ok(all)
}

/// The Fisher matrix with labels drawn from the model, which is the G-term on average.
fn sampled_fisher(
    candidate: &Candidate,
    setting: &Setting,
    asked: Term,
    held: &[(Source, Held)],
) -> Result<Option<Estimator>> {
    let (objects, order, classes) =
        (setting.data.len(), setting.net.parameter_count(), setting.net.outputs());
    // A sum of g gᵀ is positive semidefinite.
    let (sides, possible) = match candidate {
        Candidate::Matrix(matrix) => (order, order <= LARGEST && semidefinite(matrix)?),
        Candidate::Diagonal(diagonal) => (1, diagonal.iter().all(|v| *v >= 0.0)),
        _ => (1, false),
    };
    let matrix = sides > 1;
    let work = (objects * order) as f64 * (sides * classes * classes) as f64;
    if !possible || setting.loss.kind != LossKind::CrossEntropy || work > WORK {
        return Ok(None);
    }
    let Some((_, ggn)) = held.iter().find(|(source, _)| *source == Source::Term(Term::Ggn)) else {
        return Ok(None);
    };
    let probabilities = probabilities(&setting.net.forward(&setting.data.x)?);
    let mut gradients = Vec::new();
    for class in 0..classes {
        let targets = Targets::Classes(Array1::from_elem(objects, class));
        gradients.push(setting.with_data(setting.data.x.clone(), targets).object_gradients()?);
    }
    // Per object: Σ_c p_c (g_c g_cᵀ)∘² - (Σ_c p_c g_c g_cᵀ)∘², summed over the objects.
    let mut variance = Array2::<f64>::zeros((order, sides));
    for (c, left) in gradients.iter().enumerate() {
        for (d, right) in gradients.iter().enumerate().skip(c) {
            let mut weights = probabilities.column(c).to_owned();
            weights.zip_mut_with(&probabilities.column(d), |p, q| *p *= -q * if c == d { 1.0 } else { 2.0 });
            if c == d {
                weights += &probabilities.column(c);
            }
            let product = left * right;
            let weighted = &product * &weights.insert_axis(Axis(1));
            if matrix {
                variance += &matmul(&weighted.t(), &product);
            } else {
                let squares = (&weighted * &product).sum_axis(Axis(0));
                variance.column_mut(0).zip_mut_with(&squares, |v, s| *v += s);
            }
        }
    }
    let scale = setting.normaliser();
    let variance: Vec<f64> = variance.iter().map(|v| scale * scale * v.max(0.0)).collect();
    let mean = view(candidate, ggn, None)?;
    let freedom = freedom(&gradients, &probabilities, matrix);
    Ok(Some(Estimator {
        name: "Fisher matrix with labels drawn from the model",
        of: (asked != Term::Ggn).then_some(Fault::Term(Term::Ggn)),
        mean,
        spread: Spread::Variance(variance, freedom),
    }))
}

/// Number of independent errors whose sum of squares varies as this one's: with S the covariance of the entries,
/// `(tr S)² / ||S||²`.
///
/// With u_c the entries of `g_c g_cᵀ` (or their diagonal) less their mean over the labels, `S = Σ_n Σ_c p_c u_c u_cᵀ`:
/// both numbers follow from the inner products of all u.
fn freedom(gradients: &[Array2<f64>], probabilities: &Array2<f64>, matrix: bool) -> f64 {
    let (objects, classes) = probabilities.dim();
    let (rows, order) = (objects * classes, gradients[0].ncols());
    if (rows * rows) as f64 * order as f64 > WORK {
        // Unknown: the widest interval.
        return 1.0;
    }
    let mut g = Array2::zeros((rows, order));
    for (n, c) in (0..objects).flat_map(|n| (0..classes).map(move |c| (n, c))) {
        let row = gradients[c].row(n);
        g.row_mut(n * classes + c).assign(&if matrix { row.to_owned() } else { &row * &row });
    }
    let mut gram = matmul(&g, &g.t());
    if matrix {
        gram.mapv_inplace(|v| v * v);
    }
    let p = |row: usize| probabilities[[row / classes, row % classes]];
    for _ in 0..2 {
        // The mean over the labels of an object goes from its rows; then, transposed, from its columns.
        for n in 0..objects {
            let mut block = gram.slice_mut(s![n * classes..(n + 1) * classes, ..]);
            let mean = probabilities.row(n).dot(&block);
            block -= &mean;
        }
        gram = gram.t().as_standard_layout().into_owned();
    }
    let trace: f64 = (0..rows).map(|k| p(k) * gram[[k, k]]).sum();
    let square: f64 = gram.indexed_iter().map(|((k, l), v)| p(k) * p(l) * v * v).sum();
    if square > 0.0 { (trace * trace / square).max(1.0) } else { 1.0 }
}

fn semidefinite(matrix: &Array2<f64>) -> Result<bool> {
    let values = symmetric_eigenvalues(0.5 * (matrix + &matrix.t()))?;
    let largest = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    Ok(values.iter().all(|v| *v >= -1e-5 * largest))
}

fn probabilities(logits: &Array2<f64>) -> Array2<f64> {
    let mut p = logits.clone();
    for mut row in p.rows_mut() {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.mapv_inplace(|z| (z - top).exp());
        let sum = row.sum();
        row /= sum;
    }
    p
}

struct Fit {
    /// Logarithm, but for a constant.
    likelihood: f64,
    probes: f64,
    interval: (f64, f64),
}

/// The number of probes, where the errors are what the estimator makes.
fn fit(mean: &[f64], spread: &Spread, values: &[f64]) -> Result<Option<Fit>> {
    let errors: Array1<f64> = values.iter().zip(mean).map(|(c, a)| c - a).collect();
    let size = mean.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    // In coordinates where the errors are independent.
    let (variances, errors, means): (Vec<f64>, Vec<f64>, Vec<f64>) = match spread {
        Spread::Variance(variances, _) => (variances.clone(), errors.to_vec(), mean.to_vec()),
        Spread::Covariance(covariance) => {
            let (values, vectors) = symmetric_eigen(covariance.clone())?;
            let means = vectors.t().dot(&Array1::from(mean.to_vec()));
            (values.to_vec(), vectors.t().dot(&errors).to_vec(), means.to_vec())
        }
    };
    let most = variances.iter().copied().fold(0.0, f64::max);
    let mut kept: Vec<(f64, f64, f64)> = Vec::new();
    for ((variance, error), mean) in variances.into_iter().zip(errors).zip(means) {
        if variance > 1e-10 * most {
            kept.push((variance, error, mean));
        } else if error * error > 1e-8 * size * size {
            // An error where there is no variance refutes the estimator.
            return Ok(None);
        }
    }
    let count = kept.len() as f64;
    let ratio = match spread {
        // By size: entries that vary by rare labels alone would drag the mean of ratios down.
        Spread::Variance(..) => {
            kept.iter().map(|(_, e, _)| e * e).sum::<f64>() / kept.iter().map(|(v, ..)| v).sum::<f64>()
        }
        Spread::Covariance(_) => kept.iter().map(|(v, e, _)| e * e / v).sum::<f64>() / count,
    };
    if kept.is_empty() || ratio <= 0.0 || !ratio.is_finite() {
        return Ok(None);
    }
    let probes = 1.0 / ratio;
    if probes < 0.5 || !consistent(&mut kept, ratio) {
        return Ok(None);
    }
    let likelihood =
        kept.iter().map(|(v, e, _)| -0.5 * ((v * ratio).ln() + e * e / (v * ratio))).sum::<f64>();
    let freedom = match spread {
        Spread::Variance(_, freedom) => freedom.min(count),
        Spread::Covariance(_) => count,
    };
    Ok(Some(Fit { likelihood, probes, interval: interval(probes, freedom) }))
}

/// Whether errors of entries with a large variance are as large in proportion as those with a small one, and they are
/// no mere multiple of the truth.
fn consistent(kept: &mut [(f64, f64, f64)], ratio: f64) -> bool {
    if kept.len() < 8 {
        return kept.iter().all(|(v, e, _)| e * e <= 16.0 * v.max(v * ratio));
    }
    kept.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean =
        |part: &[(f64, f64, f64)]| part.iter().map(|(v, e, _)| e * e / v).sum::<f64>() / part.len() as f64;
    let (small, large) = kept.split_at(kept.len() / 2);
    let spread = mean(large) / mean(small);
    let dot = |f: &dyn Fn(&(f64, f64, f64)) -> f64| kept.iter().map(f).sum::<f64>();
    let truth = dot(&|(v, _, m)| m * m / v);
    let error = dot(&|(v, e, _)| e * e / v);
    let alike = dot(&|(v, e, m)| e * m / v) / (truth * error).sqrt();
    (0.1..10.0).contains(&spread) && (truth == 0.0 || alike.abs() < 0.97)
}

/// 95 % of chi squared with `freedom` degrees, by Wilson and Hilferty.
fn interval(probes: f64, freedom: f64) -> (f64, f64) {
    let spread = 2.0 / (9.0 * freedom);
    let quantile = |z: f64| (1.0 - spread + z * spread.sqrt()).max(0.0).powi(3);
    (probes * quantile(-1.96), probes * quantile(1.96))
}
