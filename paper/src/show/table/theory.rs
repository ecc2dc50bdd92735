//! The theory's results as tables: bounds on every object, Lemma 2, Assumption 1, Figure 1.

use polars::prelude::{DataFrame, DataType, IntoColumn, NamedFrom, Series};

use crate::theory::{Assumption1, Audit, Probe, Surface};
use hessia::Result;
use hessia::table::Columns;

/// One row an object: `object`, `label`, the measured norms, every bound, its ratio and whether it holds.
///
/// Columns are those of [`Audit::columns`]; `object` and `label` are integers and `..._holds` booleans. A bound
/// whose assumptions do not hold is null throughout.
///
/// # Errors
/// Only what polars refuses.
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets};
/// use hessia_paper::{table::audit_table, theory::audit};
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
    Ok(DataFrame::new_infer_height(columns.collect::<Result<_>>()?)?)
}

/// One row a statement: what it bounds, whether it is the paper's, objects compared, violations, objects undecided
/// within rounding, overflows, tightest ratio.
///
/// `not_applicable` names the assumptions that the network or the loss breaks, and is null where all hold.
///
/// # Errors
/// Only what polars refuses.
pub fn verdict_table(audit: &Audit) -> Result<DataFrame> {
    Columns::new().facts(&audit.summary().verdicts).into_table()
}

/// One row a probe: `direction`, `index`, `k`, `radius`, then the terms of [`Lemma2`](crate::theory::Lemma2), each a column, and whether
/// the bounds hold.
///
/// - `stated_holds`: null where the bound does not apply or overflows;
/// - `corrected_holds`: `|difference| <= corrected + |remainder|`;
/// - `expansion_suffices`: the same without the remainder, true where the expansion to second order bounds the
///   difference by itself.
///
/// # Errors
/// None but polars' own.
///
/// ```
/// use hessia_paper::theory::{ProbeSettings, probe};
/// use hessia::{Activation, Dataset, Loss, Network, Targets};
/// use hessia_paper::table::lemma_2_table;
/// use ndarray::{Array2, array};
/// let star = Network::random(&[3, 4, 2], false, Activation::Relu, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let settings = ProbeSettings { objects: vec![2], radii: vec![0.1], random: 1, top: 1, seed: 1 };
/// let table = lemma_2_table(&probe(&star, &data, Loss::cross_entropy(), &settings)?)?;
/// assert_eq!(table.height(), 4);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn lemma_2_table(probes: &[Probe]) -> Result<DataFrame> {
    Columns::new().facts(probes).into_table()
}

/// One row a point: `point`, `k`, `loss_before`, `gradient_before`, `gradient_after`, `gradient_joining`,
/// `gradient_largest`, the fields of [`Assumption1`].
///
/// # Errors
/// None but polars' own.
pub fn assumption_1_table(points: &[Assumption1]) -> Result<DataFrame> {
    Columns::new().facts(points).into_table()
}

/// One row a point of the grid and k: `a`, `b`, `k`, `loss` (`L_k`), `difference` (`L_{k+1} - L_k`), `magnitude`.
///
/// # Errors
/// As [`Surface::difference`].
///
/// ```
/// use hessia_paper::theory::{Plane, Surface};
/// use hessia::{Activation, Dataset, Loss, Network, Targets};
/// use hessia_paper::table::surface_table;
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 2], false, Activation::Identity, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let surface = Surface::new(&net, &data, Loss::cross_entropy(), &Plane::axes(&net, 0, 1)?, 1.0, 5)?;
/// assert_eq!(surface_table(&surface, &[1, 2])?.height(), 2 * 25);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn surface_table(surface: &Surface, objects: &[usize]) -> Result<DataFrame> {
    let (mut a, mut b, mut k) = (Vec::new(), Vec::new(), Vec::new());
    let (mut loss, mut difference) = (Vec::new(), Vec::new());
    for &count in objects {
        let (mean, gap) = (surface.mean_loss(count)?, surface.difference(count)?);
        for ((i, j), &value) in mean.indexed_iter() {
            a.push(surface.a[i]);
            b.push(surface.b[j]);
            k.push(count);
            loss.push(value);
            difference.push(gap[[i, j]]);
        }
    }
    let magnitude: Vec<f64> = difference.iter().map(|v: &f64| v.abs()).collect();
    Columns::new()
        .number("a", a)
        .number("b", b)
        .count("k", k)
        .number("loss", loss)
        .number("difference", difference)
        .number("magnitude", magnitude)
        .into_table()
}
