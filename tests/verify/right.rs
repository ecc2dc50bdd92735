//! Right Hessians of every kind, in float64 and in float32.

use hessia::verify::{Candidate, Fault, Verdict, VerifySettings};
use hessia::{Activation, Dataset, Loss, LossKind, Network, Targets, check, eigvalsh, per_object, verify};
use ndarray::{Array2, Axis};
use num_dual::{DualNum, HyperDual32};

use super::plant::{Problem, of_shape, problem};

const SEEDS: u64 = 50;

fn no_fault(p: &Problem, candidate: &Candidate, verdicts: &[Verdict]) {
    let report = verify(candidate, &p.net, &p.data, p.loss, VerifySettings::default()).unwrap();
    assert!(verdicts.contains(&report.verdict), "{:?} {report}", p.loss);
    assert!(report.diagnosis.is_empty(), "{:?} {report}", p.loss);
}

/// Everything that can be made of a matrix.
fn kinds(p: &mut Problem, h: &Array2<f64>) -> Vec<Candidate> {
    let vectors = p.normal((h.nrows(), 3));
    let (a, b) = (p.net.layer_range(0), p.net.layer_range(1));
    let eigenvalues = eigvalsh(&(0.5 * (h + &h.t()))).unwrap().eigenvalues;
    let most = eigenvalues.len();
    vec![
        h.clone().into(),
        Candidate::Diagonal(h.diag().to_owned()),
        Candidate::Block { p: 0, q: 1, values: h.slice(ndarray::s![a, b]).to_owned() },
        Candidate::Products { products: h.dot(&vectors), vectors: vectors.clone() },
        Candidate::Products { products: h.dot(&vectors).t().to_owned(), vectors: vectors.t().to_owned() },
        Candidate::Eigenvalues(eigenvalues.iter().rev().copied().collect()),
        Candidate::Eigenvalues(eigenvalues.slice(ndarray::s![most - 3..]).to_owned()),
        Candidate::Eigenvalues(eigenvalues.slice(ndarray::s![..2]).to_owned()),
        Candidate::Trace(h.diag().sum()),
    ]
}

#[test]
fn right_hessians_in_float64_raise_nothing() {
    for seed in 0..SEEDS {
        let mut p = problem(seed);
        // Hyper-dual numbers: rounding of their own.
        let h = check::dual_hessian(&p.net, &p.data, p.loss).unwrap();
        for candidate in kinds(&mut p, &h) {
            no_fault(&p, &candidate, &[Verdict::Agrees]);
        }
        let norms = per_object(&p.net, &p.data, p.loss).unwrap().hessian_norm;
        no_fault(&p, &Candidate::ObjectNorms(norms), &[Verdict::Agrees]);
    }
}

#[test]
fn right_hessians_in_float32_raise_nothing() {
    for seed in 0..SEEDS {
        let mut p = problem(seed);
        let activation = [Activation::Tanh, Activation::Relu, Activation::Sigmoid][seed as usize % 3];
        p.net = Network::new(p.net.layers().to_vec(), activation).unwrap();
        let h = single_hessian(&p);
        for candidate in kinds(&mut p, &h) {
            let candidate = rounded(candidate);
            no_fault(&p, &candidate, &[Verdict::Agrees, Verdict::AgreesInFloat32]);
        }
    }
}

/// Wider nets and more objects: longer sums.
#[test]
fn long_sums_in_float32_raise_nothing() {
    use rand::SeedableRng;
    for seed in 0..6 {
        let rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let loss = [Loss::cross_entropy(), Loss::mean_squared_error()][seed as usize % 2];
        let mut p = of_shape(&[12, 3, 3], Activation::Tanh, 120, loss, rng);
        if seed >= 3 {
            // Sure of its answers: probabilities that softmax loses to cancellation.
            p.net = p.net.with_parameters(&(3.0 * p.net.parameters())).unwrap();
        }
        let h = single_hessian(&p);
        no_fault(&p, &rounded(h.into()), &[Verdict::AgreesInFloat32]);
    }
}

