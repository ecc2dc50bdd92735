//! How the cost of a curvature matrix grows.

use plotly::common::{Anchor, DashType, Line, Marker, Mode};
use plotly::layout::Legend;
use plotly::{Plot, Scatter, Trace};
use polars::prelude::DataFrame;

use super::style;
use crate::fit::Fit;
use crate::{Error, Result};

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
    let x = super::numbers(table, over)?;
    let seconds = super::numbers(table, "seconds")?;
    let flops = super::numbers(table, "flops")?;
    let rate = super::numbers(table, "dgemm_gflops")?;
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
