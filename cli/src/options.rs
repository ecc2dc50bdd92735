//! Options that several commands take.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use hessia::{Activation, Loss, Reduction, Term, WeightLayout};

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

/// One of these names, listed in the help.
pub fn named<T>(names: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = hessia::Error> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}
