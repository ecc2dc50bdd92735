//! Faults of terms, factors and orders, and parts left out.

use hessia::verify::{BiasPlace, Candidate, Fault, LayerOrder, ParameterOrder, Support, WeightOrder};
use hessia::{Activation, Loss, Network, Term, eigvalsh, ggn, gradient, h_term, hessian, per_object, verify};

use super::plant::{Planted, permuted, problem, with_loss};
use super::table::{SEEDS, is, named_first, reduction};

#[test]
fn other_matrices() {
    let g = |seed| with_loss(seed, Loss::cross_entropy());
    let plant = |seed| {
        let p = problem(seed);
        let matrix = ggn(&p.net, &p.data, p.loss).unwrap();
        Planted::new(p, matrix)
    };
    named_first("GGN", plant, is(Fault::Term(Term::Ggn)));
    let plant = |seed| {
        let p = problem(seed);
        let matrix = h_term(&p.net, &p.data, p.loss).unwrap();
        Planted::new(p, matrix)
    };
    named_first("H-term", plant, is(Fault::Term(Term::HTerm)));
    let plant = |seed| {
        let p = problem(seed);
        let matrix = p.empirical_fisher();
        Planted::new(p, matrix)
    };
    named_first("empirical Fisher", plant, is(Fault::EmpiricalFisher));
    let plant = |seed| {
        let p = g(seed);
        let matrix = p.hessian();
        Planted::new(p, matrix).of_term(Term::Ggn)
    };
    named_first("Hessian for GGN", plant, is(Fault::Term(Term::Full)));
}

#[test]
fn factors() {
    let times = |factor: fn(f64, f64) -> f64| {
        move |seed| {
            let p = problem(seed);
            let matrix = p.hessian() * factor(p.data.len() as f64, p.net.outputs() as f64);
            Planted::new(p, matrix)
        }
    };
    named_first("wrong sign", times(|_, _| -1.0), is(Fault::Sign));
    let unknown =
        |_: &Planted, faults: &[Fault]| matches!(faults, [Fault::Factor(f)] if (f - 3.7193).abs() < 1e-9);
    named_first("unknown factor", times(|_, _| 3.7193), unknown);

    let cross_entropy = |seed, factor: fn(f64, f64) -> f64| {
        let p = with_loss(seed, Loss::cross_entropy());
        let matrix = p.hessian() * factor(p.data.len() as f64, p.net.outputs() as f64);
        Planted::new(p, matrix)
    };
    let sum = reduction("sum over the objects instead of their mean");
    named_first("sum", |seed| cross_entropy(seed, |m, _| m), sum);
    let outputs = reduction("mean over the outputs too");
    named_first("mean over outputs too", |seed| cross_entropy(seed, |_, k| 1.0 / k), outputs);

    let squared = |seed, factor: fn(f64, f64) -> f64| {
        let p = with_loss(seed, Loss::mean_squared_error());
        let matrix = p.hessian() * factor(p.data.len() as f64, p.net.outputs() as f64);
        Planted::new(p, matrix)
    };
    named_first(
        "sum of squares",
        |seed| squared(seed, |m, k| m * k),
        reduction("sum over objects and outputs"),
    );
    named_first("sum over outputs", |seed| squared(seed, |_, k| k), reduction("sum over the outputs"));
    named_first("half", |seed| squared(seed, |_, _| 0.5), reduction("half the squared error"));

    let mean = |seed| {
        let mut p = problem(seed);
        let matrix = p.hessian();
        p.loss = p.loss.sum();
        Planted::new(p, matrix)
    };
    named_first("mean for sum", mean, reduction("instead of their sum"));
}

