//! The facts of what the core computes.

use ndarray::Array1;

use crate::cost::Cost;
use crate::facts::{FactList, Facts, Spread};
use crate::fit::Fit;
use crate::format::grouped;
use crate::spectrum::Outermost;
use crate::train::{Stationary, Trained};
use crate::{Compressed, Curvature, Dataset, Layer, LayerNorms, Network, PerObject, Spectrum, Targets};

impl Facts for Spectrum {
    const TABLE: &'static str = "spectra";

    fn facts() -> FactList<Spectrum> {
        FactList::new()
            .count("order", "", |spectrum: &Spectrum| spectrum.order)
            .count("eigenvalues", "", |spectrum| spectrum.eigenvalues.len())
            .count("first_index", "", |spectrum| spectrum.first)
            .count("negative", "negative", |spectrum| spectrum.inertia().negative)
            .count("zero", "zero", |spectrum| spectrum.inertia().zero)
            .count("positive", "positive", |spectrum| spectrum.inertia().positive)
            .count("rank", "", Spectrum::rank)
            .number("condition", "", |spectrum| {
                (spectrum.eigenvalues.len() == spectrum.order).then(|| spectrum.condition())
            })
            .number("tolerance", "tolerance of zero", |spectrum| spectrum.tolerance)
            .number("smallest", "smallest", |spectrum| spectrum.eigenvalues.first().copied())
            .if_known()
            .number("largest", "largest", |spectrum| spectrum.eigenvalues.last().copied())
            .if_known()
            .number("largest_residual", "largest ‖Hv − λv‖", Spectrum::largest_residual)
            .if_known()
            .number("orthogonality", "largest |VᵀV − I|", |spectrum| spectrum.orthogonality)
            .if_known()
    }

    fn caption(&self) -> String {
        let (n, k) = (self.order, self.eigenvalues.len());
        let which = if k == n { "all".to_string() } else { format!("{k} of") };
        format!("spectrum: {which} {} eigenvalues", grouped(n))
    }

    fn line(&self) -> Option<(&'static str, Vec<f64>)> {
        let floor = self.tolerance.max(f64::MIN_POSITIVE);
        let sizes = self.eigenvalues.iter().map(|v| v.abs().max(floor).log10()).collect();
        Some(("log₁₀ |λ| in ascending order of λ", sizes))
    }
}

impl Facts for Curvature {
    const TABLE: &'static str = "curvatures";

    fn facts() -> FactList<Curvature> {
        FactList::new()
            .text("term", "", |curvature: &Curvature| curvature.term.name().to_string())
            .number("loss", "loss", |curvature| curvature.loss)
            .number("gradient_norm", "‖gradient‖", |curvature| norm(curvature.gradient.iter()))
            .number("frobenius_norm", "‖matrix‖ (Frobenius)", |curvature| norm(curvature.matrix.iter()))
            .number("trace", "trace", |curvature| curvature.matrix.diag().sum())
    }

    fn caption(&self) -> String {
        let order = grouped(self.matrix.nrows());
        format!("{} curvature, {order} × {order}", self.term.name())
    }
}

/// The plain root of the sum of squares, in order.
fn norm<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

impl Facts for Dataset {
    const TABLE: &'static str = "datasets";

    fn facts() -> FactList<Dataset> {
        FactList::new()
            .text("data", "", |data: &Dataset| data.name.clone())
            .count("objects", "objects", Dataset::len)
            .count("inputs", "inputs of each", Dataset::inputs)
            .range(["inputs_low", "inputs_high"], "range of inputs", |data| {
                Spread::of(&data.x).map(|spread| (spread.low, spread.high))
            })
            .counts("classes", "objects of each class", |data| match &data.targets {
                Targets::Classes(labels) => class_sizes(labels),
                Targets::Values(_) => Vec::new(),
            })
            .if_known()
            .count("targets", "targets of each", |data| match &data.targets {
                Targets::Classes(_) => None,
                Targets::Values(values) => Some(values.ncols()),
            })
            .if_known()
    }

    fn caption(&self) -> String {
        format!("data set {}", self.name)
    }
}

fn class_sizes(labels: &Array1<usize>) -> Vec<usize> {
    let mut counts = vec![0; labels.iter().max().map_or(0, |&largest| largest + 1)];
    for &label in labels {
        counts[label] += 1;
    }
    counts
}

impl Facts for Trained {
    const TABLE: &'static str = "trained";

    fn facts() -> FactList<Trained> {
        FactList::new()
            .text("network", "", |trained: &Trained| trained.network.to_string())
            .count("epochs", "epochs", |trained| trained.losses.len())
            .number("first_loss", "loss, first epoch", |trained| trained.losses.first().copied())
            .number("loss", "loss, trained", |trained| trained.loss)
            .share("accuracy", "accuracy", |trained| trained.accuracy)
            .if_known()
            .counts("dead_units", "dead units in each hidden layer", |trained| trained.dead_units.clone())
            .if_known()
    }

    fn caption(&self) -> String {
        format!("trained network {}", widths(&self.network))
    }

    fn line(&self) -> Option<(&'static str, Vec<f64>)> {
        Some(("", self.losses.clone()))
    }
}

/// The widths with lines between them: `784-4-10`.
pub(super) fn widths(net: &Network) -> String {
    let widths: Vec<String> = net.widths().iter().map(usize::to_string).collect();
    widths.join("-")
}

impl Facts for Fit {
    const TABLE: &'static str = "fits";

    fn facts() -> FactList<Fit> {
        FactList::new()
            .number("exponent", "exponent", |fit: &Fit| fit.exponent)
            .interval(["lower", "upper"], "95 % interval", |fit| fit.interval)
            .number("factor", "factor", |fit| fit.factor)
            .number("r_squared", "R²", |fit| fit.r_squared)
            .count("points", "points", |fit| fit.points)
    }

