//! Lines over something that grows: a training's epochs, a step, a size.

use plotly::common::{Anchor, DashType, Line, Marker, Mode};
use plotly::layout::Legend;
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::{numbers, style};
use crate::fit::Fit;
use crate::{Error, Result};

/// Draws columns of losses over the column `epoch`, the losses on a logarithmic axis.
///
/// # Errors
/// No losses, or a column that the table does not have.
///
/// ```
/// use hessia::figure::training_figure;
/// use polars::df;
/// let table = df!["epoch" => [1_i64, 2, 3], "loss" => [2.3, 0.9, 0.5]]?;
/// assert!(training_figure(&table, &["loss"])?.to_json().contains("epoch"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn training_figure(table: &DataFrame, losses: &[&str]) -> Result<Plot> {
    if losses.is_empty() {
        return Err(Error::argument("losses", "at least one column", "none"));
    }
    let epoch = numbers(table, "epoch")?;
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (k, name) in losses.iter().enumerate() {
        let colour = style::COLOURS[k % style::COLOURS.len()];
        let trace = Scatter::new(epoch.clone(), numbers(table, name)?)
            .name(*name)
            .show_legend(losses.len() > 1)
            .mode(Mode::LinesMarkers)
            .line(Line::new().color(colour).width(2.0));
        traces.push(trace);
    }
    let y = style::log_axis("loss L(θ)");
    Ok(style::plot("Training", style::axis("epoch"), y, traces))
}

/// Draws columns of positive numbers over another one, in its order, both axes logarithmic.
///
/// `label` names the vertical axis. Lines are solid, dashed and dotted in turn, so that equal ones both show. What
/// is not positive has no place on the axes and is left out.
///
/// # Errors
/// No columns, or one that the table does not have.
///
/// ```
/// use hessia::figure::log_log_figure;
/// use polars::df;
/// let table = df!["size" => [0.1, 1.0], "norm" => [1.5, 1.5], "bound" => [0.06, 6.0]]?;
/// let plot = log_log_figure(&table, "size", &["norm", "bound"], "norm of one object")?;
/// assert!(plot.to_json().contains("norm of one object"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn log_log_figure(table: &DataFrame, x: &str, columns: &[&str], label: &str) -> Result<Plot> {
    if columns.is_empty() {
        return Err(Error::argument("columns", "at least one column", "none"));
    }
    const DASHES: [DashType; 3] = [DashType::Solid, DashType::Dash, DashType::Dot];
    let places = numbers(table, x)?;
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (k, name) in columns.iter().enumerate() {
        let heights = numbers(table, name)?;
        let kept: (Vec<f64>, Vec<f64>) = places
            .iter()
            .zip(&heights)
            .filter(|(x, y)| **x > 0.0 && **y > 0.0 && y.is_finite())
            .map(|(&x, &y)| (x, y))
            .unzip();
        let line = Line::new()
            .color(style::COLOURS[k % style::COLOURS.len()])
            .dash(DASHES[k % DASHES.len()].clone())
            .width(2.5);
        traces.push(Scatter::new(kept.0, kept.1).name(*name).mode(Mode::Lines).line(line));
    }
    Ok(style::plot(&format!("{label} over {x}"), style::log_axis(x), style::log_axis(label), traces))
}

/// Draws errors against steps on logarithmic axes, each column besides `step` as a line of its own.
///
/// Errors that are zero are left out.
///
/// # Errors
/// A table without `step`, or with columns that hold no numbers.
///
/// ```
/// use hessia::figure::finite_difference_figure;
/// let table = polars::df!["step" => [1e-4, 1e-3], "largest error" => [1e-9, 1e-7]]?;
/// assert!(finite_difference_figure(&table)?.to_json().contains("largest error"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn finite_difference_figure(table: &DataFrame) -> Result<Plot> {
    let steps = numbers(table, "step")?;
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    let series = table.get_column_names().into_iter().filter(|name| name.as_str() != "step");
    for (name, colour) in series.zip(style::COLOURS.into_iter().cycle()) {
        let errors: Vec<Option<f64>> =
            numbers(table, name)?.into_iter().map(|e| (e > 0.0).then_some(e)).collect();
        let line = Scatter::new(steps.clone(), errors)
            .mode(Mode::LinesMarkers)
            .name(name.as_str())
            .line(Line::new().color(colour))
            .marker(Marker::new().color(colour).size(6));
        traces.push(line);
    }
    let (x, y) = (style::log_axis("step h"), style::log_axis("error"));
    Ok(style::plot("Finite differences against their step", x, y, traces))
}

/// Draws a [`cost_table`](crate::show::table::cost_table): `seconds` over `over`, both axes logarithmic, with the fitted
/// power law and the time that the counted operations would take at `dgemm`'s rate.
///
/// `over` is `parameters` or `objects`.
///
/// # Errors
/// Another `over`, or a table without these columns.
///
/// ```
/// use hessia::{figure::cost_figure, fit::power_law};
/// use polars::df;
/// let table = df!["objects" => [100_i64, 200, 400], "seconds" => [0.1, 0.2, 0.4],
///     "flops" => [10_i64, 20, 40], "dgemm_gflops" => [100.0, 100.0, 100.0]]?;
/// let fit = power_law(&[100.0, 200.0, 400.0], &[0.1, 0.2, 0.4])?;
/// assert!(cost_figure(&table, "objects", &fit)?.to_json().contains("objects m"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cost_figure(table: &DataFrame, over: &str, fit: &Fit) -> Result<Plot> {
    let label = match over {
        "parameters" => "parameters P",
        "objects" => "objects m",
        _ => return Err(Error::argument("over", "parameters or objects", format!("{over:?}"))),
    };
    let x = numbers(table, over)?;
    let seconds = numbers(table, "seconds")?;
    let flops = numbers(table, "flops")?;
    let rate = numbers(table, "dgemm_gflops")?;
    let floor: Vec<_> = flops.iter().zip(&rate).map(|(flops, rate)| flops / (rate * 1e9)).collect();
    let (ticks, labels) = (x.clone(), x.iter().map(f64::to_string).collect::<Vec<_>>());
    let law: Vec<_> = x.iter().map(|x| fit.factor * x.powf(fit.exponent)).collect();
    let measured = Scatter::new(x.clone(), seconds)
        .name("measured")
        .mode(Mode::Markers)
        .marker(Marker::new().color(style::BLUE).size(9));
    let fitted = Scatter::new(x.clone(), law)
        .name(format!("fitted: exponent {:.2}", fit.exponent))
        .mode(Mode::Lines)
        .line(Line::new().color(style::BLUE).width(1.5));
    let floor = Scatter::new(x, floor)
        .name("counted operations at the rate of dgemm")
        .mode(Mode::LinesMarkers)
        .line(Line::new().color(style::VERMILLION).width(1.5).dash(DashType::Dash));
    let title = format!("Time of the exact Hessian over its {over}");
    // The points themselves are the ticks: between two powers of ten plotly's own run into each other.
    let x_axis = style::log_axis(label).tick_values(ticks).tick_text(labels);
    let layout = style::layout(&title, x_axis, style::log_axis("seconds"))
        .legend(Legend::new().x(0.02).y(0.98).y_anchor(Anchor::Top));
    let traces: Vec<Box<dyn Trace>> = vec![measured, fitted, floor];
    Ok(style::plot_with(layout, traces))
}