#[test]
fn orders() {
    type Key = fn(usize, usize, Option<usize>) -> (usize, usize, usize, usize);
    let ours = ParameterOrder::OURS;
    let table: [(&str, Key, ParameterOrder); 7] = [
        (
            "inputs x outputs",
            |l, i, a| (l, a.is_none() as usize, a.unwrap_or(0), i),
            ParameterOrder { weights: WeightOrder::InputsByOutputs, ..ours },
        ),
        (
            "biases first",
            |l, i, a| (l, a.is_some() as usize, i, a.unwrap_or(0)),
            ParameterOrder { biases: BiasPlace::BeforeWeights, ..ours },
        ),
        (
            "bias as last column",
            |l, i, a| (l, i, a.is_none() as usize, a.unwrap_or(0)),
            ParameterOrder { biases: BiasPlace::LastColumn, ..ours },
        ),
        (
            "layers reversed",
            |l, i, a| (9 - l, a.is_none() as usize, i, a.unwrap_or(0)),
            ParameterOrder { layers: LayerOrder::Reversed, ..ours },
        ),
        (
            "biases after all",
            |l, i, a| (a.is_none() as usize, l, i, a.unwrap_or(0)),
            ParameterOrder { biases: BiasPlace::AfterAll, ..ours },
        ),
        (
            "biases before all",
            |l, i, a| (a.is_some() as usize, l, i, a.unwrap_or(0)),
            ParameterOrder { biases: BiasPlace::BeforeAll, ..ours },
        ),
        (
            "biases first, inputs x outputs",
            |l, i, a| (l, a.is_some() as usize, a.unwrap_or(0), i),
            ParameterOrder {
                weights: WeightOrder::InputsByOutputs,
                biases: BiasPlace::BeforeWeights,
                layers: LayerOrder::Forward,
            },
        ),
    ];
    for (name, key, order) in table {
        let plant = |seed| {
            let p = problem(seed);
            let matrix = permuted(&p.hessian(), &p.sorted_by(key));
            Planted::new(p, matrix)
        };
        named_first(name, plant, is(Fault::Order(order)));
        let diagonal = |seed| {
            let p = problem(seed);
            let values = permuted(&p.hessian(), &p.sorted_by(key)).diag().to_owned();
            Planted::new(p, Candidate::Diagonal(values))
        };
        named_first(&format!("diagonal, {name}"), diagonal, is(Fault::Order(order)));
        let products = |seed| {
            let mut p = problem(seed);
            let vectors = p.normal((p.net.parameter_count(), 2));
            let products = permuted(&p.hessian(), &p.sorted_by(key)).dot(&vectors);
            Planted::new(p, Candidate::Products { vectors, products })
        };
        named_first(&format!("products, {name}"), products, is(Fault::Order(order)));
    }
}

#[test]
fn missing_parts() {
    let missing = |gone: fn(&str) -> bool| {
        move |seed| {
            let p = problem(seed);
            let matrix = p.without(gone);
            Planted::new(p, matrix)
        }
    };
    let names = |planted: &Planted, gone: fn(&str) -> bool| -> Vec<String> {
        planted.problem.net.parameter_map().into_iter().map(|a| a.name).filter(|name| gone(name)).collect()
    };
    for gone in [
        (|name| name.ends_with("bias")) as fn(&str) -> bool,
        |name| name == "0.bias",
        |name| name.starts_with("0."),
        |name| name.starts_with("2."),
    ] {
        let expected =
            |planted: &Planted, faults: &[Fault]| *faults == [Fault::Missing(names(planted, gone))];
        named_first("missing arrays", missing(gone), expected);
    }
    let zeroed = |seed| {
        let p = problem(seed);
        let mut matrix = p.hessian();
        for k in p.net.layer_range(1) {
            matrix.row_mut(k).fill(0.0);
            matrix.column_mut(k).fill(0.0);
        }
        Planted::new(p, matrix)
    };
    let expected = |_: &Planted, faults: &[Fault]| {
        *faults == [Fault::Zeroed(vec!["2.weight".to_string(), "2.bias".to_string()])]
    };
    named_first("zero rows of a layer", zeroed, expected);
    let stripped = |seed| {
        let p = problem(seed);
        let layers = p.net.layers().iter().cloned().map(|layer| hessia::Layer { bias: None, ..layer });
        let net = Network::new(layers.collect(), p.net.activation()).unwrap();
        let matrix = hessian(&net, &p.data, p.loss).unwrap();
        Planted::new(p, matrix)
    };
    let expected = |_: &Planted, faults: &[Fault]| matches!(faults, [Fault::WithoutBiases(_)]);
    named_first("network without biases", stripped, expected);
}

#[test]
fn other_kinds() {
    let negated = |seed| {
        let p = problem(seed);
        let values = -eigvalsh(&p.hessian()).unwrap().eigenvalues;
        Planted::new(p, Candidate::Eigenvalues(values))
    };
    named_first("negated eigenvalues", negated, is(Fault::Sign));
    let of_ggn = |seed| {
        let p = problem(seed);
        let values = eigvalsh(&ggn(&p.net, &p.data, p.loss).unwrap()).unwrap().eigenvalues;
        Planted::new(p, Candidate::Eigenvalues(values))
    };
    named_first("eigenvalues of the GGN", of_ggn, is(Fault::Term(Term::Ggn)));
    let trace = |seed| {
        let p = problem(seed);
        let value = ggn(&p.net, &p.data, p.loss).unwrap().diag().sum();
        Planted::new(p, Candidate::Trace(value))
    };
    named_first("trace of the GGN", trace, is(Fault::Term(Term::Ggn)));
    let norms = |seed| {
        let p = problem(seed);
        let norms = per_object(&p.net, &p.data, p.loss).unwrap().ggn_norm;
        Planted::new(p, Candidate::ObjectNorms(norms))
    };
    named_first("norms of the GGN", norms, is(Fault::Term(Term::Ggn)));
    let reversed = |seed| {
        let p = problem(seed);
        let norms = per_object(&p.net, &p.data, p.loss).unwrap().hessian_norm;
        Planted::new(p, Candidate::ObjectNorms(norms.iter().rev().copied().collect()))
    };
    named_first("objects reversed", reversed, is(Fault::ObjectOrder));
}

