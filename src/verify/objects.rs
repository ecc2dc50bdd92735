//! Some of the objects, or weighted ones: the weights with which the objects' own matrices make the candidate.

use ndarray::{Array1, Array2};

use super::candidate::Candidate;
use super::fault::Fault;
use super::judge::Judge;
use super::reference::{Setting, Source, hold, view};
use crate::Result;
use crate::linalg::{matmul, symmetric_eigen};

/// Numbers that the objects' own matrices may take together, and operations that they may cost.
const NUMBERS: f64 = 3e7;
const WORK: f64 = 2e9;

/// Solves `candidate = Σ_i w_i c H_i` for the weights by least squares, and tries what they give.
///
/// Only where the candidate has at least twice as many numbers as there are objects, so that a fit is no accident.
pub(super) fn object_weights(
    candidate: &Candidate,
    setting: &Setting,
    source: Source,
    judge: &mut Judge,
) -> Result<()> {
    let (objects, numbers) = (setting.data.len(), judge.values().len());
    // Of a symmetric matrix, half the entries say nothing new.
    let (linear, independent) = match candidate {
        Candidate::Matrix(_) => (true, numbers / 2),
        Candidate::Block { .. } | Candidate::Diagonal(_) | Candidate::Products { .. } => (true, numbers),
        _ => (false, 0),
    };
    let order = setting.net.parameter_count() as f64;
    let work = objects as f64 * order * order;
    if !linear
        || objects < 2
        || 2 * objects > independent
        || work > WORK
        || (objects * numbers) as f64 > NUMBERS
    {
        return Ok(());
    }
    let factor = setting.normaliser() / setting.loss.normaliser(1, setting.net.outputs());
    let mut parts = Array2::zeros((objects, numbers));
    for (object, mut row) in parts.rows_mut().into_iter().enumerate() {
        let data = setting.data.select(&[object]);
        let own = setting.with_data(data.x, data.targets);
        row.assign(&(Array1::from(view(candidate, &hold(candidate, &own, source)?, None)?) * factor));
    }
    let values = Array1::from(judge.values().to_vec());
    let Some(weights) = solved(&parts, &values)? else { return Ok(()) };
    let largest = weights.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
    // Least squares are off by rounding and no more where they fit.
    let clean = weights.mapv(|w| if w.abs() < 1e-5 * largest { 0.0 } else { w });
    let taken: Vec<f64> = clean.iter().copied().filter(|w| *w != 0.0).collect();
    let mean = taken.iter().sum::<f64>() / taken.len().max(1) as f64;
    let equal = taken.iter().all(|w| (w - mean).abs() < 1e-5 * largest);
    if equal && taken.len() == objects {
        return Ok(());
    }
    let clean = if equal {
        clean.mapv(|w| if w == 0.0 { 0.0 } else { objects as f64 / taken.len() as f64 })
    } else {
        clean
    };
    judge.consider_whole(&[Fault::ObjectWeights(clean.to_vec())], &clean.dot(&parts).to_vec());
    Ok(())
}

/// The weights of the rows of `parts` that come nearest to `values`, refined once.
fn solved(parts: &Array2<f64>, values: &Array1<f64>) -> Result<Option<Array1<f64>>> {
    let (eigenvalues, vectors) = symmetric_eigen(matmul(parts, &parts.t()))?;
    let largest = eigenvalues.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 || !largest.is_finite() {
        return Ok(None);
    }
    let inverse = eigenvalues.mapv(|v| if v > 1e-13 * largest { 1.0 / v } else { 0.0 });
    let step = |gap: &Array1<f64>| vectors.dot(&(vectors.t().dot(&parts.dot(gap)) * &inverse));
    let mut weights = step(values);
    weights = &weights + &step(&(values - &weights.dot(parts)));
    Ok(Some(weights))
}
