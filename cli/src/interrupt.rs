//! Ctrl-C: a message and exit code 130, never half a file.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hessia::{Error, Result};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

/// Held while results are written, so that an interrupt waits for whole files.
static WRITING: Mutex<()> = Mutex::new(());

/// Ends the program at the next Ctrl-C, at once even inside a long LAPACK call.
pub fn listen() -> Result<()> {
    let mut signals = Signals::new([SIGINT]).map_err(|e| Error::io("signal handler", e))?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _whole = writing();
            hessia::files::remove_unfinished();
            let _ = writeln!(std::io::stderr(), "\nerror: interrupted");
            // Not `std::process::exit`: clean-up of the library would wait for threads that still compute.
            signal_hook::low_level::exit(130);
        }
    });
    Ok(())
}

/// Keeps an interrupt waiting until the guard is dropped.
pub fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}
