//! Functions of an operator times a vector, by Lanczos.

use ndarray::{Array1, Array2, Axis};

use super::probes::lanczos_from;
use crate::operator::{LinearOperator, check_vectors};
use crate::{Error, Result};

/// `f(A) v`, with how sure it is.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FunctionProduct {
    /// The vector.
    #[serde(skip)]
    pub value: Array1<f64>,
    /// Distance to what nine tenths of the steps gave: an estimate of the error, no bound.
    pub change: f64,
    /// Whether the steps exhausted the space that v reaches: then the value is exact but for rounding.
    pub exact: bool,
    /// Products taken.
    pub products: usize,
}

/// `f(A) v` for a symmetric operator: `|v| V f(T) e_1` after `steps` Lanczos steps from v.
///
/// Exact for polynomials of a degree below the steps; memory for `steps` vectors.
///
/// # Errors
/// No step, a vector of another length, a product that is not finite, or an f that is not finite at an eigenvalue of T.
///
/// Source: N. Higham, "Functions of Matrices", 2008, section 13.2.
///
/// ```
/// use ndarray::{Array2, array};
/// let matrix = Array2::from_diag(&array![1.0, 4.0, 9.0]);
/// let root = hessia::spectrum::function_product(&matrix, f64::sqrt, &array![1.0, 1.0, 1.0], 3)?;
/// assert!((root.value - array![1.0, 2.0, 3.0]).iter().all(|v| v.abs() < 1e-13));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn function_product(
    operator: &impl LinearOperator,
    f: impl Fn(f64) -> f64,
    v: &Array1<f64>,
    steps: usize,
) -> Result<FunctionProduct> {
    let start = v.view().insert_axis(Axis(1)).to_owned();
    check_vectors(operator.order(), &start)?;
    crate::error::check_finite("vector", v.view().into_dyn())?;
    if steps == 0 {
        return Err(Error::argument("steps", "at least 1", steps));
    }
    let length = v.dot(v).sqrt();
    if length == 0.0 {
        return Ok(FunctionProduct { value: v.clone(), change: 0.0, exact: true, products: 0 });
    }
    let runs = lanczos_from(operator, start, steps, &Array2::zeros((v.len(), 0)))?;
    let run = &runs[0];
    let taken = run.diagonal.len();
    let coefficients = |steps: usize| -> Result<Array1<f64>> {
        let mut short = run.clone();
        short.diagonal.truncate(steps);
        short.beside.truncate(steps);
        let (values, vectors) = short.eigen()?;
        let mut images = Array1::zeros(steps);
        for (k, &value) in values.iter().enumerate() {
            let image = f(value);
            if !image.is_finite() {
                return Err(Error::argument("function", format!("a finite value at {value:e}"), image));
            }
            images[k] = image * vectors[[0, k]] * length;
        }
        Ok(vectors.dot(&images))
    };
    let whole = coefficients(taken)?;
    let exact = run.beside[taken - 1] == 0.0 || taken == v.len();
    let fewer = (taken * 9 / 10).max(1);
    let mut gap = whole.clone();
    if fewer < taken {
        gap.slice_mut(ndarray::s![..fewer]).scaled_add(-1.0, &coefficients(fewer)?);
    }
    Ok(FunctionProduct {
        value: run.basis.dot(&whole),
        change: if exact { 0.0 } else { gap.dot(&gap).sqrt() },
        exact,
        products: taken,
    })
}
