//! The paper's panels: `|L_{k+1} - L_k|` over k.

use plotly::common::{DashType, Fill, HoverInfo, Line, Marker, MarkerSymbol, Mode as Draw};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::{Panel, axes, layout, panels, section_and_claim};
use crate::experiment::Slice;
use hessia::Result;
use hessia::figure::{numbers, style};

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
    let columns = Columns {
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

struct Columns {
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

impl Columns {
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
            kept.map(|&row| (self.k[row], short(column[row]))).unzip()
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
fn short(value: f64) -> f64 {
    let scale = 10_f64.powi(4 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}
