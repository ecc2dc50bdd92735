//! What curvature, fits, descent and the terms of lemma 2 return: facts, with a line where there is a series.

use super::objects::facts;
use super::{Show, View, html};
use crate::cost::Cost;
use crate::fit::Fit;
use crate::spectrum::Outermost;
use crate::train::Stationary;
use crate::{Compressed, Layer, LayerNorms, PerObject};

/// `smallest to largest (mean)` of some numbers.
pub fn range<'a>(values: impl IntoIterator<Item = &'a f64>) -> String {
    let (mut low, mut high, mut sum, mut count) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
    for &value in values {
        (low, high) = (low.min(value), high.max(value));
        sum += value;
        count += 1.0;
    }
    match count > 0.0 {
        true => {
            format!("{} to {}, mean {}", html::short(low), html::short(high), html::short(sum / count))
        }
        false => "none".to_string(),
    }
}

/// `low … high` of an interval.
pub fn between((low, high): (f64, f64)) -> String {
    format!("{} … {}", html::short(low), html::short(high))
}

/// The norms of the objects' Hessians as a line.
pub fn norm_line(objects: &PerObject) -> String {
    let positive = objects.hessian_norm.iter().filter(|v| **v > 0.0);
    let mut norms: Vec<f64> = positive.map(|v| v.log10()).collect();
    norms.sort_by(f64::total_cmp);
    html::captioned_line("log₁₀ ‖Hᵢ‖ of the objects, ascending", &norms)
}

impl Show for Fit {
    fn to_view(&self) -> View {
        let rows = [
            ("exponent", html::short(self.exponent)),
            ("95 % interval", between(self.interval)),
            ("factor", html::short(self.factor)),
            ("R²", html::short(self.r_squared)),
            ("points", self.points.to_string()),
        ];
        facts("fit", &rows, "")
    }
}

impl Show for Cost {
    fn to_view(&self) -> View {
        let rate = self.plain_flops as f64 / self.seconds / 1e9;
        let rows = [
            ("parameters P", html::grouped(self.parameters)),
            ("objects m", html::grouped(self.objects)),
            ("seconds", html::short(self.seconds)),
            ("operations", html::short(self.flops as f64)),
            ("operations with nothing left out", html::short(self.plain_flops as f64)),
            ("share of active pairs", html::short(self.active_share)),
            ("GFLOP/s, nothing left out", html::short(rate)),
            ("GFLOP/s of dgemm", html::short(self.dgemm_gflops)),
        ];
        facts(&format!("cost of the Hessian of {}", self.network), &rows, "")
    }
}

impl Show for Stationary {
    fn to_view(&self) -> View {
        let rows = [
            ("loss", html::short(self.loss)),
            ("‖gradient‖", html::short(self.gradient_norm)),
            ("largest |entry| of the gradient", html::short(self.gradient_max)),
            ("distance from the start", html::short(self.distance)),
            ("steps", self.steps.len().to_string()),
        ];
        let sizes: Vec<f64> = self.steps.iter().map(|step| step.gradient_norm.log10()).collect();
        let line = html::captioned_line("log₁₀ ‖gradient‖ over the steps", &sizes);
        facts(&self.to_string(), &rows, &line)
    }
}

impl Show for Outermost {
    fn to_view(&self) -> View {
        let largest: Vec<String> = self.largest.iter().copied().map(html::short).collect();
        let rows = [
            ("largest", largest.join(", ")),
            ("smallest", html::short(self.smallest)),
            ("largest residual ‖Hv − λv‖", html::short(self.residual)),
            ("products with H", self.products.to_string()),
        ];
        facts("outermost eigenvalues", &rows, "")
    }
}

impl Show for Compressed {
    fn to_view(&self) -> View {
        let (full, kept) = self.basis.dim();
        let rows = [("inputs", html::grouped(full)), ("inputs kept", html::grouped(kept))];
        facts(&format!("compressed to {}", self.network), &rows, "")
    }
}

impl Show for PerObject {
    fn to_view(&self) -> View {
        let rows = [
            ("loss", range(&self.loss)),
            ("‖gradient‖", range(&self.gradient_norm)),
            ("‖x‖", range(&self.input_norm)),
            ("‖residual‖", range(&self.residual_norm)),
            ("‖Gᵢ‖", range(&self.ggn_norm)),
            ("‖Hᵢ‖", range(&self.hessian_norm)),
            ("‖H-term‖", range(&self.h_term_norm)),
        ];
        facts(&format!("each of {} objects", html::grouped(self.loss.len())), &rows, &norm_line(self))
    }
}

impl Show for LayerNorms {
    fn to_view(&self) -> View {
        let rows = [
            ("inputs of the layers", range(&self.input)),
            ("residuals of the layers", range(&self.residual)),
            ("sensitivities of the layers", range(&self.sensitivity)),
            ("curvature in the logits", range(&self.logit_curvature)),
        ];
        let (objects, layers) = self.input.dim();
        facts(&format!("norms by object ({}) and layer ({layers})", html::grouped(objects)), &rows, "")
    }
}

impl Show for Layer {
    fn to_view(&self) -> View {
        let (outputs, inputs) = self.weight.dim();
        let bias = self.bias.as_ref().map_or("none".to_string(), range);
        facts(&format!("layer {inputs} → {outputs}"), &[("weight", range(&self.weight)), ("bias", bias)], "")
    }
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

    #[test]
    fn nothing_has_no_range() {
        assert_eq!(range(&[]), "none");
        assert_eq!(range(&[1.0, 3.0]), "1 to 3, mean 2");
    }
}
