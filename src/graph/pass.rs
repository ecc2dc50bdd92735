//! Forward and backward pass over a block of objects: values, and `delta_v = c dl/dt_v` of every tensor.

use std::ops::Range;

use ndarray::{Array1, Array2, s};

use super::local::{At, Own, Saved, forward as run_op};
use super::product::multiply;
use super::tensor::{Rows, gather, view, view_mut};
use super::tickets::in_turns;
use super::{Examples, Graph, Objective, Op};
use crate::{Error, Result};

/// Entries of all tensors that a block of objects may have in a plain pass.
const ENTRIES: usize = 1 << 18;

/// A graph with its parameters and data, checked.
pub(super) struct Problem<'a> {
    pub graph: &'a Graph,
    pub examples: &'a Examples,
    pub objective: &'a Objective,
    /// The factor before the sum.
    pub scale: f64,
    pub owns: Vec<Own>,
    /// The last node with parameters among a node and all that it depends on.
    pub last_own: Vec<Option<usize>>,
}

impl<'a> Problem<'a> {
    pub fn new(
        graph: &'a Graph,
        theta: &Array1<f64>,
        examples: &'a Examples,
        objective: &'a Objective,
    ) -> Result<Problem<'a>> {
        examples.check(graph, objective)?;
        let scale = objective.normaliser(&examples.answers, graph.output_shape())?;
        let owns = owns(graph, theta)?;
        let mut last_own: Vec<Option<usize>> = Vec::new();
        for (v, node) in graph.nodes.iter().enumerate() {
            let below = node.inputs.iter().filter_map(|u| last_own[u.0]).max();
            last_own.push(if owns[v].index.is_empty() { below } else { Some(v) });
        }
        Ok(Problem { graph, examples, objective, scale, owns, last_own })
    }

    pub fn top(&self) -> usize {
        self.graph.nodes.len() - 1
    }

    /// Nodes with parameters, from the data upwards.
    pub fn parametric(&self) -> Vec<usize> {
        (0..self.owns.len()).filter(|&v| !self.owns[v].index.is_empty()).collect()
    }

    /// Entries of all tensors and of what is kept beside them, for one object.
    pub fn entries(&self) -> usize {
        entries(self.graph)
    }

    /// Whether node `v` or something that it depends on is a map with parameters from `first` on.
    pub fn depends(&self, v: usize, first: usize) -> bool {
        self.last_own[v].is_some_and(|last| last >= first)
    }

    /// The objects in blocks of `size`.
    pub fn block(&self, block: usize, size: usize) -> Range<usize> {
        block * size..((block + 1) * size).min(self.examples.len())
    }

    /// Input `k` of node `v`, if anything at or below it has parameters.
    pub fn live(&self, v: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let inputs = self.graph.nodes[v].inputs.iter().enumerate();
        inputs.map(|(k, u)| (k, u.0)).filter(|&(_, u)| self.last_own[u].is_some())
    }
}

pub(super) fn entries(graph: &Graph) -> usize {
    let sizes = graph.nodes.iter().map(|node| match &node.op {
        Op::Conv { windows, groups, .. } => {
            let read = graph.nodes[node.inputs[0].0].shape.channels;
            windows.len() * (read * windows.size + groups) + node.shape.size()
        }
        Op::Activation { .. } => 3 * node.shape.size(),
        _ => 2 * node.shape.size(),
    });
    sizes.sum()
}

fn owns(graph: &Graph, theta: &Array1<f64>) -> Result<Vec<Own>> {
    if theta.len() != graph.parameter_count() {
        return Err(Error::shape("theta", &[graph.parameter_count()], &[theta.len()]));
    }
    crate::error::check_finite("theta", theta.view().into_dyn())?;
    let theta = theta.to_vec();
    Ok((0..graph.nodes.len()).map(|v| Own::new(graph, v, &theta)).collect())
}

/// Values of every tensor for the objects of `x`, with what the maps keep.
fn values(graph: &Graph, owns: &[Own], x: ndarray::ArrayView2<'_, f64>) -> (Vec<Rows>, Vec<Saved>) {
    let (objects, mut all, mut saved) = (x.nrows(), Vec::new(), Vec::new());
    for (v, node) in graph.nodes.iter().enumerate() {
        let (positions, channels) = (node.shape.positions(), node.shape.channels);
        let (value, kept) = match node.op {
            Op::Input { channels_first } => {
                let mut value = Rows::zeros(objects, positions, 1, channels);
                for ((object, e), &v) in x.indexed_iter() {
                    let e = if channels_first { e % positions * channels + e / positions } else { e };
                    value.data[object * positions * channels + e] = v;
                }
                (value, Saved::None)
            }
            _ => {
                let inputs: Vec<_> = node.inputs.iter().map(|u| &all[u.0]).collect();
                run_op(graph, v, &owns[v], &inputs, objects)
            }
        };
        all.push(value);
        saved.push(kept);
    }
    (all, saved)
}

