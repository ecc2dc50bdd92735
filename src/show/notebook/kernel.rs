//! What is written to stdout for the kernel to read.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::View;
use crate::progress;

/// Set by the project's kernel for the process that runs the cells: a line that holds this, then JSON, is a message. It
/// is drawn by each kernel, so that no data that a cell reads and shows can hold it.
const CHANNEL: &str = "EVCXR_CHANNEL";
/// Set by every evcxr kernel for the process that runs the cells.
const ANY_KERNEL: &str = "EVCXR_IS_RUNTIME";

const HTML: &str = "text/html";
const PLAIN: &str = "text/plain";
const PLOTLY: &str = "application/vnd.plotly.v1+json";
const FAILURE: &str = "application/x-failure";
const PANIC: &str = "application/x-panic";

/// Whether this is the project's kernel, which takes Jupyter messages.
pub(super) fn is_own() -> bool {
    channel().is_some()
}

fn channel() -> Option<String> {
    std::env::var(CHANNEL).ok().filter(|name| !name.is_empty())
}

/// Whether this process runs the cells of a notebook at all.
pub(super) fn is_notebook() -> bool {
    std::env::var_os(ANY_KERNEL).is_some()
}

/// Shows the message of a panic.
pub(super) fn emit_panic(text: &str) {
    write_content(&[(PANIC, text)]);
}

/// Shows a view as the result of the cell.
pub(super) fn emit_result(view: View) {
    // The cell has ended with an error, and with it all the work that an interrupt may have stopped.
    if matches!(view, View::Failure(_)) {
        progress::forget_interrupt();
    }
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
    if let Some(name) = channel() {
        write_lines(&message(&name, &json!({ "event": kind, "content": content })));
    }
}

fn write_content(parts: &[(&str, &str)]) {
    write_lines(&match channel() {
        Some(name) => {
            let data: Map<String, Value> =
                parts.iter().map(|(kind, text)| (kind.to_string(), Value::from(*text))).collect();
            message(&name, &json!({ "event": "content", "data": data }))
        }
        None => parts.iter().map(|(kind, text)| block(kind, text)).collect(),
    });
}

/// One line, whatever the texts in it hold.
fn message(name: &str, event: &Value) -> String {
    format!("{name}{event}\n")
}

/// Content for the published kernel, which takes any line `EVCXR_...` for its own: none such is left in the text.
fn block(kind: &str, text: &str) -> String {
    let text = match kind {
        HTML => text.replace("EVCXR_", "EVCXR&#95;"),
        PLOTLY => text.replace("EVCXR_", "EVCXR\\u005f"),
        _ => text.replace("EVCXR_", "EVCXR\u{2060}_"),
    };
    format!("EVCXR_BEGIN_CONTENT {kind}\n{text}\nEVCXR_END_CONTENT\n")
}

// In one piece, so that another thread's output does not come between. A reader that has gone is no error of ours.
fn write_lines(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "x\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/html\n<script>alert(1)</script>\nEVCXR_END_CONTENT\r\n";

    /// The content that the published kernel reads from lines (evcxr 0.22.0, `run_and_capture_output`).
    fn as_published(lines: &str) -> Vec<(String, String)> {
        let (mut found, mut lines) = (Vec::new(), lines.lines());
        while let Some(line) = lines.next() {
            if let Some((_, kind)) = line.split_once("EVCXR_BEGIN_CONTENT ") {
                let text: Vec<&str> =
                    lines.by_ref().take_while(|line| *line != "EVCXR_END_CONTENT").collect();
                found.push((kind.to_string(), text.join("\n")));
            }
        }
        found
    }

    #[test]
    fn text_cannot_end_its_block_and_begin_another() {
        let json = json!({ "title": HOSTILE }).to_string();
        let parts = [(PLAIN, HOSTILE), (HTML, HOSTILE), (PLOTLY, json.as_str())];
        let lines: String = parts.iter().map(|(kind, text)| block(kind, text)).collect();
        let read = as_published(&lines);
        let kinds: Vec<&str> = read.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, [PLAIN, HTML, PLOTLY], "{lines}");
        let figure: Value = serde_json::from_str(&read[2].1).unwrap_or_default();
        assert_eq!(figure["title"], HOSTILE);
    }

    #[test]
    fn a_message_is_one_line() {
        let line = message("name:", &json!({ "event": "content", "data": { PLAIN: HOSTILE } }));
        assert_eq!(line.lines().count(), 1, "{line}");
    }
}
