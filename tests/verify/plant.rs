//! Random problems, and faults planted by definitions that share nothing with the diagnosis.

use hessia::verify::{Candidate, VerifySettings};
use hessia::{Activation, Dataset, Layer, Loss, LossKind, Network, Targets, Term, gradient, hessian};
use ndarray::{Array1, Array2, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// A net with data, and the generator that made them.
pub struct Problem {
    pub net: Network,
    pub data: Dataset,
    pub loss: Loss,
    pub rng: ChaCha8Rng,
}

pub const SMOOTH: [Activation; 6] = [
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Softplus,
    Activation::Gelu,
    Activation::Silu,
    Activation::Elu,
];

/// A random net of two or three layers with biases, on 5 to 12 objects; the loss changes with the seed.
pub fn problem(seed: u64) -> Problem {
    let loss =
        [Loss::cross_entropy(), Loss::mean_squared_error(), Loss::binary_cross_entropy()][seed as usize % 3];
    with_loss(seed, loss)
}

pub fn with_loss(seed: u64, loss: Loss) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut widths = vec![rng.random_range(2..5)];
    for _ in 0..rng.random_range(1..3) {
        widths.push(rng.random_range(2..5));
    }
    widths.push(rng.random_range(2..5));
    let activation = SMOOTH[rng.random_range(0..SMOOTH.len())];
    let objects = rng.random_range(6..13);
    of_shape(&widths, activation, objects, loss, rng)
}

pub fn of_shape(
    widths: &[usize],
    activation: Activation,
    objects: usize,
    loss: Loss,
    mut rng: ChaCha8Rng,
) -> Problem {
    let mut normal = |shape: (usize, usize), spread: f64| {
        Array2::from_shape_simple_fn(shape, || spread * rng.sample::<f64, _>(StandardNormal))
    };
    let layers = widths.windows(2).map(|pair| Layer {
        weight: normal((pair[1], pair[0]), 0.9),
        bias: Some(normal((1, pair[1]), 0.5).row(0).to_owned()),
    });
    let net = Network::new(layers.collect(), activation).unwrap();
    let outputs = net.outputs();
    let x = normal((objects, widths[0]), 1.0);
    let targets = match loss.kind {
        LossKind::CrossEntropy => {
            // Two classes at least, or a shift of the labels could change nothing.
            Targets::Classes(
                (0..objects).map(|i| if i < 2 { i } else { rng.random_range(0..outputs) }).collect(),
            )
        }
        LossKind::MeanSquaredError => Targets::Values(normal((objects, outputs), 1.0)),
        LossKind::BinaryCrossEntropy => {
            Targets::Values(Array2::from_shape_simple_fn((objects, outputs), || rng.random_range(0.0..1.0)))
        }
    };
    Problem { data: Dataset::new("random", x, targets).unwrap(), net, loss, rng }
}

impl Problem {
    pub fn hessian(&self) -> Array2<f64> {
        hessian(&self.net, &self.data, self.loss).unwrap()
    }

    pub fn on(&self, x: Array2<f64>) -> Array2<f64> {
        let data = Dataset::new("other", x, self.data.targets.clone()).unwrap();
        hessian(&self.net, &data, self.loss).unwrap()
    }

    pub fn with_targets(&self, targets: Targets) -> Array2<f64> {
        let data = Dataset::new("other", self.data.x.clone(), targets).unwrap();
        hessian(&self.net, &data, self.loss).unwrap()
    }

    pub fn labels(&self) -> Array1<usize> {
        match &self.data.targets {
            Targets::Classes(labels) => labels.clone(),
            Targets::Values(_) => panic!("no labels"),
        }
    }

    /// `1/m Σ g gᵀ`, object by object.
    pub fn empirical_fisher(&self) -> Array2<f64> {
        let order = self.net.parameter_count();
        let mut sum = Array2::zeros((order, order));
        for object in 0..self.data.len() {
            let g = gradient(&self.net, &self.data.select(&[object]), self.loss).unwrap();
            sum += &Array2::from_shape_fn((order, order), |(i, j)| g[i] * g[j]);
        }
        sum / self.data.len() as f64
    }

