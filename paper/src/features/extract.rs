//! The features of many images, on all cores.

use std::path::PathBuf;

use ndarray::Array2;
use serde::Serialize;

use super::model::{Declared, LARGEST_BATCH, Model};
use super::output::Output;
use super::pooler::RandomPooler;
use super::preprocess::{Prepared, Preprocessing};
use crate::data::Images;
use hessia::linalg::{side_by_side, threads};
use hessia::progress::Progress;
use hessia::{Error, Result};

/// A model, what it is given, and what is taken of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extraction {
    /// The model, an `.onnx` file.
    pub model: PathBuf,
    /// What becomes of the pixels.
    pub preprocessing: Preprocessing,
    /// What is taken.
    pub output: Output,
    /// Seed of a random pooler over it.
    pub pooler_seed: Option<u64>,
    /// Images that the model is given at a time; a model fixed to another number has its way.
    pub batch: usize,
}

impl Extraction {
    /// With the preprocessing, the pooled output and no random pooler; one image at a time.
    pub fn new(model: impl Into<PathBuf>, preprocessing: Preprocessing) -> Extraction {
        let model = model.into();
        Extraction { model, preprocessing, output: Output::Pooled, pooler_seed: None, batch: 1 }
    }
}

/// The features of all `images`, one a row: float32, shape (m, d).
///
/// # Errors
/// Images or settings that do not fit the model, a file that is no ONNX model of one input or that tract cannot
/// run, features that are not finite, or an interrupt.
pub fn extract(images: &Images, settings: &Extraction) -> Result<Array2<f32>> {
    let mut rows = Vec::new();
    let ready = Ready::new(images, settings)?;
    ready.rows_from(0, |more| {
        rows.extend_from_slice(more);
        Ok(())
    })?;
    let shape = (images.len(), ready.width());
    let count = rows.len();
    Array2::from_shape_vec(shape, rows).map_err(|_| Error::shape("features", &[shape.0, shape.1], &[count]))
}

/// All that is needed to compute any row.
pub(super) struct Ready<'a> {
    images: &'a Images,
    prepared: Prepared,
    model: Model,
    pooler: Option<RandomPooler>,
    /// The model's file, and those beside it that hold tensors of it.
    pub files: Vec<PathBuf>,
}

impl<'a> Ready<'a> {
    pub fn new(images: &'a Images, settings: &Extraction) -> Result<Ready<'a>> {
        let Extraction { model: path, preprocessing, output, pooler_seed, batch } = settings;
        if images.is_empty() {
            return Err(Error::argument("images", "at least one", 0));
        }
        if !(1..=LARGEST_BATCH).contains(batch) {
            return Err(Error::argument("batch", format!("1 to {LARGEST_BATCH} images"), batch));
        }
        if pooler_seed.is_some() && *output == Output::Pooled {
            return Err(Error::argument("random pooler", "the class token or a named output", "pooled"));
        }
        preprocessing.check()?;
        let declared = Declared::read(path, preprocessing.order)?;
        let files = std::iter::once(path.clone()).chain(declared.external.iter().cloned()).collect();
        let prepared = preprocessing.prepare(images.shape, declared.channels())?;
        let model = declared.prepare(path, preprocessing.shape(), preprocessing.order, output, *batch)?;
        let pooler = pooler_seed.map(|seed| RandomPooler::new(model.width, seed)).transpose()?;
        Ok(Ready { images, prepared, model, pooler, files })
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.model.width
    }

    /// Images of a batch: rows are computed from a multiple of it on.
    pub fn batch(&self) -> usize {
        self.model.batch
    }

    /// Gives the rows from `first`, a multiple of the batch, in order, a few batches at a time.
    ///
    /// A batch depends on the images alone, so the bytes are the same whatever was done before and on how many
    /// threads.
    pub fn rows_from(&self, first: usize, mut take: impl FnMut(&[f32]) -> Result<()>) -> Result<()> {
        let count = self.images.len();
        let progress = Progress::new("features", (count - first.min(count)) as u64, "images");
        let starts: Vec<usize> = (first..count).step_by(self.batch()).collect();
        for group in starts.chunks(4 * threads()) {
            for rows in side_by_side(group.to_vec(), |start| self.rows_of(start, &progress)) {
                take(&rows?)?;
            }
        }
        Ok(())
    }

    fn rows_of(&self, start: usize, progress: &Progress) -> Result<Vec<f32>> {
        let end = (start + self.batch()).min(self.images.len());
        let mut numbers = Vec::new();
        for index in start..end {
            self.prepared.append(self.images, index, &mut numbers);
        }
        // The model is made for whole batches.
        numbers.resize(numbers.len() / (end - start) * self.batch(), 0.0);
        let mut rows = self.model.run(&numbers)?;
        rows.truncate((end - start) * self.width());
        if let Some(pooler) = &self.pooler {
            rows = rows.chunks_exact(self.width()).flat_map(|token| pooler.apply(token)).collect();
        }
        if let Some(i) = rows.iter().position(|value| !value.is_finite()) {
            let index = vec![start + i / self.width(), i % self.width()];
            return Err(Error::NonFinite { what: "features".to_string(), index, value: rows[i].into() });
        }
        progress.advance((end - start) as u64)?;
        Ok(rows)
    }
}
