//! Faults of data and arrays, and random estimates.

use hessia::verify::{Candidate, Fault};
use hessia::{Loss, Targets, Term, hessian};
use ndarray::{Array1, Array2, Axis};
use rand::RngExt;

use super::plant::{Planted, at_kink, problem, with_loss};
use super::table::{is, named_first};

#[test]
fn kinks() {
    for slope in [1.0, 0.5] {
        let plant = |seed| {
            let (p, matrix) = at_kink(seed, slope);
            Planted::new(p, matrix)
        };
        named_first("relu'(0)", plant, is(Fault::KinkSlope(slope)));
    }
}

#[test]
fn inputs_prepared_differently() {
    type Map = fn(&Array2<f64>) -> Array2<f64>;
    let maps: [(&str, Map); 4] = [
        ("(x - 0.5) / 0.5", |x| (x - 0.5) / 0.5),
        ("x / 255", |x| x / 255.0),
        ("255 x", |x| x * 255.0),
        ("each column standardised, deviation by 1/m", |x| {
            let mean = x.mean_axis(Axis(0)).unwrap();
            (x - &mean) / &x.std_axis(Axis(0), 0.0)
        }),
    ];
    for (name, map) in maps {
        let plant = |seed| {
            let mut p = problem(seed);
            if name == "x / 255" {
                p.data.x.mapv_inplace(|v| (127.0 + 60.0 * v).round());
                let mut theta = p.net.parameters();
                theta.slice_mut(ndarray::s![..p.net.layers()[0].weight.len()]).mapv_inplace(|w| w / 100.0);
                p.net = p.net.with_parameters(&theta).unwrap();
            }
            let matrix = p.on(map(&p.data.x));
            Planted::new(p, matrix)
        };
        named_first(name, plant, is(Fault::Inputs(name.to_string())));
    }
}

#[test]
fn labels_shifted() {
    // Three classes: with two, a shift up is a shift down.
    let three = |seed: u64| {
        (0..)
            .map(|k| with_loss(seed + 1000 * k, Loss::cross_entropy()))
            .find(|p| p.net.outputs() > 2)
            .unwrap()
    };
    let up = |seed| {
        let p = three(seed);
        let classes = p.net.outputs();
        let matrix = p.with_targets(Targets::Classes(p.labels().mapv(|y| (y + 1) % classes)));
        Planted::new(p, matrix)
    };
    let shifted = |part: &'static str| move |_: &Planted, faults: &[Fault]| matches!(faults, [Fault::Targets(map)] if map.contains(part));
    named_first("labels plus one", up, shifted("labels plus one"));
    let one_based = |seed| {
        let p = three(seed);
        let classes = p.net.outputs();
        let rows: Vec<usize> = (0..p.data.len()).filter(|&i| p.labels()[i] + 1 < classes).collect();
        let labels = rows.iter().map(|&i| p.labels()[i] + 1).collect();
        let data =
            hessia::Dataset::new("one-based", p.data.x.select(Axis(0), &rows), Targets::Classes(labels))
                .unwrap();
        let matrix = hessian(&p.net, &data, p.loss.sum()).unwrap() / p.data.len() as f64;
        Planted::new(p, matrix)
    };
    named_first("one-based labels in a one-hot code", one_based, shifted("labels plus one"));
    let next = |seed| {
        let p = with_loss(seed, Loss::mean_squared_error());
        let m = p.data.len();
        let order: Vec<usize> = (0..m).map(|i| (i + 1) % m).collect();
        let matrix = p.with_targets(p.data.targets.select(&order));
        Planted::new(p, matrix)
    };
    named_first("targets of the next object", next, shifted("of the next object"));
    let batch = |seed| {
        let p = problem(seed);
        let matrix = hessian(&p.net, &p.data.head(4), p.loss).unwrap();
        Planted::new(p, matrix)
    };
    named_first("first objects", batch, is(Fault::FirstObjects(4)));
    let drawn = |seed| {
        let p = problem(seed);
        let matrix = hessian(&p.net, &p.data.select(&[1, 3, 5]), p.loss).unwrap();
        Planted::new(p, matrix)
    };
    let expected = |_: &Planted, faults: &[Fault]| match faults {
        [Fault::ObjectWeights(weights)] => {
            (0..weights.len()).all(|i| (weights[i] != 0.0) == [1, 3, 5].contains(&i))
        }
        _ => false,
    };
    named_first("some objects", drawn, expected);
}

