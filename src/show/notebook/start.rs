//! What the process that runs the cells does first.

use std::time::Duration;

use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use super::{kernel, live};
use crate::progress;

/// How long the kernel lets an interrupted cell run on (kernel/patches); after that nobody waits for an answer.
const INTERRUPT_GRACE: Duration = Duration::from_secs(3);

/// Prepares the process that runs the cells: panics become readable errors and an interrupt stops long work with the
/// variables kept. The project's kernel calls it; in the published one, a first cell that calls it shows progress.
pub fn start() {
    if !kernel::is_notebook() {
        return;
    }
    progress::set_display(live::progress_display);
    if !kernel::is_own() {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text =
            text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("panicked");
        // The file that the kernel makes of a cell tells a reader nothing.
        let place = panic.location().filter(|at| at.file() != "src/lib.rs");
        let place = place.map(|at| format!("\n(panicked at {at})")).unwrap_or_default();
        kernel::emit_panic(&format!("{text}{place}"));
    }));
    if let Ok(mut signals) = Signals::new([SIGINT]) {
        std::thread::spawn(move || {
            for _ in signals.forever() {
                progress::interrupt();
                std::thread::sleep(INTERRUPT_GRACE);
                progress::forget_interrupt();
            }
        });
    }
}