    /// The Hessian in the order in which `name(layer, unit, input)` sorts the parameters; biases have no input.
    pub fn sorted_by<K: Ord>(&self, key: impl Fn(usize, usize, Option<usize>) -> K) -> Vec<usize> {
        let mut names = Vec::new();
        for (l, layer) in self.net.layers().iter().enumerate() {
            for i in 0..layer.outputs() {
                names.extend((0..layer.inputs()).map(|a| (l, i, Some(a))));
            }
            names.extend((0..layer.outputs()).map(|i| (l, i, None)));
        }
        let mut places: Vec<usize> = (0..names.len()).collect();
        places.sort_by_key(|&k| key(names[k].0, names[k].1, names[k].2));
        places
    }

    /// The Hessian without the rows and columns of these arrays.
    pub fn without(&self, gone: impl Fn(&str) -> bool) -> Array2<f64> {
        let map = self.net.parameter_map();
        let kept: Vec<usize> = map.iter().filter(|a| !gone(&a.name)).flat_map(|a| a.range.clone()).collect();
        permuted(&self.hessian(), &kept)
    }

    pub fn block(&self, p: usize, q: usize) -> Array2<f64> {
        self.hessian().slice(s![self.net.layer_range(p), self.net.layer_range(q)]).to_owned()
    }

    pub fn normal(&mut self, shape: (usize, usize)) -> Array2<f64> {
        Array2::from_shape_simple_fn(shape, || self.rng.sample::<f64, _>(StandardNormal))
    }

    pub fn signs(&mut self, count: usize) -> Array1<f64> {
        Array1::from_shape_simple_fn(count, || if self.rng.random::<bool>() { 1.0 } else { -1.0 })
    }
}

pub fn permuted(matrix: &Array2<f64>, places: &[usize]) -> Array2<f64> {
    Array2::from_shape_fn((places.len(), places.len()), |(i, j)| matrix[[places[i], places[j]]])
}

/// A relu net in which one unit of the first layer is exactly at its kink for object 0, and its Hessian with the
/// derivative `slope` there.
///
/// With x = relu(z) and z = 0, a slope s is that of relu(s z) just above the kink: for this object the unit's
/// parameters count s times, in a net where the unit's bias is a hair above zero.
pub fn at_kink(seed: u64, slope: f64) -> (Problem, Array2<f64>) {
    let rng = ChaCha8Rng::seed_from_u64(seed);
    let mut problem = of_shape(&[3, 4, 3], Activation::Relu, 7, Loss::cross_entropy(), rng);
    let mut layers = problem.net.layers().to_vec();
    let unit = seed as usize % 4;
    let set = |layers: &mut Vec<Layer>, value: f64| layers[0].bias.as_mut().unwrap()[unit] = value;
    set(&mut layers, 0.0);
    problem.net = Network::new(layers.clone(), Activation::Relu).unwrap();
    problem.data.x.row_mut(0).fill(0.0);
    // relu has a second derivative of the output's weights at the kink only where they matter.
    layers[1].weight.column_mut(unit).mapv_inplace(|w| w + w.signum());
    problem.net = Network::new(layers.clone(), Activation::Relu).unwrap();

    let rest: Vec<usize> = (1..problem.data.len()).collect();
    let others = hessian(&problem.net, &problem.data.select(&rest), problem.loss).unwrap();
    layers[0].weight.row_mut(unit).mapv_inplace(|w| slope * w);
    set(&mut layers, 1e-200);
    let above = Network::new(layers, Activation::Relu).unwrap();
    let mut own = hessian(&above, &problem.data.select(&[0]), problem.loss).unwrap();
    let parameters = (3 * unit..3 * unit + 3).chain([12 + unit]);
    for k in parameters {
        own.row_mut(k).mapv_inplace(|v| slope * v);
        own.column_mut(k).mapv_inplace(|v| slope * v);
    }
    let m = problem.data.len() as f64;
    let matrix = others * ((m - 1.0) / m) + own / m;
    (problem, matrix)
}

/// What a test of one fault needs.
pub struct Planted {
    pub problem: Problem,
    pub candidate: Candidate,
    pub settings: VerifySettings,
}

impl Planted {
    pub fn new(problem: Problem, candidate: impl Into<Candidate>) -> Planted {
        Planted { problem, candidate: candidate.into(), settings: VerifySettings::default() }
    }

    pub fn of_term(self, term: Term) -> Planted {
        Planted { settings: VerifySettings { term, ..self.settings }, ..self }
    }
}
