//! The facts of the experiment: networks, their curves and constants, and the verdict on their order.

use crate::data::CatalogEntry;
use crate::experiment::{
    Configuration, CurvatureRun, Curve, Finding, Finished, GROWTH_QUANTITIES, GrowthFit, GrowthRun, Order,
    Run, Verdict, living,
};
use hessia::facts::{FactList, Facts, Spread};
use hessia::format::grouped;

/// Which network a result is of.
pub fn configuration_facts() -> FactList<Configuration> {
    FactList::new()
        .count("hidden", "hidden width h", |network: &Configuration| network.hidden)
        .count("inner_layers", "inner layers N", |network| network.inner_layers)
        .count("matrices", "weight matrices", Configuration::matrices)
        .count("seed", "seed", |network| network.seed as usize)
}

impl Facts for Run {
    const TABLE: &'static str = "configurations";

    fn facts() -> FactList<Run> {
        FactList::new()
            .count("parameters", "parameters P", |run: &Run| run.parameters)
            .number("loss", "loss", |run| run.loss)
            .share("accuracy", "accuracy", |run| run.accuracy)
            .number("gradient_norm", "‖gradient‖", |run| run.gradient_norm)
            .count("dead_units", "dead units", |run| run.dead_units.iter().sum::<usize>())
            .flag("dead", "dead", Run::is_dead)
            .number("constant", "C", |run| run.constant)
            .interval(["constant_low", "constant_high"], "bootstrap interval of C", |run| {
                run.constant_interval
            })
            .number("constant_of_curve", "", |run| run.constant_of_curve)
    }

    fn caption(&self) -> String {
        format!("run {}", self.configuration)
    }

    fn line(&self) -> Option<(&'static str, Vec<f64>)> {
        Some(("log₁₀ |L₍ₖ₊₁₎ − Lₖ| over k", self.curve.mean.iter().map(|v| v.log10()).collect()))
    }
}

impl Facts for Finished {
    const TABLE: &'static str = "experiments";

    fn facts() -> FactList<Finished> {
        FactList::new()
            .count("runs", "", |finished: &Finished| finished.runs.len())
            .count("already_there", "found finished", |finished| finished.already_there)
            .spread("constant", "C", |finished| {
                Spread::of(&living(&finished.runs).0.iter().map(|run| run.constant).collect::<Vec<_>>())
            })
            .count("dead", "dead, left out of it", |finished| living(&finished.runs).1)
            .spread("accuracy", "accuracy", |finished| {
                Spread::of(&finished.runs.iter().map(|run| run.accuracy).collect::<Vec<_>>())
            })
    }

    fn caption(&self) -> String {
        format!("{} runs", grouped(self.runs.len()))
    }
}

impl Facts for Curve {
    const TABLE: &'static str = "curves";

    fn facts() -> FactList<Curve> {
        FactList::new()
            .count("points", "points", |curve: &Curve| curve.k.len())
            .count("last_k", "last k", |curve| curve.k.last().copied())
            .spread("mean", "mean", |curve| Spread::of(&curve.mean))
    }

    fn caption(&self) -> String {
        "curve of |L₍ₖ₊₁₎ − Lₖ|".to_string()
    }

    fn line(&self) -> Option<(&'static str, Vec<f64>)> {
        Some(("", self.mean.clone()))
    }
}

fn state(trained: bool) -> &'static str {
    if trained { "trained" } else { "initial" }
}

impl Facts for GrowthRun {
    const TABLE: &'static str = "growth";

    fn facts() -> FactList<GrowthRun> {
        let label = |quantity| match quantity {
            "mean_hessian" => "‖mean H‖",
            "hessian_mean" => "mean ‖Hᵢ‖",
            "hessian_max" => "largest ‖Hᵢ‖",
            "ggn_mean" => "mean ‖Gᵢ‖",
            "ggn_max" => "largest ‖Gᵢ‖",
            "growth" => "(hM)²ᴸ",
            "stated" => "Lemma 1, stated",
            "corrected_ggn" => "Lemma 1, corrected, ‖Gᵢ‖",
            "corrected_hessian" => "Lemma 1, corrected",
            _ => "",
        };
        let list = FactList::new()
            .text("state", "", |run: &GrowthRun| state(run.trained).to_string())
            .flag("dead", "dead", |run| run.dead)
            .number("m", "M, largest |w|", |run| run.m)
            .number("m_x", "M_x, largest ‖xᵢ‖", |run| run.m_x)
            .number("frobenius_ratio", "", |run| run.frobenius_ratio);
        GROWTH_QUANTITIES
            .into_iter()
            .fold(list, |list, (name, of)| list.number(name, label(name), of))
            .flag("stated_holds", "Lemma 1 as stated holds", GrowthRun::stated_holds)
            .flag("corrected_holds", "Lemma 1 corrected holds", GrowthRun::corrected_holds)
    }

    fn caption(&self) -> String {
        format!("growth of {}, {}", self.configuration, state(self.trained))
    }
}

impl Facts for GrowthFit {
    const TABLE: &'static str = "exponents";

    fn facts() -> FactList<GrowthFit> {
        FactList::new()
            .text("slice", "", |fit: &GrowthFit| fit.slice.name().to_string())
            .text("state", "", |fit| state(fit.trained).to_string())
            .text("quantity", "", |fit| fit.quantity.to_string())
            .number("exponent", "exponent", |fit| fit.fit.exponent)
            .interval(["lower", "upper"], "95 % interval", |fit| fit.fit.interval)
            .number("r_squared", "R²", |fit| fit.fit.r_squared)
            .count("points", "points", |fit| fit.fit.points)
            .count("left_out", "left out", |fit| fit.left_out)
    }

