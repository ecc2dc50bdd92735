//! Comparisons, probes, planes and surfaces.

use hessia::linalg::euclidean_norm;
use hessia::notebook::{Show, View, facts, html, range};

use crate::theory::{Comparison, Plane, Probe, Surface};

impl Show for Comparison {
    fn to_view(&self) -> View {
        let rows = [
            ("measured", html::short(self.left)),
            ("bound", html::short(self.bound)),
            ("rounding", html::short(self.rounding)),
        ];
        facts("measured against its bound", &rows, "")
    }
}

impl Show for Probe {
    fn to_view(&self) -> View {
        let View::Html { text, html } = self.terms.to_view() else { return View::Text(String::new()) };
        let line = format!("direction {} {}", self.direction.name(), self.index);
        View::Html { text: format!("{line}\n{text}"), html: format!("<div>{line}</div>{html}") }
    }
}

impl Show for Plane {
    fn to_view(&self) -> View {
        let rows = [
            ("parameters", html::grouped(self.u.len())),
            ("‖u‖", html::short(euclidean_norm(self.u.iter()))),
            ("‖v‖", html::short(euclidean_norm(self.v.iter()))),
            ("u · v", html::short(self.u.dot(&self.v))),
        ];
        facts("plane in parameter space", &rows, "")
    }
}

impl Show for Surface {
    fn to_view(&self) -> View {
        let (rows, columns) = self.losses.dim();
        let list = [("a", range(&self.a)), ("b", range(&self.b)), ("loss", range(&self.losses))];
        facts(&format!("loss on a plane, {rows} × {columns} points"), &list, "")
    }
}
