//! What the networks are trained on.

use std::path::Path;

use ndarray::Array1;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::{LoadDataset, Scaling, catalog_entry};
use hessia::files::read_inputs;
use hessia::{Dataset, Error, Result, Targets};

/// The paper's two kinds of inputs.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
    strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = Error, parse_err_fn = unknown_mode)]
pub enum Mode {
    /// The pixels themselves: the paper's direct image classification.
    Pixels,
    /// Features of a pre-trained network: the paper's image features extraction.
    Features,
}

impl Mode {
    /// The name used on the command line and in tables: `pixels` or `features`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn unknown_mode(name: &str) -> Error {
    Error::unknown_name::<Mode>("mode", name)
}

/// Labelled objects, and the number of classes that they are sorted into.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Pixels or features; a name in tables, nothing else depends on it.
    pub mode: Mode,
    /// Number of classes K, the outputs of the networks.
    pub classes: usize,
    data: Dataset,
    labels: Array1<usize>,
}

impl Task {
    /// Classification of `data` into `classes` classes.
    ///
    /// # Errors
    /// Targets that are not class labels, a label of `classes` or more, fewer than two objects or classes.
    ///
    /// ```
    /// use hessia_paper::experiment::{Mode, Task};
    /// use hessia::{Dataset, Targets};
    /// use ndarray::{Array2, array};
    /// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
    /// assert_eq!(Task::new(data, Mode::Pixels, 2)?.data().len(), 3);
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn new(data: Dataset, mode: Mode, classes: usize) -> Result<Task> {
        let Targets::Classes(labels) = &data.targets else {
            return Err(Error::argument("targets", "class labels", "real values"));
        };
        if data.len() < 2 || classes < 2 {
            let found = format!("{} and {classes}", data.len());
            return Err(Error::argument("numbers of objects and of classes", "2 or more of each", found));
        }
        if let Some(object) = labels.iter().position(|&label| label >= classes) {
            return Err(Error::LabelOutOfRange { object, label: labels[object] as i64, classes });
        }
        let labels = labels.clone();
        Ok(Task { mode, classes, data, labels })
    }

    /// The first `objects` objects of a data set of the catalog, by their pixels.
    ///
    /// # Errors
    /// As [`Dataset::load`], or [`Dataset::load_from`] where a folder is given; more objects than there are.
    ///
    /// ```
    /// use hessia_paper::experiment::Task;
    /// let task = Task::pixels("mnist", None, 1_000)?;
    /// assert_eq!((task.data().inputs(), task.classes), (784, 10));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn pixels(name: &str, folder: Option<&Path>, objects: usize) -> Result<Task> {
        let entry = catalog_entry(name)?;
        let data = match folder {
            Some(folder) => Dataset::load_from(folder, name, Scaling::Paper)?,
            None => Dataset::load(name)?,
        };
        if data.len() < objects {
            let expected = format!("at most the {} objects of {name} that are there", data.len());
            return Err(Error::argument("number of objects", expected, objects));
        }
        Task::new(data.head(objects), Mode::Pixels, entry.classes)
    }

    /// The same objects by their features, row i of a `.npy` file being those of object i.
    ///
    /// # Errors
    /// As [`Task::pixels`] and [`read_inputs`]; fewer rows than objects.
    pub fn features(name: &str, folder: Option<&Path>, objects: usize, features: &Path) -> Result<Task> {
        let (x, _) = read_inputs(features)?;
        if x.nrows() < objects {
            let expected = format!("features of {objects} objects of {name} or more, one a row");
            return Err(Error::format(features, expected, format!("{} rows", x.nrows())));
        }
        Task::pixels(name, folder, objects)?.with_features(x.slice(ndarray::s![..objects, ..]).to_owned())
    }

    /// The first `objects` objects by the features that [`Dataset::load_features`] finds: embedded, or made by
    /// `hessia extract`.
    ///
    /// # Errors
    /// As [`Dataset::load_features`], which names the command that makes missing ones; more objects than rows.
    ///
    /// ```
    /// use hessia_paper::experiment::Task;
    /// let task = Task::stored_features("mnist", 1_000)?;
    /// assert_eq!((task.data().inputs(), task.classes), (1_280, 10));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn stored_features(name: &str, objects: usize) -> Result<Task> {
        let data = Dataset::load_features(name)?;
        if data.len() < objects {
            let expected = format!("at most the {} objects of {name} that have features", data.len());
            return Err(Error::argument("number of objects", expected, objects));
        }
        Task::new(data.head(objects), Mode::Features, catalog_entry(name)?.classes)
    }

    /// The same objects with other inputs, shape (m, d).
    ///
    /// # Errors
    /// Another number of rows than there are objects, NaN or infinity.
    pub fn with_features(self, x: ndarray::Array2<f64>) -> Result<Task> {
        let data = Dataset::new(self.data.name, x, self.data.targets)?;
        Task::new(data, Mode::Features, self.classes)
    }

    /// The objects.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Their labels.
    pub fn labels(&self) -> &Array1<usize> {
        &self.labels
    }

    /// SHA-256 of inputs and labels.
    pub(crate) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for row in self.data.x.rows() {
            hash.update(row.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        }
        for &label in &self.labels {
            hash.update((label as u64).to_le_bytes());
        }
        hex(&hash.finalize())
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
