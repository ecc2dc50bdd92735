//! `Dataset::load("mnist")`: data sets by their names.

use std::path::Path;

use hessia::{Dataset, Result};

use super::features;
use super::images::Scaling;
use super::load::load_images;

/// Data sets of the [`CATALOG`](super::CATALOG) by name: `Dataset::load("mnist")`.
pub trait LoadDataset: Sized {
    /// All objects of a data set of the [`CATALOG`](super::CATALOG), pixels scaled as in the paper.
    ///
    /// Reads the first folder that has it: the one that the variable `HESSIA_DATA` names, `data` in the working
    /// directory or in one of those above it, the user's cache (where `hessia fetch` puts it:
    /// [`data_folder`](super::data_folder)), and the `data` folder of this crate's sources. The paper's experiments
    /// take the first 10,000 objects: [`Dataset::head`].
    ///
    /// # Errors
    /// An unknown name, a data set that no folder has (with the command that brings it), or damaged files.
    ///
    /// ```
    /// use hessia::Dataset;
    /// use hessia_paper::data::LoadDataset;
    /// let mnist = Dataset::load("mnist")?.head(1_000);
    /// assert_eq!((mnist.len(), mnist.inputs()), (1_000, 784));
    /// assert!(mnist.x.iter().all(|pixel| pixel.abs() <= 1.0));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    fn load(name: &str) -> Result<Self>;

    /// As [`LoadDataset::load`], with the scaling of your choice.
    ///
    /// # Errors
    /// As [`LoadDataset::load`].
    fn load_scaled(name: &str, scaling: Scaling) -> Result<Self>;

    /// As [`LoadDataset::load_scaled`], from `folder` and nowhere else: the files may lie in it, or in a folder of it
    /// that bears the data set's name.
    ///
    /// # Errors
    /// As [`LoadDataset::load`].
    fn load_from(folder: impl AsRef<Path>, name: &str, scaling: Scaling) -> Result<Self>;

    /// The first objects of a data set of the catalog by their features, with their labels.
    ///
    /// Reads `features/NAME.npy` or `features/NAME.npy.gz` (float64, float32 or float16, one object a row) of the
    /// first folder that has it; the folders are those of [`LoadDataset::load`]. Those of MNIST, FashionMNIST and
    /// CIFAR-10 are embedded: 1,000 objects x 1,280 features of EfficientNet-Lite0, trained on ImageNet.
    ///
    /// # Errors
    /// An unknown name, features that no folder has (with the command that makes them), damaged files, or fewer
    /// labels than rows.
    ///
    /// ```
    /// use hessia::Dataset;
    /// use hessia_paper::data::LoadDataset;
    /// let features = Dataset::load_features("mnist")?;
    /// assert_eq!((features.len(), features.inputs()), (1_000, 1_280));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    fn load_features(name: &str) -> Result<Self>;
}

impl LoadDataset for Dataset {
    fn load(name: &str) -> Result<Dataset> {
        Dataset::load_scaled(name, Scaling::Paper)
    }

    fn load_scaled(name: &str, scaling: Scaling) -> Result<Dataset> {
        load_images(name, None)?.into_dataset(name, scaling)
    }

    fn load_from(folder: impl AsRef<Path>, name: &str, scaling: Scaling) -> Result<Dataset> {
        load_images(name, Some(folder.as_ref()))?.into_dataset(name, scaling)
    }

    fn load_features(name: &str) -> Result<Dataset> {
        features::load_features(name)
    }
}
