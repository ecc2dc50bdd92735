//! `hessia`, a thin command line over the library's functions: arguments in, files and a line of summary out.

mod args;
mod audit;
mod cases;
mod experiment;
mod extract;
mod failure;
mod fetch;
mod hessian;
mod indices;
mod interrupt;
mod new_notebook;
mod output;
mod problem;
mod report;
mod search;
mod spectrum;
mod train;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use failure::Failure;

/// Reads the command line, does what it says, and returns the exit code: 0 done, 1 failed, 2 wrong use or bad
/// input, 130 interrupted.
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match dispatch(arguments.command) {
        Ok((summary, code)) => {
            // A reader that has closed its end is no failure of ours.
            let _ = writeln!(std::io::stdout(), "{summary}");
            ExitCode::from(code)
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

/// What to print, and the exit code.
fn dispatch(command: Command) -> Result<(String, u8), Failure> {
    interrupt::listen()?;
    let summary = match command {
        Command::Verify(arguments) => return verify::run(&arguments),
        Command::Hessian(arguments) => hessian::run(&arguments),
        Command::Spectrum(arguments) => spectrum::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Cases(arguments) => cases::run(&arguments),
        Command::Experiment(arguments) => experiment::run(&arguments),
        Command::Extract(arguments) => extract::run(&arguments),
        Command::Fetch(arguments) => fetch::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Search(arguments) => search::run(&arguments),
        Command::NewNotebook(arguments) => new_notebook::run(&arguments),
    };
    Ok((summary?, 0))
}
