//! Second derivatives of candle and of burn, held against the exact Hessian: `make examples`.
//!
//! Each framework makes and saves a small network, differentiates its loss twice, and writes its weights as
//! safetensors; hessia reads those and verifies the matrix.

mod with_burn;
mod with_candle;

use std::error::Error;
use std::path::Path;

use hessia::verify::VerifySettings;
use hessia::{Activation, Dataset, Loss, Network, Targets, verify};
use ndarray::{Array1, Array2};

/// Inputs, hidden units and classes.
pub const WIDTHS: [usize; 3] = [3, 5, 4];

fn main() -> Result<(), Box<dyn Error>> {
    // candle reads this once, before its first backward pass: gradients then keep their graph.
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var("CANDLE_GRAD_DO_NOT_DETACH", "1") };

    let x = Array2::from_shape_fn((12, WIDTHS[0]), |(i, j)| ((5 * i + 7 * j) as f64).sin());
    let labels = Array1::from_shape_fn(12, |i| (i * i + 1) % WIDTHS[2]);
    let data = Dataset::new("waves", x, Targets::Classes(labels.clone()))?;
    let folder = tempfile::tempdir()?;

    let file = folder.path().join("candle.safetensors");
    let hessian = with_candle::hessian(&data.x, &labels, &file)?;
    check("candle, two backward passes", hessian, &file, &data, true)?;

    let file = folder.path().join("burn.safetensors");
    let hessian = with_burn::hessian(&data.x, &labels, &file)?;
    check("burn, in its own order of weights (inputs x outputs)", hessian.clone(), &file, &data, false)?;
    check("burn, in the order of PyTorch", out_in(&hessian), &file, &data, true)?;
    Ok(())
}

/// Prints what hessia says, and fails where it is not what should come out.
fn check(
    what: &str,
    hessian: Array2<f64>,
    file: &Path,
    data: &Dataset,
    right: bool,
) -> Result<(), Box<dyn Error>> {
    let (net, notes) = Network::load(file, Activation::Tanh)?;
    let report = verify(&hessian.into(), &net, data, Loss::cross_entropy(), VerifySettings::default())?;
    println!("== {what}");
    for note in notes {
        println!("{}", note.replace(&format!("{}/", file.parent().unwrap_or(file).display()), ""));
    }
    println!("{report}\n");
    if report.agrees() == right { Ok(()) } else { Err(format!("{what}: not as expected").into()) }
}

/// The matrix with the weights of each layer taken outputs first.
fn out_in(hessian: &Array2<f64>) -> Array2<f64> {
    let mut order = Vec::new();
    for pair in WIDTHS.windows(2) {
        let (start, inputs, outputs) = (order.len(), pair[0], pair[1]);
        order.extend((0..outputs).flat_map(|o| (0..inputs).map(move |i| start + i * outputs + o)));
        order.extend((0..outputs).map(|o| start + inputs * outputs + o));
    }
    Array2::from_shape_fn(hessian.dim(), |(i, j)| hessian[[order[i], order[j]]])
}
