//! `hessia train`: a classifier on an embedded data set.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use hessia::files::write_npy;
use hessia::train::{AdamSettings, Precision, adam};
use hessia::{Activation, Dataset, Error, Loss, Network, Result, Targets, gradient};
use hessia_paper::data::{CATALOG, LoadDataset, Scaling, catalog_entry};
use ndarray::Array1;
use ndarray_npy::WriteNpyExt;
use serde_json::json;

use super::options::{CommonArguments, named};
use super::report::Report;
use super::{interrupt, output};

pub const EXAMPLES: &str = "\
Examples:
  A 784-16-16-10 classifier on the embedded 10,000 MNIST images:
    hessia train --dataset mnist --hidden 16,16 --seed 1 --output net.npz

  The same with its objects, for `hessia hessian` and `hessia spectrum`:
    hessia train --dataset mnist --hidden 16,16 --seed 1 --output net.npz \\
        --objects 1000 --save-inputs X.npy --save-targets y.npy";

#[derive(Debug, Args)]
pub struct TrainArguments {
    /// Data set.
    #[arg(long, value_parser = PossibleValuesParser::new(CATALOG.map(|entry| entry.name)))]
    pub dataset: String,
    /// Widths of the hidden layers, such as 16,16.
    #[arg(long, value_delimiter = ',', value_parser = parse_width)]
    pub hidden: Vec<usize>,
    /// Seed of the initial weights and of the shuffling.
    #[arg(long)]
    pub seed: u64,
    /// Network to write: .npz of arrays named as in a state dict.
    #[arg(long, value_name = "NET.npz")]
    pub output: PathBuf,
    /// Activation between the layers.
    #[arg(long, default_value = "relu", value_parser = named::<Activation>(Activation::ALL.map(Activation::name)))]
    pub activation: Activation,
    /// Gives the layers biases.
    #[arg(long)]
    pub biases: bool,
    /// Number of objects, from the first [default: all].
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(1..))]
    pub objects: Option<u32>,
    /// Passes over the data.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: u32,
    /// Numbers to train in; everything else is float64.
    #[arg(long, default_value = "float32", value_parser = named::<Precision>(["float32", "float64"]))]
    pub precision: Precision,
    /// Folder with the data set's files [default: HESSIA_DATA, then the embedded data].
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Inputs to write, as trained on: float64, m x n.
    #[arg(long, value_name = "X.npy")]
    pub save_inputs: Option<PathBuf>,
    /// Labels to write: int64, m.
    #[arg(long, value_name = "y.npy")]
    pub save_targets: Option<PathBuf>,
    #[command(flatten)]
    pub common: CommonArguments,
}

fn parse_width(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(width) if width > 0 => Ok(width),
        _ => Err("expected positive widths, such as 16,16".to_string()),
    }
}

/// Trains and writes; returns a line of summary.
pub fn run(arguments: &TrainArguments) -> Result<String> {
    let TrainArguments { output: path, save_inputs, save_targets, common, .. } = arguments;
    let mut report = Report::new("train");
    let mut outputs: Vec<output::Output<'_>> = vec![(path, output::NPZ)];
    outputs.extend(save_inputs.iter().chain(save_targets).map(|path| (path.as_path(), output::NPY)));
    outputs.extend(common.report.iter().map(|report| (report.as_path(), output::JSON)));
    output::check(&outputs, &[])?;
    common.set_threads();

    let data = load(arguments)?;
    let classes = catalog_entry(&arguments.dataset)?.classes;
    let widths = [&[data.inputs()], &arguments.hidden[..], &[classes]].concat();
    let start = Network::random(&widths, arguments.biases, arguments.activation, arguments.seed)?;
    report.finish_phase("load");

    let settings = AdamSettings {
        epochs: arguments.epochs as usize,
        seed: arguments.seed,
        precision: arguments.precision,
        ..AdamSettings::default()
    };
    let loss = Loss::cross_entropy();
    let trained = adam(&start, &data, loss, &settings)?;
    let seconds = report.finish_phase("compute");

    let whole = interrupt::writing();
    trained.network.save(path)?;
    if let Some(path) = save_inputs {
        write_npy(path, &data.x)?;
    }
    if let (Some(path), Targets::Classes(labels)) = (save_targets, &data.targets) {
        write_labels(path, labels)?;
    }
    report.finish_phase("write");
    if let Some(report_path) = &common.report {
        let gradient = gradient(&trained.network, &data, loss)?;
        report.facts(&trained);
        report.set("parameters", trained.network.parameter_count());
        report.set("objects", data.len());
        report.set("dataset", arguments.dataset.as_str());
        report.set("seed", arguments.seed);
        report.set("settings", json!(trained.settings));
        report.set("loss_function", loss.to_string());
        report.set("losses", json!(trained.losses));
        report.set("gradient_norm", gradient.dot(&gradient).sqrt());
        report.set("output", json!({ "file": path, "inputs": save_inputs, "targets": save_targets }));
        report.write(report_path)?;
    }
    drop(whole);
    let accuracy = trained.accuracy.map(|share| format!(", accuracy {:.1} %", 100.0 * share));
    Ok(format!(
        "{}: {} on {} objects in {seconds:.1} s; loss {:.6}{}",
        path.display(),
        trained.network,
        data.len(),
        trained.loss,
        accuracy.unwrap_or_default()
    ))
}

fn load(arguments: &TrainArguments) -> Result<Dataset> {
    let data = match &arguments.data {
        Some(folder) => Dataset::load_from(folder, &arguments.dataset, Scaling::Paper)?,
        None => Dataset::load(&arguments.dataset)?,
    };
    match arguments.objects.map(|count| count as usize) {
        Some(count) if count > data.len() => {
            let expected = format!("at most the {} objects of {}", data.len(), arguments.dataset);
            Err(Error::argument("--objects", expected, count))
        }
        Some(count) => Ok(data.head(count)),
        None => Ok(data),
    }
}

fn write_labels(path: &Path, labels: &Array1<usize>) -> Result<()> {
    let mut content = Vec::new();
    let labels = labels.mapv(|label| label as i64);
    labels.write_npy(&mut content).map_err(|e| Error::io(path, std::io::Error::other(e)))?;
    output::write(path, &content)
}