    fn caption(&self) -> String {
        "fit".to_string()
    }
}

impl Facts for Cost {
    const TABLE: &'static str = "cost";

    fn facts() -> FactList<Cost> {
        FactList::new()
            .text("network", "", |cost: &Cost| cost.network.clone())
            .count("parameters", "parameters P", |cost| cost.parameters)
            .count("objects", "objects m", |cost| cost.objects)
            .number("seconds", "seconds", |cost| cost.seconds)
            .amount("flops", "operations", |cost| cost.flops as usize)
            .amount("plain_flops", "operations with nothing left out", |cost| cost.plain_flops as usize)
            .number("active_share", "share of active pairs", |cost| cost.active_share)
            .number("dgemm_gflops", "GFLOP/s of dgemm", |cost| cost.dgemm_gflops)
            .number("dgemm_share", "share of it reached", Cost::dgemm_share)
            .number("plain_share", "the same, nothing left out", Cost::plain_share)
    }

    fn caption(&self) -> String {
        format!("cost of the Hessian of {}", self.network)
    }
}

impl Facts for Stationary {
    const TABLE: &'static str = "stationary";

    fn facts() -> FactList<Stationary> {
        FactList::new()
            .number("loss", "loss", |point: &Stationary| point.loss)
            .number("gradient_norm", "‖gradient‖", |point| point.gradient_norm)
            .number("gradient_max", "largest |entry| of the gradient", |point| point.gradient_max)
            .number("distance", "distance from the start", |point| point.distance)
            .count("steps", "steps", |point| point.steps.len())
    }

    fn caption(&self) -> String {
        self.to_string()
    }

    fn line(&self) -> Option<(&'static str, Vec<f64>)> {
        let sizes = self.steps.iter().map(|step| step.gradient_norm.log10()).collect();
        Some(("log₁₀ ‖gradient‖ over the steps", sizes))
    }
}

impl Facts for Outermost {
    const TABLE: &'static str = "outermost";

    fn facts() -> FactList<Outermost> {
        FactList::new()
            .numbers("largest", "largest", |ends: &Outermost| ends.largest.clone())
            .number("smallest", "smallest", |ends| ends.smallest)
            .number("residual", "largest residual ‖Hv − λv‖", |ends| ends.residual)
            .count("products", "products with H", |ends| ends.products)
    }

    fn caption(&self) -> String {
        "outermost eigenvalues".to_string()
    }
}

impl Facts for Compressed {
    const TABLE: &'static str = "compressed";

    fn facts() -> FactList<Compressed> {
        FactList::new().count("inputs", "inputs", |compressed: &Compressed| compressed.basis.nrows()).count(
            "inputs_kept",
            "inputs kept",
            |compressed| compressed.basis.ncols(),
        )
    }

    fn caption(&self) -> String {
        format!("compressed to {}", self.network)
    }
}

impl Facts for PerObject {
    const TABLE: &'static str = "objects";

    fn facts() -> FactList<PerObject> {
        FactList::new()
            .count("objects", "", |objects: &PerObject| objects.loss.len())
            .spread("loss", "loss", |objects| Spread::of(&objects.loss))
            .spread("gradient_norm", "‖gradient‖", |objects| Spread::of(&objects.gradient_norm))
            .spread("input_norm", "‖x‖", |objects| Spread::of(&objects.input_norm))
            .spread("residual_norm", "‖residual‖", |objects| Spread::of(&objects.residual_norm))
            .spread("ggn_norm", "‖Gᵢ‖", |objects| Spread::of(&objects.ggn_norm))
            .spread("hessian_norm", "‖Hᵢ‖", |objects| Spread::of(&objects.hessian_norm))
            .spread("h_term_norm", "‖H-term‖", |objects| Spread::of(&objects.h_term_norm))
    }

    fn caption(&self) -> String {
        format!("each of {} objects", grouped(self.loss.len()))
    }

    fn line(&self) -> Option<(&'static str, Vec<f64>)> {
        let positive = self.hessian_norm.iter().filter(|v| **v > 0.0);
        let mut norms: Vec<f64> = positive.map(|v| v.log10()).collect();
        norms.sort_by(f64::total_cmp);
        Some(("log₁₀ ‖Hᵢ‖ of the objects, ascending", norms))
    }
}

impl Facts for LayerNorms {
    const TABLE: &'static str = "layer_norms";

    fn facts() -> FactList<LayerNorms> {
        FactList::new()
            .spread("input", "inputs of the layers", |norms: &LayerNorms| Spread::of(&norms.input))
            .spread("residual", "residuals of the layers", |norms| Spread::of(&norms.residual))
            .spread("sensitivity", "sensitivities of the layers", |norms| Spread::of(&norms.sensitivity))
            .spread("logit_curvature", "curvature in the logits", |norms| Spread::of(&norms.logit_curvature))
    }

    fn caption(&self) -> String {
        let (objects, layers) = self.input.dim();
        format!("norms by object ({}) and layer ({layers})", grouped(objects))
    }
}

impl Facts for Layer {
    const TABLE: &'static str = "layers";

    fn facts() -> FactList<Layer> {
        FactList::new()
            .count("outputs", "", Layer::outputs)
            .count("inputs", "", Layer::inputs)
            .spread("weight", "weight", |layer| Spread::of(&layer.weight))
            .spread("bias", "bias", |layer| layer.bias.as_ref().and_then(Spread::of))
    }

    fn caption(&self) -> String {
        format!("layer {} → {}", self.inputs(), self.outputs())
    }
}
