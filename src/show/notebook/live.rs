//! Progress in a cell.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::json;

use super::{html, kernel};
use crate::format::short;
use crate::progress::{Display, State};

/// Where progress goes in a notebook; none elsewhere.
pub(crate) fn progress_display() -> Option<Box<dyn Display>> {
    if !kernel::is_notebook() {
        None
    } else if kernel::is_own() {
        Some(Box::new(InPlace { id: None }))
    } else {
        Some(Box::new(Lines { next_percent: 0 }))
    }
}

/// One output of the cell, updated in place.
#[derive(Debug)]
struct InPlace {
    id: Option<String>,
}

impl InPlace {
    fn put(&mut self, text: &str, html: &str) {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let new_id = || format!("progress-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let kind = if self.id.is_some() { "update_display_data" } else { "display_data" };
        let id = self.id.get_or_insert_with(new_id);
        let content = json!({
            "data": { "text/plain": text, "text/html": html },
            // Running a notebook for keeps leaves these outputs out.
            "metadata": { "hessia": "progress" },
            "transient": { "display_id": id },
        });
        kernel::send(kind, &content);
    }
}

impl Display for InPlace {
    fn draw(&mut self, state: &State<'_>) {
        let (rate, rest) = state.rate_and_rest();
        let text = format!(
            "{}: {}/{} {}, {} a second, {} left",
            state.phase,
            state.done,
            state.total,
            state.unit,
            short(rate),
            duration(rest)
        );
        let bar = format!(
            "<progress value=\"{}\" max=\"{}\" style=\"width:16em;vertical-align:middle\"></progress> {}",
            state.done,
            state.total,
            html::escape(&text)
        );
        self.put(&text, &bar);
    }

    fn finish(&mut self, state: &State<'_>) {
        let how = if state.done < state.total { "stopped after" } else { "done in" };
        let text = format!(
            "{}: {}/{} {}, {how} {}",
            state.phase,
            state.done,
            state.total,
            state.unit,
            duration(state.elapsed.as_secs_f64())
        );
        self.put(&text, &format!("<span style=\"opacity:0.7\">{}</span>", html::escape(&text)));
    }
}

/// A line for every tenth, where output cannot be updated.
#[derive(Debug)]
struct Lines {
    next_percent: u64,
}

impl Display for Lines {
    fn draw(&mut self, state: &State<'_>) {
        let percent = 100 * state.done / state.total.max(1);
        if percent >= self.next_percent {
            self.next_percent = percent - percent % 10 + 10;
            let rest = duration(state.rate_and_rest().1);
            println!("{}: {percent} % of {} {}, {rest} left", state.phase, state.total, state.unit);
        }
    }

    fn finish(&mut self, _state: &State<'_>) {}
}

fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else if seconds < 3600.0 {
        format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), (seconds % 60.0).floor())
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_well() {
        let shown: Vec<_> = [0.26, 59.94, 75.9, 7200.0].into_iter().map(duration).collect();
        assert_eq!(shown, ["0.3 s", "59.9 s", "1 min 15 s", "2.0 h"]);
    }
}
