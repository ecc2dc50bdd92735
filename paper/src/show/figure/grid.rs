//! The experiment's figures: panels of one mode and one section through the grid each.

use plotly::common::{Anchor, DashType, Fill, Font, HoverInfo, Line, Marker, MarkerSymbol, Mode as Draw};
use plotly::layout::{Annotation, Axis, Layout};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use crate::experiment::{Mode, Slice};
use hessia::figure::{numbers, style};
use hessia::{Error, Result};

/// The paper's numbers of inner layers N.
pub(super) const DEPTHS: [f64; 5] = [1.0, 3.0, 5.0, 7.0, 10.0];

/// A panel: mode, section, and the rows of the table that belong to it.
pub(super) struct Panel {
    pub(super) mode: Mode,
    pub(super) slice: Slice,
    pub(super) rows: Vec<usize>,
    /// Dead networks that are left out, where its heading says how many.
    pub(super) dead: usize,
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
pub(super) fn section_and_dead(panel: &Panel) -> String {
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
pub(super) fn axes(at: usize) -> (String, String) {
    match at {
        0 => ("x".to_string(), "y".to_string()),
        _ => (format!("x{}", at + 1), format!("y{}", at + 1)),
    }
}

/// Two panels beside each other, as many rows as are needed.
pub(super) fn layout(
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

/// Draws a [`panel_table`](crate::table::panel_table), or several of one data set put together: a panel a mode and
/// section.
///
/// Line and band are mean and range over seeds of the smoothed curve; diamonds with a dashed line are the paper's
/// own, also smoothed; the thin line is the law C / (k + 1). Both axes are logarithmic.
///
/// # Errors
/// A table without one of the columns, or without a row of a known mode and section.
pub fn panel_figure(table: &DataFrame) -> Result<Plot> {
    let panels = panels(table)?;
    let columns = PanelColumns {
        along: [numbers(table, "hidden")?, numbers(table, "inner_layers")?],
        k: numbers(table, "k")?,
        low: numbers(table, "low")?,
        middle: numbers(table, "middle")?,
        high: numbers(table, "high")?,
        law: numbers(table, "law")?,
        networks: numbers(table, "networks")?,
        dead: numbers(table, "dead")?,
        paper: numbers(table, "paper")?,
    };
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (at, panel) in panels.iter().enumerate() {
        columns.draw(panel, at, &mut traces);
    }
    let dataset = table.column("dataset")?.str()?.get(0).unwrap_or_default().to_string();
    let title = format!("{dataset}: |L<sub>k+1</sub> − L<sub>k</sub>| as an object joins");
    let x = |_: &Panel| style::log_axis("objects before, k");
    let y = || style::log_axis("mean over orders, smoothed").dtick(1.0);
    Ok(style::plot_with(layout(&title, &panels, section_and_claim, x, &y), traces))
}

struct PanelColumns {
    along: [Vec<f64>; 2],
    k: Vec<f64>,
    low: Vec<f64>,
    middle: Vec<f64>,
    high: Vec<f64>,
    law: Vec<f64>,
    networks: Vec<f64>,
    dead: Vec<f64>,
    paper: Vec<f64>,
}

impl PanelColumns {
    fn draw(&self, panel: &Panel, at: usize, traces: &mut Vec<Box<dyn Trace>>) {
        let (along, letter) = match panel.slice {
            Slice::Width => (&self.along[0], "h"),
            Slice::Depth => (&self.along[1], "N"),
        };
        let mut values: Vec<f64> = panel.rows.iter().map(|&row| along[row]).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        for (which, value) in values.iter().enumerate() {
            let rows: Vec<usize> = panel.rows.iter().copied().filter(|&row| along[row] == *value).collect();
            let (dead, networks) = (self.dead[rows[0]], self.networks[rows[0]]);
            let note = if dead > 0.0 { format!(" ({dead} of {networks} dead)") } else { String::new() };
            let name = format!("{} {letter} = {value}{note}", panel.mode);
            let colour = style::COLOURS[which % style::COLOURS.len()];
            self.draw_curve(&rows, &name, colour, at, traces);
        }
    }

    fn draw_curve(
        &self,
        rows: &[usize],
        name: &str,
        colour: &'static str,
        at: usize,
        traces: &mut Vec<Box<dyn Trace>>,
    ) {
        let (x_axis, y_axis) = axes(at);
        let take = |column: &[f64]| -> (Vec<f64>, Vec<f64>) {
            let kept = rows.iter().filter(|&&row| column[row] > 0.0);
            kept.map(|&row| (self.k[row], five_digits(column[row]))).unzip()
        };
        let trace = |x: Vec<f64>, y: Vec<f64>| {
            Scatter::new(x, y).x_axis(x_axis.as_str()).y_axis(y_axis.as_str()).legend_group(name).name(name)
        };
        // There and back, so that the band is one closed shape.
        let ((mut x, mut y), (back_x, back_y)) = (take(&self.low), take(&self.high));
        x.extend(back_x.into_iter().rev());
        y.extend(back_y.into_iter().rev());
        let band = trace(x, y)
            .mode(Draw::Lines)
            .line(Line::new().width(0.0).color(colour))
            .fill(Fill::ToSelf)
            .opacity(0.35)
            .hover_info(HoverInfo::Skip)
            .show_legend(false);
        let (x, y) = take(&self.law);
        let law = trace(x, y)
            .mode(Draw::Lines)
            .line(Line::new().width(0.7).color(colour))
            .hover_info(HoverInfo::Skip)
            .show_legend(false);
        let (x, y) = take(&self.middle);
        let middle = trace(x, y).mode(Draw::Lines).line(Line::new().width(2.0).color(colour));
        traces.extend([band as Box<dyn Trace>, law, middle]);
        let (x, y) = take(&self.paper);
        if !x.is_empty() {
            let paper = trace(x, y)
                .mode(Draw::LinesMarkers)
                .line(Line::new().width(1.0).color(colour).dash(DashType::Dash))
                .marker(Marker::new().symbol(MarkerSymbol::Diamond).size(6).color(colour))
                .show_legend(false);
            traces.push(paper);
        }
    }
}

/// Five digits: far below a pixel, and the figure stays small.
fn five_digits(value: f64) -> f64 {
    let scale = 10_f64.powi(4 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

/// Draws the rows of one data set of a [`constant_table`](crate::table::constant_table): C over h and over N.
///
/// Line and band are mean and range over the seeds of living networks, whose number left out stands above the panel;
/// diamonds are the paper's single networks.
///
/// # Errors
/// A table without one of the columns, or without a row of a known mode and section.
pub fn constant_figure(table: &DataFrame) -> Result<Plot> {
    let mut panels = panels(table)?;
    let dead = numbers(table, "dead")?;
    for panel in &mut panels {
        panel.dead = panel.rows.iter().map(|&row| dead[row] as usize).sum();
    }
    let along = [numbers(table, "hidden")?, numbers(table, "inner_layers")?];
    let (low, mean, high) = (numbers(table, "low")?, numbers(table, "mean")?, numbers(table, "high")?);
    let paper = numbers(table, "paper")?;
    let heading = |panel: &Panel| match panel.dead {
        0 => section_and_claim(panel),
        dead => format!("{}, {dead} dead left out", section_and_claim(panel)),
    };
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (at, panel) in panels.iter().enumerate() {
        let (x_axis, y_axis) = axes(at);
        let along = &along[usize::from(panel.slice == Slice::Depth)];
        let take = |column: &[f64]| -> (Vec<f64>, Vec<f64>) {
            panel
                .rows
                .iter()
                .filter(|&&row| column[row].is_finite())
                .map(|&row| (along[row], column[row]))
                .unzip()
        };
        let trace = |(x, y): (Vec<f64>, Vec<f64>), name: &str| {
            Scatter::new(x, y)
                .x_axis(x_axis.as_str())
                .y_axis(y_axis.as_str())
                .name(name)
                .legend_group(name)
                .show_legend(at == 0)
        };
        let ((mut x, mut y), (back_x, back_y)) = (take(&low), take(&high));
        x.extend(back_x.into_iter().rev());
        y.extend(back_y.into_iter().rev());
        let band = trace((x, y), "range over seeds")
            .mode(Draw::Lines)
            .line(Line::new().width(0.0).color(style::BLUE))
            .fill(Fill::ToSelf)
            .opacity(0.3)
            .hover_info(HoverInfo::Skip);
        let middle = trace(take(&mean), "mean over seeds")
            .mode(Draw::LinesMarkers)
            .line(Line::new().width(2.0).color(style::BLUE))
            .marker(Marker::new().size(7).color(style::BLUE));
        let theirs = trace(take(&paper), "the paper's networks")
            .mode(Draw::LinesMarkers)
            .line(Line::new().width(1.5).color(style::VERMILLION).dash(DashType::Dash))
            .marker(Marker::new().symbol(MarkerSymbol::Diamond).size(9).color(style::VERMILLION));
        traces.extend([band as Box<dyn Trace>, middle, theirs]);
    }
    let dataset = table.column("dataset")?.str()?.get(0).unwrap_or_default().to_string();
    let x = |panel: &Panel| match panel.slice {
        Slice::Width => style::log_axis("hidden width h").tick_values(vec![4.0, 8.0, 16.0, 32.0, 64.0]),
        Slice::Depth => style::axis("inner layers N").tick_values(DEPTHS.to_vec()),
    };
    let y = || style::axis("C = E|ℓ − E ℓ|").range_mode(plotly::layout::RangeMode::ToZero);
    let title = format!("{dataset}: the constant of each curve");
    Ok(style::plot_with(layout(&title, &panels, heading, x, &y), traces))
}
