//! The thirty cases.

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Case;
use crate::{Activation, Dataset, Layer, Loss, LossKind, Network, Result, Targets};

/// The nearest that a hidden unit may come to zero, but in the case of the kink.
const FAR_FROM_KINK: f64 = 1.0 / 64.0;

struct Spec {
    name: &'static str,
    about: &'static str,
    widths: &'static [usize],
    /// Whether each layer has biases.
    biases: &'static [bool],
    activation: Activation,
    loss: Loss,
    objects: usize,
}

const fn spec(
    name: &'static str,
    about: &'static str,
    widths: &'static [usize],
    biases: &'static [bool],
    activation: Activation,
    loss: Loss,
) -> Spec {
    Spec { name, about, widths, biases, activation, loss, objects: 6 }
}

impl Spec {
    const fn objects(self, objects: usize) -> Spec {
        Spec { objects, ..self }
    }
}

/// The cases, in the order of the README that [`write_cases`](super::write_cases) writes.
///
/// # Errors
/// None: the table is fixed, and the tests build it.
///
/// ```
/// let cases = hessia::cases::cases()?;
/// assert_eq!(cases.len(), 30);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn cases() -> Result<Vec<Case>> {
    specs().iter().enumerate().map(|(number, spec)| build(number as u64, spec)).collect()
}

fn specs() -> [Spec; 30] {
    use Activation::{Elu, Gelu, Identity, LeakyRelu, Relu, Sigmoid, Silu, Softplus, Tanh};
    let (ce, mse, bce) = (Loss::cross_entropy(), Loss::mean_squared_error(), Loss::binary_cross_entropy());
    let (yes, no) = (&[true; 5], &[false; 5]);
    [
        spec("linear-regression", "closed form: 2/(m K) I (x) X^T X", &[3, 2], no, Identity, mse),
        spec("softmax-regression", "no hidden layer: the H-term is zero", &[4, 3], yes, Identity, ce),
        spec("logistic-regression", "one output", &[4, 1], yes, Identity, bce),
        spec("relu", "activation", &[3, 4, 3], yes, Relu, ce),
        spec("leaky-relu", "activation, slope 0.01", &[3, 4, 3], yes, LeakyRelu, ce),
        spec("tanh", "activation", &[3, 4, 3], yes, Tanh, ce),
        spec("sigmoid", "activation", &[3, 4, 3], yes, Sigmoid, ce),
        spec("softplus", "activation", &[3, 4, 3], yes, Softplus, ce),
        spec("gelu", "activation, exact (no tanh fit)", &[3, 4, 3], yes, Gelu, ce),
        spec("silu", "activation", &[3, 4, 3], yes, Silu, ce),
        spec("elu", "activation", &[3, 4, 3], yes, Elu, ce),
        spec(
            "deep-linear",
            "no activation: the H-term alone is indefinite",
            &[3, 3, 2, 3],
            no,
            Identity,
            mse,
        ),
        spec("relu-mse", "mean over objects and outputs", &[3, 4, 2], yes, Relu, mse),
        spec("relu-bce", "mean over objects and outputs", &[3, 4, 2], yes, Relu, bce),
        spec("tanh-mse-sum", "sum, not mean", &[3, 4, 2], yes, Tanh, mse.sum()),
        spec("silu-bce-sum", "sum, not mean", &[3, 4, 2], yes, Silu, bce.sum()),
        spec("relu-ce-sum", "sum, not mean", &[3, 4, 3], yes, Relu, ce.sum()),
        spec("gelu-mse", "smooth activation, several outputs", &[2, 3, 3, 2], yes, Gelu, mse),
        spec("relu-no-biases", "no biases", &[4, 3, 3, 3], no, Relu, ce),
        spec("relu-deep", "five layers", &[3, 3, 3, 3, 3, 2], yes, Relu, ce),
        spec("tanh-deep", "four layers", &[3, 3, 2, 3, 2], yes, Tanh, mse),
        spec("first-biases", "biases in the first layer alone", &[3, 3, 3], &[true, false], Tanh, ce),
        spec("last-biases", "biases in the last layer alone", &[3, 3, 3], &[false, true], Relu, mse),
        spec("one-object", "a single object", &[4, 3, 3], yes, Silu, ce).objects(1),
        spec("one-unit", "hidden layers of one unit", &[4, 1, 1, 3], yes, Elu, ce),
        spec("one-input", "inputs of one number, many objects", &[1, 5, 2], yes, Sigmoid, mse).objects(25),
        spec("wide-input", "fewer objects than inputs: rank-deficient", &[14, 2, 3], no, Relu, ce).objects(3),
        spec("repeated-object", "the same object three times", &[3, 4, 3], yes, Tanh, ce).objects(3),
        spec("dead-unit", "a hidden unit that no object reaches", &[3, 4, 3], yes, Relu, ce),
        spec("relu-kink", "an object of zeros: relu'(0) = 0 counts", &[3, 4, 3], no, Relu, ce),
    ]
}

fn build(number: u64, spec: &Spec) -> Result<Case> {
    // The first seed that keeps every unit away from the kink of its activation.
    let mut seed = 1000 * number;
    loop {
        let case = draw(seed, spec)?;
        let far = spec.name == "relu-kink" || case.distance_to_kink()? >= FAR_FROM_KINK;
        if far {
            return Ok(case);
        }
        seed += 1;
    }
}

fn draw(seed: u64, spec: &Spec) -> Result<Case> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut fraction = |most: i32, of: f64| f64::from(rng.random_range(-most..=most)) / of;
    let mut layers = Vec::new();
    for (pair, &biases) in spec.widths.windows(2).zip(spec.biases) {
        let weight = Array2::from_shape_simple_fn((pair[1], pair[0]), || fraction(20, 16.0));
        let bias = biases.then(|| Array1::from_shape_simple_fn(pair[1], || fraction(10, 16.0)));
        layers.push(Layer { weight, bias });
    }
    let mut x = Array2::from_shape_simple_fn((spec.objects, spec.widths[0]), || fraction(12, 8.0));
    let outputs = spec.widths[spec.widths.len() - 1];
    let shape = (spec.objects, outputs);
    let mut targets = match spec.loss.kind {
        LossKind::CrossEntropy => {
            Targets::Classes(Array1::from_shape_simple_fn(spec.objects, || rng.random_range(0..outputs)))
        }
        LossKind::MeanSquaredError => Targets::Values(Array2::from_shape_simple_fn(shape, || {
            f64::from(rng.random_range(-12_i32..=12)) / 8.0
        })),
        LossKind::BinaryCrossEntropy => {
            Targets::Values(Array2::from_shape_simple_fn(shape, || f64::from(rng.random_range(0_i32..=1))))
        }
    };
    match spec.name {
        "relu-kink" => x.row_mut(1).fill(0.0),
        "dead-unit" => {
            if let Some(bias) = &mut layers[0].bias {
                bias[1] = -50.0;
            }
        }
        "repeated-object" => {
            let first = x.row(0).to_owned();
            x.rows_mut().into_iter().for_each(|mut row| row.assign(&first));
            targets = targets.select(&vec![0; spec.objects]);
        }
        _ => {}
    }
    let net = Network::new(layers, spec.activation)?;
    let data = Dataset::new(spec.name, x, targets)?;
    Ok(Case { name: spec.name, about: spec.about, net, data, loss: spec.loss })
}
