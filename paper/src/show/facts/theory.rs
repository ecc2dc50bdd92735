//! The facts of the theory: constants, statements, counterexamples, the terms of an increment.

use crate::theory::search::{Example, SearchReport};
use crate::theory::{
    Assumption1, Comparison, Constants, Increment, Lemma2, Plane, Probe, Surface, TOLERANCE, Verdict,
};
#[cfg(feature = "notebook")]
use hessia::Targets;
use hessia::facts::{FactList, Facts, Spread};
use hessia::format::short;
use hessia::linalg::euclidean_norm;

impl Facts for Constants {
    const TABLE: &'static str = "constants";

    fn facts() -> FactList<Constants> {
        FactList::new()
            .count("depth", "L, weight matrices", |constants: &Constants| constants.depth)
            .count("hidden", "h, widest hidden layer", |constants| constants.hidden)
            .if_known()
            .numbers("weight_norms", "‖W⁽ᵖ⁾‖₂", |constants| constants.weight_norms.clone())
            .number("m_w", "M_W, largest of them", |constants| constants.m_w)
            .number("m_x", "M_x, largest ‖xᵢ‖", |constants| constants.m_x)
            .number("m", "M, largest |w|", |constants| constants.m)
            .number("m_l", "M_l, largest loss", |constants| constants.m_l)
            .number("logit_curvature", "bound on ‖A‖₂", |constants| constants.logit_curvature)
            .numbers("bias_norms", "‖b⁽ᵖ⁾‖₂", |constants| match constants.has_biases() {
                true => constants.bias_norms.iter().map(|norm| norm.unwrap_or(0.0)).collect(),
                false => Vec::new(),
            })
            .if_known()
            .number("residual", "", |constants| constants.residual)
            .number("slope", "", |constants| constants.slope)
            .count("outputs", "", |constants| constants.outputs)
    }

    fn caption(&self) -> String {
        "constants of the bounds".to_string()
    }
}

impl Facts for Verdict {
    const TABLE: &'static str = "verdicts";

    fn facts() -> FactList<Verdict> {
        FactList::new()
            .text("statement", "", |v: &Verdict| v.statement.name().to_string())
            .flag("as_stated", "as the paper states it", |v| v.as_the_paper_states_it)
            .count("objects", "objects", |v| v.objects)
            .count("violations", "violations", |v| v.violations)
            .count("undecided", "undecided", |v| v.undecided)
            .count("overflows", "overflows", |v| v.overflows)
            .number("tightest_ratio", "tightest ratio", |v| v.tightest_ratio)
            .text("not_applicable", "needs", |v| {
                (!v.broken_assumptions.is_empty()).then(|| v.broken_assumptions.join(", "))
            })
            .if_known()
    }

    fn caption(&self) -> String {
        self.statement.name().to_string()
    }
}

/// What figures call a statement's bound.
#[cfg(feature = "figure")]
pub fn statement_label(column: &str) -> Option<&'static str> {
    Some(match column {
        "bound_uniform_ggn" => "uniform bound, ‖Gᵢ‖",
        "bound_uniform_hessian" => "uniform bound, ‖Hᵢ‖",
        "bound_per_layer_ggn" => "bound by layers, ‖Gᵢ‖",
        "bound_per_layer_hessian" => "bound by layers, ‖Hᵢ‖",
        "theorem_1_stated" => "Theorem 1, stated",
        "theorem_1_corrected_ggn" => "Theorem 1, corrected, ‖Gᵢ‖",
        "theorem_1_corrected_hessian" => "Theorem 1, corrected, ‖Hᵢ‖",
        "lemma_1_stated" => "Lemma 1, stated",
        "lemma_1_corrected_ggn" => "Lemma 1, corrected, ‖Gᵢ‖",
        "lemma_1_corrected_hessian" => "Lemma 1, corrected, ‖Hᵢ‖",
        "bound_per_object_ggn" => "bound of each object, ‖Gᵢ‖",
        "bound_per_object_hessian" => "bound of each object, ‖Hᵢ‖",
        _ => return None,
    })
}

/// What a search comes to; its example is shown by itself.
pub fn search_facts() -> FactList<SearchReport> {
    FactList::new()
        .text("statement", "", |report: &SearchReport| report.statement.name().to_string())
        .count("nets", "random networks", |report| report.nets)
        .count("violations", "violations", |report| report.violations)
        .count("undecided", "undecided within rounding", |report| report.undecided)
        .count("overflows", "bounds that overflow", |report| report.overflows)
        .numbers("ratios", "largest ratio at each depth from 1", |report| {
            let ratio = |example: &Option<Example>| example.as_ref().and_then(Example::ratio);
            report.tightest.iter().map(|example| ratio(example).unwrap_or(f64::NAN)).collect()
        })
}

/// A network with one object; its weights are shown by themselves.
#[cfg(feature = "notebook")]
pub fn example_facts() -> FactList<Example> {
    FactList::new()
        .numbers("x", "x", |example: &Example| example.data.x.row(0).to_vec())
        .text("label", "label", |example| {
            let label = match &example.data.targets {
                Targets::Classes(labels) => labels.first().map(usize::to_string),
                Targets::Values(_) => None,
            };
            label.unwrap_or_default()
        })
        .number("measured", "measured norm", |example| example.comparison.left)
        .number("bound", "bound", |example| example.comparison.bound)
        .number("ratio", "ratio", Example::ratio)
}

impl Facts for Comparison {
    const TABLE: &'static str = "comparisons";

