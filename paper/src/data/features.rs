//! Features that were extracted before, kept beside the data sets.

use std::path::Path;

use super::catalog::catalog_entry;
use super::folders::search_folders;
use super::load::load_images;
use hessia::files::{Content, Header, Place, as_inputs};
use hessia::{Dataset, Error, Result, Targets};

/// What [`LoadDataset::load_features`](super::LoadDataset::load_features) does.
pub(super) fn load_features(name: &str) -> Result<Dataset> {
    let entry = catalog_entry(name)?;
    let folders: Vec<_> = search_folders()?.into_iter().map(|folder| folder.join("features")).collect();
    let files = folders
        .iter()
        .flat_map(|folder| [".npy", ".npy.gz"].map(|extension| folder.join(format!("{name}{extension}"))));
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

fn read(path: &Path) -> Result<ndarray::Array2<f64>> {
    let bytes = Content::open(path, "a .npy array")?.read_to_end()?;
    let place = Place { path, member: None };
    let mut source = &bytes[..];
    let header = Header::read_or_half(&mut source, bytes.len() as u64, place)?;
    Ok(as_inputs(path, header.read_values(&mut source, place)?)?.0)
}