/// One block of objects after both passes.
pub(super) struct Pass<'a> {
    pub problem: &'a Problem<'a>,
    pub values: Vec<Rows>,
    saved: Vec<Saved>,
    /// `c dl/dt_v`; none where nothing below has parameters.
    pub delta: Vec<Option<Rows>>,
    /// Loss of these objects, with the normaliser.
    pub loss: f64,
    start: usize,
}

impl<'a> Pass<'a> {
    pub fn run(problem: &'a Problem<'a>, range: Range<usize>) -> Pass<'a> {
        let x = problem.examples.x.slice(s![range.clone(), ..]);
        let (values, saved) = values(problem.graph, &problem.owns, x);
        let start = range.start;
        let mut pass = Pass { problem, values, saved, delta: Vec::new(), loss: 0.0, start };
        let mut loss = 0.0;
        let mut residual = pass.values[problem.top()].like();
        pass.each_place(|z, target, place| {
            loss += problem.objective.value(z, target);
            problem.objective.residual(z, target, &mut residual.data[place * z.len()..(place + 1) * z.len()]);
        });
        residual.data.iter_mut().for_each(|r| *r *= problem.scale);
        pass.loss = loss * problem.scale;
        pass.delta = pass.down(residual);
        pass
    }

    /// Calls `f` with outputs, target and number of every place that has an answer.
    fn each_place(&self, mut f: impl FnMut(&[f64], crate::data::Target<'_>, usize)) {
        let z = &self.values[self.problem.top()];
        for place in 0..z.places() {
            let (object, position) = (self.start + place / z.positions, place % z.positions);
            let line = &z.data[place * z.channels..(place + 1) * z.channels];
            let examples = self.problem.examples;
            examples.with_target(self.problem.objective, (object, position), z.channels, |target| {
                f(line, target, place);
            });
        }
    }

    pub fn at(&self, v: usize) -> At<'_> {
        let node = &self.problem.graph.nodes[v];
        At {
            op: &node.op,
            own: &self.problem.owns[v],
            saved: &self.saved[v],
            inputs: node.inputs.iter().map(|u| &self.values[u.0]).collect(),
            output: &self.values[v],
        }
    }

    /// Rows over the outputs taken down to every tensor with parameters below.
    pub fn down(&self, rows: Rows) -> Vec<Option<Rows>> {
        let mut all: Vec<Option<Rows>> = vec![None; self.values.len()];
        all[self.problem.top()] = Some(rows);
        for v in (0..self.values.len()).rev() {
            let Some(rows) = all[v].take() else { continue };
            let at = self.at(v);
            for (k, u) in self.problem.live(v) {
                gather(&mut all[u], at.pull(k, &rows));
            }
            all[v] = Some(rows);
        }
        all
    }

    /// `A t` with the curvature of the loss in the outputs, normaliser included.
    pub fn curve(&self, t: &Rows) -> Rows {
        let mut out = t.like();
        let (outputs, size) = (t.channels, t.rows * t.channels);
        let mut a = vec![0.0; outputs * outputs];
        self.each_place(|z, target, place| {
            self.problem.objective.curvature(z, target, &mut a);
            a.iter_mut().for_each(|a| *a *= self.problem.scale);
            let from = &t.data[place * size..(place + 1) * size];
            let to = &mut out.data[place * size..(place + 1) * size];
            let (from, to) = (view(from, t.rows, outputs), view_mut(to, t.rows, outputs));
            multiply(from, view(&a, outputs, outputs), to, false);
        });
        out
    }

    /// The curvature of the loss itself: rows of one position over the outputs, outputs x outputs at each.
    pub fn loss_curvature(&self) -> Rows {
        let z = &self.values[self.problem.top()];
        let (outputs, size) = (z.channels, z.channels * z.channels);
        let mut out = Rows::zeros(z.objects, z.positions, outputs, outputs);
        self.each_place(|z, target, place| {
            let a = &mut out.data[place * size..(place + 1) * size];
            self.problem.objective.curvature(z, target, a);
            a.iter_mut().for_each(|a| *a *= self.problem.scale);
        });
        out
    }

    /// Rows `Fᵀ` over the outputs with `F Fᵀ = A`, normaliser included, for outputs of one position.
    pub fn loss_root(&self) -> Rows {
        let z = &self.values[self.problem.top()];
        let (outputs, size) = (z.channels, z.channels * z.channels);
        let mut out = Rows::zeros(z.objects, z.positions, outputs, outputs);
        let factor = self.problem.scale.sqrt();
        self.each_place(|z, target, place| {
            let root = self.problem.objective.root(z, target);
            let to = &mut out.data[place * size..(place + 1) * size];
            for ((i, k), f) in root.indexed_iter() {
                to[k * outputs + i] = f * factor;
            }
        });
        out
    }

    /// Gradient of the own parameters of node `v`.
    fn own_gradient(&self, v: usize) -> Option<Vec<f64>> {
        self.delta[v].as_ref().map(|delta| self.at(v).contract(delta))
    }

    /// Gradients of the own parameters of every map, with their places in theta.
    pub fn gradients(&self) -> Vec<(usize, Vec<f64>)> {
        let parametric = self.problem.parametric().into_iter();
        parametric.filter_map(|v| Some((v, self.own_gradient(v)?))).collect()
    }
}

