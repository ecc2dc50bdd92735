//! What the experiment returns: trained networks, their curves and constants, and the verdict on their order.

use crate::data::CatalogEntry;
use crate::experiment::{
    Configuration, CurvatureRun, Curve, Finished, GrowthFit, GrowthRun, Order, Run, Verdict, living,
};
use hessia::notebook::facts;
use hessia::notebook::{Show, View, html};
use hessia::notebook::{between, range};

impl Show for Configuration {
    fn to_view(&self) -> View {
        View::Text(self.to_string())
    }
}

impl Show for Run {
    fn to_view(&self) -> View {
        let dead: usize = self.dead_units.iter().sum();
        let rows = [
            ("parameters P", html::grouped(self.parameters)),
            ("loss", html::short(self.loss)),
            ("‖gradient‖", html::short(self.gradient_norm)),
            ("accuracy", format!("{:.1} %", 100.0 * self.accuracy)),
            ("dead units", dead.to_string()),
            ("C", html::short(self.constant)),
            ("bootstrap interval of C", between(self.constant_interval)),
        ];
        let sizes: Vec<f64> = self.curve.mean.iter().map(|v| v.log10()).collect();
        let line = html::captioned_line("log₁₀ |L₍ₖ₊₁₎ − Lₖ| over k", &sizes);
        facts(&format!("run {}", self.configuration), &rows, &line)
    }
}

impl Show for Finished {
    fn to_view(&self) -> View {
        let (alive, dead) = living(&self.runs);
        let constants: Vec<f64> = alive.iter().map(|run| run.constant).collect();
        let accuracies: Vec<f64> = self.runs.iter().map(|run| run.accuracy).collect();
        let rows = [
            ("found finished", html::grouped(self.already_there)),
            ("C", range(&constants)),
            ("dead, left out of it", dead.to_string()),
            ("accuracy", range(&accuracies)),
        ];
        facts(&format!("{} runs", html::grouped(self.runs.len())), &rows, "")
    }
}

impl Show for Curve {
    fn to_view(&self) -> View {
        let last = self.k.last().map_or("none".to_string(), |&k| html::grouped(k));
        let rows = [("points", self.k.len().to_string()), ("last k", last), ("mean", range(&self.mean))];
        facts("curve of |L₍ₖ₊₁₎ − Lₖ|", &rows, &html::sparkline(&self.mean))
    }
}

impl Show for GrowthRun {
    fn to_view(&self) -> View {
        let rows = [
            ("M, largest |w|", html::short(self.m)),
            ("‖mean H‖", html::short(self.mean_hessian)),
            (
                "‖Hᵢ‖, mean and largest",
                format!("{}, {}", html::short(self.hessian_mean), html::short(self.hessian_max)),
            ),
            (
                "‖Gᵢ‖, mean and largest",
                format!("{}, {}", html::short(self.ggn_mean), html::short(self.ggn_max)),
            ),
            ("L (hM)^(2L)", html::short(self.growth)),
            ("lemma 1 as stated", html::short(self.stated)),
            ("lemma 1 corrected, ‖Gᵢ‖", html::short(self.corrected_ggn)),
            ("lemma 1 corrected, ‖Hᵢ‖", html::short(self.corrected_hessian)),
        ];
        let state = if self.trained { "trained" } else { "at the start" };
        facts(&format!("growth of {}, {state}", self.configuration), &rows, "")
    }
}

impl Show for GrowthFit {
    fn to_view(&self) -> View {
        let rows = [
            ("exponent", html::short(self.fit.exponent)),
            ("95 % interval", between(self.fit.interval)),
            ("R²", html::short(self.fit.r_squared)),
            ("points", self.fit.points.to_string()),
            ("left out", self.left_out.to_string()),
        ];
        let state = if self.trained { "trained" } else { "at the start" };
        facts(&format!("{} over {}, {state}", self.quantity, self.slice), &rows, "")
    }
}

impl Show for CurvatureRun {
    fn to_view(&self) -> View {
        let largest: Vec<String> = self.largest.iter().copied().map(html::short).collect();
        let rows = [
            ("dead", if self.dead { "yes" } else { "no" }.to_string()),
            ("‖mean H‖", html::short(self.mean_hessian)),
            ("largest eigenvalues", largest.join(", ")),
            ("smallest eigenvalue", html::short(self.smallest)),
            (
                "‖Hᵢ‖, mean and largest",
                format!("{}, {}", html::short(self.object_mean), html::short(self.object_max)),
            ),
            ("‖H₍ₖ₊₁₎ − mean H‖", html::short(self.hessian_gap)),
            ("zeroth order", html::short(self.zeroth_order)),
            ("first order, bound", html::short(self.first_order_bound)),
            ("second order, bound", html::short(self.second_order_bound)),
        ];
        facts(&format!("curvature of {}, k = {}", self.configuration, self.k), &rows, "")
    }
}

impl Show for Order {
    fn to_view(&self) -> View {
        let yes = |known: bool| if known { "yes" } else { "no" }.to_string();
        let constants: Vec<String> = self.constants.iter().copied().map(html::short).collect();
        let rows = [
            ("C in order", constants.join(", ")),
            ("rank correlation with the claim", self.correlation.map_or("none".to_string(), html::short)),
            ("its interval", self.interval.map_or("none".to_string(), between)),
            ("strictly as claimed", yes(self.strict)),
            ("strictly reversed", yes(self.strictly_reversed)),
        ];
        facts("order of the constants", &rows, "")
    }
}

impl Show for Verdict {
    fn to_view(&self) -> View {
        let describe = |order: &Order| match (order.strict, order.strictly_reversed) {
            (true, _) => "as claimed".to_string(),
            (_, true) => "reversed".to_string(),
            _ => format!("mixed, correlation {}", order.correlation.map_or("none".to_string(), html::short)),
        };
        let measured = self.measured.as_ref().map_or("not measured".to_string(), describe);
        let rows = [
            ("the paper's curves", describe(&self.paper)),
            ("ours over the seeds", measured),
            ("dead networks, left out", self.dead.to_string()),
        ];
        facts(&format!("{}, {}, over {}", self.dataset, self.mode, self.slice), &rows, "")
    }
}

impl Show for CatalogEntry {
    fn to_view(&self) -> View {
        let (height, width) = self.resolution;
        let rows = [
            ("objects", html::grouped(self.objects)),
            ("classes", self.classes.to_string()),
            ("resolution", format!("{height} × {width}")),
            ("shows", self.shows.to_string()),
            ("source", self.source.to_string()),
        ];
        facts(self.title, &rows, "")
    }
}
