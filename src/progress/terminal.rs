//! Progress on a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Display, State};

/// A bar, where stderr is a terminal.
pub(super) fn display() -> Option<Box<dyn Display>> {
    std::io::stderr().is_terminal().then(|| Box::new(Terminal { bar: None }) as Box<dyn Display>)
}

/// A bar on stderr.
#[derive(Debug)]
struct Terminal {
    bar: Option<ProgressBar>,
}

impl Display for Terminal {
    fn draw(&mut self, state: &State<'_>) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(state.total).with_elapsed(state.elapsed);
            let template = "{prefix} {bar:30} {human_pos}/{human_len} {msg} {per_sec} {elapsed} left {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_prefix(state.phase.to_string());
            bar.set_message(state.unit.to_string());
            bar
        });
        bar.set_position(state.done);
    }

    fn finish(&mut self, _state: &State<'_>) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
