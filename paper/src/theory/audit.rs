//! Every statement against the exact curvature of every object.

use ndarray::Array1;

use super::statement::rounding_scale;
use super::{Constants, Left, Statement};
use hessia::curvature::per_object_with_layers;
use hessia::{Activation, Dataset, Loss, Network, PerObject, Result, Targets};

/// Error that measured norms and bounds may have, relative to what they are sums of.
pub const TOLERANCE: f64 = 1e-12;
/// Numbers below this come from subnormal ones, which have few digits: no violation is read off them.
const SMALLEST: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// One statement on every object of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Which statement.
    pub statement: Statement,
    /// Its assumptions that do not hold here; where there are any, there are no values.
    pub broken_assumptions: Vec<&'static str>,
    /// The bound for each object, infinite where it overflows.
    pub values: Option<Array1<f64>>,
}

/// Measured norms of every object beside the bounds on them.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// The network in words.
    pub network: String,
    /// The network's activation.
    pub activation: Activation,
    /// The loss.
    pub loss: Loss,
    /// Class label of each object, for cross-entropy.
    pub labels: Option<Array1<usize>>,
    /// The measured norms.
    pub norms: PerObject,
    /// The constants in the bounds.
    pub constants: Constants,
    /// The bounds, in the order of [`Statement::ALL`].
    pub bounds: Vec<Bound>,
    /// Rounding of each object's measured norms: [`TOLERANCE`] times what they would be if nothing cancelled.
    pub rounding: Array1<f64>,
}

/// How one statement fares on one object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The measured norm.
    pub left: f64,
    /// The bound.
    pub bound: f64,
    /// What rounding alone can make of a norm that is zero.
    pub rounding: f64,
}

impl Comparison {
    /// Measured norm over bound; none where the bound overflows or the norm is mere rounding.
    pub fn ratio(self) -> Option<f64> {
        let is_known = !self.overflows() && self.left > self.rounding + SMALLEST;
        is_known.then_some(self.left / self.bound)
    }

    /// Whether the bound holds, up to [`TOLERANCE`]; none where it overflows or is undecided, which proves nothing.
    pub fn holds(self) -> Option<bool> {
        (!self.overflows() && !self.is_undecided()).then(|| self.left <= self.allowed())
    }

    /// Whether the norm exceeds the bound by no more than rounding could explain: neither held nor violated.
    ///
    /// ```
    /// use hessia_paper::theory::Comparison;
    /// // Weights that cancel: either number may be all rounding.
    /// let cancelled = Comparison { left: 5.0, bound: 0.5, rounding: 1e7 };
    /// assert!(cancelled.is_undecided());
    /// assert_eq!(cancelled.holds(), None);
    /// assert_eq!(Comparison { rounding: 1e-3, ..cancelled }.holds(), Some(false));
    /// ```
    pub fn is_undecided(self) -> bool {
        // An infinite rounding, of weights whose product overflows, decides nothing either.
        !self.overflows() && self.left > self.allowed() && self.left <= self.allowed() + self.rounding
    }

    fn allowed(self) -> f64 {
        self.bound * (1.0 + TOLERANCE) + SMALLEST
    }

    /// Whether the bound is too large a number to say anything.
    pub fn overflows(self) -> bool {
        !self.bound.is_finite()
    }
}

