//! What the command line accepts.

use clap::{Parser, Subcommand};

use super::audit::{self, AuditArguments};
use super::cases::{self, CasesArguments};
use super::experiment::{self, ExperimentArguments};
use super::extract::{self, ExtractArguments};
use super::fetch::{self, FetchArguments};
use super::hessian::{self, HessianArguments};
use super::new_notebook::NewNotebookArguments;
use super::search::{self, SearchArguments};
use super::spectrum::{self, SpectrumArguments};
use super::train::{self, TrainArguments};
use super::verify::{self, VerifyArguments};

/// As diff and grep have them.
const EXIT_CODES: &str = "\
Exit codes: 0 done (verify: agrees), 1 verify found that the candidate differs, 2 trouble of any kind (wrong use, bad
input, a full disk), 130 interrupted.";

/// Exact Hessians, their spectra and their bounds, for small neural networks.
#[derive(Debug, Parser)]
#[command(name = "hessia", version, about, propagate_version = true, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Computes a curvature matrix and writes it as .npy.
    #[command(after_help = hessian::EXAMPLES)]
    Hessian(HessianArguments),
    /// Computes the eigenvalues of a curvature matrix and writes them as a table.
    #[command(after_help = spectrum::EXAMPLES)]
    Spectrum(SpectrumArguments),
    /// Trains a classifier on an embedded data set and writes it as .npz.
    #[command(after_help = train::EXAMPLES)]
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