#[test]
fn two_faults_together() {
    let ggn_sum = |seed| {
        let p = with_loss(seed, Loss::cross_entropy());
        let matrix = ggn(&p.net, &p.data, p.loss.sum()).unwrap();
        Planted::new(p, matrix)
    };
    let expected = |_: &Planted, faults: &[Fault]| matches!(faults, [Fault::Term(Term::Ggn), Fault::Reduction { meaning, .. }] if meaning.contains("sum over the objects"));
    named_first("sum of the GGN", ggn_sum, expected);
    let ordered = |seed| {
        let p = problem(seed);
        let places = p.sorted_by(|l, i, a| (l, a.is_none(), a.unwrap_or(0), i));
        let matrix = permuted(&ggn(&p.net, &p.data, p.loss).unwrap(), &places);
        Planted::new(p, matrix)
    };
    let expected = |_: &Planted, faults: &[Fault]| matches!(faults, [Fault::Term(Term::Ggn), Fault::Order(order)] if order.weights == WeightOrder::InputsByOutputs);
    named_first("GGN with weights in x out", ordered, expected);
    let negative = |seed| {
        let p = problem(seed);
        let places = p.sorted_by(|l, i, a| (l, a.is_some(), i, a.unwrap_or(0)));
        let matrix = -permuted(&p.hessian(), &places);
        Planted::new(p, matrix)
    };
    let expected = |_: &Planted, faults: &[Fault]| matches!(faults, [Fault::Order(order), Fault::Sign] if order.biases == BiasPlace::BeforeWeights);
    named_first("wrong sign and biases first", negative, expected);
}

#[test]
fn an_unknown_fault_is_explained_by_nothing() {
    for seed in 0..SEEDS {
        let mut p = problem(seed);
        let order = p.net.parameter_count();
        let noise = p.normal((order, order));
        let h = p.hessian();
        let largest = h.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        let garbled = &h + &((&noise + &noise.t()) * (0.01 * largest));
        let report = verify(&garbled.into(), &p.net, &p.data, p.loss, Default::default()).unwrap();
        assert!(!report.agrees());
        assert!(report.diagnosis.iter().all(|h| h.support == Support::Partial), "seed {seed}: {report}");
    }
}

/// The activations of the random nets are smooth; a relu net has the H-term's diagonal blocks at zero.
#[test]
fn relu_nets_are_diagnosed_too() {
    let plant = |seed| {
        let mut p = with_loss(seed, Loss::cross_entropy());
        p.net = Network::new(p.net.layers().to_vec(), Activation::Relu).unwrap();
        let places = p.sorted_by(|l, i, a| (l, a.is_none(), a.unwrap_or(0), i));
        let matrix = permuted(&p.hessian(), &places);
        Planted::new(p, matrix)
    };
    let expected = |_: &Planted, faults: &[Fault]| matches!(faults, [Fault::Order(order)] if order.weights == WeightOrder::InputsByOutputs);
    named_first("relu, weights in x out", plant, expected);
}

/// Differences of gradients, written from the definition: the step comes out of the truncation error alone.
#[test]
fn finite_differences_tell_their_step() {
    let mut missed = Vec::new();
    for seed in 0..SEEDS {
        let p = problem(seed);
        let (theta, step) = (p.net.parameters(), [1e-2, 2e-3, 1e-4][seed as usize % 3]);
        let moved = |j: usize, by: f64| {
            let mut theta = theta.clone();
            theta[j] += by;
            gradient(&p.net.with_parameters(&theta).unwrap(), &p.data, p.loss).unwrap()
        };
        let mut matrix = ndarray::Array2::zeros((theta.len(), theta.len()));
        for j in 0..theta.len() {
            matrix.column_mut(j).assign(&((moved(j, step) - moved(j, -step)) / (2.0 * step)));
        }
        let report = verify(&matrix.into(), &p.net, &p.data, p.loss, Default::default()).unwrap();
        let named = report.diagnosis.first().is_some_and(|h| match h.faults[..] {
            [Fault::FiniteDifference(found)] => (found / step - 1.0).abs() < 0.1,
            _ => false,
        });
        if !named {
            missed.push(format!("seed {seed}, step {step}: {report}"));
        }
    }
    assert!(missed.len() <= 1, "{}", missed.join("\n\n"));
}
