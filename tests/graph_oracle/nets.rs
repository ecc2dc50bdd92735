//! Small graphs that together use every map, with data and losses.

use hessia::Activation;
use hessia::graph::{Answers, Builder, Examples, Graph, Init, NodeId, Objective, Padding, Shape, Window};
use ndarray::{Array1, Array2};

/// A graph with parameters, data and loss.
pub struct Case {
    pub name: &'static str,
    pub graph: Graph,
    pub theta: Array1<f64>,
    pub data: Examples,
    pub loss: Objective,
}

/// Numbers between -1 and 1 that no two maps share.
pub fn wave(count: usize, step: f64, start: f64) -> Array1<f64> {
    Array1::from_shape_fn(count, |k| (step * k as f64 + start).sin())
}

fn inputs(objects: usize, size: usize) -> Array2<f64> {
    Array2::from_shape_fn((objects, size), |(n, e)| 1.3 * (0.9 * (n * size + e) as f64 + 0.4).cos())
}

fn labels(objects: usize, positions: usize, classes: usize) -> Answers {
    Answers::Classes(Array2::from_shape_fn((objects, positions), |(n, t)| ((n + t * t) % classes) as i64))
}

fn case(name: &'static str, graph: Graph, x: Array2<f64>, answers: Answers, loss: Objective) -> Case {
    let theta = 0.6 * wave(graph.parameter_count(), 1.7, 0.3);
    Case { name, graph, theta, data: Examples { x, answers }, loss }
}

/// Classes, one position an object.
fn classified(name: &'static str, net: Builder, z: NodeId, objects: usize) -> Case {
    let graph = net.finish(z).unwrap();
    let shape = graph.output_shape();
    let x = inputs(objects, graph.input_shape().size());
    let answers = labels(objects, shape.positions(), shape.channels);
    case(name, graph, x, answers, Objective::cross_entropy())
}

/// Real values.
fn valued(name: &'static str, net: Builder, z: NodeId, objects: usize, loss: Objective) -> Case {
    let graph = net.finish(z).unwrap();
    let x = inputs(objects, graph.input_shape().size());
    let size = graph.output_shape().size();
    let y = Array2::from_shape_fn((objects, size), |(n, k)| ((n * size + k) as f64 * 2.3).sin().abs());
    case(name, graph, x, Answers::Values(y), loss)
}

/// Convolutions with padding, stride, dilation and groups, max-pools that overlap and that do not.
fn convolutions() -> Vec<Case> {
    let mut net = Builder::image(2, 6, 5);
    let x = net.input();
    let x = net.conv("a", x, 4, Window { padding: [1, 1], stride: [2, 1], ..Window::square(3) }).unwrap();
    let x = net.activation(x, Activation::Tanh).unwrap();
    let window = Window { kernel: [2, 2], stride: [1, 1], padding: [0, 1], dilation: [2, 1] };
    let x = net.grouped_conv("b", x, 4, window, 2, false).unwrap();
    let x = net.activation(x, Activation::Gelu).unwrap();
    let x = net.flatten(x).unwrap();
    let z = net.dense("c", x, 3).unwrap();
    let grouped = classified("grouped convolutions", net, z, 2);

    let mut net = Builder::image(1, 6, 6);
    let x = net.input();
    let x = net.conv("a", x, 2, Window { padding: [1, 1], ..Window::square(3) }).unwrap();
    let x = net.activation(x, Activation::Silu).unwrap();
    let pool = Window { stride: [2, 2], padding: [1, 1], ..Window::square(3) };
    let x = net.max_pool(x, pool).unwrap();
    let x = net.grouped_conv("b", x, 2, Window::square(2), 2, true).unwrap();
    let x = net.activation(x, Activation::Relu).unwrap();
    let x = net.upsample(x, 2).unwrap();
    let pool = Window { stride: [1, 2], padding: [1, 0], ..Window::square(2) };
    let x = net.average_pool(x, pool, Padding::Ignored).unwrap();
    let x = net.activation(x, Activation::Softplus).unwrap();
    let x = net.global_average_pool(x).unwrap();
    let z = net.dense("c", x, 3).unwrap();
    let pooled = classified("depthwise convolution and pools", net, z, 2);

    let mut net = Builder::new(Shape::sequence(7, 2));
    let x = net.input();
    let x = net.conv("a", x, 3, Window { dilation: [1, 2], ..Window::line(3) }).unwrap();
    let x = net.activation(x, Activation::Elu).unwrap();
    let x = net.group_norm("n", x, 3, 1e-3).unwrap();
    let x = net.average_pool(x, Window::line(2), Padding::Counts).unwrap();
    let z = net.conv("b", x, 2, Window::line(2)).unwrap();
    let line = valued("convolution of a sequence", net, z, 2, Objective::huber(0.7));
    vec![grouped, pooled, line]
}

