//! Objects and their targets, as owned arrays.

mod targets;

use ndarray::{Array2, Axis, s};

use crate::{Error, Result};

pub(crate) use targets::Target;
pub use targets::Targets;

/// Inputs with their targets: what every curvature function takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Where it comes from, such as `mnist`.
    pub name: String,
    /// Inputs, shape (m, n), one object a row.
    pub x: Array2<f64>,
    /// Targets of the m objects.
    pub targets: Targets,
}

impl Dataset {
    /// Puts inputs and targets together.
    ///
    /// # Errors
    /// No object, different numbers of objects, or NaN and infinity among the inputs.
    pub fn new(name: impl Into<String>, x: Array2<f64>, targets: Targets) -> Result<Self> {
        if x.is_empty() {
            return Err(Error::argument(
                "inputs",
                "at least one object and one column",
                format!("shape {:?}", x.shape()),
            ));
        }
        if x.nrows() != targets.len() {
            return Err(Error::argument(
                "targets",
                format!("{} objects as in the inputs", x.nrows()),
                targets.len(),
            ));
        }
        crate::error::check_finite("inputs", x.view().into_dyn())?;
        Ok(Dataset { name: name.into(), x: x.as_standard_layout().into_owned(), targets })
    }

    /// Number of objects `m`.
    pub fn len(&self) -> usize {
        self.x.nrows()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of inputs of an object `n`.
    pub fn inputs(&self) -> usize {
        self.x.ncols()
    }

    /// The first `count` objects, or all where there are fewer.
    pub fn head(&self, count: usize) -> Dataset {
        let count = count.min(self.len());
        let rows: Vec<_> = (0..count).collect();
        Dataset {
            name: self.name.clone(),
            x: self.x.slice(s![..count, ..]).to_owned(),
            targets: self.targets.select(&rows),
        }
    }

    /// The objects with these row numbers, in this order.
    pub fn select(&self, rows: &[usize]) -> Dataset {
        Dataset {
            name: self.name.clone(),
            x: self.x.select(Axis(0), rows),
            targets: self.targets.select(rows),
        }
    }
}
