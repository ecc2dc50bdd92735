//! The library's own types: a short table, with a drawing where one helps.

use std::fmt::Write;

use super::{Show, View, html};
use crate::train::Trained;
use crate::{Curvature, Dataset, Network, Spectrum, Targets};

/// Facts under a caption, with a drawing behind them, as a view.
pub fn facts(caption: &str, facts: &[(&str, String)], drawing: &str) -> View {
    View::Html {
        text: html::facts_text(caption, facts),
        html: format!("{}{drawing}", html::facts(caption, facts)),
    }
}

impl Show for Network {
    fn to_view(&self) -> View {
        let widths: Vec<String> = self.widths().iter().map(usize::to_string).collect();
        let parameters = html::grouped(self.parameter_count());
        let caption = format!("network {}, {parameters} parameters", widths.join("-"));
        let head = ["layer", "weights", "biases", "parameters", "then"].map(String::from);
        let mut rows = Vec::new();
        for (l, layer) in self.layers().iter().enumerate() {
            let last = l + 1 == self.depth();
            rows.push(vec![
                (l + 1).to_string(),
                format!("{} × {}", layer.outputs(), layer.inputs()),
                layer.bias.as_ref().map_or(0, |bias| bias.len()).to_string(),
                html::grouped(layer.parameter_count()),
                if last { "outputs".to_string() } else { self.activation().name().to_string() },
            ]);
        }
        let mut text = caption.clone();
        for row in &rows {
            let _ = write!(text, "\n  layer {}: {}, {} biases, then {}", row[0], row[1], row[2], row[4]);
        }
        let table = html::table(&head, &rows, &[true, true, true, true, false], &caption);
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

impl Show for Spectrum {
    fn to_view(&self) -> View {
        let inertia = self.inertia();
        let (n, k) = (self.order, self.eigenvalues.len());
        let which = if k == n { "all".to_string() } else { format!("{k} of") };
        let mut list = vec![
            ("negative", html::grouped(inertia.negative)),
            ("zero", html::grouped(inertia.zero)),
            ("positive", html::grouped(inertia.positive)),
            ("tolerance of zero", html::short(self.tolerance)),
        ];
        if let (Some(&low), Some(&high)) = (self.eigenvalues.first(), self.eigenvalues.last()) {
            list.push(("smallest", html::short(low)));
            list.push(("largest", html::short(high)));
        }
        if let Some(residuals) = &self.residuals {
            list.push(("largest ‖Hv − λv‖", html::short(residuals.iter().copied().fold(0.0, f64::max))));
        }
        if let Some(orthogonality) = self.orthogonality {
            list.push(("largest |VᵀV − I|", html::short(orthogonality)));
        }
        let sizes: Vec<f64> = self
            .eigenvalues
            .iter()
            .map(|v| v.abs().max(self.tolerance).max(f64::MIN_POSITIVE).log10())
            .collect();
        let line = html::captioned_line("log₁₀ |λ| in ascending order of λ", &sizes);
        facts(&format!("spectrum: {which} {} eigenvalues", html::grouped(n)), &list, &line)
    }
}

impl Show for Curvature {
    fn to_view(&self) -> View {
        let p = html::grouped(self.matrix.nrows());
        let norm = |values: &mut dyn Iterator<Item = &f64>| values.map(|v| v * v).sum::<f64>().sqrt();
        let list = [
            ("loss", html::short(self.loss)),
            ("‖gradient‖", html::short(norm(&mut self.gradient.iter()))),
            ("‖matrix‖ (Frobenius)", html::short(norm(&mut self.matrix.iter()))),
            ("trace", html::short(self.matrix.diag().sum())),
        ];
        facts(&format!("{} curvature, {p} × {p}", self.term.name()), &list, "")
    }
}

impl Show for Dataset {
    fn to_view(&self) -> View {
        let mut list =
            vec![("objects", html::grouped(self.len())), ("inputs of each", html::grouped(self.inputs()))];
        let low = self.x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        list.push(("range of inputs", format!("{} to {}", html::short(low), html::short(high))));
        match &self.targets {
            Targets::Classes(labels) => {
                let classes = labels.iter().max().map_or(0, |&largest| largest + 1);
                let mut counts = vec![0; classes];
                for &label in labels {
                    counts[label] += 1;
                }
                let counts: Vec<String> = counts.iter().take(20).map(usize::to_string).collect();
                let more = if classes > 20 { ", …" } else { "" };
                list.push(("objects of each class", counts.join(", ") + more));
            }
            Targets::Values(values) => list.push(("targets of each", html::grouped(values.ncols()))),
        }
        facts(&format!("data set {}", self.name), &list, "")
    }
}

impl Show for Trained {
    fn to_view(&self) -> View {
        let mut list = vec![
            ("epochs", self.losses.len().to_string()),
            ("loss, first epoch", self.losses.first().copied().map_or("none".to_string(), html::short)),
            ("loss, trained", html::short(self.loss)),
        ];
        if let Some(accuracy) = self.accuracy {
            list.push(("accuracy", format!("{:.1} %", 100.0 * accuracy)));
        }
        let dead: Vec<String> = self.dead_units.iter().map(usize::to_string).collect();
        if !dead.is_empty() {
            list.push(("dead units in each hidden layer", dead.join(", ")));
        }
        let widths: Vec<String> = self.network.widths().iter().map(usize::to_string).collect();
        facts(&format!("trained network {}", widths.join("-")), &list, &html::sparkline(&self.losses))
    }
}
