//! A slow and plain interpreter of graphs in hyper-dual numbers, written from the definitions of the maps.
#![allow(dead_code)]

pub mod nets;

use hessia::Activation;
use hessia::graph::{Answers, Examples, Form, Graph, Objective, Op, ParameterId};
use hessia::loss::Reduction;
use ndarray::{Array1, Array2};
use num_dual::{DualNum, HyperDual64};

type D = HyperDual64;

fn constant(value: f64) -> D {
    D::from_re(value)
}

/// gelu needs erfc, which num-dual does not have: its chain rule by hand.
fn normal_distribution(z: D) -> D {
    let x = z.re;
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let mixed = density * z.eps1eps2 - x * density * z.eps1 * z.eps2;
    D::new(0.5 * libm::erfc(-x / 2.0_f64.sqrt()), density * z.eps1, density * z.eps2, mixed)
}

fn activate(activation: Activation, z: D) -> D {
    let logistic = |z: D| ((-z).exp() + 1.0).recip();
    match activation {
        Activation::Relu => z * if z.re > 0.0 { 1.0 } else { 0.0 },
        Activation::LeakyRelu => z * if z.re > 0.0 { 1.0 } else { 0.01 },
        Activation::Tanh => z.tanh(),
        Activation::Sigmoid => logistic(z),
        Activation::Softplus if z.re > 20.0 => z,
        Activation::Softplus => z.exp().ln_1p(),
        Activation::Gelu => z * normal_distribution(z),
        Activation::Silu => z * logistic(z),
        Activation::Elu if z.re > 0.0 => z,
        Activation::Elu => z.exp_m1(),
        Activation::Identity => z,
    }
}

/// A tensor of one object: (position, channel).
#[derive(Clone)]
struct Tensor {
    data: Vec<D>,
    channels: usize,
}

impl Tensor {
    fn get(&self, position: usize, channel: usize) -> D {
        self.data[position * self.channels + channel]
    }
}

fn normalised(x: &[D], centred: bool, epsilon: f64) -> Vec<D> {
    let n = x.len() as f64;
    let mean = if centred { x.iter().copied().sum::<D>() / n } else { constant(0.0) };
    let variance = x.iter().map(|&x| (x - mean) * (x - mean)).sum::<D>() / n;
    x.iter().map(|&x| (x - mean) / (variance + epsilon).sqrt()).collect()
}

/// Outputs of one object, position after position.
pub fn outputs(graph: &Graph, theta: &[D], x: &[f64]) -> Vec<D> {
    let values = |id: &ParameterId| &theta[graph.parameters()[id.index()].range.clone()];
    let mut all: Vec<Tensor> = Vec::new();
    for node in graph.nodes() {
        let (positions, channels) = (node.shape.positions(), node.shape.channels);
        let input = |k: usize| &all[node.inputs[k].index()];
        let mut data = Vec::new();
        match &node.op {
            Op::Input { channels_first } => {
                for s in 0..positions {
                    for c in 0..channels {
                        data.push(constant(
                            x[if *channels_first { c * positions + s } else { s * channels + c }],
                        ));
                    }
                }
            }
            Op::Constant(values) => data.extend(values.iter().map(|&v| constant(v))),
            Op::Parameter(id) => data.extend_from_slice(values(id)),
            Op::Embedding(id) => {
                for token in &input(0).data {
                    let start = token.re as usize * channels;
                    data.extend_from_slice(&values(id)[start..start + channels]);
                }
            }
            Op::Dense { weight, bias } => {
                let x = input(0);
                for s in 0..positions {
                    for i in 0..channels {
                        let mut z = bias.as_ref().map_or(constant(0.0), |bias| values(bias)[i]);
                        for a in 0..x.channels {
                            z += values(weight)[i * x.channels + a] * x.get(s, a);
                        }
                        data.push(z);
                    }
                }
            }
            Op::Conv { weight, bias, groups, windows } => {
                let x = input(0);
                let (part, height) = (x.channels / groups, channels / groups);
                let size = windows.places(0).count();
                for s in 0..positions {
                    for i in 0..channels {
                        let mut z = bias.as_ref().map_or(constant(0.0), |bias| values(bias)[i]);
                        for (j, place) in windows.places(s).enumerate() {
                            let Some(place) = place else { continue };
                            for c in 0..part {
                                let w = values(weight)[(i * part + c) * size + j];
                                z += w * x.get(place, i / height * part + c);
                            }
                        }
                        data.push(z);
                    }
                }
            }
            Op::Activation { function, .. } => {
                data.extend(input(0).data.iter().map(|&z| activate(*function, z)))
            }
            Op::MaxPool(windows) => {
                for s in 0..positions {
                    for c in 0..channels {
                        let seen = windows.places(s).flatten().map(|place| input(0).get(place, c));
                        data.push(seen.reduce(|best, v| if v.re > best.re { v } else { best }).unwrap());
                    }
                }
            }
            Op::AveragePool { windows, weight } => {
                for (s, weight) in weight.iter().enumerate() {
                    for c in 0..channels {
                        let sum: D = windows.places(s).flatten().map(|place| input(0).get(place, c)).sum();
                        data.push(sum * *weight);
                    }
                }
            }
            Op::Select(from) => {
                data.extend(from.iter().map(|e| e.map_or(constant(0.0), |e| input(0).data[e as usize])));
            }
            Op::Scale { factor, shift } => {
                for (e, &v) in input(0).data.iter().enumerate() {
                    data.push(v * factor[e % channels] + shift[e % channels]);
                }
            }
            Op::Gain { gain, shift } => {
                for (e, &v) in input(0).data.iter().enumerate() {
                    let gained = gain.as_ref().map_or(v, |gain| v * values(gain)[e % channels]);
                    data.push(shift.as_ref().map_or(gained, |shift| gained + values(shift)[e % channels]));
                }
            }
            Op::Normalise { groups, centred, epsilon } => {
                data = input(0).data.clone();
                let parts: Vec<Vec<usize>> = match groups {
                    None => (0..positions).map(|s| (s * channels..(s + 1) * channels).collect()).collect(),
                    Some(groups) => {
                        let part = channels / groups;
                        let of =
                            |g: usize| (0..positions * channels).filter(move |e| e % channels / part == g);
                        (0..*groups).map(|g| of(g).collect()).collect()
                    }
                };
                for part in parts {
                    let values: Vec<_> = part.iter().map(|&e| data[e]).collect();
                    for (e, v) in part.iter().zip(normalised(&values, *centred, *epsilon)) {
                        data[*e] = v;
                    }
                }
            }
            Op::Add => data.extend(input(0).data.iter().zip(&input(1).data).map(|(&a, &b)| a + b)),
            Op::Multiply => data.extend(input(0).data.iter().zip(&input(1).data).map(|(&a, &b)| a * b)),
            Op::Scores { heads, scale } => {
                let (q, k) = (input(0), input(1));
                let part = q.channels / heads;
                for s in 0..positions {
                    let (head, t) = (s / (positions / heads), s % (positions / heads));
                    for u in 0..channels {
                        let sum: D =
                            (head * part..(head + 1) * part).map(|i| q.get(t, i) * k.get(u, i)).sum();
                        data.push(sum * *scale);
                    }
                }
            }
            Op::Softmax { mask } => {
                let rows = node.shape.grid[1];
                for s in 0..positions {
                    let allowed = |c: usize| mask.as_ref().is_none_or(|mask| mask[s % rows * channels + c]);
                    let exps: Vec<_> = (0..channels)
                        .map(|c| if allowed(c) { input(0).get(s, c).exp() } else { constant(0.0) })
                        .collect();
                    let sum: D = exps.iter().copied().sum();
                    data.extend(exps.iter().map(|&e| e / sum));
                }
            }
            Op::Mix { heads } => {
                let (p, v) = (input(0), input(1));
                let part = channels / heads;
                for t in 0..positions {
                    for i in 0..channels {
                        let s = i / part * positions + t;
                        data.push((0..p.channels).map(|u| p.get(s, u) * v.get(u, i)).sum());
                    }
                }
            }
        }
        assert_eq!(data.len(), node.shape.size(), "{}", node.op.name());
        all.push(Tensor { data, channels });
    }
    all.pop().unwrap().data
}

