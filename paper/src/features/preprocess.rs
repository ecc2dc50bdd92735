//! From 8-bit images to what a vision model takes.

use serde::Serialize;

use super::resize::{Filter, Resizer};
use crate::data::Images;
use hessia::{Error, Result};

/// Far above any vision model, far below what would not fit in memory.
const LARGEST_SIDE: usize = 4096;

/// Order of the axes of a batch.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = Error, parse_err_fn = unknown_axis_order)]
pub enum AxisOrder {
    /// Images, channels, rows, columns: PyTorch's.
    #[default]
    Nchw,
    /// Images, rows, columns, channels: TensorFlow's.
    Nhwc,
}

impl AxisOrder {
    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn unknown_axis_order(name: &str) -> Error {
    Error::unknown_name::<AxisOrder>("axis order", name)
}

/// Resize, crop, rescale, normalise: entry = (pixel * rescale - mean) / deviation, in float32.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preprocessing {
    /// Rows and columns to resize to.
    pub size: (usize, usize),
    /// Rows and columns of the middle to keep.
    pub crop: Option<(usize, usize)>,
    /// How to resample.
    pub filter: Filter,
    /// Factor of the pixels 0 to 255.
    pub rescale: f64,
    /// Mean of each channel, or one for all.
    pub mean: Vec<f64>,
    /// Deviation of each channel, or one for all.
    pub deviation: Vec<f64>,
    /// Order of the axes.
    pub order: AxisOrder,
}

impl Default for Preprocessing {
    /// 224 x 224, bilinear, from -1 to 1: that of google/vit-base-patch16-224.
    fn default() -> Self {
        Preprocessing {
            size: (224, 224),
            crop: None,
            filter: Filter::Bilinear,
            rescale: 1.0 / 255.0,
            mean: vec![0.5],
            deviation: vec![0.5],
            order: AxisOrder::Nchw,
        }
    }
}

impl Preprocessing {
    /// Rows and columns that the model gets.
    pub fn shape(&self) -> (usize, usize) {
        self.crop.unwrap_or(self.size)
    }

    /// Refuses sizes of 0 or above 4096, a crop larger than the image, and numbers that are not finite.
    ///
    /// # Errors
    /// As above, and another number of means than 1 or 3.
    pub fn check(&self) -> Result<()> {
        let side = |name, value: usize| match value {
            1..=LARGEST_SIDE => Ok(()),
            _ => Err(Error::argument(name, format!("1 to {LARGEST_SIDE} pixels"), value)),
        };
        for (name, value) in [("size", self.size.0), ("size", self.size.1)] {
            side(name, value)?;
        }
        if let Some((rows, columns)) = self.crop {
            side("crop", rows)?;
            side("crop", columns)?;
            if rows > self.size.0 || columns > self.size.1 {
                let expected = format!("at most {} x {}, the size", self.size.0, self.size.1);
                return Err(Error::argument("crop", expected, format!("{rows} x {columns}")));
            }
        }
        if !self.rescale.is_finite() || self.rescale == 0.0 {
            return Err(Error::argument("rescale", "a finite number other than 0", self.rescale));
        }
        for (name, values) in [("mean", &self.mean), ("std", &self.deviation)] {
            if !matches!(values.len(), 1 | 3) {
                return Err(Error::argument(name, "1 or 3 numbers", values.len()));
            }
            if let Some(value) = values.iter().find(|v| !v.is_finite() || (name == "std" && **v <= 0.0)) {
                let expected = if name == "std" { "positive numbers" } else { "finite numbers" };
                return Err(Error::argument(name, expected, value));
            }
        }
        Ok(())
    }

    /// A function's state for images of `shape` (channels, rows, columns) and a model of `channels` channels.
    pub(super) fn prepare(&self, shape: [usize; 3], channels: usize) -> Result<Prepared> {
        self.check()?;
        if shape[0] != channels && shape[0] != 1 {
            let other = match self.order {
                AxisOrder::Nchw => AxisOrder::Nhwc,
                AxisOrder::Nhwc => AxisOrder::Nchw,
            };
            let expected = format!(
                "images of 1 or {channels} channels, as the model takes with its axes in the order {} (or is it {}?)",
                self.order.name(),
                other.name()
            );
            return Err(Error::argument("channels", expected, shape[0]));
        }
        let per_channel = |values: &[f64], c: usize| values[if values.len() == 1 { 0 } else { c % 3 }] as f32;
        let tables: Vec<Vec<f32>> = (0..channels)
            .map(|c| {
                let (mean, deviation) = (per_channel(&self.mean, c), per_channel(&self.deviation, c));
                // Hugging Face's precision: rescaled in float64, kept and normalised in float32.
                (0..256).map(|p| ((f64::from(p) * self.rescale) as f32 - mean) / deviation).collect()
            })
            .collect();
        if tables.iter().flatten().any(|value| !value.is_finite()) {
            let found = format!("rescale {}, mean {:?}, std {:?}", self.rescale, self.mean, self.deviation);
            return Err(Error::argument("preprocessing", "finite float32 numbers of every pixel", found));
        }
        let resizer = Resizer::new((shape[1], shape[2]), self.size, self.filter);
        Ok(Prepared { settings: self.clone(), resizer, tables, shape })
    }

    /// One image of `images` as numbers for a model of `channels` channels: grey is repeated.
    ///
    /// # Errors
    /// Settings refused by [`check`](Self::check), no such image, or another number of channels.
    pub fn image(&self, images: &Images, index: usize, channels: usize) -> Result<Vec<f32>> {
        if index >= images.len() {
            return Err(Error::argument("image", format!("a number below {}", images.len()), index));
        }
        let mut numbers = Vec::new();
        self.prepare(images.shape, channels)?.append(images, index, &mut numbers);
        Ok(numbers)
    }
}

/// What is the same for all images.
pub(super) struct Prepared {
    settings: Preprocessing,
    resizer: Resizer,
    /// The number of each pixel, channel by channel.
    tables: Vec<Vec<f32>>,
    shape: [usize; 3],
}

impl Prepared {
    /// Appends the numbers of image `index`, which exists.
    pub(super) fn append(&self, images: &Images, index: usize, numbers: &mut Vec<f32>) {
        let [own, rows, columns] = self.shape;
        let plane = rows * columns;
        let image = &images.pixels[index * own * plane..][..own * plane];
        let resized: Vec<Vec<u8>> = image.chunks_exact(plane).map(|p| self.resizer.resize(p)).collect();
        let (height, width) = self.settings.shape();
        let (top, left) = ((self.settings.size.0 - height) / 2, (self.settings.size.1 - width) / 2);
        let pixel = |c: usize, i: usize, j: usize| {
            let value = resized[c.min(own - 1)][(top + i) * self.settings.size.1 + left + j];
            self.tables[c][usize::from(value)]
        };
        let channels = self.tables.len();
        numbers.reserve(channels * height * width);
        match self.settings.order {
            AxisOrder::Nchw => {
                for c in 0..channels {
                    for i in 0..height {
                        numbers.extend((0..width).map(|j| pixel(c, i, j)));
                    }
                }
            }
            AxisOrder::Nhwc => {
                for i in 0..height {
                    for j in 0..width {
                        numbers.extend((0..channels).map(|c| pixel(c, i, j)));
                    }
                }
            }
        }
    }
}
