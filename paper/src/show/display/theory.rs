//! What the theory's functions return: verdicts, constants, counterexamples, the terms of an increment.

use crate::theory::search::{Example, SearchReport};
use crate::theory::{Assumption1, Audit, Constants, Increment, Lemma2, Statement, Summary};
use hessia::Targets;
use hessia::notebook::facts;
use hessia::notebook::norm_line;
use hessia::notebook::{Show, View, html};

impl Show for Audit {
    fn to_view(&self) -> View {
        let View::Html { text, html } = self.summary().to_view() else { return View::Text(String::new()) };
        View::Html { text, html: html + &norm_line(&self.norms) }
    }
}

impl Show for Summary {
    fn to_view(&self) -> View {
        let caption = format!(
            "audit of {}: {} objects, max ‖Gᵢ‖ {}, max ‖Hᵢ‖ {}",
            self.network,
            html::grouped(self.objects),
            html::short(self.largest_ggn_norm),
            html::short(self.largest_hessian_norm)
        );
        let head = ["statement", "violations", "undecided", "overflows", "tightest ratio", ""];
        let rows: Vec<Vec<String>> = self
            .verdicts
            .iter()
            .map(|v| match v.broken_assumptions.is_empty() {
                true => vec![
                    v.statement.name().to_string(),
                    html::grouped(v.violations),
                    html::grouped(v.undecided),
                    html::grouped(v.overflows),
                    v.tightest_ratio.map_or(String::new(), html::short),
                    String::new(),
                ],
                false => {
                    let mut row = vec![String::new(); head.len()];
                    row[0] = v.statement.name().to_string();
                    row[5] = format!("needs {}", v.broken_assumptions.join(", "));
                    row
                }
            })
            .collect();
        let mut text = caption.clone();
        for row in &rows {
            let verdict = match row[5].is_empty() {
                true => format!("{} violations, tightest ratio {}", row[1], row[4]),
                false => row[5].clone(),
            };
            text.push_str(&format!("\n  {}: {verdict}", row[0]));
        }
        let right = [false, true, true, true, true, false];
        View::Html {
            text,
            html: html::table(&head.map(String::from), &rows, &right, &html::escape(&caption)),
        }
    }
}

impl Show for Constants {
    fn to_view(&self) -> View {
        let list =
            |values: &mut dyn Iterator<Item = f64>| values.map(html::short).collect::<Vec<_>>().join(", ");
        let mut rows = vec![
            ("L, weight matrices", self.depth.to_string()),
            ("‖W⁽ᵖ⁾‖₂", list(&mut self.weight_norms.iter().copied())),
            ("M_W, largest of them", html::short(self.m_w)),
            ("M_x, largest ‖xᵢ‖", html::short(self.m_x)),
            ("M, largest |w|", html::short(self.m)),
            ("M_l, largest loss", html::short(self.m_l)),
            ("bound on ‖A‖₂", html::short(self.logit_curvature)),
        ];
        if let Some(hidden) = self.hidden {
            rows.insert(1, ("h, widest hidden layer", hidden.to_string()));
        }
        if self.has_biases() {
            rows.push(("‖b⁽ᵖ⁾‖₂", list(&mut self.bias_norms.iter().map(|norm| norm.unwrap_or(0.0)))));
        }
        facts("constants of the bounds", &rows, "")
    }
}

impl Show for Example {
    fn to_view(&self) -> View {
        let label = match &self.data.targets {
            Targets::Classes(labels) => labels.first().map(usize::to_string),
            Targets::Values(_) => None,
        };
        let x: Vec<String> = self.data.x.row(0).iter().copied().map(html::short).collect();
        let mut rows = vec![
            ("x", x.join(", ")),
            ("label", label.unwrap_or_default()),
            ("measured norm", html::short(self.comparison.left)),
            ("bound", html::short(self.comparison.bound)),
            ("ratio", self.ratio().map_or("none".to_string(), html::short)),
        ];
        for layer in self.network.layers() {
            let weights: Vec<Vec<String>> = layer
                .weight
                .rows()
                .into_iter()
                .map(|row| row.iter().copied().map(html::short).collect())
                .collect();
            let lines: Vec<String> = weights.iter().map(|row| row.join(", ")).collect();
            rows.push(("weights", lines.join("; ")));
        }
        facts(&format!("example: {}", self.network), &rows, "")
    }
}

