//! Graphs drawn at random, up to twelve maps: laws that hold for all of them.

mod common;
mod graph_oracle;

use common::{assert_close, norm};
use hessia::graph::{
    Answers, Builder, Examples, Graph, Init, NodeId, Objective, Padding, ParameterId, Plan, Shape, Window,
    curvature_by, hvp,
};
use hessia::{Activation, Term};
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rounding, relative to the norm of H.
const ROUNDING: f64 = 1e-13;
/// Against hyper-dual numbers, whose own sums cancel too.
const PROMISED: f64 = 1e-12;

/// Draws a graph; weights of one shape are shared, or (the same graph otherwise) copied.
struct Draw {
    rng: ChaCha8Rng,
    net: Builder,
    shared: bool,
    weights: Vec<(Vec<usize>, ParameterId, String, usize)>,
    count: usize,
}

impl Draw {
    /// A weight of this shape: a new one, or half the time an old one once more.
    fn weight(&mut self, shape: &[usize]) -> ParameterId {
        let again = self.rng.random_bool(0.5);
        let old = self.weights.iter_mut().find(|(known, ..)| known == shape);
        if let (true, Some((_, id, name, copies))) = (again, old) {
            if self.shared {
                return *id;
            }
            *copies += 1;
            let name = format!("{name} copy {copies}");
            return self.net.parameter(&name, shape, Init::Normal(1.0)).unwrap();
        }
        self.count += 1;
        let name = format!("w{}", self.count);
        let id = self.net.parameter(&name, shape, Init::Normal(1.0)).unwrap();
        self.weights.push((shape.to_vec(), id, name, 0));
        id
    }

    fn dense(&mut self, x: NodeId, outputs: usize) -> NodeId {
        let inputs = self.net.shape(x).unwrap().channels;
        let weight = self.weight(&[outputs, inputs]);
        let bias = self.rng.random_bool(0.6).then(|| self.weight(&[outputs]));
        self.net.dense_by(x, weight, bias).unwrap()
    }

    fn conv(&mut self, x: NodeId) -> NodeId {
        let shape = self.net.shape(x).unwrap();
        let kernel = shape.grid.map(|size| self.rng.random_range(1..=size.min(2)));
        let padding = [usize::from(kernel[0] > 1), usize::from(kernel[1] > 1)];
        let window = Window { kernel, padding, ..Window::square(1) };
        let groups = if shape.channels.is_multiple_of(2) && self.rng.random_bool(0.4) { 2 } else { 1 };
        let weight = self.weight(&[2, shape.channels / groups, kernel[0], kernel[1]]);
        let bias = self.weight(&[2]);
        self.net.conv_by(x, weight, Some(bias), window, groups).unwrap()
    }

    /// One more map behind `x`; `old` is an earlier tensor.
    fn step(&mut self, x: NodeId, old: NodeId) -> NodeId {
        let shape = self.net.shape(x).unwrap();
        let positions = shape.positions();
        let same = self.net.shape(old).unwrap() == shape;
        match self.rng.random_range(0..14) {
            0 | 1 => {
                let activation = Activation::ALL[self.rng.random_range(0..9)];
                self.net.activation(x, activation).unwrap()
            }
            2 | 3 => {
                let outputs = self.rng.random_range(2..=4);
                self.dense(x, outputs)
            }
            4 | 5 if positions > 1 => self.conv(x),
            6 if positions > 1 => {
                let window = Window { kernel: shape.grid.map(|size| size.min(2)), ..Window::square(1) };
                if self.rng.random_bool(0.5) {
                    self.net.max_pool(x, window).unwrap()
                } else {
                    self.net.average_pool(x, window, Padding::Counts).unwrap()
                }
            }
            7 if same => self.net.add(x, old).unwrap(),
            8 if same => self.net.multiply(x, old).unwrap(),
            9 if shape.channels > 1 => {
                let groups = self.rng.random_bool(0.3).then_some(1);
                let centred = self.rng.random_bool(0.6);
                self.net.normalise(x, groups, centred, 0.1).unwrap()
            }
            10 => {
                let gain = self.weight(&[shape.channels]);
                self.net.gain_by(x, Some(gain), None).unwrap()
            }
            11 if positions > 1 && positions < 7 => {
                let [q, k, v] = [0; 3].map(|_| self.dense(x, 2));
                let heads = self.rng.random_range(1..=2);
                let scores = self.net.scores(q, k, heads, 0.8).unwrap();
                let mask = self.rng.random_bool(0.5);
                let mask = mask
                    .then(|| (0..positions * positions).map(|e| e % positions <= e / positions).collect());
                let p = self.net.softmax(scores, mask).unwrap();
                self.net.mix(p, v, heads).unwrap()
            }
            12 => self.net.transpose(x).unwrap(),
            13 if shape.channels < 4 => self.net.concatenate_channels(&[x, x]).unwrap(),
            _ => self.net.softmax(x, None).unwrap(),
        }
    }
}

struct Case {
    graph: Graph,
    data: Examples,
    loss: Objective,
}

