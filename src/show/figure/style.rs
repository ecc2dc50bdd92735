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

/// A label with the marks that plotly has for what stands higher or lower: `‖Hᵢ‖` as `‖H<sub>i</sub>‖`.
pub fn markup(label: &str) -> String {
    const LOW: [(char, char); 6] = [('ᵢ', 'i'), ('₍', '('), ('₎', ')'), ('ₖ', 'k'), ('₊', '+'), ('₁', '1')];
    const HIGH: [(char, char); 2] = [('²', '2'), ('ᴸ', 'L')];
    let find = |of: &[(char, char)], c| of.iter().find(|pair| pair.0 == c).map(|pair| pair.1);
    let mut out = String::new();
    let mut open = "";
    for c in label.chars() {
        let (kind, plain) = match (find(&LOW, c), find(&HIGH, c)) {
            (Some(plain), _) => ("sub", plain),
            (_, Some(plain)) => ("sup", plain),
            _ => ("", c),
        };
        if kind != open {
            if !open.is_empty() {
                out.push_str(&format!("</{open}>"));
            }
            if !kind.is_empty() {
                out.push_str(&format!("<{kind}>"));
            }
            open = kind;
        }
        // Brackets only keep what stands low together.
        if kind.is_empty() || !matches!(plain, '(' | ')') {
            out.push(plain);
        }
    }
    if !open.is_empty() {
        out.push_str(&format!("</{open}>"));
    }
    out
}

/// Rounded, so that the figure's JSON stays small; far below a pixel.
pub fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::markup;

    #[test]
    fn what_stands_high_or_low_is_marked() {
        assert_eq!(markup("mean ‖H₍ₖ₊₁₎ − mean H‖"), "mean ‖H<sub>k+1</sub> − mean H‖");
        assert_eq!(markup("(hM)²ᴸ"), "(hM)<sup>2L</sup>");
        assert_eq!(markup("Theorem 1, corrected, ‖Gᵢ‖"), "Theorem 1, corrected, ‖G<sub>i</sub>‖");
    }
}