    fn facts() -> FactList<Comparison> {
        FactList::new()
            .number("left", "measured", |comparison: &Comparison| comparison.left)
            .number("bound", "bound", |comparison| comparison.bound)
            .number("rounding", "rounding", |comparison| comparison.rounding)
    }

    fn caption(&self) -> String {
        "measured against its bound".to_string()
    }
}

impl Facts for Increment {
    const TABLE: &'static str = "increments";

    fn facts() -> FactList<Increment> {
        FactList::new()
            .count("k", "", |increment: &Increment| increment.k)
            .number("loss_gap", "l₍ₖ₊₁₎ − Lₖ", |increment| increment.loss_gap)
            .number("gradient_gap_norm", "‖g₍ₖ₊₁₎ − mean g‖", |increment| {
                increment.gradient_gap_norm
            })
            .number("hessian_gap_norm", "‖H₍ₖ₊₁₎ − mean H‖", |increment| {
                increment.hessian_gap_norm
            })
            .number("gradient_norm_before", "‖gradient of Lₖ‖", |increment| {
                increment.gradient_norm_before
            })
            .number("gradient_norm_after", "‖gradient of L₍ₖ₊₁₎‖", |increment| {
                increment.gradient_norm_after
            })
            .number("m_l", "M_l", |increment| increment.m_l)
            .number("m_h_stated", "M_H by theorem 1 as stated", |increment| increment.m_h_stated)
            .number("m_h_measured", "max ‖Hᵢ‖, measured", |increment| increment.m_h_measured)
    }

    fn caption(&self) -> String {
        format!("increment at θ*, k = {}", self.k)
    }
}

impl Facts for Lemma2 {
    const TABLE: &'static str = "lemma_2";

    fn facts() -> FactList<Lemma2> {
        FactList::new()
            .count("k", "", |terms: &Lemma2| terms.k)
            .number("radius", "", |terms| terms.radius)
            .number("difference", "L₍ₖ₊₁₎ − Lₖ", |terms| terms.difference)
            .number("zeroth_order", "zeroth order", |terms| terms.zeroth_order)
            .number("first_order", "first order", |terms| terms.first_order)
            .number("second_order", "second order", |terms| terms.second_order)
            .number("remainder", "remainder", |terms| terms.remainder)
            .number("first_order_bound", "first order, bound", |terms| terms.first_order_bound)
            .number("second_order_bound", "second order, bound", |terms| terms.second_order_bound)
            .number("stated_measured", "bound as stated, measured M_H", |terms| terms.stated_measured)
            .number("corrected", "bound, corrected (up to the remainder)", |terms| terms.corrected)
            .number("stated", "bound as stated", |terms| terms.stated)
            .flag("stated_holds", "", Lemma2::stated_holds)
            .flag("corrected_holds", "", |terms| {
                terms.difference.abs() <= (terms.corrected + terms.remainder.abs()) * (1.0 + TOLERANCE)
            })
            .flag("expansion_suffices", "", |terms| {
                terms.difference.abs() <= terms.corrected * (1.0 + TOLERANCE)
            })
    }

    fn caption(&self) -> String {
        format!("increment at distance {} of θ*, k = {}", short(self.radius), self.k)
    }
}

impl Facts for Probe {
    const TABLE: &'static str = "lemma_2";

    fn facts() -> FactList<Probe> {
        FactList::new()
            .text("direction", "", |probe: &Probe| probe.direction.name().to_string())
            .count("index", "", |probe| probe.index)
            .part(Lemma2::facts(), |probe| &probe.terms)
    }

    fn caption(&self) -> String {
        format!("direction {} {}: {}", self.direction.name(), self.index, self.terms.caption())
    }
}

impl Facts for Assumption1 {
    const TABLE: &'static str = "assumption_1";

    fn facts() -> FactList<Assumption1> {
        FactList::new()
            .text("point", "", |found: &Assumption1| found.point.clone())
            .count("k", "", |found| found.k)
            .number("loss_before", "Lₖ", |found| found.loss_before)
            .number("gradient_before", "‖gradient of Lₖ‖", |found| found.gradient_before)
            .number("gradient_after", "‖gradient of L₍ₖ₊₁₎‖", |found| found.gradient_after)
            .number("gradient_joining", "‖gradient of the object that joins‖", |found| {
                found.gradient_joining
            })
            .number("gradient_largest", "largest ‖gradient‖ of an object", |found| found.gradient_largest)
    }

    fn caption(&self) -> String {
        format!("assumption 1 at {}, k = {}", self.point, self.k)
    }
}

impl Facts for Plane {
    const TABLE: &'static str = "planes";

    fn facts() -> FactList<Plane> {
        FactList::new()
            .count("parameters", "parameters", |plane: &Plane| plane.u.len())
            .number("u_norm", "‖u‖", |plane| euclidean_norm(plane.u.iter()))
            .number("v_norm", "‖v‖", |plane| euclidean_norm(plane.v.iter()))
            .number("product", "u · v", |plane| plane.u.dot(&plane.v))
    }

    fn caption(&self) -> String {
        "plane in parameter space".to_string()
    }
}

impl Facts for Surface {
    const TABLE: &'static str = "surfaces";

    fn facts() -> FactList<Surface> {
        FactList::new()
            .spread("a", "a", |surface: &Surface| Spread::of(&surface.a))
            .spread("b", "b", |surface| Spread::of(&surface.b))
            .spread("loss", "loss", |surface| Spread::of(&surface.losses))
    }

    fn caption(&self) -> String {
        let (rows, columns) = self.losses.dim();
        format!("loss on a plane, {rows} × {columns} points")
    }
}
