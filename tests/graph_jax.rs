//! Graphs against JAX (tests/reference/graph.py): loss, gradient, diagonals, norms and products of H and G.

mod common;
mod graph_oracle;

use std::fs::File;

use common::{assert_close, norm};
use graph_oracle::nets::wave;
use hessia::graph::{
    Answers, Builder, ConvNet, Examples, Graph, Init, Objective, Padding, Pool, Shape, Transformer, Window,
    curvature,
};
use hessia::{Activation, Term};
use ndarray::{Array1, Array2};
use ndarray_npy::ReadNpyExt;
use zip::ZipArchive;

/// What is promised of every entry, relative to the norm of H.
const PROMISED: f64 = 1e-12;

fn inputs(objects: usize, size: usize) -> Array2<f64> {
    Array2::from_shape_fn((objects, size), |(n, e)| 1.3 * (0.9 * (n * size + e) as f64 + 0.4).cos())
}

fn classes(x: Array2<f64>, count: i64) -> Examples {
    let labels: Vec<_> = (0..x.nrows() as i64).map(|n| n % count).collect();
    Examples::classes(x, &labels)
}

fn lenet() -> (Graph, Examples) {
    let net = ConvNet {
        image: [1, 12, 12],
        filters: vec![2, 3],
        kernel: 3,
        pool: Pool::Max,
        activation: Activation::Tanh,
        classes: 4,
        ..ConvNet::default()
    };
    (net.graph().unwrap(), classes(inputs(3, 144), 4))
}

fn residual() -> (Graph, Examples) {
    let mut net = Builder::image(2, 6, 5);
    let u = net.conv("a", net.input(), 4, Window { padding: [1, 1], ..Window::square(3) }).unwrap();
    let y = net.group_norm("n", u, 2, 1e-5).unwrap();
    let y = net.activation(y, Activation::Silu).unwrap();
    let window = Window { kernel: [3, 1], stride: [1, 1], padding: [2, 0], dilation: [2, 1] };
    let y = net.grouped_conv("b", y, 4, window, 4, true).unwrap();
    let x = net.add(y, u).unwrap();
    let s = net.global_average_pool(x).unwrap();
    let s = net.dense("s", s, 4).unwrap();
    let s = net.activation(s, Activation::Sigmoid).unwrap();
    let s = net.spread(s, [6, 5]).unwrap();
    let x = net.multiply(x, s).unwrap();
    let x = net.average_pool(x, Window::pool(2), Padding::Counts).unwrap();
    let x = net.global_average_pool(x).unwrap();
    let z = net.dense("c", x, 3).unwrap();
    (net.finish(z).unwrap(), classes(inputs(2, 60), 3))
}

fn transformer() -> (Graph, Examples) {
    let net = Transformer {
        vocabulary: 5,
        length: 4,
        channels: 4,
        heads: 2,
        hidden: 6,
        blocks: 2,
        tied: true,
        ..Transformer::default()
    };
    let x = Array2::from_shape_fn((2, 4), |(n, t)| ((3 * n + 2 * t) % 5) as f64);
    let labels = Array2::from_shape_fn((2, 4), |(n, t)| ((n + t * t) % 5) as i64);
    (net.graph().unwrap(), Examples { x, answers: Answers::Classes(labels) })
}

fn recurrent() -> (Graph, Examples) {
    let mut net = Builder::new(Shape::sequence(4, 2));
    let mut parameter = |name: &str, shape: &[usize]| net.parameter(name, shape, Init::Uniform(0.5)).unwrap();
    let (wz, uz, bz) = (parameter("wz", &[3, 2]), parameter("uz", &[3, 3]), parameter("bz", &[3]));
    let (wh, uh, bh) = (parameter("wh", &[3, 2]), parameter("uh", &[3, 3]), parameter("bh", &[3]));
    let mut state = net.constant(Shape::vector(3), vec![0.0; 3]).unwrap();
    for step in 0..4 {
        let x = net.slice_positions(net.input(), step..step + 1).unwrap();
        let mut gate = |w, u, b, activation| {
            let seen = net.dense_by(x, w, Some(b)).unwrap();
            let kept = net.dense_by(state, u, None).unwrap();
            let sum = net.add(seen, kept).unwrap();
            net.activation(sum, activation).unwrap()
        };
        let z = gate(wz, uz, bz, Activation::Sigmoid);
        let h = gate(wh, uh, bh, Activation::Tanh);
        let rest = net.scale(z, vec![-1.0; 3], vec![1.0; 3]).unwrap();
        let old = net.multiply(rest, state).unwrap();
        let new = net.multiply(z, h).unwrap();
        state = net.add(old, new).unwrap();
    }
    let z = net.dense("out", state, 2).unwrap();
    let y = Array2::from_shape_fn((3, 2), |(n, k)| (2.3 * (2 * n + k) as f64).sin().abs());
    (net.finish(z).unwrap(), Examples { x: inputs(3, 8), answers: Answers::Values(y) })
}

#[test]
fn curvature_agrees_with_jax() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/graph.npz");
    let mut arrays = ZipArchive::new(File::open(file).unwrap()).unwrap();
    let cases = [
        ("lenet", lenet(), Objective::cross_entropy()),
        ("residual", residual(), Objective::cross_entropy()),
        ("transformer", transformer(), Objective::cross_entropy()),
        ("recurrent", recurrent(), Objective::mean_squared_error()),
    ];
    for (name, (graph, data), loss) in cases {
        let mut vector = |key: &str| {
            Array1::<f64>::read_npy(arrays.by_name(&format!("{name}/{key}.npy")).unwrap()).unwrap()
        };
        let (value, slope) = (vector("loss")[0], vector("gradient"));
        let scale = vector("h_norm")[0];
        let theta = 0.6 * wave(slope.len(), 1.7, 0.3);
        for (key, term) in [("h", Term::Full), ("g", Term::Ggn)] {
            let found = curvature(&graph, &theta, &data, &loss, term).unwrap();
            assert!((found.loss - value).abs() <= PROMISED * value, "{name}: loss {}", found.loss);
            assert_close(name, found.gradient.view(), slope.view(), PROMISED, norm(slope.view()));
            let mut vector = |key: &str| {
                Array1::<f64>::read_npy(arrays.by_name(&format!("{name}/{key}.npy")).unwrap()).unwrap()
            };
            let own = vector(&format!("{key}_norm"))[0];
            assert!((norm(found.matrix.view()) - own).abs() <= PROMISED * scale, "{name}: norm of {key}");
            let diagonal = vector(&format!("{key}_diagonal"));
            assert_close(name, found.matrix.diag(), diagonal.view(), PROMISED, scale);
            let products =
                Array2::<f64>::read_npy(arrays.by_name(&format!("{name}/{key}_products.npy")).unwrap());
            let vectors = Array2::from_shape_fn((theta.len(), 4), |(k, j)| (((j + 1) * k) as f64).cos());
            let ours = found.matrix.dot(&vectors);
            // The vectors have norms of the root of P/2.
            let size = (theta.len() as f64).sqrt();
            assert_close(name, ours.view(), products.unwrap().view(), PROMISED, scale * size);
        }
    }
}
