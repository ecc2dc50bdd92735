//! The networks and data that the benchmarks measure, ours and the peers' alike.
#![allow(dead_code)]

use hessia::{Activation, Dataset, Error, Loss, Network, Result, Targets};
use hessia_paper::data::LoadDataset;
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A network with objects, and where these come from.
pub struct Problem {
    pub net: Network,
    pub data: Dataset,
    pub loss: Loss,
    pub origin: String,
}

/// What a name stands for.
struct Shape {
    name: &'static str,
    widths: &'static [usize],
    objects: usize,
    activation: Activation,
}

const SHAPES: [Shape; 5] = [
    Shape {
        name: "784-4x6-10",
        widths: &[784, 4, 4, 4, 4, 4, 4, 10],
        objects: 1000,
        activation: Activation::Relu,
    },
    // No unit is ever inactive here: nothing can be left out but equal pixels.
    Shape {
        name: "784-4x6-10-tanh",
        widths: &[784, 4, 4, 4, 4, 4, 4, 10],
        objects: 1000,
        activation: Activation::Tanh,
    },
    Shape { name: "784-16x2-10", widths: &[784, 16, 16, 10], objects: 500, activation: Activation::Relu },
    Shape { name: "3072-4-4-100", widths: &[3072, 4, 4, 100], objects: 500, activation: Activation::Relu },
    Shape {
        name: "784-16x6-10",
        widths: &[784, 16, 16, 16, 16, 16, 16, 10],
        objects: 10_000,
        activation: Activation::Relu,
    },
];

/// Variance 2 / fan-in instead of PyTorch's 1 / (3 fan-in): signals reach the last layer, few units are dead.
const GAIN: f64 = 2.449_489_742_783_178;
const SEED: u64 = 4;

/// The problem of this name, without biases, cross-entropy, mean over objects.
pub fn problem(name: &str) -> Result<Problem> {
    let shape = SHAPES.iter().find(|shape| shape.name == name).ok_or_else(|| {
        let names: Vec<_> = SHAPES.iter().map(|shape| shape.name).collect();
        Error::argument("problem", names.join(", "), name)
    })?;
    let net = Network::random(shape.widths, false, shape.activation, SEED)?;
    let net = net.with_parameters(&(GAIN * net.parameters()))?;
    let (data, origin) = match shape.widths[0] {
        784 => mnist(shape.objects)?,
        _ => noise(shape.widths[0], net.outputs(), shape.objects)?,
    };
    Ok(Problem { net, data, loss: Loss::cross_entropy(), origin })
}

/// The first MNIST training images, scaled to ±1; seeded look-alikes where the files are not there.
fn mnist(objects: usize) -> Result<(Dataset, String)> {
    if let Ok(data) = Dataset::load("mnist") {
        let data = data.head(objects);
        let origin = format!("the first {} MNIST training images", data.len());
        return Ok((data, origin));
    }
    // As in MNIST, about a fifth of the pixels is inked, in a patch in the middle, and the margin never is.
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let x = Array2::from_shape_fn((objects, 784), |(_, a)| {
        let (row, column) = (a / 28, a % 28);
        let inside = (2..26).contains(&row) && (2..26).contains(&column);
        if inside && rng.random_bool(0.27) { rng.random_range(-1.0..1.0) } else { -1.0 }
    });
    let y = Array1::from_shape_simple_fn(objects, || rng.random_range(0..10));
    let data = Dataset::new("mnist-like", x, Targets::Classes(y))?;
    Ok((data, format!("{objects} synthetic images in the manner of MNIST (no MNIST files found)")))
}

/// Inputs uniform in ±1: no two pixels are equal, as in colour photographs.
fn noise(inputs: usize, outputs: usize, objects: usize) -> Result<(Dataset, String)> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let x = Array2::from_shape_simple_fn((objects, inputs), || rng.random_range(-1.0..1.0));
    let y = Array1::from_shape_simple_fn(objects, || rng.random_range(0..outputs));
    let data = Dataset::new("noise", x, Targets::Classes(y))?;
    Ok((data, format!("{objects} objects of {inputs} uniform inputs")))
}
