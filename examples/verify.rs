//! Two second derivatives held against the exact Hessian: a finite difference, and one written by hand.
//!
//! `cargo run -p hessia --example verify --no-default-features`

use hessia::verify::{Candidate, VerifySettings};
use hessia::{Activation, Dataset, Loss, Network, Targets, check, verify};
use ndarray::{Array1, Array2, Axis};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let x = Array2::from_shape_fn((40, 3), |(i, j)| ((5 * i + 7 * j) as f64).sin());
    let labels = Array1::from_shape_fn(40, |i| i % 3);
    let data = Dataset::new("waves", x, Targets::Classes(labels))?;
    let loss = Loss::cross_entropy();
    let settings = VerifySettings::default();

    let net = Network::random(&[3, 5, 3], true, Activation::Tanh, 1)?;
    for step in [1e-2, 1e-5, 1e-9] {
        let slow = check::finite_difference_hessian(&net, &data, loss, step)?;
        println!(
            "finite differences of step {step:e}\n{}\n",
            verify(&slow.into(), &net, &data, loss, settings)?
        );
    }

    // Softmax regression has no hidden layer, and a Hessian that fits on a page.
    let net = Network::random(&[3, 3], true, Activation::Identity, 1)?;
    let right = Candidate::from(by_hand(&net, &data, data.len() as f64)?);
    println!("by hand\n{}\n", verify(&right, &net, &data, loss, settings)?);

    // Forgetting the mean over the objects; `into_result()?` is for tests.
    let wrong = Candidate::from(by_hand(&net, &data, 1.0)?);
    if let Err(error) = verify(&wrong, &net, &data, loss, settings)?.into_result() {
        println!("by hand, without the mean\n{error}");
    }
    Ok(())
}

/// `1/c Σ_n (diag p - p pᵀ) ⊗ x xᵀ` of softmax regression, in PyTorch's order: weights row by row, then biases.
fn by_hand(net: &Network, data: &Dataset, c: f64) -> Result<Array2<f64>, hessia::Error> {
    let (classes, inputs) = (net.outputs(), net.inputs());
    // Parameter k belongs to class `class` and to input `input`; a bias to the constant input one.
    let parameter = |k: usize| match k < classes * inputs {
        true => (k / inputs, Some(k % inputs)),
        false => (k - classes * inputs, None),
    };
    let order = net.parameter_count();
    let mut hessian = Array2::zeros((order, order));
    let logits = net.forward(&data.x)?;
    for (z, x) in logits.axis_iter(Axis(0)).zip(data.x.axis_iter(Axis(0))) {
        let top = z.fold(f64::NEG_INFINITY, |top, &z| top.max(z));
        let e = z.mapv(|z| (z - top).exp());
        let p = &e / e.sum();
        let value = |input: Option<usize>| input.map_or(1.0, |a| x[a]);
        for ((k, l), entry) in hessian.indexed_iter_mut() {
            let ((i, a), (j, b)) = (parameter(k), parameter(l));
            let curvature = if i == j { p[i] } else { 0.0 } - p[i] * p[j];
            *entry += curvature * value(a) * value(b) / c;
        }
    }
    Ok(hessian)
}
