//! `hessia`, a thin command line over the library's functions.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
