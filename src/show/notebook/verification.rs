//! A verification: verdict, facts, errors by blocks of layers, hypotheses.

use std::fmt::Write;

use super::{Show, View, html};
use crate::format::{grouped, short};
use crate::network::layer_name;
use crate::verify::{Disagreement, Report, Verdict};

impl Show for Report {
    fn to_view(&self) -> View {
        let mut facts = Vec::new();
        if let Some(worst) = &self.largest_error {
            facts.push(("largest error", format!("{} at {}", short(worst.error), worst.place)));
        }
        if let Some(worst) = &self.largest_relative_error {
            facts.push(("largest relative error", format!("{} at {}", short(worst.error), worst.place)));
        }
        if let Some(relative) = self.relative_error {
            facts.push(("error of the whole, relative", short(relative)));
        }
        if self.shape != self.expected_shape {
            facts.push(("shape", format!("{:?}, expected {:?}", self.shape, self.expected_shape)));
        }
        facts.push(("allowed in float64", short(self.tolerance)));
        facts.extend(self.float32_tolerance.map(|t| ("allowed in float32", short(t))));
        facts.extend(self.symmetry.as_ref().map(|s| ("asymmetry", short(s.largest_gap))));
        facts.push(("alternatives tried", grouped(self.alternatives)));

        let colour = if self.verdict == Verdict::Differs { "#D55E00" } else { "#009E73" };
        let mut out = format!(
            "<div style=\"border-left:6px solid {colour};padding-left:8px\"><b>{}</b>{}</div>",
            html::escape(&self.headline()),
            match self.verdict {
                Verdict::Agrees => String::new(),
                _ => format!("<br>{}", html::escape(&self.best_explanation())),
            }
        );
        out += &html::facts("", &facts);
        out += &self.block_table();
        out += &self.hypothesis_table();
        View::Html { text: self.to_string(), html: out }
    }
}

impl Report {
    /// Relative error of every pair of layers, as a square, where there are pairs.
    fn block_table(&self) -> String {
        let side = self.blocks.len().isqrt();
        if side < 2 || side * side != self.blocks.len() || self.verdict == Verdict::Agrees {
            return String::new();
        }
        let layers: Vec<String> = (0..side).map(layer_name).collect();
        let head = [vec![String::new()], layers.clone()].concat();
        let mut rows = Vec::new();
        for (name, blocks) in layers.iter().zip(self.blocks.chunks(side)) {
            let mut row = vec![name.clone()];
            for block in blocks {
                let shown = short(block.relative_error);
                row.push(if block.agrees { shown } else { format!("<b>{shown}</b>") });
            }
            rows.push(row);
        }
        let right: Vec<bool> = (0..=side).map(|column| column > 0).collect();
        html::table(&head, &rows, &right, "relative error by layers; bold where it is not rounding")
    }

    fn hypothesis_table(&self) -> String {
        if self.diagnosis.is_empty() {
            return String::new();
        }
        let head = ["hypothesis", "support", "largest error left", "relative"].map(String::from);
        let mut rows = Vec::new();
        for hypothesis in &self.diagnosis {
            let mut support = String::new();
            let _ = write!(support, "{:?}", hypothesis.support);
            rows.push(vec![
                html::escape(&hypothesis.claim()),
                support.to_lowercase(),
                short(hypothesis.largest_error),
                short(hypothesis.relative_error),
            ]);
        }
        html::table(&head, &rows, &[false, false, true, true], "")
    }
}

impl Show for Disagreement {
    fn to_view(&self) -> View {
        self.0.to_view()
    }
}