/// Measures every object and evaluates every statement.
///
/// # Errors
/// As [`per_object`](hessia::per_object).
///
/// ```
/// use hessia::{Activation, Dataset, Layer, Loss, Network, Targets};
/// use hessia_paper::theory;
/// use ndarray::{Array2, array};
/// // Small weights: the theorem's bound as stated falls below the curvature.
/// let layer = Layer { weight: Array2::from_elem((2, 3), 0.05), bias: None };
/// let net = Network::new(vec![layer], Activation::Relu)?;
/// let data = Dataset::new("toy", array![[1.0, 1.0, 1.0]], Targets::Classes(array![0]))?;
/// let summary = theory::audit(&net, &data, Loss::cross_entropy())?.summary();
/// let violations = |statement| summary.verdict(statement).map(|verdict| verdict.violations);
/// assert_eq!(violations(theory::Statement::Theorem1Stated), Some(1));
/// assert_eq!(violations(theory::Statement::Theorem1CorrectedGgn), Some(0));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn audit(net: &Network, data: &Dataset, loss: Loss) -> Result<Audit> {
    let constants = Constants::measure(net, data, loss)?;
    let (norms, layers) = per_object_with_layers(net, data, loss)?;
    let mut bounds = Vec::new();
    for statement in Statement::ALL {
        let broken_assumptions = statement.broken_assumptions(net, loss, &constants);
        let values = match (broken_assumptions.is_empty(), statement.uniform_bound(&constants)?) {
            (false, _) => None,
            (true, Some(bound)) => Some(Array1::from_elem(data.len(), bound)),
            (true, None) => {
                let of = |i| statement.object_bound(&constants, &layers, i);
                Some((0..data.len()).map(of).collect::<Result<_>>()?)
            }
        };
        bounds.push(Bound { statement, broken_assumptions, values });
    }
    let labels = match &data.targets {
        Targets::Classes(labels) => Some(labels.clone()),
        Targets::Values(_) => None,
    };
    Ok(Audit {
        network: net.to_string(),
        activation: net.activation(),
        loss,
        labels,
        norms,
        bounds,
        rounding: (0..data.len()).map(|i| TOLERANCE * rounding_scale(&constants, &layers, i)).collect(),
        constants,
    })
}

