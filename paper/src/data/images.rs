//! Images as bytes, and what networks take of them.

use ndarray::Array2;

use hessia::linalg::available_memory;
use hessia::{Dataset, Error, Result, Targets};

/// What a pixel of 0 to 255 becomes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = Error, parse_err_fn = unknown_scaling)]
pub enum Scaling {
    /// `(p / 255 - 0.5) / 0.5`, from -1 to 1: as in the paper's code.
    #[default]
    Paper,
    /// `p / 255`, from 0 to 1.
    Unit,
}

impl Scaling {
    /// The number that a pixel becomes.
    ///
    /// ```
    /// use hessia_paper::data::Scaling;
    /// assert_eq!((Scaling::Paper.value(0), Scaling::Paper.value(255)), (-1.0, 1.0));
    /// assert_eq!((Scaling::Unit.value(0), Scaling::Unit.value(255)), (0.0, 1.0));
    /// ```
    pub fn value(self, pixel: u8) -> f64 {
        let unit = f64::from(pixel) / 255.0;
        match self {
            Scaling::Paper => (unit - 0.5) / 0.5,
            Scaling::Unit => unit,
        }
    }
}

fn unknown_scaling(name: &str) -> Error {
    Error::unknown_name::<Scaling>("scaling", name)
}

/// Labelled images of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Pixels, image by image, within one channel by channel, row by row.
    pub pixels: Vec<u8>,
    /// The label of each image.
    pub labels: Vec<u8>,
    /// Channels, rows and columns of an image.
    pub shape: [usize; 3],
}

impl Images {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Keeps the first `count` images, or all where there are fewer.
    pub fn truncate(&mut self, count: usize) {
        let width: usize = self.shape.iter().product();
        self.pixels.truncate(count.saturating_mul(width));
        self.labels.truncate(count);
    }

    /// Adds further images of the same size behind these.
    ///
    /// # Errors
    /// Images of another size.
    pub fn append(&mut self, mut further: Images) -> Result<()> {
        if self.shape != further.shape {
            return Err(Error::shape("images", &self.shape, &further.shape));
        }
        self.pixels.append(&mut further.pixels);
        self.labels.append(&mut further.labels);
        Ok(())
    }

    /// The images as rows of scaled pixels, shape (m, channels x rows x columns), with their labels as classes.
    ///
    /// # Errors
    /// Pixels that are not a whole number of images, or a matrix that would not fit in memory.
    pub fn into_dataset(self, name: &str, scaling: Scaling) -> Result<Dataset> {
        let width: usize = self.shape.iter().product();
        let needed = 8 * self.pixels.len() as u64;
        let available = available_memory();
        if needed > available {
            let what = format!("{} images of {width} pixels as float64", self.len());
            return Err(Error::OutOfMemory { what, needed, available });
        }
        let table: Vec<f64> = (0..=255).map(|pixel| scaling.value(pixel)).collect();
        let values: Vec<f64> = self.pixels.iter().map(|&pixel| table[usize::from(pixel)]).collect();
        let count = values.len();
        let x = Array2::from_shape_vec((self.labels.len(), width), values)
            .map_err(|_| Error::shape("pixels", &[self.labels.len() * width], &[count]))?;
        Dataset::new(name, x, Targets::Classes(self.labels.into_iter().map(usize::from).collect()))
    }
}
