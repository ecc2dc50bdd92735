//! A matrix as a picture of the size of its entries.

use plotly::common::{ColorBar, ColorScale, ColorScalePalette, Font, Title};
use plotly::layout::{AxisConstrain, Margin, Shape, ShapeLine, ShapeType};
use plotly::{HeatMap, Plot, Trace};
use polars::prelude::DataFrame;

use super::style;
use crate::{Error, Network, Result};

/// Decades below the largest entry that still get a colour of their own.
const DECADES: f64 = 12.0;

/// Draws a [`magnitude_table`](crate::show::table::magnitude_table) of the matrix `name`: `log10 |h_ij|`, with the layers'
/// boundaries.
///
/// The colours reach from the largest cell down to the smallest hundredth of the cells, twelve decades at most; zeros
/// are white. The title says how many entries a cell stands for, and how many cells are NaN or infinite: they are not
/// drawn.
///
/// # Errors
/// A table without the columns of a magnitude table, or with cells missing, or without one finite cell.
///
/// ```
/// use hessia::{Activation, Network, figure::magnitude_figure, table::magnitude_table};
/// let net = Network::random(&[3, 2, 2], false, Activation::Relu, 1)?;
/// let table = magnitude_table(&ndarray::Array2::eye(net.parameter_count()), 5)?;
/// let plot = magnitude_figure(&table, &net, "|H|")?;
/// assert!(plot.to_json().contains("2 × 2 entries"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn magnitude_figure(table: &DataFrame, net: &Network, name: &str) -> Result<Plot> {
    let row = super::numbers(table, "row")?;
    let factor = super::numbers(table, "factor")?.first().copied().unwrap_or(f64::NAN);
    let magnitude = super::numbers(table, "magnitude")?;
    let columns = row.iter().take_while(|&&i| i == row[0]).count();
    if columns == 0 || !magnitude.len().is_multiple_of(columns) || factor.is_nan() || factor < 1.0 {
        let expected = "one row for each cell of a matrix, row by row";
        return Err(Error::argument("magnitude table", expected, format!("{} rows", magnitude.len())));
    }
    let odd = magnitude.iter().filter(|v| !v.is_finite()).count();
    if odd == magnitude.len() {
        let found = format!("NaN or infinite in each of {odd} cells");
        return Err(Error::argument("magnitude table", "a finite entry", found));
    }
    let finite = || magnitude.iter().copied().filter(|v| v.is_finite());
    let largest = finite().fold(0.0, f64::max);
    let top = if largest > 0.0 { largest.log10() } else { 0.0 };
    let mut sizes: Vec<f64> = finite().filter(|v| *v > 0.0).map(f64::log10).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let low = sizes.get(sizes.len() / 100).copied().unwrap_or(top);
    // At least one decade, so that equal entries are not told apart by rounding.
    let floor = low.clamp(top - DECADES, top - 1.0);
    // Two digits of a decade are finer than any colour scale.
    let colour = |v: &f64| (*v > 0.0 && v.is_finite()).then(|| (v.log10().max(floor) * 1e2).round() / 1e2);
    let z: Vec<Vec<Option<f64>>> =
        magnitude.chunks(columns).map(|cells| cells.iter().map(colour).collect()).collect();
    // Centres of the cells, in entries, so that axes count parameters.
    let centres = |count: usize| (0..count).map(|k| k as f64 * factor + (factor - 1.0) / 2.0).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = (centres(columns), centres(z.len()));

    let (first, last) = (floor.ceil() as i32, top.floor() as i32);
    let step = if last - first > 6 { 2 } else { 1 };
    let mut ticks: Vec<f64> = (first..=last).step_by(step).map(f64::from).collect();
    if ticks.len() < 2 {
        // No two powers of ten in the range: its ends.
        ticks = vec![floor, top];
    }
    let labels = ticks.iter().map(|k| tick(*k)).collect();
    let bar = ColorBar::new()
        .title(Title::with_text("|h<sub>ij</sub>|").font(Font::new().size(15)))
        .tick_vals(ticks)
        .tick_text(labels);
    let map: Box<dyn Trace> = HeatMap::new(x, y, z)
        .color_scale(ColorScale::Palette(ColorScalePalette::Cividis))
        .zmin(floor)
        .zmax(top)
        .color_bar(bar)
        .hover_template("i ≈ %{y:d}, j ≈ %{x:d}<br>log<sub>10</sub> |h| = %{z}<extra></extra>");

    let order = net.parameter_count();
    let end = order as f64 - 0.5;
    let mut shapes = Vec::new();
    for l in 1..net.depth() {
        let at = net.layer_range(l).start as f64 - 0.5;
        shapes.push(boundary(at, at, -0.5, end));
        shapes.push(boundary(-0.5, end, at, at));
    }
    let of = if factor > 1.0 {
        format!("largest of each {factor} × {factor} entries")
    } else {
        "every entry".to_string()
    };
    let zeros = if sizes.len() + odd < magnitude.len() { "; white: zero" } else { "" };
    let odd = if odd > 0 { format!("; {odd} cells NaN or infinite: not drawn") } else { String::new() };
    let title = format!("{name}, {order} × {order}: {of}{zeros}{odd}");
    let x_axis =
        style::axis("parameter j").show_grid(false).range(vec![-0.5, end]).constrain(AxisConstrain::Domain);
    // The first row on top, as a matrix is written.
    let y_axis = style::axis("parameter i")
        .show_grid(false)
        .range(vec![end, -0.5])
        .scale_anchor("x")
        .constrain(AxisConstrain::Domain);
    let layout = style::layout(&title, x_axis, y_axis)
        .height(SIDE)
        .margin(Margin::new().left(80).right(30).top(60).bottom(65))
        .shapes(shapes);
    Ok(style::plot_with(layout, vec![map]))
}

/// A power of ten, or where it is none the number.
fn tick(exponent: f64) -> String {
    if exponent.fract() == 0.0 {
        format!("10<sup>{exponent}</sup>")
    } else {
        crate::format::short(10_f64.powf(exponent))
    }
}

/// Height in pixels: a square matrix in a square field.
const SIDE: usize = 620;

fn boundary(x0: f64, x1: f64, y0: f64, y1: f64) -> Shape {
    Shape::new()
        .shape_type(ShapeType::Line)
        .x0(x0)
        .x1(x1)
        .y0(y0)
        .y1(y1)
        .line(ShapeLine::new().color(style::BLACK).width(0.7))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use crate::table::magnitude_table;
    use crate::{Activation, Network, Result};

    fn drawn(entry: impl Fn(usize) -> f64) -> Result<String> {
        let net = Network::random(&[3, 2, 2], false, Activation::Relu, 1)?;
        let order = net.parameter_count();
        let matrix = Array2::from_shape_fn((order, order), |(i, j)| entry(i * order + j));
        Ok(super::magnitude_figure(&magnitude_table(&matrix, order)?, &net, "H")?.to_json())
    }

    #[test]
    fn what_is_no_number_is_said_and_not_drawn() {
        let message = drawn(|_| f64::NAN).map_err(|error| error.to_string());
        assert_eq!(
            message,
            Err("magnitude table: expected a finite entry, found NaN or infinite in each of 100 cells".into())
        );
        let some = drawn(|k| if k < 3 { [f64::NAN, f64::INFINITY, 0.0][k] } else { 1.0 });
        let Ok(json) = some else { panic!("{some:?}") };
        assert!(json.contains("white: zero; 2 cells NaN or infinite: not drawn"), "{json}");
        assert!(!drawn(|_| 1.0).is_ok_and(|json| json.contains("NaN")));
    }
}
