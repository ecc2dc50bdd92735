//! `hessia cases`: small networks with exact Hessians, for the test suites of others.

use std::path::PathBuf;

use clap::Args;
use hessia::cases::{file_names, write_cases};

use super::{interrupt, output};

pub const EXAMPLES: &str = "\
Example:
  hessia cases --output hessian-cases

Each NAME.npz holds x, y, the parameters in PyTorch's names and as theta, loss, gradient,
hessian, ggn and h_term; cases.json and README.md say what they are and how exact.";

#[derive(Debug, Args)]
pub struct CasesArguments {
    /// Folder to write to; made where it is missing.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Overwrites files of these names.
    #[arg(long)]
    pub force: bool,
}

/// Computes and writes; returns a line of summary.
pub fn run(arguments: &CasesArguments) -> hessia::Result<String> {
    let folder = &arguments.output;
    // Refused before the work, not after it.
    output::check_folder(folder, &file_names()?, arguments.force)?;
    let whole = interrupt::writing();
    let count = write_cases(folder)?;
    drop(whole);
    Ok(format!("{}: {count} cases, each in two ways that agree to 1e-14", folder.display()))
}
