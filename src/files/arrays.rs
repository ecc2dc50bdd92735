//! Inputs and targets from `.npy` files, and matrices back into them.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayD, ArrayRef, Dimension, Ix2};

use super::atomic::write_atomically;
use super::npy::{NpyArray, NpyValues, read_npy, write_array};
use crate::error::check_finite;
use crate::{Error, Loss, LossKind, Result, Targets};

/// Every integer up to here is a float64.
const LARGEST_EXACT: i64 = 1 << 53;

/// Reads inputs, shape (m, n), from a `.npy` file; also returns what was converted.
///
/// # Errors
/// As [`read_npy`]; and an array that is not a matrix, NaN, infinity, or integers that float64 cannot hold.
///
/// ```
/// use hessia::files::{read_inputs, write_npy};
/// use ndarray::array;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("x.npy");
/// write_npy(&path, &array![[0.0, 1.0], [2.0, 3.0]])?;
/// let (x, notes) = read_inputs(&path)?;
/// assert_eq!(x, array![[0.0, 1.0], [2.0, 3.0]]);
/// assert!(notes.is_empty());
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn read_inputs(path: impl AsRef<Path>) -> Result<(Array2<f64>, Vec<String>)> {
    let path = path.as_ref();
    as_inputs(path, read_npy(path)?)
}

/// The array of `path` as a finite matrix, with what was converted.
pub fn as_inputs(path: &Path, array: NpyArray) -> Result<(Array2<f64>, Vec<String>)> {
    let NpyArray { values, dtype, mut notes } = array;
    let array = match values {
        NpyValues::Floats(array) => array,
        NpyValues::Integers(array) => {
            notes.insert(0, format!("{}: {dtype} read as float64", path.display()));
            as_floats(path, array)?
        }
    };
    let shape = array.shape().to_vec();
    let x = array.into_dimensionality::<Ix2>().map_err(|_| {
        Error::format(path, "inputs of shape (m, n), one object a row", format!("shape {shape:?}"))
    })?;
    check_finite(&format!("{}: inputs", path.display()), x.view().into_dyn())?;
    Ok((x, notes))
}

/// Reads the targets that `loss` takes from a `.npy` file; also returns what was converted.
///
/// Cross-entropy takes class labels of shape (m) or (m, 1), from 0: integers, or floats that are whole numbers. The
/// other losses take numbers of shape (m, K), or (m) where K = 1: floats, or integers up to 2^53.
///
/// # Errors
/// As [`read_npy`]; fractions for cross-entropy, another shape, a negative label, NaN or infinity.
///
/// ```
/// use hessia::Loss;
/// use hessia::files::{read_targets, write_npy};
/// use ndarray::array;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("y.npy");
/// write_npy(&path, &array![[0.5], [1.5]])?;
/// assert_eq!(read_targets(&path, Loss::mean_squared_error())?.0.len(), 2);
/// let refused = read_targets(&path, Loss::cross_entropy()).unwrap_err();
/// assert!(refused.to_string().contains("found float64"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn read_targets(path: impl AsRef<Path>, loss: Loss) -> Result<(Targets, Vec<String>)> {
    let path = path.as_ref();
    let NpyArray { values, dtype, mut notes } = read_npy(path)?;
    let shape = values.shape().to_vec();
    let found = format!("{dtype} of shape {shape:?}");
    if loss.kind == LossKind::CrossEntropy {
        let expected = "class labels for cross-entropy: whole numbers of shape (m) or (m, 1)";
        let refused = || Error::format(path, expected, &found);
        if !matches!(shape[..], [_] | [_, 1]) {
            return Err(refused());
        }
        let labels: Vec<i64> = match values {
            NpyValues::Integers(labels) => labels.into_iter().collect(),
            NpyValues::Floats(labels) => {
                notes.push(format!("{}: {dtype} labels read as integers", path.display()));
                labels.into_iter().map(|label| whole(label).ok_or_else(refused)).collect::<Result<_>>()?
            }
        };
        let label = |(object, label): (usize, i64)| {
            usize::try_from(label).map_err(|_| {
                Error::format(path, "class labels from 0", format!("{label} for object {object}"))
            })
        };
        let labels = labels.into_iter().enumerate().map(label);
        return Ok((Targets::Classes(labels.collect::<Result<Array1<_>>>()?), notes));
    }
    let expected = format!("targets for {loss}: numbers of shape (m, K)");
    let array = match values {
        NpyValues::Floats(array) => array,
        NpyValues::Integers(array) => {
            notes.push(format!("{}: {dtype} read as float64", path.display()));
            as_floats(path, array)?
        }
    };
    let matrix = match shape[..] {
        [m] => {
            notes.push(format!("{}: targets of shape ({m}) taken as ({m}, 1)", path.display()));
            array.into_shape_with_order((m, 1)).ok()
        }
        _ => array.into_dimensionality::<Ix2>().ok(),
    };
    let matrix = matrix.ok_or_else(|| Error::format(path, expected, found))?;
    check_finite(&format!("{}: targets", path.display()), matrix.view().into_dyn())?;
    Ok((Targets::Values(matrix), notes))
}

/// A float that is a whole number, as an integer.
fn whole(value: f64) -> Option<i64> {
    let exact = value.fract() == 0.0 && value.abs() <= LARGEST_EXACT as f64;
    exact.then_some(value as i64)
}

fn as_floats(path: &Path, array: ArrayD<i64>) -> Result<ArrayD<f64>> {
    match array.iter().find(|value| value.unsigned_abs() > LARGEST_EXACT as u64) {
        Some(value) => Err(Error::format(path, "integers of at most 2^53", value.to_string())),
        None => Ok(array.mapv(|value| value as f64)),
    }
}

/// Writes an array as `.npy`, float64 in C order, in one pass and without a second copy in memory.
///
/// The file is written beside `path` and renamed when it is whole.
///
/// # Errors
/// The system's, for the folder or the file.
pub fn write_npy<D: Dimension>(path: impl AsRef<Path>, array: &ArrayRef<f64, D>) -> Result<()> {
    let path = path.as_ref();
    write_atomically(path, |file| write_array(file, array).map_err(|e| Error::io(path, e)))
}
