//! The data sets of the paper: its Table 1, and where they come from.

use serde::Serialize;

use hessia::{Error, Result};

/// Grey or coloured images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Colour {
    /// One channel.
    Grey,
    /// Red, green and blue.
    #[serde(rename = "RGB")]
    Rgb,
}

impl Colour {
    /// Number of channels.
    pub fn channels(self) -> usize {
        match self {
            Colour::Grey => 1,
            Colour::Rgb => 3,
        }
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Colour::Grey => "grey",
            Colour::Rgb => "RGB",
        })
    }
}

/// One row of the table of data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CatalogEntry {
    /// The name that [`Dataset::load`](crate::data::LoadDataset::load) takes.
    pub name: &'static str,
    /// Its usual name.
    pub title: &'static str,
    /// What the images show.
    pub shows: &'static str,
    /// Grey or RGB.
    pub colour: Colour,
    /// Rows and columns of pixels.
    pub resolution: (usize, usize),
    /// Number of training objects of the official set; the paper takes the first 10,000.
    pub objects: usize,
    /// Number of classes.
    pub classes: usize,
    /// The official page.
    pub source: &'static str,
    /// The files read, each gzip or plain.
    pub files: &'static str,
}

impl CatalogEntry {
    /// Inputs of an object: channels x rows x columns.
    pub fn inputs(&self) -> usize {
        self.colour.channels() * self.resolution.0 * self.resolution.1
    }
}

const CIFAR_PAGE: &str = "https://www.cs.toronto.edu/~kriz/cifar.html";

/// Table 1 of the paper.
///
/// ```
/// use hessia_paper::data::CATALOG;
/// let inputs: Vec<_> = CATALOG.iter().map(|entry| (entry.name, entry.inputs())).collect();
/// assert_eq!(inputs, [("mnist", 784), ("fashion-mnist", 784), ("cifar10", 3072), ("cifar100", 3072)]);
/// ```
pub const CATALOG: [CatalogEntry; 4] = [
    CatalogEntry {
        name: "mnist",
        title: "MNIST",
        shows: "handwritten digits",
        colour: Colour::Grey,
        resolution: (28, 28),
        objects: 60_000,
        classes: 10,
        source: "http://yann.lecun.com/exdb/mnist/",
        files: "train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz",
    },
    CatalogEntry {
        name: "fashion-mnist",
        title: "FashionMNIST",
        shows: "articles of clothing",
        colour: Colour::Grey,
        resolution: (28, 28),
        objects: 60_000,
        classes: 10,
        source: "https://github.com/zalandoresearch/fashion-mnist",
        files: "train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz",
    },
    CatalogEntry {
        name: "cifar10",
        title: "CIFAR-10",
        shows: "animals and vehicles",
        colour: Colour::Rgb,
        resolution: (32, 32),
        objects: 50_000,
        classes: 10,
        source: CIFAR_PAGE,
        files: "data_batch_1.bin to data_batch_5.bin of the binary version, plain or .gz, as many as there are",
    },
    CatalogEntry {
        name: "cifar100",
        title: "CIFAR-100",
        shows: "animals, plants, objects, scenes and people",
        colour: Colour::Rgb,
        resolution: (32, 32),
        objects: 50_000,
        classes: 100,
        source: CIFAR_PAGE,
        files: "train.bin of the binary version, plain or .gz",
    },
];

/// The row of the data set `name`.
///
/// # Errors
/// A name that the catalog does not have.
pub fn catalog_entry(name: &str) -> Result<&'static CatalogEntry> {
    CATALOG.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names: Vec<_> = CATALOG.iter().map(|entry| entry.name).collect();
        Error::argument("data set", format!("one of {}", names.join(", ")), format!("{name:?}"))
    })
}
