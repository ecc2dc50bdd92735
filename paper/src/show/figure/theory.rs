//! The theory's figures: bounds against what they bound, and Lemma 2 over the distance from theta*.

use plotly::common::{DashType, Line, Marker, Mode};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::{DataFrame, IntoLazy, col, lit};

use super::label;
use hessia::figure::{numbers, style};
use hessia::{Error, Result};

/// Draws columns of bounds over the column that they bound, both axes logarithmic, with the line `bound = measured`.
///
/// A point above the line is a bound that holds, by a factor that the distance shows; below, it fails. Rows where
/// either is zero have no place on the axes and are left out.
///
/// # Errors
/// No bounds, or a column that the table does not have.
///
/// ```
/// use hessia_paper::figure::bounds_figure;
/// use polars::df;
/// let table = df!["norm" => [1.0, 2.0], "stated" => [0.5, 30.0], "corrected" => [1.5, 2.5]]?;
/// let plot = bounds_figure(&table, "norm", &["stated", "corrected"])?;
/// assert!(plot.to_json().contains("corrected"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn bounds_figure(table: &DataFrame, measured: &str, bounds: &[&str]) -> Result<Plot> {
    if bounds.is_empty() {
        return Err(Error::argument("bounds", "at least one column", "none"));
    }
    let x = numbers(table, measured)?;
    let positive = |v: &f64| *v > 0.0 && v.is_finite();
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    let widen = |(low, high): (f64, f64), v: &f64| (low.min(*v), high.max(*v));
    let mut ends = (f64::INFINITY, 0.0_f64);
    let mut heights = ends;
    for (k, name) in bounds.iter().enumerate() {
        let y = numbers(table, name)?;
        let kept: (Vec<f64>, Vec<f64>) =
            x.iter().zip(&y).filter(|(x, y)| positive(x) && positive(y)).map(|(&x, &y)| (x, y)).unzip();
        ends = kept.0.iter().fold(ends, widen);
        heights = kept.1.iter().fold(heights, widen);
        let colour = style::COLOURS[k % style::COLOURS.len()];
        let trace = Scatter::new(kept.0, kept.1)
            .name(label(name))
            .mode(Mode::Markers)
            .marker(Marker::new().color(colour).size(6).opacity(0.7));
        traces.push(trace);
    }
    if ends.0 <= ends.1 {
        let line = Scatter::new(vec![ends.0, ends.1], vec![ends.0, ends.1])
            .name("bound = measured")
            .mode(Mode::Lines)
            .line(Line::new().color(style::BLACK).dash(DashType::Dash).width(1.5));
        traces.push(line);
    }
    let x = style::log_axis(&format!("measured: {}", label(measured)));
    // Over many decades, plotly's own ticks between the powers of ten run into them.
    let y = style::log_axis("bound");
    let y = if heights.1 > 100.0 * heights.0 { y.dtick(1.0) } else { y };
    Ok(style::plot("Bounds against measured norms", x, y, traces))
}

/// Draws the rows of one direction (index 0) and one k of a [`lemma_2_table`](crate::table::lemma_2_table) over
/// `radius`, both axes logarithmic: the true difference, its terms of zeroth, first and
/// second order with the remainder, and the bounds.
///
/// # Errors
/// No such rows, or a table without these columns.
///
/// ```
/// use hessia_paper::{figure::lemma_2_figure, table::lemma_2_table, theory::{ProbeSettings, probe}};
/// use hessia::{Activation, Dataset, Loss, Network, Targets};
/// use ndarray::{Array2, array};
/// let star = Network::random(&[3, 4, 2], false, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let settings = ProbeSettings { objects: vec![2], radii: vec![0.1, 1.0], random: 1, top: 1, seed: 1 };
/// let table = lemma_2_table(&probe(&star, &data, Loss::cross_entropy(), &settings)?)?;
/// assert!(lemma_2_figure(&table, "gradient", 2)?.to_json().contains("corrected"));
/// assert!(lemma_2_figure(&table, "upwards", 2).is_err());
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn lemma_2_figure(table: &DataFrame, direction: &str, k: usize) -> Result<Plot> {
    let rows = table
        .clone()
        .lazy()
        .filter(col("direction").eq(lit(direction)))
        .filter(col("k").eq(lit(k as i64)))
        .filter(col("index").eq(lit(0_i64)))
        .sort(["radius"], Default::default())
        .collect()?;
    if rows.height() == 0 {
        return Err(Error::argument(
            "direction and k",
            "rows of the table",
            format!("{direction:?} and {k}"),
        ));
    }
    let radius = numbers(&rows, "radius")?;
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    let mut draw =
        |name: &str, label: &str, colour: &'static str, dash: DashType, mode: Mode| -> Result<()> {
            // A logarithmic axis has no place for zero.
            let values = numbers(&rows, name)?.into_iter().map(|v| if v == 0.0 { f64::NAN } else { v.abs() });
            let line = Line::new().color(colour).width(2.0).dash(dash);
            traces.push(Scatter::new(radius.clone(), values.collect()).name(label).mode(mode).line(line));
            Ok(())
        };
    draw("difference", "|L(k+1) − L(k)|, true", style::BLACK, DashType::Solid, Mode::LinesMarkers)?;
    draw("zeroth_order", "zeroth order", style::COLOURS[5], DashType::Dot, Mode::Lines)?;
    draw("first_order", "first order", style::COLOURS[3], DashType::Dot, Mode::Lines)?;
    draw("second_order", "second order", style::COLOURS[2], DashType::Dot, Mode::Lines)?;
    draw("remainder", "remainder", style::GREY, DashType::Dot, Mode::Lines)?;
    draw("corrected", "corrected bound", style::BLUE, DashType::Solid, Mode::Lines)?;
    draw("stated_measured", "stated, measured M_H", style::COLOURS[4], DashType::Dash, Mode::Lines)?;
    draw("stated", "stated", style::VERMILLION, DashType::Dash, Mode::Lines)?;
    let along = match direction {
        "random" => "a random direction",
        "hessian" => "the top eigenvector of the mean Hessian",
        "hessian-gap" => "the top eigenvector of H(k+1) − mean H",
        "gradient" => "the gap of the gradients",
        other => other,
    };
    let title = format!("One object more, k = {k}, along {along}");
    let x = style::log_axis("distance R from θ*");
    Ok(style::plot(&title, x, style::log_axis("size of the difference"), traces))
}