#[test]
fn damaged_arrays() {
    let map = |change: fn(usize, usize, f64) -> f64| {
        move |seed| {
            let p = problem(seed);
            let mut matrix = p.hessian();
            matrix.indexed_iter_mut().for_each(|((i, j), v)| *v = change(i, j, *v));
            Planted::new(p, matrix)
        }
    };
    named_first("lower", map(|i, j, v| if i >= j { v } else { 0.0 }), is(Fault::HalfFilled { lower: true }));
    named_first("upper", map(|i, j, v| if i <= j { v } else { 0.0 }), is(Fault::HalfFilled { lower: false }));
    let doubled = is(Fault::Mirrored { off_diagonal: 1.0, diagonal: 2.0 });
    named_first("diagonal doubled", map(|i, j, v| if i == j { 2.0 * v } else { v }), doubled);
    let halved = is(Fault::Mirrored { off_diagonal: 0.5, diagonal: 1.0 });
    named_first("triangle halved", map(|i, j, v| if i == j { v } else { 0.5 * v }), halved);
    let transposed = |seed| {
        let p = problem(seed);
        let values = p.block(0, 1).t().to_owned();
        Planted::new(p, Candidate::Block { p: 0, q: 1, values })
    };
    let expected = |planted: &Planted, faults: &[Fault]| {
        // Blocks that are square as well as those that are not.
        planted.candidate.shape().len() == 2 && *faults == [Fault::Transposed]
    };
    named_first("transposed block", transposed, expected);
    let column_major = |seed| {
        // Square blocks cannot tell the two apart.
        let p = (0..)
            .map(|k| problem(seed + 1000 * k))
            .find(|p| p.net.layer_range(0).len() != p.net.layer_range(1).len());
        let p = p.unwrap();
        let block = p.block(0, 1);
        let entries: Vec<f64> = block.t().iter().copied().collect();
        let values = Array2::from_shape_vec(block.dim(), entries).unwrap();
        Planted::new(p, Candidate::Block { p: 0, q: 1, values })
    };
    named_first("column-major block", column_major, is(Fault::ColumnMajor));
}

#[test]
fn random_estimates() {
    let estimate = |_: &Planted, faults: &[Fault]| {
        // The interval of 95 %, and a little more, must hold the 100 probes that made it.
        matches!(faults, [Fault::Stochastic { interval: (low, high), .. }] if 0.7 * low < 100.0 && 100.0 < 1.4 * high)
    };
    let diagonal = |seed| {
        let mut p = problem(seed);
        let h = p.hessian();
        let mut sum = Array1::zeros(h.nrows());
        for _ in 0..100 {
            let z = p.signs(h.nrows());
            sum += &(&z * &h.dot(&z));
        }
        Planted::new(p, Candidate::Diagonal(sum / 100.0))
    };
    named_first("diagonal from random signs", diagonal, estimate);
    let trace = |seed| {
        let mut p = problem(seed);
        let h = p.hessian();
        let sum: f64 = (0..100)
            .map(|_| {
                let z = p.signs(h.nrows());
                z.dot(&h.dot(&z))
            })
            .sum();
        Planted::new(p, Candidate::Trace(sum / 100.0))
    };
    let any = |_: &Planted, faults: &[Fault]| {
        // One number: the interval must hold the truth, or nearly so.
        matches!(faults, [Fault::Stochastic { interval: (low, high), .. }] if 0.2 * low < 100.0 && 100.0 < 5.0 * high)
    };
    named_first("trace from random signs", trace, any);
    let fisher = |seed| {
        let mut p = with_loss(seed, Loss::cross_entropy());
        let (order, m) = (p.net.parameter_count(), p.data.len());
        let logits = p.net.forward(&p.data.x).unwrap();
        let mut sum = Array2::zeros((order, order));
        for _ in 0..100 {
            let labels = (0..m).map(|n| {
                let weights = logits.row(n).mapv(f64::exp);
                let mut u = p.rng.random_range(0.0..weights.sum());
                weights
                    .iter()
                    .position(|w| {
                        u -= w;
                        u < 0.0
                    })
                    .unwrap_or(weights.len() - 1)
            });
            let targets = Targets::Classes(labels.collect());
            let data = hessia::Dataset::new("drawn", p.data.x.clone(), targets).unwrap();
            let drawn = super::plant::Problem { net: p.net.clone(), data, loss: p.loss, rng: p.rng.clone() };
            sum += &drawn.empirical_fisher();
        }
        Planted::new(p, sum / 100.0)
    };
    let ggn_estimate = |_: &Planted, faults: &[Fault]| {
        matches!(faults, [Fault::Term(Term::Ggn), Fault::Stochastic { estimator, interval: (low, high), .. }]
            if estimator.contains("drawn from the model") && 0.7 * low < 100.0 && 100.0 < 1.4 * high)
    };
    named_first("Fisher matrix of drawn labels", fisher, ggn_estimate);
}
