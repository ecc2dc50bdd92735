//! The paper's results as a notebook shows them, where their facts alone do not do it.

use super::facts::{example_facts, search_facts};
use crate::experiment::Configuration;
use crate::theory::search::{Example, SearchReport};
use crate::theory::{Audit, Statement, Summary};
use hessia::format::{grouped, list, short};
use hessia::notebook::{Show, View, facts, html, line};

impl Show for Audit {
    fn to_view(&self) -> View {
        let View::Html { text, html } = self.summary().to_view() else { return View::Text(String::new()) };
        View::Html { text, html: html + &line(&self.norms) }
    }
}

impl Show for Summary {
    fn to_view(&self) -> View {
        let caption = format!(
            "audit of {}: {} objects, max ‖Gᵢ‖ {}, max ‖Hᵢ‖ {}",
            self.network,
            grouped(self.objects),
            short(self.largest_ggn_norm),
            short(self.largest_hessian_norm)
        );
        let head = ["statement", "violations", "undecided", "overflows", "tightest ratio", ""];
        let rows: Vec<Vec<String>> = self
            .verdicts
            .iter()
            .map(|v| match v.broken_assumptions.is_empty() {
                true => vec![
                    v.statement.name().to_string(),
                    grouped(v.violations),
                    grouped(v.undecided),
                    grouped(v.overflows),
                    v.tightest_ratio.map_or(String::new(), short),
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

impl Show for Example {
    fn to_view(&self) -> View {
        let mut rows = example_facts().shown(self);
        for layer in self.network.layers() {
            let lines: Vec<String> = layer.weight.rows().into_iter().map(list).collect();
            rows.push(("weights", lines.join("; ")));
        }
        facts(&format!("example: {}", self.network), &rows, "")
    }
}

impl Show for SearchReport {
    fn to_view(&self) -> View {
        let caption = format!("search against {}", self.statement);
        let View::Html { mut text, mut html } = facts(&caption, &search_facts().shown(self), "") else {
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

impl Show for Configuration {
    fn to_view(&self) -> View {
        View::Text(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::audit;
    use crate::theory::search::{SearchSettings, search};
    use hessia::{Activation, Dataset, Loss, Network, Targets};
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