/// Single precision inside, double outside: the numbers no longer look like float32.
#[test]
fn float32_arithmetic_is_named_and_is_no_failure() {
    for seed in 0..SEEDS {
        let mut p = problem(seed);
        let activation = [Activation::Tanh, Activation::Relu, Activation::Sigmoid][seed as usize % 3];
        p.net = Network::new(p.net.layers().to_vec(), activation).unwrap();
        let h = single_hessian(&p) * (1.0 + f64::EPSILON * 7.0);
        let report = verify(&h.into(), &p.net, &p.data, p.loss, VerifySettings::default()).unwrap();
        assert_eq!(report.verdict, Verdict::AgreesInFloat32, "{report}");
        assert_eq!(report.diagnosis[0].faults, [Fault::Float32], "{report}");
        assert!(report.into_result().is_ok());
    }
}

fn rounded(candidate: Candidate) -> Candidate {
    let single = |v: f64| f64::from(v as f32);
    match candidate {
        Candidate::Matrix(values) => Candidate::Matrix(values.mapv(single)),
        Candidate::Diagonal(values) => Candidate::Diagonal(values.mapv(single)),
        Candidate::Block { p, q, values } => Candidate::Block { p, q, values: values.mapv(single) },
        Candidate::Products { vectors, products } => {
            Candidate::Products { vectors, products: products.mapv(single) }
        }
        Candidate::Eigenvalues(values) => Candidate::Eigenvalues(values.mapv(single)),
        Candidate::Trace(value) => Candidate::Trace(single(value)),
        other => other,
    }
}

/// The Hessian by hyper-dual numbers of float32, one second derivative after the other.
fn single_hessian(p: &Problem) -> Array2<f64> {
    let order = p.net.parameter_count();
    let theta: Vec<f32> = p.net.parameters().iter().map(|&v| v as f32).collect();
    let mut h = Array2::zeros((order, order));
    for i in 0..order {
        for j in i..order {
            let mut theta: Vec<_> = theta.iter().map(|&v| HyperDual32::from_re(v)).collect();
            theta[i] = theta[i].derivative1();
            theta[j] = theta[j].derivative2();
            let value = f64::from(loss(&p.net, &p.data, p.loss, &theta).eps1eps2);
            h[[i, j]] = value;
            h[[j, i]] = value;
        }
    }
    h
}

fn loss(net: &Network, data: &Dataset, loss: Loss, theta: &[HyperDual32]) -> HyperDual32 {
    let mut total = HyperDual32::from_re(0.0);
    for (object, x) in data.x.axis_iter(Axis(0)).enumerate() {
        let mut at = 0;
        let mut x: Vec<_> = x.iter().map(|&v| HyperDual32::from_re(v as f32)).collect();
        for (l, layer) in net.layers().iter().enumerate() {
            let biases = at + layer.weight.len();
            x = (0..layer.outputs())
                .map(|unit| {
                    let mut sum = theta[biases + unit];
                    for (a, value) in x.iter().enumerate() {
                        sum += theta[at + unit * layer.inputs() + a] * *value;
                    }
                    if l + 1 < net.depth() { activate(net.activation(), sum) } else { sum }
                })
                .collect();
            at += layer.parameter_count();
        }
        total += match &data.targets {
            Targets::Classes(labels) => {
                let top = x.iter().map(|z| z.re).fold(f32::NEG_INFINITY, f32::max);
                let sum = x.iter().fold(HyperDual32::from_re(0.0), |sum, z| sum + (*z - top).exp());
                sum.ln() + top - x[labels[object]]
            }
            Targets::Values(y) => {
                let terms = x.iter().zip(y.row(object)).map(|(&z, &y)| match loss.kind {
                    LossKind::BinaryCrossEntropy => z.exp().ln_1p() - z * y as f32,
                    _ => (z - y as f32) * (z - y as f32),
                });
                terms.fold(HyperDual32::from_re(0.0), |sum, term| sum + term)
            }
        };
    }
    total * loss.normaliser(data.len(), net.outputs()) as f32
}

fn activate(activation: Activation, z: HyperDual32) -> HyperDual32 {
    match activation {
        Activation::Tanh => z.tanh(),
        Activation::Relu => z * if z.re > 0.0 { 1.0 } else { 0.0 },
        _ => ((-z).exp() + 1.0).recip(),
    }
}
