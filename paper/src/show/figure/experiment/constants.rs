//! C over the width and over the depth, ours beside the paper's.

use plotly::common::{DashType, Fill, HoverInfo, Line, Marker, MarkerSymbol, Mode as Draw};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::{DEPTHS, Panel, axes, layout, panels, section_and_claim};
use crate::experiment::Slice;
use hessia::Result;
use hessia::figure::{numbers, style};

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
