//! Alternatives against the candidate: which explain it, with which factor, and what they leave.

use serde::Serialize;

use super::fault::Fault;
use super::rounding::{DOUBLE, SINGLE};

/// How well a hypothesis explains the candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// It leaves no more than rounding in float64.
    Exact,
    /// It leaves no more than rounding in float32.
    Single,
    /// It is random, and the errors have the sizes that it makes.
    Statistical,
    /// It makes the error smaller, but leaves more than rounding.
    Partial,
}

/// What may be the matter with the candidate, and what would then be left of its error.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hypothesis {
    /// The faults, together.
    pub faults: Vec<Fault>,
    /// How well they explain the candidate.
    pub support: Support,
    /// Largest absolute error left.
    pub largest_error: f64,
    /// Euclidean norm of the error left, over that of the candidate.
    pub relative_error: f64,
}

impl Hypothesis {
    /// What it says, without what it leaves.
    pub fn claim(&self) -> String {
        let faults: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        faults.join("; and ")
    }

    /// Whether nothing but rounding is left unexplained.
    pub fn explains(&self) -> bool {
        self.support <= Support::Single
    }

    /// Whether it has nothing but faults of the other, which leaves no less than half of what this one leaves.
    fn makes_idle(&self, other: &Hypothesis) -> bool {
        self.faults.iter().all(|fault| other.faults.contains(fault))
            && (self.explains() || 2.0 * other.relative_error > self.relative_error)
    }

    fn complexity(&self) -> usize {
        let weight = |fault: &Fault| match fault {
            Fault::Order(order) => order.changes(),
            Fault::Factor(_) => 2,
            Fault::ObjectWeights(_) => 3,
            Fault::Missing(names) | Fault::Zeroed(names) => 1 + names.len() / 2,
            _ => 1,
        };
        self.faults.iter().map(weight).sum()
    }
}

impl std::fmt::Display for Hypothesis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.claim())?;
        let left =
            format!("largest error left {:.1e}, relative {:.1e}", self.largest_error, self.relative_error);
        match self.support {
            Support::Exact => write!(f, " ({left}: rounding)"),
            Support::Single => write!(f, " ({left}: rounding in float32)"),
            Support::Statistical => write!(f, " ({left}: as large as chance makes it)"),
            Support::Partial => write!(f, " ({left}: not all of it)"),
        }
    }
}

/// A number that a reduction makes, and which.
pub(super) type NamedFactor = (f64, String);

/// Collects hypotheses about a candidate.
pub(super) struct Judge {
    values: Vec<f64>,
    square: f64,
    largest: f64,
    /// What rounding with unit roundoff one does to ours, and the largest entry of ours.
    rounding: f64,
    ours: f64,
    /// Largest error of the candidate as it stands; infinite where sizes differ.
    error: f64,
    named: Vec<NamedFactor>,
    /// The numbers cannot be negative multiples.
    positive: bool,
    /// How close a partial explanation must come, as a share of the candidate's norm.
    worth: f64,
    hypotheses: Vec<Hypothesis>,
    pub(super) tried: usize,
}

/// What is left of the candidate by one alternative with one factor.
struct Left {
    factor: f64,
    largest: f64,
    relative: f64,
}