impl Problem<'_> {
    /// Adds gradients of own parameters.
    pub fn add_gradients(&self, gradients: &[(usize, Vec<f64>)], sum: &mut Array1<f64>) {
        for (v, own) in gradients {
            self.owns[*v].index.iter().zip(own).for_each(|(&at, g)| sum[at] += g);
        }
    }
}

/// Outputs of a graph, shape (m, positions x outputs), of the inputs `x`.
///
/// # Errors
/// Inputs or parameters of another length; token numbers that the graph does not have.
///
/// ```
/// use hessia::graph::{Builder, Shape, forward};
/// use ndarray::array;
/// let mut net = Builder::new(Shape::vector(2));
/// let z = net.dense("0", net.input(), 1)?;
/// let graph = net.finish(z)?;
/// assert_eq!(forward(&graph, &array![1.0, 2.0, 0.5], &array![[3.0, 4.0]])?, array![[11.5]]);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn forward(graph: &Graph, theta: &Array1<f64>, x: &Array2<f64>) -> Result<Array2<f64>> {
    let owns = owns(graph, theta)?;
    Examples::check_inputs(x, graph)?;
    let (positions, channels) = (graph.output_shape().positions(), graph.output_shape().channels);
    let mut out = Array2::zeros((x.nrows(), positions * channels));
    let size = (ENTRIES / entries(graph)).clamp(1, 64);
    for start in (0..x.nrows()).step_by(size) {
        let range = start..(start + size).min(x.nrows());
        let (mut all, _) = values(graph, &owns, x.slice(s![range.clone(), ..]));
        if let Some(z) = all.pop() {
            out.slice_mut(s![range.clone(), ..]).assign(&view(&z.data, range.len(), positions * channels));
        }
    }
    Ok(out)
}

/// Loss and gradient, length P, over all examples.
///
/// # Errors
/// Examples, parameters or a loss that do not fit the graph; an interrupt.
///
/// ```
/// use hessia::graph::{Builder, Examples, Objective, Shape, loss_and_gradient};
/// use ndarray::array;
/// let mut net = Builder::new(Shape::vector(2));
/// let z = net.dense("0", net.input(), 2)?;
/// let graph = net.finish(z)?;
/// let data = Examples::classes(array![[1.0, 2.0]], &[1]);
/// let (loss, gradient) = loss_and_gradient(&graph, &graph.initial(1), &data, &Objective::cross_entropy())?;
/// // The residuals of softmax add up to zero, and so do those of the biases.
/// assert!(loss > 0.0 && (gradient[4] + gradient[5]).abs() < 1e-15);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn loss_and_gradient(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
) -> Result<(f64, Array1<f64>)> {
    let problem = Problem::new(graph, theta, examples, objective)?;
    let size = (ENTRIES / problem.entries()).clamp(1, 64);
    let blocks = examples.len().div_ceil(size);
    let zero = (0.0, Array1::zeros(graph.parameter_count()));
    in_turns("gradient", zero, blocks, |block, turn| {
        let pass = Pass::run(&problem, problem.block(block, size));
        let gradients = pass.gradients();
        turn.add(|(loss, gradient)| {
            *loss += pass.loss;
            problem.add_gradients(&gradients, gradient);
        });
        Ok(())
    })
}

/// Gradient of the loss, length P.
///
/// # Errors
/// As [`loss_and_gradient`].
pub fn gradient(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
) -> Result<Array1<f64>> {
    Ok(loss_and_gradient(graph, theta, examples, objective)?.1)
}

/// The loss over all examples.
///
/// # Errors
/// As [`loss_and_gradient`].
pub fn loss_value(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
) -> Result<f64> {
    Ok(loss_and_gradient(graph, theta, examples, objective)?.0)
}
