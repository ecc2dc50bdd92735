//! Features that were extracted before, kept beside the data sets.

use std::path::Path;

use super::Dataset;
use super::arrays::as_inputs;
use super::catalog::catalog_entry;
use super::content::Content;
use super::folders::search_folders;
use super::load::load_images;
use super::npy::{Header, Place};
use crate::{Error, Result, Targets};

impl Dataset {
    /// The first objects of a data set of the catalog by their features, with their labels.
    ///
    /// Reads `features/NAME.npy` or `features/NAME.npy.gz` (float64, float32 or float16, one object a row) of the
    /// first folder that has it; the folders are those of [`Dataset::load`]. Those of MNIST, FashionMNIST and
    /// CIFAR-10 are embedded: 1,000 objects x 1,280 features of EfficientNet-Lite0, trained on ImageNet.
    ///
    /// # Errors
    /// An unknown name, features that no folder has (with the command that makes them), damaged files, or fewer
    /// labels than rows.
    ///
    /// ```
    /// use hessia::Dataset;
    /// let features = Dataset::load_features("mnist")?;
    /// assert_eq!((features.len(), features.inputs()), (1_000, 1_280));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn load_features(name: &str) -> Result<Dataset> {
        let entry = catalog_entry(name)?;
        let folders: Vec<_> = search_folders()?.into_iter().map(|folder| folder.join("features")).collect();
        let files = folders.iter().flat_map(|folder| {
            [".npy", ".npy.gz"].map(|extension| folder.join(format!("{name}{extension}")))
        });
        let Some(path) = files.into_iter().find(|path| path.is_file()) else {
            return Err(Error::MissingFeatures { name: name.to_string(), folders });
        };
        let x = read(&path)?;
        let mut images = load_images(name, None)?;
        if images.len() < x.nrows() {
            let expected = format!("at most {} rows, the objects of {name} that are there", images.len());
            return Err(Error::format(path, expected, format!("{} rows", x.nrows())));
        }
        images.truncate(x.nrows());
        let labels = images.labels.into_iter().map(usize::from).collect();
        Dataset::new(entry.name, x, Targets::Classes(labels))
    }
}

/// A matrix of an `.npy` file, plain or gzip, of float16 too.
fn read(path: &Path) -> Result<ndarray::Array2<f64>> {
    let bytes = Content::open(path, "a .npy array")?.read_to_end()?;
    let place = Place { path, member: None };
    let mut source = &bytes[..];
    let header = Header::read_or_half(&mut source, bytes.len() as u64, place)?;
    Ok(as_inputs(path, header.read_values(&mut source, place)?)?.0)
}
