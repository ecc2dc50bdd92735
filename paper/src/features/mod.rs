//! Features of images by a pre-trained vision model: the paper's second mode.
//!
//! Preprocessing is Pillow's and Hugging Face's, to the bit and to float32. Running a model takes the cargo feature
//! `onnx`; the features of the embedded data sets need no model: [`Dataset::load_features`](hessia::Dataset).

mod config;
#[cfg(feature = "onnx")]
mod extract;
#[cfg(feature = "onnx")]
mod files;
#[cfg(feature = "onnx")]
mod model;
mod output;
mod pooler;
mod preprocess;
mod resize;
#[cfg(feature = "onnx")]
mod store;

#[cfg(feature = "onnx")]
pub use extract::{Extraction, extract};
pub use output::Output;
pub use pooler::RandomPooler;
pub use preprocess::{AxisOrder, Preprocessing};
pub use resize::{Filter, Resizer};
#[cfg(feature = "onnx")]
pub use store::{Extracted, Numbers, extract_to};