/// Norms, gates, skips.
fn norms() -> Vec<Case> {
    let mut net = Builder::image(2, 3, 3);
    let x = net.input();
    let a = net.conv("a", x, 4, Window { padding: [1, 1], ..Window::square(3) }).unwrap();
    let x = net.group_norm("n", a, 2, 1e-5).unwrap();
    let x = net.activation(x, Activation::Silu).unwrap();
    let x = net.conv("b", x, 4, Window::square(1)).unwrap();
    let (mean, variance) = ([0.1, -0.2, 0.3, 0.0], [0.5, 1.5, 0.9, 2.0]);
    let x = net.batch_norm("bn", x, &mean, &variance, 1e-5).unwrap();
    let x = net.add(x, a).unwrap();
    // Squeeze and excitation.
    let s = net.global_average_pool(x).unwrap();
    let s = net.dense("s", s, 4).unwrap();
    let s = net.activation(s, Activation::Sigmoid).unwrap();
    let s = net.spread(s, [3, 3]).unwrap();
    let x = net.multiply(x, s).unwrap();
    let x = net.normalise(x, Some(4), true, 1e-2).unwrap();
    let x = net.max_pool(x, Window::pool(3)).unwrap();
    let z = net.dense("c", x, 2).unwrap();
    let images = valued("norms of images", net, z, 2, Objective::binary_cross_entropy());

    let mut net = Builder::new(Shape::vector(4));
    let x = net.dense("a", net.input(), 5).unwrap();
    let n = net.layer_norm("n", x, 1e-5).unwrap();
    let gate = net.dense_without_bias("gate", n, 3).unwrap();
    let gate = net.activation(gate, Activation::Silu).unwrap();
    let up = net.dense("up", n, 3).unwrap();
    let y = net.multiply(gate, up).unwrap();
    let y = net.rms_norm("r", y, 1e-6).unwrap();
    let y = net.dense("down", y, 5).unwrap();
    let y = net.add(x, y).unwrap();
    let square = net.multiply(y, y).unwrap();
    let z = net.concatenate_channels(&[y, square]).unwrap();
    let z = net.slice_channels(z, 2..9).unwrap();
    let z = net.activation(z, Activation::LeakyRelu).unwrap();
    let gated = classified("gates and norms of vectors", net, z, 3);
    vec![images, gated]
}

