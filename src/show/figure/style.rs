//! The look that all figures share.

use plotly::common::{Font, Title};
use plotly::configuration::Configuration;
use plotly::layout::{Axis, AxisType, Layout, Legend, Margin};
use plotly::{Plot, Trace};

/// Of Okabe and Ito's palette, as the other three.
pub const BLUE: &str = "#0072B2";
/// As [`BLUE`].
pub const VERMILLION: &str = "#D55E00";
/// As [`BLUE`].
pub const BLACK: &str = "#000000";
/// For what stays behind.
pub const GREY: &str = "#7F7F7F";
/// In the order in which series take them.
pub const COLOURS: [&str; 6] = [BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];

/// Pixels of every figure.
pub const WIDTH: usize = 700;
/// Pixels of every figure.
pub const HEIGHT: usize = 420;

/// A linear axis.
pub fn axis(label: &str) -> Axis {
    Axis::new()
        .title(Title::with_text(label).font(Font::new().size(16)))
        .tick_font(Font::new().size(13))
        .show_line(true)
        .line_color("#444444")
        .grid_color("#E5E5E5")
        .zero_line(false)
        .auto_margin(true)
}

/// An axis of a three-dimensional scene, whose letters are drawn smaller.
pub fn scene_axis(label: &str) -> Axis {
    Axis::new().title(Title::with_text(label).font(Font::new().size(15))).tick_font(Font::new().size(12))
}

/// A logarithmic axis, labelled in powers of ten.
pub fn log_axis(label: &str) -> Axis {
    axis(label).type_(AxisType::Log).exponent_format(plotly::common::ExponentFormat::Power)
}

/// A figure of two axes.
pub fn plot(title: &str, x: Axis, y: Axis, traces: Vec<Box<dyn Trace>>) -> Plot {
    plot_with(layout(title, x, y), traces)
}

/// The layout of a figure of two axes.
pub fn layout(title: &str, x: Axis, y: Axis) -> Layout {
    Layout::new()
        // At the left, clear of the buttons that plotly puts at the right.
        .title(Title::with_text(title).font(Font::new().size(17)).x(0.02))
        .width(WIDTH)
        .height(HEIGHT)
        .font(Font::new().size(14).color("#222222"))
        .paper_background_color("#FFFFFF")
        .plot_background_color("#FFFFFF")
        .margin(Margin::new().left(80).right(30).top(60).bottom(65))
        .legend(Legend::new().font(Font::new().size(13)))
        .x_axis(x)
        .y_axis(y)
}

/// A figure of any layout.
pub fn plot_with(layout: Layout, traces: Vec<Box<dyn Trace>>) -> Plot {
    let mut plot = Plot::new();
    plot.add_traces(traces);
    plot.set_layout(layout);
    plot.set_configuration(Configuration::new().display_logo(false));
    plot
}

/// A number as readers of a figure want it: `0.25`, `12`, `-3.1e-7`.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_string()
    } else if (1e-3..1e5).contains(&size) {
        let digits = (3 - size.log10().floor() as i32).max(0) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.3e}")
    }
}

/// Rounded, so that the figure's JSON stays small; far below a pixel.
pub fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_are_short() {
        let shown: Vec<_> = [0.0, 0.25, 12.0, -3.1e-7, 99_999.9, 1e5].into_iter().map(short).collect();
        assert_eq!(shown, ["0", "0.2500", "12.00", "-3.100e-7", "100000", "1.000e5"]);
    }
}
