//! What the outputs of a network are compared with.

use ndarray::{Array1, Array2};

use crate::{Error, Result};

/// What an object's outputs are compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Class labels from 0, length m.
    Classes(Array1<usize>),
    /// Real targets, shape (m, K).
    Values(Array2<f64>),
}

impl Targets {
    /// Number of objects.
    pub fn len(&self) -> usize {
        match self {
            Targets::Classes(y) => y.len(),
            Targets::Values(y) => y.nrows(),
        }
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets of the objects with these row numbers.
    pub fn select(&self, rows: &[usize]) -> Targets {
        match self {
            Targets::Classes(y) => Targets::Classes(rows.iter().map(|&i| y[i]).collect()),
            Targets::Values(y) => Targets::Values(y.select(ndarray::Axis(0), rows)),
        }
    }

    /// Labels as rows of zeros and a one, shape (m, classes); real targets as they are.
    ///
    /// # Errors
    /// A label of `classes` or more.
    pub fn one_hot(&self, classes: usize) -> Result<Targets> {
        match self {
            Targets::Classes(labels) => {
                let mut values = Array2::zeros((labels.len(), classes));
                for (object, &label) in labels.iter().enumerate() {
                    if label >= classes {
                        return Err(Error::LabelOutOfRange { object, label: label as i64, classes });
                    }
                    values[[object, label]] = 1.0;
                }
                Ok(Targets::Values(values))
            }
            Targets::Values(_) => Ok(self.clone()),
        }
    }
}

/// The target of one object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    Class(usize),
    Values(&'a [f64]),
}

impl Targets {
    /// Calls `f` with the target of object `i`.
    pub(crate) fn with_row<T>(&self, i: usize, f: impl FnOnce(Target<'_>) -> T) -> T {
        match self {
            Targets::Classes(y) => f(Target::Class(y[i])),
            Targets::Values(y) => {
                let row = y.row(i);
                match row.as_slice() {
                    Some(row) => f(Target::Values(row)),
                    None => f(Target::Values(&row.to_vec())),
                }
            }
        }
    }
}
