//! Figure 1: the loss, or its change by one object, over a plane through a point, its centre.

use plotly::common::{
    Anchor, ColorBar, ColorScale, ColorScalePalette, Marker, MarkerSymbol, Mode, Orientation,
};
use plotly::layout::{AspectMode, Camera, LayoutScene, Legend};
use plotly::{Contour, Plot, Scatter, Scatter3D, Surface, Trace};
use polars::prelude::{DataFrame, IntoLazy, col, lit};

use hessia::figure::style;
use hessia::{Error, Result};

/// The grid of one k: coordinates, values by rows of the first coordinate, and the places to mark.
struct Grid {
    a: Vec<f64>,
    b: Vec<f64>,
    z: Vec<Vec<f64>>,
    /// (a, b, value) at the centre, where it is on the grid, and of the least value.
    marks: Vec<(&'static str, f64, f64, f64)>,
    title: String,
    label: &'static str,
}

/// Draws one k of a [`surface_table`](crate::table::surface_table) as a surface to turn with the mouse.
///
/// `value` is `loss` (`L_k`) or `magnitude` (`|L_{k+1} - L_k|`). The centre of the plane and the least value are marked.
///
/// # Errors
/// Another `value`, a k that the table does not have, or a table that is not a whole grid.
///
/// ```
/// use hessia_paper::theory::{Plane, Surface};
/// use hessia::{Activation, Dataset, Loss, Network, Targets};
/// use hessia_paper::{figure::{contour_figure, surface_figure}, table::surface_table};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 2], false, Activation::Identity, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let surface = Surface::new(&net, &data, Loss::cross_entropy(), &Plane::axes(&net, 0, 1)?, 1.0, 5)?;
/// let table = surface_table(&surface, &[2])?;
/// assert!(surface_figure(&table, "magnitude", 2)?.to_json().contains("surface"));
/// assert!(contour_figure(&table, "loss", 2)?.to_json().contains("contour"));
/// assert!(surface_figure(&table, "loss", 3).is_err());
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn surface_figure(table: &DataFrame, value: &str, k: usize) -> Result<Plot> {
    let grid = Grid::of(table, value, k)?;
    let turned: Vec<Vec<f64>> =
        (0..grid.b.len()).map(|j| grid.z.iter().map(|row| row[j]).collect()).collect();
    let values = || grid.z.iter().flatten().copied();
    let lift = (values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)) * 0.02;
    // Plotly wants one row a value of y.
    let mut traces: Vec<Box<dyn Trace>> = vec![
        Surface::new(turned)
            .x(grid.a.clone())
            .y(grid.b.clone())
            .color_scale(ColorScale::Palette(ColorScalePalette::Cividis))
            .color_bar(ColorBar::new().title(grid.label)),
    ];
    for (k, &(name, a, b, z)) in grid.marks.iter().enumerate() {
        let marker = Marker::new().size(6).color(COLOURS[k]).symbol(SYMBOLS[k].clone());
        // A little above the surface, which would hide half of it.
        let z = z + lift;
        traces.push(Scatter3D::new(vec![a], vec![b], vec![z]).name(name).mode(Mode::Markers).marker(marker));
    }
    let scene = LayoutScene::new()
        .aspect_mode(AspectMode::Cube)
        // Further off than plotly stands, so that the axes' titles are inside the picture.
        .camera(Camera::new().eye((1.3, 1.3, 1.9).into()))
        .x_axis(style::scene_axis("a"))
        .y_axis(style::scene_axis("b"))
        .z_axis(style::scene_axis(grid.label));
    let layout = style::layout(&grid.title, style::axis("a"), style::axis("b")).height(560).scene(scene);
    Ok(style::plot_with(layout.legend(legend()), traces))
}

/// As [`surface_figure`], seen from above as lines of equal value.
///
/// # Errors
/// As [`surface_figure`].
pub fn contour_figure(table: &DataFrame, value: &str, k: usize) -> Result<Plot> {
    let grid = Grid::of(table, value, k)?;
    let turned: Vec<Vec<f64>> =
        (0..grid.b.len()).map(|j| grid.z.iter().map(|row| row[j]).collect()).collect();
    let mut traces: Vec<Box<dyn Trace>> = vec![
        Contour::new(grid.a.clone(), grid.b.clone(), turned)
            .color_scale(ColorScale::Palette(ColorScalePalette::Cividis))
            .color_bar(ColorBar::new().title(grid.label))
            .n_contours(20),
    ];
    for (k, &(name, a, b, _)) in grid.marks.iter().enumerate() {
        let marker = Marker::new().size(12).color(COLOURS[k]).symbol(SYMBOLS[k].clone());
        traces.push(Scatter::new(vec![a], vec![b]).name(name).mode(Mode::Markers).marker(marker));
    }
    let layout = style::layout(&grid.title, style::axis("a"), style::axis("b")).height(560);
    Ok(style::plot_with(layout.legend(legend()), traces))
}

/// The centre and the least value: light on the dark end of the map and apart for every reader.
const COLOURS: [&str; 2] = [style::VERMILLION, "#FFFFFF"];
const SYMBOLS: [MarkerSymbol; 2] = [MarkerSymbol::Diamond, MarkerSymbol::Cross];

fn legend() -> Legend {
    // Above the picture, right of the title, on a ground of its own: a mark is white.
    let above = Legend::new()
        .orientation(Orientation::Horizontal)
        .x(1.0)
        .x_anchor(Anchor::Right)
        .y(1.02)
        .y_anchor(Anchor::Bottom);
    above.background_color("#BBBBBB")
}

impl Grid {
    fn of(table: &DataFrame, value: &str, k: usize) -> Result<Grid> {
        let (what, label) = match value {
            "loss" => (format!("Loss L(k), k = {k}"), "L(k)"),
            "magnitude" => (format!("Change by one object, k = {k}"), "|L(k+1) − L(k)|"),
            _ => return Err(Error::argument("value", "loss or magnitude", format!("{value:?}"))),
        };
        let rows = table.clone().lazy().filter(col("k").eq(lit(k as i64))).collect()?;
        let (all_a, all_b) = (hessia::figure::numbers(&rows, "a")?, hessia::figure::numbers(&rows, "b")?);
        let values = hessia::figure::numbers(&rows, value)?;
        let side = all_a.iter().take_while(|a| **a == all_a[0]).count();
        if side == 0 || !values.len().is_multiple_of(side) {
            let found = format!("{} rows of k = {k}", values.len());
            return Err(Error::argument("surface table", "one row for each point of a grid", found));
        }
        let a: Vec<f64> = all_a.iter().copied().step_by(side).collect();
        let b: Vec<f64> = all_b[..side].to_vec();
        let least = (0..values.len()).min_by(|&i, &j| values[i].total_cmp(&values[j])).unwrap_or(0);
        let star = (0..values.len()).find(|&i| all_a[i] == 0.0 && all_b[i] == 0.0);
        let mark = |name, i: usize| (name, all_a[i], all_b[i], values[i]);
        let mut marks: Vec<_> = star.map(|i| mark("centre", i)).into_iter().collect();
        marks.push(mark("least on the grid", least));
        let z = values.chunks(side).map(<[f64]>::to_vec).collect();
        Ok(Grid { a, b, z, marks, title: what, label })
    }
}
