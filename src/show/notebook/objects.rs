//! The library's own types: their facts in a short table, with a line where there is a series, and the network drawn.

use std::fmt::Write;

use super::{Show, View, html};
use crate::Network;
use crate::facts::{self, Facts};
use crate::format::grouped;
use crate::network::layer_name;
use crate::show::facts::widths;

impl<T: Facts + 'static> Show for T {
    fn to_view(&self) -> View {
        facts(&self.caption(), &facts::shown(self), &line(self))
    }
}

/// The series of a result as a line; nothing where it has none.
pub fn line<T: Facts>(result: &T) -> String {
    result.line().map_or(String::new(), |(caption, values)| html::captioned_line(caption, &values))
}

/// Facts under a caption, with a drawing behind them, as a view.
pub fn facts(caption: &str, facts: &[(&str, String)], drawing: &str) -> View {
    View::Html {
        text: html::facts_text(caption, facts),
        html: format!("{}{drawing}", html::facts(caption, facts)),
    }
}

impl Show for Network {
    fn to_view(&self) -> View {
        let parameters = grouped(self.parameter_count());
        let caption = format!("network {}, {parameters} parameters", widths(self));
        let head = ["layer", "weights", "biases", "parameters", "then"].map(String::from);
        let mut rows = Vec::new();
        for (l, layer) in self.layers().iter().enumerate() {
            let last = l + 1 == self.depth();
            rows.push(vec![
                layer_name(l),
                format!("{} × {}", layer.outputs(), layer.inputs()),
                layer.bias.as_ref().map_or(0, |bias| bias.len()).to_string(),
                grouped(layer.parameter_count()),
                if last { "outputs".to_string() } else { self.activation().name().to_string() },
            ]);
        }
        let mut text = caption.clone();
        for row in &rows {
            let _ = write!(text, "\n  {}: {}, {} biases, then {}", row[0], row[1], row[2], row[4]);
        }
        let table = html::table(&head, &rows, &[false, true, true, true, false], &caption);
        View::Html { text, html: format!("{table}{}", drawing(&self.widths())) }
    }
}

/// Units as dots, at most seven a layer, with the connections between them.
fn drawing(widths: &[usize]) -> String {
    const DOTS: usize = 7;
    let (column, height) = (90.0, 130.0);
    let place = |count: usize, k: usize| height * (k as f64 + 0.5) / count as f64;
    let (mut lines, mut dots) = (String::new(), String::new());
    for (l, &width) in widths.iter().enumerate() {
        let (count, x) = (width.min(DOTS), 30.0 + column * l as f64);
        for k in 0..count {
            let y = place(count, k);
            let next = widths.get(l + 1).map_or(0, |&next| next.min(DOTS));
            for j in 0..next {
                let _ = write!(lines, "M{x:.0} {y:.1}L{:.0} {:.1}", x + column, place(next, j));
            }
            let _ = write!(dots, "<circle cx=\"{x:.0}\" cy=\"{y:.1}\" r=\"4\"/>");
        }
        let _ = write!(
            dots,
            "<text x=\"{x:.0}\" y=\"{:.0}\" font-size=\"12\" text-anchor=\"middle\" fill=\"currentColor\">{width}</text>",
            height + 16.0
        );
    }
    format!(
        "<svg width=\"{:.0}\" height=\"{:.0}\" role=\"img\"><path d=\"{lines}\" stroke=\"#999999\" \
         stroke-width=\"0.4\"/><g fill=\"#0072B2\">{dots}</g></svg>",
        60.0 + column * (widths.len() - 1) as f64,
        height + 24.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2};

    use crate::{Activation, Dataset, Loss, Network, Targets, per_object};

    #[test]
    fn objects_show_their_norms() {
        let x = Array2::from_shape_fn((4, 3), |(i, j)| (i + j) as f64);
        let data = Dataset::new("toy", x, Targets::Classes(Array1::from_shape_fn(4, |i| i % 2))).unwrap();
        let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1).unwrap();
        let View::Html { text, html } = per_object(&net, &data, Loss::cross_entropy()).unwrap().to_view()
        else {
            panic!("expected HTML")
        };
        assert!(text.starts_with("each of 4 objects") && text.contains("‖Hᵢ‖"), "{text}");
        assert!(html.contains("<svg"), "{html}");
        let View::Html { text, .. } = net.layers()[0].to_view() else { panic!("expected HTML") };
        assert!(text.starts_with("layer 3 → 4"), "{text}");
    }
}
