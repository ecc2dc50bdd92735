//! What the command line accepts.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use hessia::train::Precision;
use hessia::{Activation, Loss, Reduction, Term, WeightLayout};
use hessia_paper::data::CATALOG;

use super::audit::{self, AuditArguments};
use super::cases::{self, CasesArguments};
use super::experiment::{self, ExperimentArguments};
use super::extract::{self, ExtractArguments};
use super::fetch::{self, FetchArguments};
use super::hessian::Block;
use super::indices::Indices;
use super::search::{self, SearchArguments};
use super::verify::{self, VerifyArguments};

/// Exact Hessians, their spectra and their bounds, for small neural networks.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    propagate_version = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong use or bad input, 130 interrupted."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Computes a curvature matrix and writes it as .npy.
    #[command(after_help = HESSIAN_EXAMPLES)]
    Hessian(HessianArguments),
    /// Computes the eigenvalues of a curvature matrix and writes them as a table.
    #[command(after_help = SPECTRUM_EXAMPLES)]
    Spectrum(SpectrumArguments),
    /// Trains a classifier on an embedded data set and writes it as .npz.
    #[command(after_help = TRAIN_EXAMPLES)]
    Train(TrainArguments),
    /// Runs the paper's grid of networks on a data set, with several seeds, and writes tables.
    #[command(after_help = experiment::EXAMPLES)]
    Experiment(ExperimentArguments),
    /// Computes the features of a data set by a vision model in ONNX form.
    #[command(after_help = extract::EXAMPLES)]
    Extract(ExtractArguments),
    /// Brings data sets of the paper from their official sources or a mirror, verified.
    #[command(after_help = fetch::EXAMPLES)]
    Fetch(FetchArguments),
    /// Checks every bound of the paper, as stated and corrected, on every object, and writes them as a table.
    #[command(after_help = audit::EXAMPLES)]
    Audit(AuditArguments),
    /// Searches for the smallest network on which a bound of the paper fails.
    #[command(after_help = search::EXAMPLES)]
    Search(SearchArguments),
    /// Writes thirty small networks with data and their exact Hessians, for the test suites of others.
    #[command(after_help = cases::EXAMPLES)]
    Cases(CasesArguments),
    /// Holds somebody else's curvature against the exact one, and says what is wrong with it.
    #[command(after_help = verify::EXAMPLES)]
    Verify(VerifyArguments),
    /// Writes a notebook with the kernel and the imports set, and a first calculation.
    NewNotebook(NewNotebookArguments),
}

const HESSIAN_EXAMPLES: &str = "\
Examples:
  The Hessian of the mean cross-entropy, with a report of how it went:
    hessia hessian net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --output H.npy --report R.json

  The G-term (generalized Gauss-Newton matrix) of a summed squared error:
    hessia hessian net.npz --inputs X.npy --targets Y.npy --activation tanh \\
        --loss mse --reduction sum --term ggn --output G.npy

  Its block of the first layer and the third, without the rest:
    hessia hessian net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --block 0,2 --output H02.npy

  Of a network that PyTorch exported, its activation read from the graph:
    hessia hessian net.onnx --inputs X.npy --targets y.npy \\
        --loss cross-entropy --output H.npy

H.npy holds float64 numbers in C order, P x P, rows and columns in the order of
PyTorch's parameters(): numpy.load(\"H.npy\").";

const SPECTRUM_EXAMPLES: &str = "\
Examples:
  All eigenvalues, with the residual ||Hv - lambda v|| of each:
    hessia spectrum net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --output spectrum.parquet

  The ten largest with their eigenvectors (P x 10, one a column):
    hessia spectrum net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --range -10.. --vectors V.npy --output top.csv

  All of them and their eigenvectors for NumPy: H = V @ diag(w) @ V.T:
    hessia spectrum net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --vectors V.npy --output w.npy

The table has the columns index (ascending, from 0), eigenvalue and residual. What
made it stands in the metadata of a Parquet or Arrow file under the key \"hessia\",
and in a fourth column, provenance, of CSV and JSON.";

const TRAIN_EXAMPLES: &str = "\
Examples:
  A 784-16-16-10 classifier on the embedded 10,000 MNIST images:
    hessia train --dataset mnist --hidden 16,16 --seed 1 --output net.npz

  The same with its objects, for `hessia hessian` and `hessia spectrum`:
    hessia train --dataset mnist --hidden 16,16 --seed 1 --output net.npz \\
        --objects 1000 --save-inputs X.npy --save-targets y.npy";

