//! `hessia extract`: features of a data set by a vision model.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use hessia_paper::data::CATALOG;
use hessia_paper::features::{AxisOrder, Filter, Output};

use super::options::{CommonArguments, named};

pub const EXAMPLES: &str = "\
Examples:
  The paper's features: a ViT's class token through a random pooler (docs/features.md
  says how to get the model and its configuration):
    hessia extract --model vit/model.onnx --config vit/preprocessor_config.json \\
        --dataset mnist --objects 10000 --take class-token --pooler random --seed 1 \\
        --output mnist-features.npy

  Those of a network with pixels of its own, (p - 127) / 128:
    hessia extract --model efficientnet_lite0.onnx --rescale 1 --mean 127 --std 128 \\
        --dataset cifar10 --output cifar10-features.npy

Rows are kept in F.npy.part as they come: cut at any moment and started again, the
command goes on and ends with the same bytes.
Use them: hessia experiment --mode features --features F.npy ...";

/// How features are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stored {
    Float32,
    Float16,
}

/// What is put on a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pooler {
    Random,
}

#[derive(Debug, Args)]
pub struct ExtractArguments {
    /// Vision model of one input, the images: .onnx.
    #[arg(long, value_name = "M.onnx")]
    pub model: PathBuf,
    /// Data set; grey images are repeated to as many channels as the model takes.
    #[arg(long, value_parser = PossibleValuesParser::new(CATALOG.map(|entry| entry.name)))]
    pub dataset: String,
    /// Features to write: an .npy (or .npy.gz) of shape m x d.
    #[arg(long, value_name = "F.npy")]
    pub output: PathBuf,
    /// Preprocessing as in this Hugging Face preprocessor_config.json; the flags below change it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Rows and columns to resize to, such as 224 or 224x192 [default: 224].
    #[arg(long, value_parser = parse_size)]
    pub size: Option<(usize, usize)>,
    /// Rows and columns of the middle to keep [default: all].
    #[arg(long, value_parser = parse_size)]
    pub crop: Option<(usize, usize)>,
    /// Resampling, antialiased, as Pillow's [default: bilinear].
    #[arg(long, value_parser = named::<Filter>(Filter::ALL.map(Filter::name)))]
    pub resample: Option<Filter>,
    /// Factor of the pixels 0 to 255 [default: 1/255].
    #[arg(long, value_name = "NUMBER")]
    pub rescale: Option<f64>,
    /// Mean taken off after it, of all channels or of each [default: 0.5].
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', allow_hyphen_values = true)]
    pub mean: Option<Vec<f64>>,
    /// Deviation divided by then, of all channels or of each [default: 0.5].
    #[arg(long, value_name = "R,G,B", value_delimiter = ',')]
    pub std: Option<Vec<f64>>,
    /// Order of the axes: images, channels, rows, columns (PyTorch) or channels last (TensorFlow).
    #[arg(long, default_value = "nchw", value_parser = named::<AxisOrder>(["nchw", "nhwc"]))]
    pub axes: AxisOrder,
    /// What to take: pooled, class-token, or the name of an output or of a tensor within the model.
    #[arg(long, value_name = "OUTPUT", default_value = "pooled")]
    pub take: Output,
    /// Puts tanh of a random dense layer on it, as transformers does where a checkpoint has no pooler.
    #[arg(long, value_name = "KIND", value_enum, requires = "seed")]
    pub pooler: Option<Pooler>,
    /// Seed of the pooler.
    #[arg(long, requires = "pooler")]
    pub seed: Option<u64>,
    /// Numbers to store: float32, or float16 for small files.
    #[arg(long, default_value = "float32", value_enum)]
    pub numbers: Stored,
    /// Images that the model is given at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub batch: u16,
    /// Number of objects, from the first [default: all].
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(1..))]
    pub objects: Option<u32>,
    /// Folder with the data set's files [default: HESSIA_DATA, then the embedded data].
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub common: CommonArguments,
}

fn parse_size(text: &str) -> Result<(usize, usize), String> {
    let (rows, columns) = text.split_once('x').unwrap_or((text, text));
    match (rows.parse(), columns.parse()) {
        (Ok(rows), Ok(columns)) if rows > 0 && columns > 0 => Ok((rows, columns)),
        _ => Err("expected rows and columns, such as 224 or 224x192".to_string()),
    }
}

/// Says how to build a program that can.
#[cfg(not(feature = "onnx"))]
pub fn run(_arguments: &ExtractArguments) -> hessia::Result<String> {
    let expected = "a program built with it: cargo build --release --features onnx";
    Err(hessia::Error::argument("hessia extract", expected, "one without"))
}

/// Extracts the features, or what is left of them; returns a line of summary.
#[cfg(feature = "onnx")]
pub fn run(arguments: &ExtractArguments) -> hessia::Result<String> {
    use hessia_paper::features::{Numbers, extract_to};

    use super::output;

    let ExtractArguments { output: path, common, .. } = arguments;
    let mut report = super::report::Report::new("extract");
    let mut outputs: Vec<output::Output<'_>> = vec![(path, &["npy", "gz"])];
    if let Some(path) = &common.report {
        outputs.push((path, output::JSON));
    }
    output::check(&outputs, &[&arguments.model])?;
    common.set_threads();
    let settings = settings(arguments)?;
    let numbers = match arguments.numbers {
        Stored::Float32 => Numbers::Float32,
        Stored::Float16 => Numbers::Float16,
    };
    std::fs::File::open(&arguments.model).map_err(|error| hessia::Error::io(&arguments.model, error))?;
    let images = hessia_paper::data::load_images(&arguments.dataset, arguments.data.as_deref());
    let mut images = images?;
    let objects = arguments.objects.map_or(images.len(), |count| count as usize);
    if objects > images.len() {
        let expected = format!("at most the {} of {}", images.len(), arguments.dataset);
        return Err(hessia::Error::argument("--objects", expected, objects));
    }
    images.truncate(objects);
    report.finish_phase("load");
    let done = extract_to(path, &images, &settings, numbers)?;
    let seconds = report.finish_phase("compute");
    if let Some(path) = &common.report {
        report.set("settings", serde_json::json!(settings));
        report.set("dataset", arguments.dataset.as_str());
        report.set("extracted", serde_json::json!(done));
        report.write(path)?;
    }
    Ok(format!(
        "{}: {} features of {} images ({} were there already) in {seconds:.1} s",
        path.display(),
        done.columns,
        done.rows,
        done.already_there,
    ))
}

#[cfg(feature = "onnx")]
fn settings(arguments: &ExtractArguments) -> hessia::Result<hessia_paper::features::Extraction> {
    use hessia_paper::features::{Extraction, Preprocessing};

    let mut preprocessing = match &arguments.config {
        Some(path) => Preprocessing::from_config(path)?,
        None => Preprocessing::default(),
    };
    preprocessing.size = arguments.size.unwrap_or(preprocessing.size);
    preprocessing.crop = arguments.crop.or(preprocessing.crop);
    preprocessing.filter = arguments.resample.unwrap_or(preprocessing.filter);
    preprocessing.rescale = arguments.rescale.unwrap_or(preprocessing.rescale);
    preprocessing.mean = arguments.mean.clone().unwrap_or(preprocessing.mean);
    preprocessing.deviation = arguments.std.clone().unwrap_or(preprocessing.deviation);
    preprocessing.order = arguments.axes;
    preprocessing.check()?;
    Ok(Extraction {
        model: arguments.model.clone(),
        preprocessing,
        output: arguments.take.clone(),
        pooler_seed: arguments.seed,
        batch: arguments.batch.into(),
    })
}
