//! `hessia`, a thin command line over the library's functions: arguments in, files and a line of summary out.

mod args;
mod audit;
mod cases;
mod experiment;
mod extract;
mod fetch;
mod hessian;
mod indices;
mod interrupt;
mod new_notebook;
mod options;
mod output;
mod problem;
mod report;
mod search;
mod spectrum;
mod train;
mod verify;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use hessia::{Error, Result};

use args::{Arguments, Command};

/// Everything went well; `hessia verify`: the candidate agrees.
const DONE: u8 = 0;
/// `hessia verify` alone: the candidate differs.
const DIFFERS: u8 = 1;
/// Whatever kept the command from its end.
const TROUBLE: u8 = 2;
const INTERRUPTED: u8 = 130;

/// Reads the command line, does what it says, and returns the exit code, as diff and grep have them: 0 done, 1 a
/// candidate that differs, 2 trouble, 130 interrupted.
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let code = match dispatch(arguments.command).and_then(|(summary, code)| say(&summary).map(|()| code)) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            if matches!(error, Error::Interrupted { .. }) { INTERRUPTED } else { TROUBLE }
        }
    };
    ExitCode::from(code)
}

/// Prints what a command has to say.
fn say(summary: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{summary}") {
        // A reader that has closed its end has read what it wanted.
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::io("standard output", e)),
        _ => Ok(()),
    }
}

/// What to print, and the exit code.
fn dispatch(command: Command) -> Result<(String, u8)> {
    interrupt::listen()?;
    let summary = match command {
        Command::Verify(arguments) => {
            let (report, agrees) = verify::run(&arguments)?;
            return Ok((report, if agrees { DONE } else { DIFFERS }));
        }
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
    Ok((summary?, DONE))
}