/// A network, its data and its loss.
#[derive(Debug, Args)]
pub struct ProblemArguments {
    /// Network: .npz or .safetensors of arrays named as in a state dict (0.weight of shape out x in, 0.bias,
    /// 2.weight, ...), or .onnx.
    #[arg(value_name = "NET")]
    pub network: PathBuf,
    /// Inputs, one object a row: an .npy of shape m x n, float64 or float32.
    #[arg(long, value_name = "X.npy")]
    pub inputs: PathBuf,
    /// Targets: an .npy of labels (m) for cross-entropy, of numbers (m x K) for mse and bce.
    #[arg(long, value_name = "y.npy")]
    pub targets: PathBuf,
    /// Activation between the layers; an .onnx file tells it itself.
    #[arg(long, value_parser = named::<Activation>(Activation::ALL.map(Activation::name)))]
    pub activation: Option<Activation>,
    /// Shape of the weights: outputs x inputs (PyTorch, candle) or inputs x outputs (burn, Flax); told by the shapes
    /// where only one fits.
    #[arg(long, value_name = "LAYOUT", value_parser = named::<WeightLayout>(WeightLayout::ALL.map(WeightLayout::name)))]
    pub weights: Option<WeightLayout>,
    /// Loss, by PyTorch's definitions.
    #[arg(long, value_parser = named::<Loss>(["cross-entropy", "mse", "bce"]))]
    pub loss: Loss,
    /// Mean (over objects for cross-entropy, over objects and outputs for mse and bce) or sum.
    #[arg(long, default_value = "mean", value_parser = named::<Reduction>(["mean", "sum"]))]
    pub reduction: Reduction,
}

/// Which part of the curvature.
#[derive(Debug, Args)]
pub struct TermArguments {
    /// Full Hessian, G-term (generalized Gauss-Newton) or H-term.
    #[arg(long, default_value = "full", value_parser = named::<Term>([Term::Full, Term::Ggn, Term::HTerm].map(Term::name)))]
    pub term: Term,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct CommonArguments {
    /// Report of parameters, objects, seconds, memory and threads, as JSON.
    #[arg(long, value_name = "R.json")]
    pub report: Option<PathBuf>,
    /// Number of threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl CommonArguments {
    pub fn set_threads(&self) {
        if let Some(count) = self.threads {
            hessia::set_threads(count.into());
        }
    }
}

#[derive(Debug, Args)]
pub struct HessianArguments {
    #[command(flatten)]
    pub problem: ProblemArguments,
    #[command(flatten)]
    pub part: TermArguments,
    /// Matrix to write: float64, C order, P x P.
    #[arg(long, value_name = "H.npy")]
    pub output: PathBuf,
    /// Only the rows of layer P and the columns of layer Q, counted from 0.
    #[arg(long, value_name = "P,Q")]
    pub block: Option<Block>,
    #[command(flatten)]
    pub common: CommonArguments,
}

#[derive(Debug, Args)]
pub struct SpectrumArguments {
    #[command(flatten)]
    pub problem: ProblemArguments,
    #[command(flatten)]
    pub part: TermArguments,
    /// Table to write: .parquet, .csv, .json or .arrow; or .npy, the eigenvalues alone.
    #[arg(long, value_name = "TABLE")]
    pub output: PathBuf,
    /// Only the eigenvalues with these indices, ascending from 0, B excluded; negative ones count from the end.
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub range: Option<Indices>,
    /// Eigenvectors to write, one a column: float64, C order.
    #[arg(long, value_name = "V.npy", conflicts_with = "values_only")]
    pub vectors: Option<PathBuf>,
    /// Computes no eigenvectors: quicker, and the column residual stays empty.
    #[arg(long)]
    pub values_only: bool,
    #[command(flatten)]
    pub common: CommonArguments,
}

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

#[derive(Debug, Args)]
pub struct NewNotebookArguments {
    /// Its name, with or without a folder and .ipynb.
    pub name: String,
}

/// One of these names, listed in the help.
pub fn named<T>(names: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = hessia::Error> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

fn parse_width(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(width) if width > 0 => Ok(width),
        _ => Err("expected positive widths, such as 16,16".to_string()),
    }
}