impl Audit {
    /// Number of objects.
    pub fn len(&self) -> usize {
        self.norms.loss.len()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a statement bounds, measured.
    pub fn left(&self, statement: Statement) -> &Array1<f64> {
        match statement.left() {
            Left::GgnNorm => &self.norms.ggn_norm,
            Left::HessianNorm => &self.norms.hessian_norm,
        }
    }

    /// A statement on every object; none where its assumptions do not hold.
    pub fn comparisons(&self, statement: Statement) -> Option<Vec<Comparison>> {
        let bound = self.bounds.iter().find(|bound| bound.statement == statement)?;
        let left = self.left(statement).iter().zip(&self.rounding);
        let pair = |((&left, &rounding), &bound): ((&f64, &f64), &f64)| Comparison { left, bound, rounding };
        Some(left.zip(bound.values.as_ref()?).map(pair).collect())
    }

    /// The audit as named columns, one entry an object, nothing where a number does not exist.
    ///
    /// `object`, `label`, `loss`, the measured norms, every bound by [`Statement::name`], and for each of them
    /// `{name}_ratio` (measured over bound) and `{name}_holds` (1 or 0). A bound is empty where its assumptions do
    /// not hold; where it overflows it is infinite, and its ratio and flag are empty; where a norm is mere rounding, its
    /// ratio is; where rounding could explain that the norm exceeds the bound, the flag is.
    pub fn columns(&self) -> Vec<(String, Vec<Option<f64>>)> {
        let count = self.len();
        let plain = |values: &Array1<f64>| values.iter().map(|&v| Some(v)).collect::<Vec<_>>();
        let label = match &self.labels {
            Some(labels) => labels.iter().map(|&label| Some(label as f64)).collect(),
            None => vec![None; count],
        };
        let mut columns: Vec<(String, Vec<Option<f64>>)> = vec![
            ("object".into(), (0..count).map(|i| Some(i as f64)).collect()),
            ("label".into(), label),
            ("loss".into(), plain(&self.norms.loss)),
            ("gradient_norm".into(), plain(&self.norms.gradient_norm)),
            ("input_norm".into(), plain(&self.norms.input_norm)),
            ("residual_norm".into(), plain(&self.norms.residual_norm)),
            ("ggn_norm".into(), plain(&self.norms.ggn_norm)),
            ("hessian_norm".into(), plain(&self.norms.hessian_norm)),
            ("h_term_norm".into(), plain(&self.norms.h_term_norm)),
        ];
        for bound in &self.bounds {
            let values = bound.values.as_ref().map_or_else(|| vec![None; count], plain);
            columns.push((bound.statement.name().into(), values));
        }
        for bound in &self.bounds {
            let name = bound.statement.name();
            let pairs = self.comparisons(bound.statement);
            let column = |of: fn(Comparison) -> Option<f64>| match &pairs {
                Some(pairs) => pairs.iter().map(|&pair| of(pair)).collect(),
                None => vec![None; count],
            };
            columns.push((format!("{name}_ratio"), column(Comparison::ratio)));
            let holds = column(|pair| pair.holds().map(|holds| f64::from(u8::from(holds))));
            columns.push((format!("{name}_holds"), holds));
        }
        columns
    }

    /// The audit in short.
    pub fn summary(&self) -> Summary {
        let most = |values: &Array1<f64>| values.fold(0.0, |most: f64, v| most.max(*v));
        Summary {
            network: self.network.clone(),
            activation: self.activation,
            loss: self.loss,
            objects: self.len(),
            largest_ggn_norm: most(&self.norms.ggn_norm),
            largest_hessian_norm: most(&self.norms.hessian_norm),
            largest_h_term_norm: most(&self.norms.h_term_norm),
            largest_gradient_norm: most(&self.norms.gradient_norm),
            constants: self.constants.clone(),
            verdicts: self.bounds.iter().map(|bound| self.verdict(bound)).collect(),
        }
    }

    fn verdict(&self, bound: &Bound) -> Verdict {
        let pairs = self.comparisons(bound.statement).unwrap_or_default();
        let tightest = pairs
            .iter()
            .enumerate()
            .filter_map(|(i, pair)| Some((i, pair.ratio()?)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        Verdict {
            statement: bound.statement,
            bounds: bound.statement.left(),
            as_the_paper_states_it: bound.statement.is_stated(),
            broken_assumptions: bound.broken_assumptions.iter().map(|text| text.to_string()).collect(),
            objects: pairs.len(),
            violations: pairs.iter().filter(|pair| pair.holds() == Some(false)).count(),
            overflows: pairs.iter().filter(|pair| pair.overflows()).count(),
            undecided: pairs.iter().filter(|pair| pair.is_undecided()).count(),
            tightest_ratio: tightest.map(|(_, ratio)| ratio),
            tightest_object: tightest.map(|(i, _)| i),
        }
    }
}

/// An audit in short: what was measured, and the verdict on each statement.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Summary {
    /// The network in words.
    pub network: String,
    /// The network's activation.
    pub activation: Activation,
    /// The loss.
    pub loss: Loss,
    /// Number of objects.
    pub objects: usize,
    /// `max ||G_i||_2`.
    pub largest_ggn_norm: f64,
    /// `max ||H_i||_2`.
    pub largest_hessian_norm: f64,
    /// `max ||H_i - G_i||_2`.
    pub largest_h_term_norm: f64,
    /// `max ||dl_i/dtheta||_2`.
    pub largest_gradient_norm: f64,
    /// The constants in the bounds.
    pub constants: Constants,
    /// One verdict a statement, in the order of [`Statement::ALL`].
    pub verdicts: Vec<Verdict>,
}

impl Summary {
    /// The verdict on one statement.
    pub fn verdict(&self, statement: Statement) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.statement == statement)
    }
}

/// How one statement fares on a data set.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Verdict {
    /// Which statement.
    pub statement: Statement,
    /// What it bounds.
    pub bounds: Left,
    /// Whether it is the paper's or a correction.
    pub as_the_paper_states_it: bool,
    /// Its assumptions that do not hold here: then there is nothing to compare.
    pub broken_assumptions: Vec<String>,
    /// Objects compared.
    pub objects: usize,
    /// Objects whose norm exceeds the bound.
    pub violations: usize,
    /// Objects whose bound overflows: neither held nor violated.
    pub overflows: usize,
    /// Objects whose norm exceeds the bound by no more than rounding could explain: neither held nor violated.
    pub undecided: usize,
    /// Largest ratio of measured norm to bound.
    pub tightest_ratio: Option<f64>,
    /// The object that has it.
    pub tightest_object: Option<usize>,
}
