//! Finite differences: the step whose truncation error is the candidate's error.

use ndarray::Array2;

use super::candidate::Candidate;
use super::fault::Fault;
use super::judge::Judge;
use super::reference::{Held, Setting, view};
use crate::{Result, passes};

/// Operations that the gradients may take.
const WORK: f64 = 2e9;
/// A step at which truncation is far above rounding, and its next order far below.
const PROBE: f64 = 1e-3;

/// Central differences of gradients with step h are off by `h² T` in first order: T comes from differences of one
/// step, h from the candidate's error, and what differences of that step give is tried.
pub(super) fn differences(
    candidate: &Candidate,
    setting: &Setting,
    ours: &[f64],
    judge: &mut Judge,
) -> Result<()> {
    let order = setting.net.parameter_count() as f64;
    let work = 4.0 * setting.data.len() as f64 * order * order;
    if !matches!(candidate, Candidate::Matrix(_) | Candidate::Diagonal(_)) || work > WORK {
        return Ok(());
    }
    // Columns as they come, rows as they come, and the mean of both.
    let at = |step: f64| -> Result<[Vec<f64>; 3]> {
        let columns = raw(setting, step)?;
        let rows = columns.t().as_standard_layout().into_owned();
        let mean = 0.5 * (&columns + &rows);
        let viewed = |matrix: Array2<f64>| view(candidate, &Held::Matrix(matrix), None);
        Ok([viewed(columns)?, viewed(rows)?, viewed(mean)?])
    };
    let probes = at(PROBE)?;
    for (variant, probe) in probes.iter().enumerate() {
        let (mut cross, mut square) = (0.0, 0.0);
        for ((c, a), probe) in judge.values().iter().zip(ours).zip(probe) {
            let truncation = (probe - a) / (PROBE * PROBE);
            cross += (c - a) * truncation;
            square += truncation * truncation;
        }
        if cross <= 0.0 || square == 0.0 {
            continue;
        }
        let fitted = (cross / square).sqrt();
        // People choose round steps.
        let power = 10.0_f64.powf(fitted.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
        let near = round.into_iter().find(|step| (step / fitted - 1.0).abs() < 0.1);
        for step in near.into_iter().chain([fitted]).filter(|step| (1e-12..10.0).contains(step)) {
            judge.consider_whole(&[Fault::FiniteDifference(step)], &at(step)?[variant]);
            if judge.explained() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Column j holds `(g(theta + h e_j) - g(theta - h e_j)) / 2h`.
fn raw(setting: &Setting, step: f64) -> Result<Array2<f64>> {
    let theta = setting.net.parameters();
    let gradient = |j: usize, by: f64| {
        let mut theta = theta.clone();
        theta[j] += by;
        passes::gradient(&setting.net.with_parameters(&theta)?, &setting.data, setting.loss)
    };
    let mut matrix = Array2::zeros((theta.len(), theta.len()));
    for j in 0..theta.len() {
        matrix.column_mut(j).assign(&((gradient(j, step)? - gradient(j, -step)?) / (2.0 * step)));
    }
    Ok(matrix)
}
