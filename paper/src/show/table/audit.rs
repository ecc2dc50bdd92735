//! The audit of the paper's bounds as tables.

use polars::prelude::{DataFrame, DataType, IntoColumn, NamedFrom, Series};

use crate::theory::Audit;
use hessia::Result;

/// One row an object: `object`, `label`, the measured norms, every bound, its ratio and whether it holds.
///
/// Columns are those of [`Audit::columns`]; `object` and `label` are integers and `..._holds` booleans. A bound
/// whose assumptions do not hold is null throughout.
///
/// # Errors
/// Only what polars refuses.
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, table::audit_table, theory::audit};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 2, 2], false, Activation::Relu, 1)?;
/// let data = Dataset::new("toy", Array2::ones((2, 3)), Targets::Classes(array![0, 1]))?;
/// let table = audit_table(&audit(&net, &data, Loss::cross_entropy())?)?;
/// assert_eq!(table.height(), 2);
/// assert!(table.column("theorem_1_stated").is_ok());
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn audit_table(audit: &Audit) -> Result<DataFrame> {
    let columns = audit.columns().into_iter().map(|(name, values)| {
        let series = Series::new(name.as_str().into(), values);
        let kind = match name.as_str() {
            "object" | "label" => DataType::Int64,
            name if name.ends_with("_holds") => DataType::Boolean,
            _ => DataType::Float64,
        };
        Ok(series.cast(&kind)?.into_column())
    });
    hessia::table::frame(columns.collect::<Result<_>>()?)
}

/// One row a statement: what it bounds, whether it is the paper's, objects compared, violations, objects undecided
/// within rounding, overflows, tightest ratio.
///
/// `not_applicable` names the assumptions that the network or the loss breaks, and is null where all hold.
///
/// # Errors
/// Only what polars refuses.
pub fn verdict_table(audit: &Audit) -> Result<DataFrame> {
    let verdicts = audit.summary().verdicts;
    let text = |of: &dyn Fn(&crate::theory::Verdict) -> String| verdicts.iter().map(of).collect::<Vec<_>>();
    let count =
        |of: &dyn Fn(&crate::theory::Verdict) -> usize| hessia::table::integers(verdicts.iter().map(of));
    let broken: Vec<_> = verdicts
        .iter()
        .map(|v| (!v.broken_assumptions.is_empty()).then(|| v.broken_assumptions.join(", ")))
        .collect();
    let ratios: Vec<_> = verdicts.iter().map(|v| v.tightest_ratio).collect();
    hessia::table::frame(vec![
        Series::new("statement".into(), text(&|v| v.statement.name().to_string())).into_column(),
        Series::new(
            "as_stated".into(),
            verdicts.iter().map(|v| v.as_the_paper_states_it).collect::<Vec<_>>(),
        )
        .into_column(),
        Series::new("objects".into(), count(&|v| v.objects)).into_column(),
        Series::new("violations".into(), count(&|v| v.violations)).into_column(),
        Series::new("undecided".into(), count(&|v| v.undecided)).into_column(),
        Series::new("overflows".into(), count(&|v| v.overflows)).into_column(),
        Series::new("tightest_ratio".into(), ratios).into_column(),
        Series::new("not_applicable".into(), broken).into_column(),
    ])
}
