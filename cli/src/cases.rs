//! `hessia cases`: small networks with exact Hessians, for the test suites of others.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use hessia::Error;
use hessia::cases::write_cases;

use super::failure::Failure;
use super::interrupt;

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
}

/// Computes and writes; returns a line of summary.
pub fn run(arguments: &CasesArguments) -> Result<String, Failure> {
    let folder = &arguments.output;
    if fs::metadata(folder).is_ok_and(|found| !found.is_dir()) {
        return Err(Failure::input(Error::format(folder, "a folder", "a file of that name")));
    }
    // Refused before the work, not after it.
    fs::create_dir_all(folder)
        .and_then(|()| tempfile::Builder::new().prefix(".hessia-").tempfile_in(folder).map(drop))
        .map_err(|e| Failure::input(Error::io(folder, e)))?;
    let whole = interrupt::writing();
    let count = write_cases(folder)?;
    drop(whole);
    Ok(format!("{}: {count} cases, each in two ways that agree to 1e-14", folder.display()))
}
