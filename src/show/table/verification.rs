//! A verification as a table.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::Result;
use crate::verify::Report;

/// One row for the whole, one for every block of layers, one for every hypothesis, in this order.
///
/// - `row`: `whole`, `block` or `hypothesis`;
/// - `name`: place of the largest error, layers of the block, or what the hypothesis says;
/// - `result`: the verdict, `agrees` or `differs`, or how well the hypothesis explains the candidate (`exact`,
///   `single`, `statistical`, `partial`);
/// - `largest_error` and `relative_error`: of the candidate, or what the hypothesis leaves of it; null where the sizes
///   differ;
/// - `tolerance`: largest error allowed; null for hypotheses.
///
/// # Errors
/// Only what polars refuses.
///
/// ```
/// use hessia::verify::VerifySettings;
/// use hessia::{Activation, Dataset, Loss, Network, Targets, hessian, table::verification_table, verify};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let (h, loss) = (hessian(&net, &data, Loss::cross_entropy())?, Loss::cross_entropy());
/// let table = verification_table(&verify(&h.into(), &net, &data, loss, VerifySettings::default())?)?;
/// assert_eq!(table.height(), 1 + 4);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn verification_table(report: &Report) -> Result<DataFrame> {
    let text = |value: serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let worst = report.largest_error.as_ref();
    let (mut rows, mut names) = (vec!["whole"], vec![worst.map_or(String::new(), |e| e.place.clone())]);
    let mut results = vec![text(serde_json::json!(report.verdict))];
    let mut largest = vec![worst.map(|e| e.error)];
    let (mut relative, mut tolerance) = (vec![report.relative_error], vec![Some(report.tolerance)]);
    for block in &report.blocks {
        rows.push("block");
        names.push(block.name.clone());
        results.push(if block.agrees { "agrees" } else { "differs" }.to_string());
        largest.push(Some(block.largest_error));
        relative.push(Some(block.relative_error));
        tolerance.push(Some(block.tolerance));
    }
    for hypothesis in &report.diagnosis {
        rows.push("hypothesis");
        names.push(hypothesis.claim());
        results.push(text(serde_json::json!(hypothesis.support)));
        largest.push(Some(hypothesis.largest_error));
        relative.push(Some(hypothesis.relative_error));
        tolerance.push(None);
    }
    super::frame(vec![
        Series::new("row".into(), rows).into_column(),
        Series::new("name".into(), names).into_column(),
        Series::new("result".into(), results).into_column(),
        Series::new("largest_error".into(), largest).into_column(),
        Series::new("relative_error".into(), relative).into_column(),
        Series::new("tolerance".into(), tolerance).into_column(),
    ])
}
