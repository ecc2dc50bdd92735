//! Curvature over the width and over the depth.

use plotly::common::{DashType, Line, Marker, Mode as Draw};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::{DataFrame, IntoLazy, col, lit};

use super::grid::{DEPTHS, Panel, axes, layout, section_and_dead};
use super::label as readable;
use crate::experiment::{Mode, Slice};
use hessia::figure::{numbers, style};
use hessia::{Error, Result};

/// What is smaller, against the largest value of a quantity in a panel, is zero within rounding and left out.
const ROUNDING: f64 = 1e-13;
/// In turn, so that curves that coincide both show.
const DASHES: [DashType; 2] = [DashType::Solid, DashType::Dash];

/// Draws columns of a [`curvature_grid_table`](crate::table::curvature_grid_table) of one mode: a point a living
/// network and a line through the means, over h at N = 5 and over N at h = 16, on a logarithmic axis named `label`.
///
/// # Errors
/// No columns, one that the table does not have, or no network of the two sections.
pub fn curvature_figure(table: &DataFrame, title: &str, label: &str, quantities: &[&str]) -> Result<Plot> {
    let dataset = table.column("dataset")?.str()?.get(0).unwrap_or_default().to_string();
    over_the_grid(table, quantities, &format!("{dataset}: {title}"), label, 1.0, ROUNDING)
}

/// Draws the rows of one state (`initial` or `trained`) of a [`growth_table`](crate::table::growth_table) as
/// [`curvature_figure`] does: measured norms, the lemma's `(hM)^(2L)` and the bounds.
///
/// # Errors
/// No such rows, or no network of the two sections.
pub fn growth_figure(table: &DataFrame, state: &str) -> Result<Plot> {
    let rows = table.clone().lazy().filter(col("state").eq(lit(state))).collect()?;
    let quantities = ["ggn_max", "hessian_max", "mean_hessian", "growth", "stated", "corrected_hessian"];
    if rows.height() == 0 {
        return Err(Error::argument("state", "a state of the table", format!("{state:?}")));
    }
    let dataset = rows.column("dataset")?.str()?.get(0).unwrap_or_default().to_string();
    over_the_grid(
        &rows,
        &quantities,
        &format!("{dataset}, {state} networks: curvature and Lemma 1"),
        "spectral norm",
        6.0,
        0.0,
    )
}

/// The panels, with a tick every `decades` decades; what is at most `zero` of a curve's largest value is left out.
fn over_the_grid(
    table: &DataFrame,
    quantities: &[&str],
    title: &str,
    label: &str,
    decades: f64,
    zero: f64,
) -> Result<Plot> {
    if quantities.is_empty() {
        return Err(Error::argument("quantities", "at least one column", "none"));
    }
    let mode: Mode = table.column("mode")?.str()?.get(0).unwrap_or_default().parse()?;
    let (hidden, inner) = (numbers(table, "hidden")?, numbers(table, "inner_layers")?);
    let dead = numbers(table, "dead")?;
    let panels: Vec<Panel> = Slice::ALL
        .into_iter()
        .map(|slice| {
            let rows = (0..hidden.len()).filter(|&r| slice.has(hidden[r] as usize, inner[r] as usize));
            let (dead, rows): (Vec<usize>, Vec<usize>) = rows.partition(|&row| dead[row] != 0.0);
            Panel { mode, slice, rows, dead: dead.len() }
        })
        .filter(|panel| !panel.rows.is_empty())
        .collect();
    if panels.is_empty() {
        return Err(Error::argument("table", "a network with N = 5 or h = 16", "none"));
    }
    let mut columns = Vec::new();
    for name in quantities {
        columns.push(numbers(table, name)?);
    }
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (at, panel) in panels.iter().enumerate() {
        let along = if panel.slice == Slice::Width { &hidden } else { &inner };
        for (which, (name, values)) in quantities.iter().zip(&columns).enumerate() {
            let largest = panel.rows.iter().map(|&row| values[row]).fold(0.0, f64::max);
            let rows = panel.rows.iter().filter(|&&row| values[row] > zero * largest);
            let (x, y): (Vec<f64>, Vec<f64>) = rows.map(|&row| (along[row], values[row])).unzip();
            let colour = style::COLOURS[which % style::COLOURS.len()];
            let (x_axis, y_axis) = axes(at);
            let trace = |x: Vec<f64>, y: Vec<f64>| {
                Scatter::new(x, y).x_axis(&x_axis).y_axis(&y_axis).legend_group(*name).name(readable(name))
            };
            let points = trace(x.clone(), y.clone())
                .mode(Draw::Markers)
                .marker(Marker::new().size(5).color(colour).opacity(0.6))
                .show_legend(false);
            let (x, y) = means(&x, &y);
            let line = trace(x, y)
                .mode(Draw::Lines)
                .line(Line::new().width(2.0).color(colour).dash(DASHES[which % DASHES.len()].clone()))
                .show_legend(at == 0);
            traces.extend([points as Box<dyn Trace>, line]);
        }
    }
    let x = |panel: &Panel| match panel.slice {
        Slice::Width => style::log_axis("hidden width h").tick_values(vec![4.0, 8.0, 16.0, 32.0, 64.0]),
        Slice::Depth => style::axis("inner layers N").tick_values(DEPTHS.to_vec()),
    };
    let y = || style::log_axis(label).dtick(decades);
    Ok(style::plot_with(layout(title, &panels, section_and_dead, x, &y), traces))
}

/// The mean of the values at each place, places ascending.
fn means(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut places = x.to_vec();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    let mean = |place: f64| {
        let there: Vec<f64> = x.iter().zip(y).filter(|pair| *pair.0 == place).map(|pair| *pair.1).collect();
        there.iter().sum::<f64>() / there.len() as f64
    };
    let values = places.iter().map(|&place| mean(place)).collect();
    (places, values)
}
