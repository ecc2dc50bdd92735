//! What a verification says.

use std::fmt;

use serde::Serialize;

use super::judge::{Hypothesis, Support};
use crate::Term;

/// Whether the candidate is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It differs by no more than rounding in float64, or than the tolerance given.
    Agrees,
    /// It differs by no more than rounding in float32.
    AgreesInFloat32,
    /// It differs by more.
    Differs,
}

/// The error of one entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EntryError {
    /// The entry by its parameters, such as `2.weight[3,1], 0.bias[0]`.
    pub place: String,
    /// The entry by its indices in the candidate.
    pub index: Vec<usize>,
    /// Ours.
    pub ours: f64,
    /// The candidate's.
    pub candidate: f64,
    /// The absolute or relative error.
    pub error: f64,
}

/// The errors of one pair of layers, or of one layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlockError {
    /// The layers, such as `0 x 2 (layers 0, 1)`: their numbers in the state dict, and their indices.
    pub name: String,
    /// Largest absolute error.
    pub largest_error: f64,
    /// Norm of the error over norm of ours.
    pub relative_error: f64,
    /// Largest absolute error allowed.
    pub tolerance: f64,
    /// Whether every entry is within what is allowed.
    pub agrees: bool,
}

/// How far a square candidate is from its transpose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Symmetry {
    /// Largest difference of two mirror images.
    pub largest_gap: f64,
    /// The same over the largest entry.
    pub relative_gap: f64,
    /// Where.
    pub place: String,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// Kind of the candidate, such as `matrix`.
    pub kind: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The shape that it should have.
    pub expected_shape: Vec<usize>,
    /// The term that it was held against.
    pub term: Term,
    /// The network, in words.
    pub network: String,
    /// Number of objects.
    pub objects: usize,
    /// Whether every number fits float32: a program in float32 made them, in all likelihood.
    pub float32: bool,
    /// The largest absolute error; none where the sizes differ.
    pub largest_error: Option<EntryError>,
    /// The largest relative error among entries above rounding.
    pub largest_relative_error: Option<EntryError>,
    /// Norm of the error over norm of ours.
    pub relative_error: Option<f64>,
    /// Largest absolute error that the verdict `Agrees` allows, in the block where it allows most.
    pub tolerance: f64,
    /// The same for the verdict `AgreesInFloat32`; none where a tolerance was given.
    pub float32_tolerance: Option<f64>,
    /// Errors by pairs of layers, or by layers.
    pub blocks: Vec<BlockError>,
    /// Symmetry of a square candidate.
    pub symmetry: Option<Symmetry>,
    /// What would explain the difference, best first. Empty where the candidate is right.
    pub diagnosis: Vec<Hypothesis>,
    /// Number of alternatives that were computed and compared.
    pub alternatives: usize,
}

impl Report {
    /// Whether the candidate is right, if only to the digits of float32.
    pub fn agrees(&self) -> bool {
        self.verdict != Verdict::Differs
    }

    /// The report as a result, for the `?` and `unwrap()` of tests: an error that prints the diagnosis.
    ///
    /// # Errors
    /// A candidate that differs.
    pub fn into_result(self) -> Result<Report, Disagreement> {
        if self.agrees() { Ok(self) } else { Err(Disagreement(Box::new(self))) }
    }

    /// The verdict in one sentence.
    pub fn headline(&self) -> String {
        let what = format!(
            "{} {}",
            match self.term {
                Term::Full => "Hessian",
                Term::Ggn => "G-term",
                Term::HTerm => "H-term",
            },
            self.kind
        );
        match self.verdict {
            Verdict::Agrees => format!("agrees: {what} of {} on {} objects", self.network, self.objects),
            Verdict::AgreesInFloat32 => {
                format!("agrees within float32: {what} of {} on {} objects", self.network, self.objects)
            }
            Verdict::Differs => format!("differs: {what} of {} on {} objects", self.network, self.objects),
        }
    }

    /// The best explanation of a difference in one sentence.
    pub fn best_explanation(&self) -> String {
        match (self.verdict, self.diagnosis.first()) {
            (Verdict::Agrees, _) => "nothing to explain".to_string(),
            (_, Some(best)) if best.support != Support::Partial => best.to_string(),
            (Verdict::AgreesInFloat32, _) => "the error is what rounding in float32 leaves".to_string(),
            (_, Some(best)) => format!("no alternative explains it; the nearest: {best}"),
            (_, None) => format!("none of {} alternatives explains it", self.alternatives),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        if self.shape != self.expected_shape {
            writeln!(f, "  shape: {:?}, expected {:?}", self.shape, self.expected_shape)?;
        }
        if let Some(worst) = &self.largest_error {
            let (place, ours, theirs) = (&worst.place, worst.ours, worst.candidate);
            writeln!(f, "  largest error: {:.3e} at {place}: {theirs:e} for {ours:e}", worst.error)?;
        }
        if let Some(worst) = &self.largest_relative_error {
            writeln!(f, "  largest relative error: {:.3e} at {}", worst.error, worst.place)?;
        }
        if let Some(relative) = self.relative_error {
            writeln!(f, "  error of the whole, relative: {relative:.3e}")?;
        }
        let single = self.float32_tolerance.map(|t| format!("; in float32: {t:.1e}")).unwrap_or_default();
        writeln!(f, "  largest error allowed: {:.1e}{single}", self.tolerance)?;
        if let Some(symmetry) = self.symmetry.as_ref().filter(|s| s.largest_gap > 0.0) {
            let (gap, place) = (symmetry.largest_gap, &symmetry.place);
            writeln!(f, "  asymmetry: {gap:.1e} at {place}, relative {:.1e}", symmetry.relative_gap)?;
        }
        for block in self.blocks.iter().filter(|block| !block.agrees && self.blocks.len() > 1).take(16) {
            let (largest, relative) = (block.largest_error, block.relative_error);
            writeln!(f, "  {}: largest error {largest:.1e}, relative {relative:.1e}", block.name)?;
        }
        if self.verdict != Verdict::Agrees {
            writeln!(f, "  diagnosis: {}", self.best_explanation())?;
            for other in self.diagnosis.iter().skip(1) {
                writeln!(f, "    or: {other}")?;
            }
        }
        write!(f, "  alternatives tried: {}", self.alternatives)
    }
}

/// A candidate that differs: prints its report, with the diagnosis, wherever it is shown.
#[derive(Clone, PartialEq)]
pub struct Disagreement(pub Box<Report>);

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// As [`fmt::Display`], because `unwrap` and the `?` of a test print an error this way.
impl fmt::Debug for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Disagreement {}