/// Causal and free attention, tied embedding, class token, constants, a recurrence unrolled.
fn sequences() -> Vec<Case> {
    let mut net = Builder::tokens(3);
    let table = net.parameter("tokens", &[4, 4], Init::Normal(1.0)).unwrap();
    let x = net.embedding_by(table).unwrap();
    let x = net.positions("positions", x).unwrap();
    let n = net.layer_norm("n", x, 1e-5).unwrap();
    let a = net.attention("attention", n, 2, true).unwrap();
    let x = net.add(x, a).unwrap();
    let z = net.dense_by(x, table, None).unwrap();
    let graph = net.finish(z).unwrap();
    let x = Array2::from_shape_fn((2, 3), |(n, t)| ((3 * n + 2 * t) % 4) as f64);
    let mut answers = labels(2, 3, 4);
    if let Answers::Classes(labels) = &mut answers {
        labels[[1, 0]] = -100;
    }
    let loss = Objective::cross_entropy().smoothed(0.2).weighted(vec![0.5, 1.0, 2.0, 0.7]).ignoring(-100);
    let tied = case("tied causal transformer", graph, x, answers, loss);

    let mut net = Builder::image(1, 2, 4);
    let x = net.conv("patch", net.input(), 4, Window::pool(2)).unwrap();
    let x = net.class_token("class", x).unwrap();
    let x = net.attention("attention", x, 1, false).unwrap();
    let x = net.slice_positions(x, 0..2).unwrap();
    let x = net.transpose(x).unwrap();
    let x = net.reshape(x, Shape::vector(8)).unwrap();
    let z = net.dense("head", x, 3).unwrap();
    let vision = classified("class token", net, z, 2);

    let mut net = Builder::new(Shape::sequence(3, 2));
    let bound = Init::Uniform(0.5);
    let w = net.parameter("cell.w", &[3, 2], bound).unwrap();
    let u = net.parameter("cell.u", &[3, 3], bound).unwrap();
    let b = net.parameter("cell.b", &[3], bound).unwrap();
    let mut state = net.constant(Shape::vector(3), vec![0.1, -0.2, 0.3]).unwrap();
    for step in 0..3 {
        let x = net.slice_positions(net.input(), step..step + 1).unwrap();
        let x = net.dense_by(x, w, Some(b)).unwrap();
        let s = net.dense_by(state, u, None).unwrap();
        let s = net.add(x, s).unwrap();
        let s = net.activation(s, Activation::Tanh).unwrap();
        let kept = net.scale(state, vec![0.3; 3], vec![0.05; 3]).unwrap();
        state = net.add(s, kept).unwrap();
    }
    let z = net.dense("out", state, 2).unwrap();
    let recurrent = valued("unrolled recurrence", net, z, 3, Objective::mean_squared_error().sum());
    vec![tied, vision, recurrent]
}

/// Every case.
pub fn all() -> Vec<Case> {
    [convolutions(), norms(), sequences()].into_iter().flatten().collect()
}

/// The convolutional net of the reference values.
pub fn net_a() -> Case {
    let mut net = Builder::image(1, 6, 6);
    let x = net.input();
    let x = net.conv("0", x, 2, Window { padding: [1, 1], ..Window::square(3) }).unwrap();
    let x = net.activation(x, Activation::Silu).unwrap();
    let x = net.max_pool(x, Window::pool(2)).unwrap();
    let x = net.conv("3", x, 2, Window::square(2)).unwrap();
    let x = net.activation(x, Activation::Tanh).unwrap();
    let x = net.flatten(x).unwrap();
    let z = net.dense("6", x, 3).unwrap();
    let graph = net.finish(z).unwrap();
    let x = Array2::from_shape_fn((3, 36), |(n, e)| (0.9 * (36 * n + e) as f64).cos());
    let theta = 0.5 * wave(graph.parameter_count(), 1.7, 0.3);
    Case { name: "A", graph, theta, data: Examples::classes(x, &[0, 1, 2]), loss: Objective::cross_entropy() }
}

/// The causal transformer of the reference values.
pub fn net_b() -> Case {
    let mut net = Builder::tokens(3);
    let x = net.embedding("tokens", 4, 4).unwrap();
    let x = net.positions("positions", x).unwrap();
    let n = net.layer_norm("norm_1", x, 1e-5).unwrap();
    let a = net.attention("attention", n, 2, true).unwrap();
    let x = net.add(x, a).unwrap();
    let n = net.layer_norm("norm_2", x, 1e-5).unwrap();
    let n = net.dense("up", n, 5).unwrap();
    let n = net.activation(n, Activation::Gelu).unwrap();
    let n = net.dense("down", n, 4).unwrap();
    let x = net.add(x, n).unwrap();
    let x = net.layer_norm("norm", x, 1e-5).unwrap();
    let z = net.dense_without_bias("head", x, 4).unwrap();
    let graph = net.finish(z).unwrap();
    let theta = 0.5 * wave(graph.parameter_count(), 1.7, 0.3);
    let x = ndarray::array![[0.0, 3.0, 0.0], [3.0, 2.0, 3.0]];
    let answers = Answers::Classes(ndarray::array![[3, 0, 3], [2, 3, 2]]);
    Case { name: "B", graph, theta, data: Examples { x, answers }, loss: Objective::cross_entropy() }
}
