//! Somebody else's Hessian against the exact one: verdict, errors by place, and what is wrong with it.
//!
//! A candidate that differs is held against every alternative that this module can compute: other terms, factors,
//! orders of the parameters, inputs and targets prepared differently, arrays left out, damaged triangles, random
//! estimates, and pairs of these. What leaves nothing but rounding explains the difference.

mod candidate;
mod compare;
mod differences;
mod fault;
mod judge;
mod objects;
mod order;
mod reference;
mod report;
mod rounding;
mod search;
mod shapes;
mod stochastic;
mod variations;

use ndarray::{Array1, Array2};

pub use candidate::Candidate;
pub use fault::Fault;
pub use judge::{Hypothesis, Support};
pub use order::{BiasPlace, LayerOrder, ParameterOrder, WeightOrder};
pub use report::{BlockError, Disagreement, EntryError, Report, Symmetry, Verdict};

use crate::{Dataset, Error, Loss, Network, Result, Term, passes};
use judge::Judge;
use reference::{Setting, Source, hold, view};
use rounding::{DOUBLE, Rounding, SINGLE, is_single};

/// What a candidate is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VerifySettings {
    /// The term that the candidate should be.
    pub term: Term,
    /// Largest error allowed, over the largest entry of ours; rounding decides where it is not given.
    pub tolerance: Option<f64>,
}

impl Default for VerifySettings {
    /// The full Hessian, by rounding.
    fn default() -> Self {
        VerifySettings { term: Term::Full, tolerance: None }
    }
}