    fn caption(&self) -> String {
        format!("{} over {}, {}", self.quantity, self.slice, state(self.trained))
    }
}

/// Name, label and value.
pub type CurvatureQuantity = (&'static str, &'static str, fn(&CurvatureRun) -> f64);

/// What is measured of a network's curvature.
pub fn curvature_quantities() -> [CurvatureQuantity; 13] {
    [
        ("mean_hessian", "‖mean H‖", |run| run.mean_hessian),
        ("smallest_eigenvalue", "smallest eigenvalue", |run| run.smallest),
        ("second_eigenvalue", "second largest eigenvalue", |run| {
            run.largest.get(1).copied().unwrap_or(f64::NAN)
        }),
        ("object_mean", "mean ‖Hᵢ‖", |run| run.object_mean),
        ("object_max", "largest ‖Hᵢ‖", |run| run.object_max),
        ("object_ggn_mean", "mean ‖Gᵢ‖", |run| run.object_ggn_mean),
        ("hessian_gap", "mean ‖H₍ₖ₊₁₎ − mean H‖", |run| run.hessian_gap),
        ("zeroth_order", "zeroth order", |run| run.zeroth_order),
        ("first_order_bound", "first order, bound", |run| run.first_order_bound),
        ("second_order_bound", "second order, bound", |run| run.second_order_bound),
        ("bound", "bound, all three", CurvatureRun::bound),
        ("difference_random", "true, random direction", |run| run.difference_random),
        ("difference_top", "true, top eigenvector", |run| run.difference_top),
    ]
}

impl Facts for CurvatureRun {
    const TABLE: &'static str = "curvature";

    fn facts() -> FactList<CurvatureRun> {
        let list = FactList::new()
            .flag("dead", "dead", |run: &CurvatureRun| run.dead)
            .count("k", "", |run| run.k)
            .number("radius", "", |run| run.radius);
        let list = curvature_quantities()
            .into_iter()
            .fold(list, |list, (name, label, of)| list.number(name, label, of));
        list.number("residual", "", |run| run.residual)
    }

    fn caption(&self) -> String {
        format!("curvature of {}, k = {}", self.configuration, self.k)
    }
}

fn pairs((right, all): (usize, usize)) -> String {
    format!("{right} of {all}")
}

impl Facts for Order {
    const TABLE: &'static str = "orders";

    fn facts() -> FactList<Order> {
        FactList::new()
            .numbers("constants", "C in order", |order: &Order| order.constants.clone())
            .number("rho", "rank correlation with the claim", |order| order.correlation)
            .interval(["low", "high"], "its interval", |order| order.interval)
            .number("chance", "", |order| order.chance)
            .text("pairs", "pairs as claimed", |order| pairs(order.pairs))
            .flag("strict", "strictly as claimed", |order| order.strict)
            .flag("strictly_reversed", "strictly reversed", |order| order.strictly_reversed)
    }

    fn caption(&self) -> String {
        "order of the constants".to_string()
    }
}

impl Facts for Verdict {
    const TABLE: &'static str = "order";

    fn facts() -> FactList<Verdict> {
        FactList::new()
            .text("mode", "", |v: &Verdict| v.mode.name().to_string())
            .text("dataset", "", |v| v.dataset.clone())
            .text("slice", "", |v| v.slice.name().to_string())
            .text("claim", "", |v| v.slice.claim().to_string())
            .number("paper_rho", "rank correlation of the paper's curves", |v| v.paper.correlation)
            .interval(["paper_low", "paper_high"], "its interval", |v| v.paper.interval)
            .number("paper_chance", "", |v| v.paper.chance)
            .text("paper_pairs", "", |v| pairs(v.paper.pairs))
            .flag("paper_strict", "", |v| v.paper.strict)
            .text("paper", "the paper's curves", |v| {
                let words = match (v.paper.strict, v.paper.strictly_reversed) {
                    (true, _) => "as claimed",
                    (_, true) => "reversed",
                    _ => "neither",
                };
                words.to_string()
            })
            .flag("contradicts_text", "", |v| !v.paper.strict)
            .number("rho", "rank correlation of ours over the seeds", |v| v.measured.as_ref()?.correlation)
            .interval(["low", "high"], "its interval", |v| v.measured.as_ref()?.interval)
            .text("pairs", "", |v| Some(pairs(v.measured.as_ref()?.pairs)))
            .flag("strict", "", |v| Some(v.measured.as_ref()?.strict))
            .text("finding", "ours over the seeds", |v| {
                Some(v.measured.as_ref()?.finding().map(Finding::name)?.to_string())
            })
            .number("single_network_share", "", |v| v.single_network_share)
            .count("dead", "dead networks, left out", |v| v.dead)
    }

    fn caption(&self) -> String {
        format!("{}, {}, over {}", self.dataset, self.mode, self.slice)
    }
}

impl Facts for CatalogEntry {
    const TABLE: &'static str = "catalog";

    fn facts() -> FactList<CatalogEntry> {
        FactList::new()
            .text("name", "", |entry: &CatalogEntry| entry.name.to_string())
            .text("title", "", |entry| entry.title.to_string())
            .text("shows", "shows", |entry| entry.shows.to_string())
            .text("colour", "colour", |entry| entry.colour.to_string())
            .count("rows", "rows of pixels", |entry| entry.resolution.0)
            .count("columns", "columns of pixels", |entry| entry.resolution.1)
            .count("inputs", "inputs of each", CatalogEntry::inputs)
            .count("objects", "objects", |entry| entry.objects)
            .count("classes", "classes", |entry| entry.classes)
            .text("source", "source", |entry| entry.source.to_string())
    }

    fn caption(&self) -> String {
        self.title.to_string()
    }
}
