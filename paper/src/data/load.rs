//! From the name of a data set to its objects.

use std::path::{Path, PathBuf};

use super::catalog::{CatalogEntry, catalog_entry};
use super::cifar::{CifarLabels, read_cifar10, read_cifar100};
use super::folders::search_folders;
use super::idx::read_idx_images;
use super::images::Images;
use hessia::files::format_at;
use hessia::{Error, Result};

/// The images themselves, found as [`LoadDataset::load`](super::LoadDataset::load) finds them, or as [`LoadDataset::load_from`](super::LoadDataset::load_from) in `folder`.
///
/// # Errors
/// As [`LoadDataset::load`](super::LoadDataset::load).
pub fn load_images(name: &str, folder: Option<&Path>) -> Result<Images> {
    let entry = catalog_entry(name)?;
    match folder {
        Some(folder) => load(entry, &[folder.to_path_buf()], Rooms::NamedOrSelf),
        None => load(entry, &search_folders()?, Rooms::Named),
    }
}

/// The folder that [`LoadDataset::load`](super::LoadDataset::load) reads a data set from, if there is one.
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
