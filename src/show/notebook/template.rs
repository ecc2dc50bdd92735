//! An empty notebook to begin with.

use serde_json::{Value, json};

/// A new notebook as the text of its `.ipynb` file: kernel and imports set, a question to ask, and five cells from data
/// to spectrum.
///
/// ```
/// let text = hessia::notebook::template("saddle points");
/// assert!(text.contains("# saddle points"));
/// ```
pub fn template(name: &str) -> String {
    let code = |source: &str| json!({ "cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines(source) });
    let prose = |source: &str| json!({ "cell_type": "markdown", "metadata": {}, "source": lines(source) });
    let mut cells = vec![
        prose(&format!("# {name}\n\n**Question.** \n\n**Needed.** Two minutes.")),
        code("use hessia::prelude::*;"),
        prose("A network and its data: your own arrays, or files that `hessia train` and NumPy write."),
        code(
            "let x = Array2::from_shape_fn((50, 3), |(i, j)| ((7 * i + 3 * j) % 11) as f64 / 11.0);\n\
             let labels = Array1::from_shape_fn(50, |i| i % 2);\n\
             let data = Dataset::new(\"mine\", x, Targets::Classes(labels))?;\n\
             let net = Network::random(&[3, 4, 2], false, Activation::Tanh, 1)?;\n\
             net",
        ),
        prose("The exact Hessian $H = \\nabla^2 L(\\theta)$ and its eigenvalues."),
        code("let loss = Loss::cross_entropy();\nlet h = hessian(&net, &data, loss)?;\nh"),
        code("let spectrum = eigh(&h)?;\nspectrum"),
        prose("**Conclusion.** "),
    ];
    for (i, cell) in cells.iter_mut().enumerate() {
        cell["id"] = Value::from(format!("cell-{i}"));
    }
    let notebook = json!({
        "cells": cells,
        "metadata": {
            "kernelspec": { "display_name": "Rust (hessia)", "language": "rust", "name": "hessia" },
            "language_info": {
                "codemirror_mode": "rust", "file_extension": ".rs", "mimetype": "text/rust", "name": "Rust",
                "pygments_lexer": "rust"
            }
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    format!("{notebook:#}\n")
}

/// Jupyter keeps text as lines, each with its end.
fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(String::from).collect()
}
