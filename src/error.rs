//! The one error type: every variant carries the numbers that were wrong.

use std::path::PathBuf;

pub(crate) use crate::format::bytes;

/// Result with hessia's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Anything that hessia refuses or fails at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two arrays that belong together do not fit.
    #[error("{what}: expected shape {expected:?}, found {found:?}")]
    ShapeMismatch {
        /// Which array, with its layer where it has one.
        what: String,
        /// The shape that would fit.
        expected: Vec<usize>,
        /// The shape that came.
        found: Vec<usize>,
    },
    /// A class label that the network has no output for.
    #[error("object {object} has label {label}, but labels must lie in 0..{classes}")]
    LabelOutOfRange {
        /// Row of the object.
        object: usize,
        /// The label found.
        label: i64,
        /// Number of outputs of the network.
        classes: usize,
    },
    /// NaN or infinity where a finite number is needed.
    #[error("{what}: expected finite numbers, found {value}{}", place(index))]
    NonFinite {
        /// Which array.
        what: String,
        /// Index of the first bad entry; empty for a single number.
        index: Vec<usize>,
        /// The bad entry.
        value: f64,
    },
    /// An argument outside its range.
    #[error("{what}: expected {expected}, found {found}")]
    InvalidArgument {
        /// Name of the argument.
        what: String,
        /// What would be accepted.
        expected: String,
        /// What came.
        found: String,
    },
    /// A file whose content is not what its format promises.
    #[error("{}: expected {expected}, found {found}{}", path.display(), offset.map(|o| format!(" (at byte {o})")).unwrap_or_default())]
    Format {
        /// The file.
        path: PathBuf,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
        /// Where, in bytes from the start of the (uncompressed) content, if known.
        offset: Option<u64>,
    },
    /// A data set of the catalog that is in none of the folders searched.
    #[error("data set {name} is missing: `hessia fetch {name}` brings it; or put {files} (from {source_page}) into {}; searched: {}",
        folders.first().map(|f| f.join(name)).unwrap_or_default().display(), crate::error::list(folders))]
    MissingDataset {
        /// Its name in the catalog.
        name: String,
        /// The files needed.
        files: String,
        /// Where they come from.
        source_page: String,
        /// The folders searched, first the one to put the files into.
        folders: Vec<PathBuf>,
    },
    /// Features of a data set that are in none of the folders searched.
    #[error("features of {name} are missing: `hessia extract --model M.onnx --dataset {name} --output {}` makes them; searched: {}",
        folders.first().map(|f| f.join(format!("{name}.npy"))).unwrap_or_default().display(), crate::error::list(folders))]
    MissingFeatures {
        /// The data set's name in the catalog.
        name: String,
        /// The folders searched, first the one to write the file into.
        folders: Vec<PathBuf>,
    },
    /// A file that no source gave.
    #[error("download of {file} failed: {reason}")]
    Download {
        /// Its name.
        file: String,
        /// Every address or folder tried, with what was expected and found there.
        reason: String,
    },
    /// The operating system refused a file operation.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A result that would not fit in memory, refused before any work.
    #[error("{what} needs {} of memory, but only {} are available", crate::error::bytes(*needed), crate::error::bytes(*available))]
    OutOfMemory {
        /// What was asked for.
        what: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes available.
        available: u64,
    },
    /// A LAPACK routine reported failure.
    #[error("LAPACK {routine} returned info = {info} for a matrix of order {order}")]
    Lapack {
        /// Name of the routine.
        routine: &'static str,
        /// Its `info`.
        info: i32,
        /// Order of the matrix.
        order: usize,
    },
    /// A factorisation failed.
    #[error("linear algebra: {0}")]
    LinearAlgebra(#[from] ndarray_linalg::error::LinalgError),
    /// The user interrupted the work.
    #[error("interrupted after {done} of {total} {unit}")]
    Interrupted {
        /// Units finished.
        done: u64,
        /// Units in all.
        total: u64,
        /// What a unit is.
        unit: String,
    },
    /// A table could not be made or written.
    #[error("table: {message}")]
    Table {
        /// The table library's reason.
        message: String,
    },
}

fn place(index: &[usize]) -> String {
    if index.is_empty() { String::new() } else { format!(" at index {index:?}") }
}

impl Error {
    /// An [`Error::Io`] for `path`.
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Error::Io { path: path.into(), source }
    }

    /// An [`Error::Format`] for `path` without an offset.
    pub fn format(path: impl Into<PathBuf>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Error::Format { path: path.into(), expected: expected.into(), found: found.into(), offset: None }
    }

    /// An [`Error::InvalidArgument`].
    pub fn argument(what: impl Into<String>, expected: impl Into<String>, found: impl ToString) -> Self {
        Error::InvalidArgument { what: what.into(), expected: expected.into(), found: found.to_string() }
    }

    /// An [`Error::InvalidArgument`] for a name that no variant of the enum `T` has.
    pub fn unknown_name<T: strum::VariantNames>(what: &str, name: &str) -> Self {
        let expected = match T::VARIANTS {
            [some @ .., last] if !some.is_empty() => format!("{} or {last}", some.join(", ")),
            names => names.join(", "),
        };
        Error::argument(what, expected, format!("{name:?}"))
    }

    /// An [`Error::ShapeMismatch`].
    pub fn shape(what: impl Into<String>, expected: &[usize], found: &[usize]) -> Self {
        Error::ShapeMismatch { what: what.into(), expected: expected.to_vec(), found: found.to_vec() }
    }
}

/// Paths with commas between them.
fn list(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}

/// Whether no entry is NaN or infinite.
pub(crate) fn all_finite(values: &[f64]) -> bool {
    // Without an early end, so that the compiler can use vector instructions.
    values.iter().fold(true, |finite, v| finite & v.is_finite())
}

/// Refuses an array with NaN or infinity, naming the first.
pub(crate) fn check_finite(what: &str, array: ndarray::ArrayViewD<'_, f64>) -> Result<()> {
    use ndarray::Dimension;
    // The plain pass is several times quicker than one that carries the index.
    if array.as_slice().map_or_else(|| array.iter().all(|v| v.is_finite()), all_finite) {
        return Ok(());
    }
    match array.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some((index, &value)) => {
            Err(Error::NonFinite { what: what.to_string(), index: index.slice().to_vec(), value })
        }
        None => Ok(()),
    }
}