fn draw(seed: u64, shared: bool) -> Case {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let steps = rng.random_range(2..9);
    let net = match rng.random_range(0..3) {
        0 => Builder::new(Shape::vector(3)),
        1 => Builder::new(Shape::sequence(3, 2)),
        _ => Builder::image(2, 3, 2),
    };
    let mut draw = Draw { rng, net, shared, weights: Vec::new(), count: 0 };
    let mut tensors = vec![draw.net.input()];
    let first = draw.dense(tensors[0], 3);
    tensors.push(first);
    for _ in 0..steps {
        let old = tensors[draw.rng.random_range(1..tensors.len())];
        let next = draw.step(tensors[tensors.len() - 1], old);
        tensors.push(next);
    }
    let mut x = tensors[tensors.len() - 1];
    if draw.rng.random_bool(0.5) {
        x = draw.net.flatten(x).unwrap();
    }
    let z = draw.dense(x, 3);
    let kind = draw.rng.random_range(0..3);
    let graph = draw.net.finish(z).unwrap();
    let size = graph.input_shape().size();
    let x = Array2::from_shape_fn((2, size), |(n, e)| ((seed as f64) + 1.9 * (n * size + e) as f64).sin());
    let (positions, outputs) = (graph.output_shape().positions(), graph.output_shape().size());
    let (answers, loss) = match kind {
        0 => {
            let labels = Array2::from_shape_fn((2, positions), |(n, s)| ((n + s) % 3) as i64);
            (Answers::Classes(labels), Objective::cross_entropy().smoothed(0.1))
        }
        kind => {
            let y = Array2::from_shape_fn((2, outputs), |(n, k)| ((n + 3 * k) as f64).cos().abs());
            let loss = if kind == 1 { Objective::binary_cross_entropy() } else { Objective::huber(0.6) };
            (Answers::Values(y), loss)
        }
    };
    Case { graph, data: Examples { x, answers }, loss }
}

fn theta(graph: &Graph) -> Array1<f64> {
    0.7 * graph_oracle::nets::wave(graph.parameter_count(), 2.1, 0.5)
}

#[test]
fn terms_cuts_products_and_hyper_dual_numbers_agree() {
    for seed in 0..80 {
        let Case { graph, data, loss } = draw(seed, true);
        let theta = theta(&graph);
        let run = |term, plan| curvature_by(&graph, &theta, &data, &loss, term, plan).unwrap().matrix;
        let tangents = Plan::tangents(&graph);
        let full = run(Term::Full, tangents);
        let scale = norm(full.view());
        let what = format!("seed {seed}, {graph}");
        let terms = run(Term::Ggn, tangents) + run(Term::HTerm, tangents);
        // Both terms may be larger than their sum, in which their rounding stays.
        let larger = scale.max(norm(run(Term::Ggn, tangents).view()));
        assert_close(&what, terms.view(), full.view(), ROUNDING, larger);
        for plan in Plan::all(&graph, Term::Full) {
            assert_close(
                &format!("{what}, {plan:?}"),
                run(Term::Full, plan).view(),
                full.view(),
                ROUNDING,
                larger,
            );
        }
        let eye = Array2::eye(theta.len());
        let products = hvp(&graph, &theta, &data, &loss, Term::Full, &eye).unwrap();
        assert_close(&what, products.view(), full.view(), ROUNDING, larger);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..40 {
            let (i, j) = (rng.random_range(0..theta.len()), rng.random_range(0..theta.len()));
            let dual = graph_oracle::entry(&graph, &theta, &data, &loss, i, j).eps1eps2;
            let gap = (full[[i, j]] - dual).abs();
            assert!(gap <= PROMISED * larger, "{what}: ({i}, {j}) {} for {dual}", full[[i, j]]);
        }
    }
}

/// A weight used twice: its derivatives are the sums over two weights of the same values.
#[test]
fn shared_weights_are_the_sum_over_copies() {
    let mut copied = 0;
    for seed in 0..80 {
        let (shared, copies) = (draw(seed, true), draw(seed, false));
        copied += usize::from(copies.graph.parameter_count() > shared.graph.parameter_count());
        let own = theta(&shared.graph);
        let place = |name: &str| {
            let name = name.split(" copy").next().unwrap();
            shared.graph.parameters().iter().find(|p| p.name == name).unwrap().range.clone()
        };
        let index: Vec<usize> = copies.graph.parameters().iter().flat_map(|p| place(&p.name)).collect();
        let spread: Array1<f64> = index.iter().map(|&i| own[i]).collect();
        let run = |case: &Case, theta| {
            let plan = Plan::best(&case.graph, Term::Full);
            curvature_by(&case.graph, theta, &case.data, &case.loss, Term::Full, plan).unwrap().matrix
        };
        let whole = run(&copies, &spread);
        let mut summed = Array2::zeros((own.len(), own.len()));
        for ((a, b), value) in whole.indexed_iter() {
            summed[[index[a], index[b]]] += value;
        }
        let scale = norm(whole.view());
        assert_close(&format!("seed {seed}"), run(&shared, &own).view(), summed.view(), ROUNDING, scale);
    }
    assert!(copied > 20, "only {copied} graphs share weights");
}