/// Compares a candidate with the exact curvature, and finds out what is wrong where it differs.
///
/// Without a tolerance of yours, an entry may differ by what rounding does to a right program: with unit roundoff u,
/// `u · 4 · (Σ_p √(d_p + 1)) · (1 + t) · scale`, where d_p are the inputs of layer p, t is the largest logit or target
/// (or pre-activation, where the activation is curved), and the scale is the largest entry, in the same block of
/// layers, of the Hessian, of its G-term, and of both with residuals and curvature in the logits of order one. An error
/// above that for float64 but not for float32 gives [`Verdict::AgreesInFloat32`], unless an alternative explains it
/// better.
///
/// # Errors
/// A candidate that could be no curvature (not square, NaN, other vectors than products); a tolerance that is not
/// positive; otherwise as [`curvature`](crate::curvature()). A candidate of another size than the network's is no
/// error: it differs, and the report says which arrays would explain it.
///
/// ```
/// use hessia::verify::{Fault, VerifySettings};
/// use hessia::{Activation, Dataset, Loss, Network, Targets, Term, hessian, verify};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let x = array![[1.0, 0.5, -1.0], [0.0, 2.0, 1.0], [-0.5, 1.0, 0.25]];
/// let data = Dataset::new("toy", x, Targets::Classes(array![0, 1, 1]))?;
/// let loss = Loss::cross_entropy();
///
/// let right = hessian(&net, &data, loss)?;
/// assert!(verify(&right.clone().into(), &net, &data, loss, VerifySettings::default())?.agrees());
///
/// let wrong = 3.0 * right;
/// let report = verify(&wrong.into(), &net, &data, loss, VerifySettings::default())?;
/// assert!(report.into_result().unwrap_err().to_string().contains("sum over the objects instead of their mean"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn verify(
    candidate: &Candidate,
    net: &Network,
    data: &Dataset,
    loss: Loss,
    settings: VerifySettings,
) -> Result<Report> {
    passes::check(net, data, loss)?;
    let VerifySettings { term, tolerance } = settings;
    if let Some(tolerance) = tolerance.filter(|t| !(t.is_finite() && *t > 0.0)) {
        return Err(Error::argument("tolerance", "a positive number", tolerance));
    }
    let candidate = &candidate.checked(net, data)?;
    let setting = Setting { net: net.clone(), data: data.clone(), loss };
    let values = candidate.values();
    let expected = expected_shape(candidate, net, data);
    let fits = candidate.shape() == expected;
    let ours = hold(&template(candidate, net, fits), &setting, Source::Term(term))?;
    let rounding = Rounding::new(&template(candidate, net, fits), &setting, term)?;
    let reference = view(&template(candidate, net, fits), &ours, None)?;
    if let Some(&value) = reference.iter().find(|v| !v.is_finite()) {
        return Err(Error::NonFinite { what: format!("our {}", candidate.kind()), index: Vec::new(), value });
    }
    let largest = reference.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let absolute = tolerance.map(|tolerance| tolerance * largest);
    let float32 = values.iter().copied().all(is_single);

    let mut report = Report {
        verdict: Verdict::Differs,
        kind: candidate.kind(),
        shape: candidate.shape(),
        expected_shape: expected,
        term,
        network: net.to_string(),
        objects: data.len(),
        float32,
        largest_error: None,
        largest_relative_error: None,
        relative_error: None,
        tolerance: absolute.unwrap_or(DOUBLE * rounding.largest()),
        float32_tolerance: absolute.is_none().then(|| SINGLE * rounding.largest()),
        blocks: Vec::new(),
        symmetry: compare::symmetry(candidate, net),
        diagnosis: Vec::new(),
        alternatives: 0,
    };
    let named = search::named_factors(&setting);
    let positive = matches!(candidate, Candidate::Eigenvalues(_) | Candidate::ObjectNorms(_));
    if !fits {
        let mut judge = Judge::new(values, rounding.largest(), largest, f64::INFINITY, named, positive);
        search::search_sizes(candidate, &setting, term, ours, &mut judge)?;
        report.alternatives = judge.tried;
        report.diagnosis = judge.ranked();
        return Ok(report);
    }
    let unit = if float32 { SINGLE } else { DOUBLE };
    let compared = compare::compare(candidate, net, &values, &reference, &rounding, unit, absolute);
    let error = compared.largest.error;
    let excess = compared.excess;
    report.largest_error = Some(compared.largest);
    report.largest_relative_error = compared.largest_relative;
    report.relative_error = Some(compared.relative);
    report.blocks = compared.blocks;
    report.verdict = match absolute {
        Some(allowed) if error <= allowed => Verdict::Agrees,
        Some(_) => Verdict::Differs,
        None if excess <= DOUBLE => Verdict::Agrees,
        None if excess <= SINGLE => Verdict::AgreesInFloat32,
        None => Verdict::Differs,
    };
    if report.verdict == Verdict::Agrees {
        return Ok(report);
    }
    let mut judge = Judge::new(values, rounding.largest(), largest, error, named, positive);
    search::search(candidate, &setting, term, ours, &mut judge)?;
    report.alternatives = judge.tried;
    let diagnosis = judge.ranked();
    if report.verdict == Verdict::AgreesInFloat32 {
        // Only an alternative that leaves far less than rounding in float32 did can overrule it.
        let better = |h: &&Hypothesis| h.explains() && h.largest_error <= error / OVERRULES;
        let best = diagnosis.first().filter(better);
        let differences = best.is_some_and(|h| matches!(h.faults[..], [Fault::FiniteDifference(_)]));
        let many = report.expected_shape.iter().product::<usize>() >= FEWEST;
        if best.is_none() || !many {
            if !float32 {
                let relative_error = report.relative_error.unwrap_or(0.0);
                let faults = vec![Fault::Float32];
                let support = Support::Single;
                report.diagnosis = vec![Hypothesis { faults, support, largest_error: error, relative_error }];
            }
            return Ok(report);
        }
        if !differences {
            report.verdict = Verdict::Differs;
        }
    }
    report.diagnosis = diagnosis;
    Ok(report)
}

/// How many times smaller than an error within float32 what is left must be, to count as its explanation.
const OVERRULES: f64 = 30.0;
/// With fewer numbers, one of the many alternatives may come near by chance.
const FEWEST: usize = 16;

fn expected_shape(candidate: &Candidate, net: &Network, data: &Dataset) -> Vec<usize> {
    let order = net.parameter_count();
    match candidate {
        Candidate::Matrix(_) => vec![order, order],
        Candidate::Diagonal(_) => vec![order],
        Candidate::Block { p, q, .. } => vec![net.layer_range(*p).len(), net.layer_range(*q).len()],
        Candidate::Products { vectors, .. } => vectors.shape().to_vec(),
        Candidate::Eigenvalues(values) => vec![values.len().min(order)],
        Candidate::Trace(_) => Vec::new(),
        Candidate::ObjectNorms(_) => vec![data.len()],
    }
}

/// The candidate, or one of its kind that has the size of ours.
fn template(candidate: &Candidate, net: &Network, fits: bool) -> Candidate {
    let order = net.parameter_count();
    match candidate {
        _ if fits => candidate.clone(),
        Candidate::Matrix(_) => Candidate::Matrix(Array2::zeros((order, order))),
        Candidate::Diagonal(_) => Candidate::Diagonal(Array1::zeros(order)),
        Candidate::Eigenvalues(_) => Candidate::Eigenvalues(Array1::zeros(order)),
        other => other.clone(),
    }
}
