//! What columns of our tables are called in legends and at axes.

/// A column's name for readers; names that are not ours stay as they are.
pub fn label(column: &str) -> &str {
    match column {
        "ggn_norm" => "‖G<sub>i</sub>‖",
        "hessian_norm" => "‖H<sub>i</sub>‖",
        "bound_uniform_ggn" => "uniform bound, ‖G<sub>i</sub>‖",
        "bound_uniform_hessian" => "uniform bound, ‖H<sub>i</sub>‖",
        "bound_per_layer_ggn" => "bound by layers, ‖G<sub>i</sub>‖",
        "bound_per_layer_hessian" => "bound by layers, ‖H<sub>i</sub>‖",
        "theorem_1_stated" => "Theorem 1, stated",
        "theorem_1_corrected_ggn" => "Theorem 1, corrected, ‖G<sub>i</sub>‖",
        "theorem_1_corrected_hessian" => "Theorem 1, corrected, ‖H<sub>i</sub>‖",
        "lemma_1_stated" => "Lemma 1, stated",
        "lemma_1_corrected_ggn" => "Lemma 1, corrected, ‖G<sub>i</sub>‖",
        "lemma_1_corrected_hessian" => "Lemma 1, corrected, ‖H<sub>i</sub>‖",
        "bound_per_object_ggn" => "bound of each object, ‖G<sub>i</sub>‖",
        "bound_per_object_hessian" => "bound of each object, ‖H<sub>i</sub>‖",
        "hessian_max" | "object_max" => "largest ‖H<sub>i</sub>‖",
        "ggn_max" => "largest ‖G<sub>i</sub>‖",
        "object_mean" => "mean ‖H<sub>i</sub>‖",
        "mean_hessian" => "‖mean H‖",
        "hessian_gap" => "mean ‖H<sub>k+1</sub> − mean H‖",
        "growth" => "(hM)<sup>2L</sup>",
        "stated" => "Lemma 1, stated",
        "corrected_hessian" => "Lemma 1, corrected",
        "zeroth_order" => "zeroth order",
        "first_order_bound" => "first order, bound",
        "second_order_bound" => "second order, bound",
        "difference_random" => "true, random direction",
        "difference_top" => "true, top eigenvector",
        other => other,
    }
}
