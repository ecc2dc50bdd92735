//! The paper's data sets by name, from idx and CIFAR files, as pixels or as features.

mod catalog;
mod cifar;
mod features;
mod folders;
mod idx;
mod images;
mod load;
mod named;

pub use catalog::{CATALOG, CatalogEntry, Colour, catalog_entry};
pub use cifar::{CifarLabels, read_cifar10, read_cifar100};
pub use folders::data_folder;
#[cfg(feature = "table")]
pub(crate) use folders::search_folders;
pub use idx::{IdxArray, read_idx, read_idx_images};
pub use images::{Images, Scaling};
pub use load::{dataset_folder, load_images};
pub use named::LoadDataset;
