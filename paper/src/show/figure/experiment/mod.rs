//! The experiment's figures: panels of one mode and one section through the grid each.

mod constants;
mod curvature;
mod panels;

pub use constants::constant_figure;
pub use curvature::{curvature_figure, growth_figure};
pub use panels::panel_figure;

use plotly::common::{Anchor, Font};
use plotly::layout::{Annotation, Axis, Layout};
use polars::prelude::DataFrame;

use crate::experiment::{Mode, Slice};
use hessia::figure::style;
use hessia::{Error, Result};

/// The paper's numbers of inner layers N.
const DEPTHS: [f64; 5] = [1.0, 3.0, 5.0, 7.0, 10.0];

/// A panel: mode, section, and the rows of the table that belong to it.
struct Panel {
    mode: Mode,
    slice: Slice,
    rows: Vec<usize>,
    /// Dead networks that are left out, where its heading says how many.
    dead: usize,
}

/// The panels that a table with the columns `mode` and `slice` has: a row of panels a mode, a column a section.
fn panels(table: &DataFrame) -> Result<Vec<Panel>> {
    let (modes, slices) = (table.column("mode")?.str()?, table.column("slice")?.str()?);
    let keys: Vec<_> = modes.iter().zip(slices.iter()).collect();
    let mut all = Vec::new();
    for mode in [Mode::Pixels, Mode::Features] {
        for slice in Slice::ALL {
            let key = (Some(mode.name()), Some(slice.name()));
            let rows: Vec<_> = (0..keys.len()).filter(|&row| keys[row] == key).collect();
            if !rows.is_empty() {
                all.push(Panel { mode, slice, rows, dead: 0 });
            }
        }
    }
    match all.is_empty() {
        true => Err(Error::argument("table", "a row with a known mode and slice", "none")),
        false => Ok(all),
    }
}

/// What a panel is of.
fn section(panel: &Panel) -> String {
    let fixed = match panel.slice {
        Slice::Width => "N = 5",
        Slice::Depth => "h = 16",
    };
    format!("{}, {fixed}", panel.mode)
}

/// The same with the number of networks that are left out, where there are any.
fn section_and_dead(panel: &Panel) -> String {
    match panel.dead {
        0 => section(panel),
        dead => format!("{} ({dead} dead left out)", section(panel)),
    }
}

/// The same with what the paper claims of C there.
fn section_and_claim(panel: &Panel) -> String {
    format!("{} (claim: {})", section(panel), panel.slice.claim())
}

/// `x`, `x2`, ... and `y`, `y2`, ... of a panel, as traces name them.
fn axes(at: usize) -> (String, String) {
    match at {
        0 => ("x".to_string(), "y".to_string()),
        _ => (format!("x{}", at + 1), format!("y{}", at + 1)),
    }
}

/// Two panels beside each other, as many rows as are needed.
fn layout(
    title_text: &str,
    panels: &[Panel],
    heading: impl Fn(&Panel) -> String,
    x: impl Fn(&Panel) -> Axis,
    y: &dyn Fn() -> Axis,
) -> Layout {
    let rows = panels.len().div_ceil(2);
    let height = style::HEIGHT * rows + 40;
    let mut layout = style::layout(title_text, style::axis(""), style::axis("")).width(960).height(height);
    // In pixels: the margins of the whole, a panel's title, and the labels below a panel that is not the last.
    let inside = (height - 125) as f64;
    let (head, foot) = (26.0 / inside, 62.0 / inside);
    let mut titles = Vec::new();
    for (at, panel) in panels.iter().enumerate() {
        let (column, row) = (at % 2, at / 2);
        let (left, right) = if column == 0 { (0.0, 0.445) } else { (0.555, 1.0) };
        let panel_height = (1.0 - foot * (rows - 1) as f64) / rows as f64;
        let top = 1.0 - row as f64 * (panel_height + foot);
        let (x_name, y_name) = axes(at);
        let x = x(panel).domain(&[left, right]).anchor(&y_name);
        let y = y().domain(&[(top - panel_height).max(0.0), top - head]).anchor(&x_name);
        layout = match at {
            0 => layout.x_axis(x).y_axis(y),
            1 => layout.x_axis2(x).y_axis2(y),
            2 => layout.x_axis3(x).y_axis3(y),
            _ => layout.x_axis4(x).y_axis4(y),
        };
        let note = Annotation::new()
            .text(heading(panel))
            .x((left + right) / 2.0)
            .x_ref("paper")
            .x_anchor(Anchor::Center)
            .y(top - head)
            .y_ref("paper")
            .y_anchor(Anchor::Bottom)
            .show_arrow(false)
            .font(Font::new().size(14));
        titles.push(note);
    }
    layout.annotations(titles)
}
