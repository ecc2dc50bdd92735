//! Objects and their targets, as owned arrays: from data sets by name, from idx and CIFAR files, from `.npy`.

mod arrays;
mod aside;
mod catalog;
mod cifar;
mod content;
mod features;
#[cfg(feature = "fetch")]
mod fetch;
mod folders;
mod idx;
mod images;
mod load;
mod npy;
mod npz;

use ndarray::{Array2, Axis, s};

use crate::loss::Targets;
use crate::{Error, Result};

pub use arrays::{read_inputs, read_targets, write_npy};
pub use aside::write_aside;
pub use catalog::{CATALOG, CatalogEntry, Colour, catalog_entry};
pub use cifar::{CifarLabels, read_cifar10, read_cifar100};
pub(crate) use content::{LARGEST_RATIO, LARGEST_UNPACKED, format_at, hex, open_regular};
#[cfg(feature = "fetch")]
pub use fetch::{Download, FetchSettings, Fetched, RemoteFile, fetch};
pub use folders::data_folder;
#[cfg(feature = "table")]
pub(crate) use folders::search_folders;
pub use idx::{IdxArray, read_idx, read_idx_images};
pub use images::{Images, Scaling};
pub use load::{dataset_folder, load_images};
pub(crate) use npy::{Header, Place};
pub use npy::{NpyArray, NpyValues, read_npy};
pub(crate) use npz::NpzWriter;

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