impl Judge {
    pub(super) fn new(
        values: Vec<f64>,
        rounding: f64,
        ours: f64,
        error: f64,
        named: Vec<NamedFactor>,
        positive: bool,
    ) -> Judge {
        let square: f64 = values.iter().map(|v| v * v).sum();
        let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        // Where sizes differ, even a bad fit says more than nothing.
        let worth = if error.is_finite() { 0.3 } else { 1.0 };
        Judge {
            values,
            square,
            largest,
            rounding,
            ours,
            error,
            named,
            positive,
            worth,
            hypotheses: Vec::new(),
            tried: 0,
        }
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Tries one alternative, by itself and with the factor that fits best.
    pub(super) fn consider(&mut self, faults: &[Fault], alternative: &[f64]) {
        if alternative.len() != self.values.len() {
            return;
        }
        self.tried += 1;
        let (mut cross, mut square, mut largest) = (0.0, 0.0, 0.0_f64);
        for (c, a) in self.values.iter().zip(alternative) {
            cross += c * a;
            square += a * a;
            largest = largest.max(a.abs());
        }
        if square == 0.0 || !square.is_finite() {
            return;
        }
        let fitted = cross / square;
        // Far from any multiple: the cosine of the angle to the candidate is below 0.9.
        if cross * cross < 0.81 * square * self.square && self.error.is_finite() {
            return;
        }
        let mut factors = Vec::new();
        if !faults.is_empty() {
            factors.push(1.0);
        }
        factors.extend(
            self.named
                .iter()
                .map(|(factor, _)| *factor)
                .filter(|factor| (fitted / factor - 1.0).abs() < 1e-3),
        );
        if !self.positive && (fitted + 1.0).abs() < 1e-3 {
            factors.push(-1.0);
        }
        // One or two numbers are a multiple of anything.
        if self.values.len() > 2 && (fitted > 0.0 || !self.positive) {
            factors.push(fitted);
        }
        let mut partial: Option<Left> = None;
        for factor in factors {
            let left = self.left(alternative, factor);
            if let Some(support) = self.support(&left, largest) {
                self.push(faults, left, support);
                return;
            }
            if partial.as_ref().is_none_or(|best| left.relative < 0.5 * best.relative) {
                partial = Some(left);
            }
        }
        if let Some(left) = partial
            && left.relative < self.worth
            && left.largest < 0.5 * self.error
            // Nothing but a factor that is hardly one says nothing.
            && (!faults.is_empty() || (left.factor - 1.0).abs() > 0.01)
        {
            self.push(faults, left, Support::Partial);
        }
    }

    /// Tries an alternative that was fitted to the candidate: it counts only if it explains all of it.
    pub(super) fn consider_whole(&mut self, faults: &[Fault], alternative: &[f64]) {
        self.tried += 1;
        let largest = alternative.iter().fold(0.0_f64, |most, a| most.max(a.abs()));
        let left = self.left(alternative, 1.0);
        if let Some(support) = self.support(&left, largest) {
            self.push(faults, left, support);
        }
    }

    fn left(&self, alternative: &[f64], factor: f64) -> Left {
        let (mut largest, mut square) = (0.0_f64, 0.0);
        for (c, a) in self.values.iter().zip(alternative) {
            let error = c - factor * a;
            largest = largest.max(error.abs());
            square += error * error;
        }
        Left { factor, largest, relative: (square / self.square).sqrt() }
    }

    /// Whether no more than rounding is left: in proportion to the alternative, a small part of the candidate, and a
    /// small part of the error that was to be explained.
    fn support(&self, left: &Left, alternative: f64) -> Option<Support> {
        let rounding =
            self.rounding * left.factor.abs() * (alternative / self.ours.max(f64::MIN_POSITIVE)).max(1.0);
        if left.largest > 1e-3 * self.largest || left.largest > 0.1 * self.error {
            return None;
        }
        match left.largest {
            error if error <= DOUBLE * rounding => Some(Support::Exact),
            error if error <= SINGLE * rounding => Some(Support::Single),
            _ => None,
        }
    }

    fn push(&mut self, faults: &[Fault], left: Left, support: Support) {
        let mut faults = faults.to_vec();
        if left.factor < 0.0 {
            faults.push(Fault::Sign);
        }
        let factor = left.factor.abs();
        match self.named.iter().find(|(named, _)| *named == factor) {
            Some((_, meaning)) => faults.push(Fault::Reduction { factor, meaning: meaning.clone() }),
            None if factor != 1.0 => faults.push(Fault::Factor(factor)),
            None => {}
        }
        let Left { largest, relative, .. } = left;
        self.hypotheses.push(Hypothesis {
            faults,
            support,
            largest_error: largest,
            relative_error: relative,
        });
    }

    /// Adds an estimate whose errors from this mean are as large as chance makes them.
    pub(super) fn add_statistical(&mut self, faults: Vec<Fault>, mean: &[f64]) {
        self.tried += 1;
        let Left { largest, relative, .. } = self.left(mean, 1.0);
        let support = Support::Statistical;
        self.hypotheses.push(Hypothesis {
            faults,
            support,
            largest_error: largest,
            relative_error: relative,
        });
    }

    /// Whether something explains the candidate to the last digit.
    pub(super) fn exact(&self) -> bool {
        self.hypotheses.iter().any(|h| h.support == Support::Exact)
    }

    /// Whether something explains the candidate to the last digits that its precision has.
    pub(super) fn explained(&self) -> bool {
        self.hypotheses.iter().any(Hypothesis::explains)
    }

    /// The hypotheses, best first: by support, then the simpler, then the one that leaves less.
    pub(super) fn ranked(mut self) -> Vec<Hypothesis> {
        self.hypotheses.sort_by(|a, b| {
            // Of partial explanations, the one that leaves the least comes first, by powers of two.
            let leaves = |h: &Hypothesis| h.relative_error.max(f64::MIN_POSITIVE).log2().floor();
            let simple = match a.support {
                Support::Partial => leaves(a).total_cmp(&leaves(b)).then(a.complexity().cmp(&b.complexity())),
                _ => a.complexity().cmp(&b.complexity()),
            };
            a.support.cmp(&b.support).then(simple).then(a.relative_error.total_cmp(&b.relative_error))
        });
        if self.explained() {
            self.hypotheses.retain(|h| h.support != Support::Partial);
        }
        let mut kept: Vec<Hypothesis> = Vec::new();
        for hypothesis in self.hypotheses {
            if kept.len() < MOST && !kept.iter().any(|other| other.makes_idle(&hypothesis)) {
                kept.push(hypothesis);
            }
        }
        kept
    }
}

/// Hypotheses that a report keeps.
const MOST: usize = 5;
