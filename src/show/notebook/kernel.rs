//! What is written to stdout for the kernel to read.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use super::View;
use crate::progress;

/// Set by the project's kernel for the process that runs the cells.
const OWN_KERNEL: &str = "HESSIA_NOTEBOOK";
/// Set by every evcxr kernel for the process that runs the cells.
const ANY_KERNEL: &str = "EVCXR_IS_RUNTIME";

const HTML: &str = "text/html";
const PLAIN: &str = "text/plain";
const PLOTLY: &str = "application/vnd.plotly.v1+json";
const FAILURE: &str = "application/x-failure";
const PANIC: &str = "application/x-panic";

/// How long the kernel lets an interrupted cell run on (kernel/evcxr.patch); after that nobody waits for an answer.
const INTERRUPT_GRACE: Duration = Duration::from_secs(3);

/// Whether this is the project's kernel, which takes Jupyter messages.
pub(super) fn is_own() -> bool {
    std::env::var_os(OWN_KERNEL).is_some()
}

/// Whether this process runs the cells of a notebook at all.
pub(super) fn is_notebook() -> bool {
    std::env::var_os(ANY_KERNEL).is_some()
}

/// Prepares the process that runs the cells: panics become readable errors and an interrupt stops long work with the
/// variables kept. Does nothing outside of the project's kernel, which calls it.
pub fn start() {
    if !is_notebook() {
        return;
    }
    progress::set_display(super::live::progress_display);
    if !is_own() {
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
        write_content(&[(PANIC, &format!("{text}{place}"))]);
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

/// Shows a view as the result of the cell.
pub(super) fn emit_result(view: View) {
    match view {
        View::Text(text) => write_content(&[(PLAIN, &text)]),
        View::Html { text, html } => write_content(&[(PLAIN, &text), (HTML, &html)]),
        View::Figure { text, json } => write_content(&[(PLAIN, &text), (PLOTLY, &json)]),
        View::Failure(text) if is_own() => write_content(&[(FAILURE, &text)]),
        View::Failure(text) => eprintln!("{text}"),
    }
}

/// Shows a view while the cell runs.
pub(super) fn emit_now(view: View) {
    if !is_own() {
        return emit_result(view);
    }
    let data = match view {
        View::Text(text) => json!({ PLAIN: text }),
        View::Html { text, html } => json!({ PLAIN: text, HTML: html }),
        View::Figure { text, json } => {
            let figure: Value = serde_json::from_str(&json).unwrap_or_default();
            json!({ PLAIN: text, PLOTLY: figure })
        }
        View::Failure(_) => return emit_result(view),
    };
    send("display_data", &json!({ "data": data, "metadata": {}, "transient": {} }));
}

/// Sends one Jupyter message through the project's kernel.
pub(super) fn send(kind: &str, content: &Value) {
    let message = json!({ "msg_type": kind, "content": content });
    write_lines(&format!("HESSIA_MESSAGE {message}\n"));
}

fn write_content(parts: &[(&str, &str)]) {
    let block =
        |(kind, text): &(&str, &str)| format!("EVCXR_BEGIN_CONTENT {kind}\n{text}\nEVCXR_END_CONTENT\n");
    write_lines(&parts.iter().map(block).collect::<String>());
}

// In one piece, so that another thread's output does not come between. A reader that has gone is no error of ours.
fn write_lines(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
