//! Data of a graph with what its outputs are compared with.

use ndarray::{Array2, ArrayView2, Axis, s};

use super::{Graph, Objective, Op};
use crate::data::{Target, Targets};
use crate::{Dataset, Error, Result};

/// What a graph's outputs are compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Answers {
    /// Class labels from 0 (or the ignored one), shape (m, positions).
    Classes(Array2<i64>),
    /// Real values, shape (m, positions x outputs), position after position.
    Values(Array2<f64>),
}

/// Data with answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// An object a row; the order of its entries is the [`super::Builder`]'s.
    pub x: Array2<f64>,
    /// What the outputs are compared with.
    pub answers: Answers,
}

impl Examples {
    /// Data with one class label an object.
    pub fn classes(x: Array2<f64>, labels: &[i64]) -> Examples {
        let labels = Array2::from_shape_fn((labels.len(), 1), |(n, _)| labels[n]);
        Examples { x, answers: Answers::Classes(labels) }
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.x.nrows()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The objects with these row numbers.
    pub fn select(&self, rows: &[usize]) -> Examples {
        let answers = match &self.answers {
            Answers::Classes(labels) => Answers::Classes(labels.select(Axis(0), rows)),
            Answers::Values(y) => Answers::Values(y.select(Axis(0), rows)),
        };
        Examples { x: self.x.select(Axis(0), rows), answers }
    }

    /// Refuses data and answers that do not fit the graph.
    pub(super) fn check(&self, graph: &Graph, objective: &Objective) -> Result<()> {
        if self.is_empty() {
            return Err(Error::argument("data", "at least one object", "none"));
        }
        Examples::check_inputs(&self.x, graph)?;
        objective.check(&self.answers, self.len(), graph.output_shape())
    }

    /// Refuses inputs that do not fit the graph.
    pub(super) fn check_inputs(x: &Array2<f64>, graph: &Graph) -> Result<()> {
        let size = graph.input_shape().size();
        if x.ncols() != size {
            return Err(Error::shape("data", &[x.nrows(), size], x.shape()));
        }
        crate::error::check_finite("data", x.view().into_dyn())?;
        for node in graph.nodes() {
            if let Op::Embedding(table) = node.op {
                check_tokens(x.view(), graph.parameters()[table.0].shape[0])?;
            }
        }
        Ok(())
    }

    /// Calls `f` with the target of one position with so many outputs, or not at all where its label is ignored.
    pub(super) fn with_target(
        &self,
        objective: &Objective,
        (object, position): (usize, usize),
        outputs: usize,
        f: impl FnOnce(Target<'_>),
    ) {
        match &self.answers {
            Answers::Classes(labels) => {
                let label = labels[[object, position]];
                if objective.ignored != Some(label) {
                    f(Target::Class(label as usize));
                }
            }
            Answers::Values(y) => {
                let from = position * outputs;
                f(Target::Values(&y.slice(s![object, from..from + outputs]).to_vec()));
            }
        }
    }
}

fn check_tokens(x: ArrayView2<'_, f64>, tokens: usize) -> Result<()> {
    match x.indexed_iter().find(|(_, v)| v.fract() != 0.0 || **v < 0.0 || **v >= tokens as f64) {
        Some(((object, position), value)) => Err(Error::argument(
            format!("token {position} of object {object}"),
            format!("a whole number in 0..{tokens}"),
            value,
        )),
        None => Ok(()),
    }
}

impl From<&Dataset> for Examples {
    fn from(data: &Dataset) -> Examples {
        let answers = match &data.targets {
            Targets::Classes(labels) => {
                Answers::Classes(labels.mapv(|label| label as i64).insert_axis(Axis(1)))
            }
            Targets::Values(y) => Answers::Values(y.clone()),
        };
        Examples { x: data.x.clone(), answers }
    }
}
