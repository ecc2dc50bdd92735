//! Data sets from their official sources, or from a mirror: whole and verified, or not at all.

mod checksum;
mod http;
mod location;
mod official;
mod part;
mod transfer;
mod unpack;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hessia::files::rename_whole;
use hessia::{Error, Result};
use location::{Location, shown};

/// A data set to download: its files and where they are. Secrets of the addresses are not shown by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Download {
    /// Its name in the [`CATALOG`](crate::data::CATALOG), and that of the folder that it goes to.
    pub name: String,
    /// Addresses that a file's name is put behind, the first to be tried first.
    pub sources: Vec<String>,
    /// Its files, the one that says that the data set is there first: it is published last.
    pub files: Vec<RemoteFile>,
}

/// A file as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its name, without folders.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its MD5 as 32 hexadecimal digits.
    pub md5: String,
    /// Of a `.tar.gz`: the files to take out of it. Such an archive is not kept.
    pub members: Vec<RemoteFile>,
}

/// Where from, and how patiently. A mirror's user, password and query are shown nowhere, not by `{:?}` either.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchSettings {
    /// An address (`http://` or `https://`) or a folder instead of the official sources. It holds the files
    /// themselves, or folders with the names of the data sets.
    pub mirror: Option<String>,
    /// Attempts in a row that bring nothing new before a source is given up: 5.
    pub attempts: u32,
    /// Time before the second attempt, doubled before each further one: 1 s.
    pub pause: Duration,
    /// Time without a byte after which a connection counts as cut: 30 s.
    pub patience: Duration,
}

impl fmt::Debug for FetchSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchSettings")
            .field("mirror", &self.mirror.as_deref().map(shown))
            .field("attempts", &self.attempts)
            .field("pause", &self.pause)
            .field("patience", &self.patience)
            .finish()
    }
}

impl Default for FetchSettings {
    fn default() -> Self {
        FetchSettings {
            mirror: None,
            attempts: 5,
            pause: Duration::from_secs(1),
            patience: Duration::from_secs(30),
        }
    }
}

/// What a download left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The data set's folder.
    pub folder: PathBuf,
    /// Its files that were brought, verified.
    pub brought: Vec<PathBuf>,
    /// Its files that were there already, verified.
    pub present: Vec<PathBuf>,
}

/// Brings a data set of the [`CATALOG`](crate::data::CATALOG) into a folder of its name in `folder`.
///
/// What was cut goes on where it stopped, from a `.part` beside the file, in this call and in later ones. A file
/// appears under its name only after its MD5 has been found to be the published one; files that are there already
/// are verified and left alone.
///
/// # Errors
/// An unknown name, a mirror that is neither an address nor a folder, files of those names with other contents, no
/// source that has the files (each with its reason: an answer such as 404, another size, another MD5, nothing but
/// cuts), an interrupt, or what the system refuses.
///
/// ```no_run
/// use hessia::Dataset;
/// use hessia_paper::data::{LoadDataset, data_folder};
/// use hessia_paper::download::{FetchSettings, fetch};
/// fetch("cifar100", &data_folder()?, &FetchSettings::default())?;
/// assert_eq!(Dataset::load("cifar100")?.len(), 50_000);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn fetch(name: &str, folder: &Path, settings: &FetchSettings) -> Result<Fetched> {
    Download::official(name)?.fetch(folder, settings)
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources: Vec<_> = self.sources.iter().map(|source| shown(source)).collect();
        f.debug_struct("Download")
            .field("name", &self.name)
            .field("sources", &sources)
            .field("files", &self.files)
            .finish()
    }
}

impl Download {
    /// As [`fetch`], of any data set.
    ///
    /// # Errors
    /// As [`fetch`].
    pub fn fetch(&self, folder: &Path, settings: &FetchSettings) -> Result<Fetched> {
        let places = self.places(settings)?;
        let folder = folder.join(&self.name);
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let mut fetched = Fetched { folder, brought: Vec::new(), present: Vec::new() };
        // Backwards: while the first file is missing, the data set is.
        for file in self.files.iter().rev() {
            self.bring(file, &places, settings, &mut fetched)?;
        }
        Ok(fetched)
    }

    /// Where a file's name can be put behind.
    fn places(&self, settings: &FetchSettings) -> Result<Vec<Location>> {
        let Some(mirror) = &settings.mirror else {
            return Ok(self.sources.iter().map(|source| Location::Address(source.clone())).collect());
        };
        let place = match mirror.split_once("://") {
            Some(("http" | "https", rest)) if !rest.is_empty() => Location::Address(mirror.clone()),
            None if Path::new(mirror).is_dir() => Location::Folder(PathBuf::from(mirror)),
            _ => {
                let expected = "an address that begins with http:// or https://, or an existing folder";
                return Err(Error::argument("mirror", expected, format!("{:?}", shown(mirror))));
            }
        };
        // MNIST and FashionMNIST have the same file names: folders first.
        Ok(vec![place.join(&self.name), place])
    }

    fn bring(
        &self,
        file: &RemoteFile,
        places: &[Location],
        settings: &FetchSettings,
        fetched: &mut Fetched,
    ) -> Result<()> {
        let own = std::slice::from_ref(file);
        let wanted = if file.members.is_empty() { own } else { file.members.as_slice() };
        let mut there = Vec::new();
        for kept in wanted {
            let path = fetched.folder.join(&kept.name);
            if path.exists() {
                checksum::verify_present(kept, &path)?;
                there.push(path);
            }
        }
        if there.len() == wanted.len() {
            fetched.present.extend(there);
            return Ok(());
        }
        let part = fetched.folder.join(format!("{}.part", file.name));
        transfer::bring(file, &self.name, places, &part, settings)?;
        if file.members.is_empty() {
            let path = fetched.folder.join(&file.name);
            rename_whole(&part, &path)?;
            fetched.brought.push(path);
        } else {
            fetched.brought.extend(unpack::unpack(file, &part, &fetched.folder)?);
            fs::remove_file(&part).map_err(|e| Error::io(&part, e))?;
        }
        Ok(())
    }
}