impl Show for SearchReport {
    fn to_view(&self) -> View {
        let ratios: Vec<String> = self
            .tightest
            .iter()
            .map(|example| example.as_ref().and_then(Example::ratio).map_or("none".to_string(), html::short))
            .collect();
        let rows = [
            ("random networks", html::grouped(self.nets)),
            ("violations", html::grouped(self.violations)),
            ("undecided within rounding", html::grouped(self.undecided)),
            ("bounds that overflow", html::grouped(self.overflows)),
            ("largest ratio at each depth from 1", ratios.join(", ")),
        ];
        let View::Html { mut text, mut html } =
            facts(&format!("search against {}", self.statement), &rows, "")
        else {
            return View::Text(String::new());
        };
        if let Some(View::Html { text: more, html: drawn }) = self.counterexample.as_ref().map(Show::to_view)
        {
            text.push('\n');
            text.push_str(&more);
            html.push_str(&drawn);
        }
        View::Html { text, html }
    }
}

impl Show for Statement {
    fn to_view(&self) -> View {
        View::Text(self.name().to_string())
    }
}

impl Show for Increment {
    fn to_view(&self) -> View {
        let rows = [
            ("l₍ₖ₊₁₎ − Lₖ", html::short(self.loss_gap)),
            ("‖g₍ₖ₊₁₎ − mean g‖", html::short(self.gradient_gap_norm)),
            ("‖H₍ₖ₊₁₎ − mean H‖", html::short(self.hessian_gap_norm)),
            ("‖gradient of Lₖ‖", html::short(self.gradient_norm_before)),
            ("‖gradient of L₍ₖ₊₁₎‖", html::short(self.gradient_norm_after)),
            ("M_l", html::short(self.m_l)),
            ("M_H by theorem 1 as stated", self.m_h_stated.map_or("none".to_string(), html::short)),
            ("max ‖Hᵢ‖, measured", html::short(self.m_h_measured)),
        ];
        facts(&format!("increment at θ*, k = {}", self.k), &rows, "")
    }
}

impl Show for Lemma2 {
    fn to_view(&self) -> View {
        let rows = [
            ("L₍ₖ₊₁₎ − Lₖ", html::short(self.difference)),
            ("zeroth order", html::short(self.zeroth_order)),
            ("first order", html::short(self.first_order)),
            ("second order", html::short(self.second_order)),
            ("remainder", html::short(self.remainder)),
            ("bound as stated", self.stated.map_or("none".to_string(), html::short)),
            ("bound, corrected (up to the remainder)", html::short(self.corrected)),
        ];
        facts(&format!("increment at distance {} of θ*, k = {}", html::short(self.radius), self.k), &rows, "")
    }
}

impl Show for Assumption1 {
    fn to_view(&self) -> View {
        let rows = [
            ("Lₖ", html::short(self.loss_before)),
            ("‖gradient of Lₖ‖", html::short(self.gradient_before)),
            ("‖gradient of L₍ₖ₊₁₎‖", html::short(self.gradient_after)),
            ("‖gradient of the object that joins‖", html::short(self.gradient_joining)),
            ("largest ‖gradient‖ of an object", html::short(self.gradient_largest)),
        ];
        facts(&format!("assumption 1 at {}, k = {}", self.point, self.k), &rows, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::audit;
    use crate::theory::search::{SearchSettings, search};
    use hessia::{Activation, Dataset, Loss, Network};
    use ndarray::{Array1, Array2};

    fn shown(value: &impl Show) -> (String, String) {
        match value.to_view() {
            View::Html { text, html } => (text, html),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_audit_shows_its_verdicts() {
        let x = Array2::from_shape_fn((4, 3), |(i, j)| (i + j) as f64);
        let data = Dataset::new("toy", x, Targets::Classes(Array1::from_shape_fn(4, |i| i % 2))).unwrap();
        let net = Network::random(&[3, 4, 2], true, Activation::Relu, 1).unwrap();
        let audited = audit(&net, &data, Loss::cross_entropy()).unwrap();
        let (text, html) = shown(&audited);
        assert!(text.contains("theorem_1_stated: needs no biases"), "{text}");
        assert!(text.contains("bound_per_object_ggn: 0 violations"), "{text}");
        assert!(html.contains("<svg") && html.contains("needs no biases"), "{html}");
        let (text, _) = shown(&audited.constants);
        assert!(text.contains("M_W") && text.contains("b⁽ᵖ⁾"), "{text}");
    }

    #[test]
    fn a_search_shows_its_counterexample() {
        let settings = SearchSettings { nets: 200, steps: 10, ..SearchSettings::default() };
        let report = search(Statement::Theorem1Stated, &settings).unwrap();
        let (text, html) = shown(&report);
        assert!(text.contains("search against theorem_1_stated") && text.contains("example: "), "{text}");
        assert!(html.matches("<table>").count() == 2, "{html}");
    }
}