/// The loss over all examples.
pub fn loss(graph: &Graph, theta: &[D], examples: &Examples, objective: &Objective) -> D {
    let (positions, classes) = (graph.output_shape().positions(), graph.output_shape().channels);
    let mut total = constant(0.0);
    let mut count = 0.0;
    for object in 0..examples.len() {
        let z = outputs(graph, theta, &examples.x.row(object).to_vec());
        for position in 0..positions {
            let z = &z[position * classes..(position + 1) * classes];
            match &examples.answers {
                Answers::Classes(labels) => {
                    let label = labels[[object, position]];
                    if objective.ignored == Some(label) {
                        continue;
                    }
                    let weight = |k: usize| objective.weights.as_ref().map_or(1.0, |weights| weights[k]);
                    let log_sum = z.iter().map(|z| z.exp()).sum::<D>().ln();
                    for (k, &z) in z.iter().enumerate() {
                        let smooth = objective.smoothing * weight(k) / classes as f64;
                        let own =
                            if k == label as usize { (1.0 - objective.smoothing) * weight(k) } else { 0.0 };
                        total += (log_sum - z) * (own + smooth);
                    }
                    count += weight(label as usize);
                }
                Answers::Values(y) => {
                    for (k, &z) in z.iter().enumerate() {
                        let y = y[[object, position * classes + k]];
                        total += match objective.form {
                            Form::BinaryCrossEntropy => z.exp().ln_1p() - z * y,
                            Form::Huber { delta } if (z.re - y).abs() > delta => {
                                (z - y) * (delta * (z.re - y).signum()) - 0.5 * delta * delta
                            }
                            Form::Huber { .. } => (z - y) * (z - y) * 0.5,
                            _ => (z - y) * (z - y),
                        };
                    }
                    count += classes as f64;
                }
            }
        }
    }
    if objective.reduction == Reduction::Sum { total } else { total / count }
}

/// Loss, gradient and second derivative of one pair of parameters.
pub fn entry(
    graph: &Graph,
    theta: &Array1<f64>,
    data: &Examples,
    loss_of: &Objective,
    i: usize,
    j: usize,
) -> D {
    let mut dual: Vec<_> = theta.iter().map(|&v| constant(v)).collect();
    dual[i] = dual[i].derivative1();
    dual[j].eps2 = 1.0;
    loss(graph, &dual, data, loss_of)
}

/// Gradient and Hessian.
pub fn derivatives(
    graph: &Graph,
    theta: &Array1<f64>,
    data: &Examples,
    objective: &Objective,
) -> (Array1<f64>, Array2<f64>) {
    let order = theta.len();
    let (mut gradient, mut matrix) = (Array1::zeros(order), Array2::zeros((order, order)));
    for i in 0..order {
        for j in i..order {
            let found = entry(graph, theta, data, objective, i, j);
            gradient[i] = found.eps1;
            matrix[[i, j]] = found.eps1eps2;
            matrix[[j, i]] = found.eps1eps2;
        }
    }
    (gradient, matrix)
}
