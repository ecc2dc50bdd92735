//! Lemma 2 over the distance from theta*.

use plotly::common::{DashType, Line, Mode};
use plotly::{Plot, Scatter, Trace};
use polars::prelude::{DataFrame, IntoLazy, col, lit};

use hessia::figure::style;
use hessia::{Error, Result};

/// Draws the rows of one direction (index 0) and one k of a [`lemma_2_table`](crate::table::lemma_2_table) over
/// `radius`, both axes logarithmic: the true difference, its terms of zeroth, first and
/// second order with the remainder, and the bounds.
///
/// # Errors
/// No such rows, or a table without these columns.
///
/// ```
/// use hessia::{figure::lemma_2_figure, table::lemma_2_table, theory::{ProbeSettings, probe}};
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
    let radius = hessia::figure::numbers(&rows, "radius")?;
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    let mut draw =
        |name: &str, label: &str, colour: &'static str, dash: DashType, mode: Mode| -> Result<()> {
            // A logarithmic axis has no place for zero.
            let values = hessia::figure::numbers(&rows, name)?
                .into_iter()
                .map(|v| if v == 0.0 { f64::NAN } else { v.abs() });
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
