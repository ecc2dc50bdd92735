//! From the name of a data set to its objects.

use std::path::{Path, PathBuf};

use super::catalog::{CatalogEntry, catalog_entry};
use super::cifar::{CifarLabels, read_cifar10, read_cifar100};
use super::folders::search_folders;
use super::idx::read_idx_images;
use super::images::{Images, Scaling};
use hessia::files::format_at;
use hessia::{Dataset, Error, Result};

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
        super::features::load_features(name)
    }
}

/// The images themselves, found as [`LoadDataset::load`] finds them, or as [`LoadDataset::load_from`] in `folder`.
///
/// # Errors
/// As [`LoadDataset::load`].
pub fn load_images(name: &str, folder: Option<&Path>) -> Result<Images> {
    let entry = catalog_entry(name)?;
    match folder {
        Some(folder) => load(entry, &[folder.to_path_buf()], Rooms::NamedOrSelf),
        None => load(entry, &search_folders()?, Rooms::Named),
    }
}

/// The folder that [`LoadDataset::load`] reads a data set from, if there is one.
///
/// # Errors
/// An unknown name, or a `HESSIA_DATA` that is no folder.
///
/// ```
/// assert!(hessia_paper::data::dataset_folder("mnist")?.is_some_and(|folder| folder.ends_with("mnist")));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn dataset_folder(name: &str) -> Result<Option<PathBuf>> {
    let entry = catalog_entry(name)?;
    let rooms = search_folders()?
        .into_iter()
        .flat_map(|folder| rooms(entry).iter().map(move |room| folder.join(room)));
    Ok(rooms.into_iter().find(|room| plain_or_gzip(room, first_file(entry)).is_some()))
}

/// The file whose presence means that the data set is there.
fn first_file(entry: &CatalogEntry) -> &'static str {
    match entry.name {
        "cifar10" => "data_batch_1.bin",
        "cifar100" => "train.bin",
        _ => "train-images-idx3-ubyte",
    }
}

/// Where in a folder the files may lie.
#[derive(Clone, Copy, PartialEq)]
enum Rooms {
    /// In a folder named after the data set.
    Named,
    /// There, or in the folder itself. MNIST and FashionMNIST have the same file names, so this takes somebody
    /// who says that this very folder is the one.
    NamedOrSelf,
}

/// Folder names of the official archives and of torchvision, beside our own.
fn rooms(entry: &CatalogEntry) -> &'static [&'static str] {
    match entry.name {
        "mnist" => &["mnist", "MNIST/raw"],
        "fashion-mnist" => &["fashion-mnist", "FashionMNIST/raw"],
        "cifar10" => &["cifar10", "cifar-10-batches-bin"],
        _ => &["cifar100", "cifar-100-binary"],
    }
}

fn load(entry: &CatalogEntry, folders: &[PathBuf], places: Rooms) -> Result<Images> {
    for folder in folders {
        let mut candidates: Vec<_> = rooms(entry).iter().map(|room| folder.join(room)).collect();
        if places == Rooms::NamedOrSelf {
            candidates.push(folder.clone());
        }
        for candidate in candidates {
            if let Some(images) = read(entry, &candidate)? {
                return Ok(images);
            }
        }
    }
    Err(Error::MissingDataset {
        name: entry.name.to_string(),
        files: entry.files.to_string(),
        source_page: entry.source.to_string(),
        folders: folders.to_vec(),
    })
}

/// The images in `folder`, or none where their first file is not there.
fn read(entry: &CatalogEntry, folder: &Path) -> Result<Option<Images>> {
    match entry.name {
        "cifar10" => {
            let mut all: Option<Images> = None;
            for batch in 1..=5 {
                let Some(path) = plain_or_gzip(folder, &format!("data_batch_{batch}.bin")) else { break };
                let images = read_cifar10(path)?;
                match &mut all {
                    Some(all) => all.append(images)?,
                    None => all = Some(images),
                }
            }
            Ok(all)
        }
        "cifar100" => plain_or_gzip(folder, first_file(entry))
            .map(|path| read_cifar100(path, CifarLabels::Fine))
            .transpose(),
        _ => {
            let Some(images) = plain_or_gzip(folder, first_file(entry)) else { return Ok(None) };
            let plain = folder.join("train-labels-idx1-ubyte");
            let labels = plain_or_gzip(folder, "train-labels-idx1-ubyte").unwrap_or(plain);
            check_idx(entry, &images, &labels, read_idx_images(&images, &labels)?).map(Some)
        }
    }
}

/// Refuses idx files of another size of image or with labels that the data set does not have.
fn check_idx(entry: &CatalogEntry, images: &Path, labels: &Path, read: Images) -> Result<Images> {
    let [_, rows, columns] = read.shape;
    if (rows, columns) != entry.resolution {
        let (height, width) = entry.resolution;
        let expected = format!("images of {height} x {width} pixels for {}", entry.name);
        return Err(format_at(images, expected, format!("{rows} x {columns}"), 8));
    }
    match read.labels.iter().position(|&label| usize::from(label) >= entry.classes) {
        Some(i) => {
            let expected = format!("a label of 0 to {}", entry.classes - 1);
            Err(format_at(labels, expected, read.labels[i].to_string(), 8 + i as u64))
        }
        None => Ok(read),
    }
}

fn plain_or_gzip(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|path| path.is_file())
}
