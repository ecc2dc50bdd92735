//! Curvature times vectors, and curvature object by object.

use ndarray::{Array1, Array2};

use super::pass::{Pass, Problem};
use super::tensor::{Rows, gather};
use super::tickets::in_turns;
use super::{Examples, Graph, Objective, curvature};
use crate::linalg::{euclidean_norm, side_by_side};
use crate::loss::Reduction;
use crate::{Error, Result, Term};

/// Most vectors at once.
const VECTORS: usize = 64;
/// Numbers that the tangents of a block of objects may take on one thread.
const NUMBERS: usize = 1 << 22;

/// Products of a curvature matrix with the columns of `vectors`, shape (P, k), without forming the matrix.
///
/// Forward over reverse, all directions at once: about four times the work of a gradient for every vector; memory for
/// a block of objects.
///
/// # Errors
/// Vectors of another length than P; otherwise as [`curvature`].
///
/// Source: B. Pearlmutter, "Fast exact multiplication by the Hessian", 1994.
///
/// ```
/// use hessia::graph::{Builder, Examples, Objective, Shape, hessian, hvp};
/// use hessia::{Activation, Term};
/// use ndarray::{Array2, array};
/// let mut net = Builder::new(Shape::vector(2));
/// let x = net.dense("0", net.input(), 3)?;
/// let x = net.activation(x, Activation::Tanh)?;
/// let z = net.dense("2", x, 2)?;
/// let graph = net.finish(z)?;
/// let data = Examples::classes(array![[1.0, 2.0], [0.5, -1.0]], &[1, 0]);
/// let (theta, loss) = (graph.initial(1), Objective::cross_entropy());
/// let products = hvp(&graph, &theta, &data, &loss, Term::Full, &Array2::eye(theta.len()))?;
/// let gap = products - hessian(&graph, &theta, &data, &loss)?;
/// assert!(gap.iter().all(|v| v.abs() < 1e-15));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn hvp(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
    term: Term,
    vectors: &Array2<f64>,
) -> Result<Array2<f64>> {
    let problem = Problem::new(graph, theta, examples, objective)?;
    if vectors.nrows() != graph.parameter_count() {
        let expected = [graph.parameter_count(), vectors.ncols()];
        return Err(Error::shape("vectors", &expected, vectors.shape()));
    }
    let rows = vectors.ncols().min(VECTORS);
    if rows == 0 {
        return Ok(Array2::zeros(vectors.dim()));
    }
    let size = (NUMBERS / (problem.entries() * rows)).clamp(1, 64);
    let blocks = examples.len().div_ceil(size);
    in_turns("products", Array2::zeros(vectors.dim()), blocks, |block, turn| {
        let pass = Pass::run(&problem, problem.block(block, size));
        for start in (0..vectors.ncols()).step_by(rows) {
            let range = start..vectors.ncols().min(start + rows);
            let own = |v: usize| -> Vec<f64> {
                let index = &problem.owns[v].index;
                range.clone().flat_map(|c| index.iter().map(move |&i| vectors[[i, c]])).collect()
            };
            let found = products(&pass, term, range.len(), own);
            turn.add(|sum| {
                for (v, values) in &found {
                    let index = &problem.owns[*v].index;
                    for (line, c) in values.chunks_exact(index.len()).zip(range.clone()) {
                        index.iter().zip(line).for_each(|(&i, value)| sum[[i, c]] += value);
                    }
                }
            });
        }
        Ok(())
    })
}

/// Products with `count` vectors; `own` gives those of a node's own parameters, (count, own parameters).
fn products(
    pass: &Pass<'_>,
    term: Term,
    count: usize,
    own: impl Fn(usize) -> Vec<f64>,
) -> Vec<(usize, Vec<f64>)> {
    let problem = pass.problem;
    let top = problem.top();
    let mut t: Vec<Option<Rows>> = vec![None; top + 1];
    for v in 0..=top {
        let at = pass.at(v);
        if at.count() > 0 {
            t[v] = Some(at.seed_by(&own(v)));
        }
        for (k, u) in problem.live(v) {
            if let Some(tangents) = &t[u] {
                let pushed = at.push(k, tangents);
                gather(&mut t[v], pushed);
            }
        }
    }
    let mut e: Vec<Option<Rows>> = vec![None; top + 1];
    if let (true, Some(tangents)) = (term != Term::HTerm, &t[top]) {
        e[top] = Some(pass.curve(tangents));
    }
    let mut found = Vec::new();
    for v in (0..=top).rev() {
        let at = pass.at(v);
        let rows = e[v].take();
        let delta = pass.delta[v].as_ref().filter(|_| term != Term::Ggn);
        let inputs: Vec<_> = problem.live(v).collect();
        if at.count() > 0 {
            let mut values = match &rows {
                Some(rows) => at.contract(rows),
                None => vec![0.0; count * at.count()],
            };
            if let (Some(delta), Some(&(_, u))) = (delta, inputs.first()) {
                if let Some(crossed) = t[u].as_ref().and_then(|tangents| at.cross(delta, tangents)) {
                    values.iter_mut().zip(crossed).for_each(|(v, c)| *v += c);
                }
                if let Some(rows) = at.cross_by(delta, &own(v)) {
                    gather(&mut e[u], rows);
                }
            }
            found.push((v, values));
        }
        for &(k, u) in &inputs {
            if let Some(rows) = &rows {
                gather(&mut e[u], at.pull(k, rows));
            }
            if let (Some(tangents), Some(delta)) = (&t[u], delta)
                && let Some((to, rows)) = at.bend(delta, k, tangents)
            {
                let u = problem.graph.nodes()[v].inputs[to].0;
                if problem.last_own[u].is_some() {
                    gather(&mut e[u], rows);
                }
            }
        }
    }
    found
}

/// What one object adds, before the normaliser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectCurvature {
    /// Loss of the object.
    pub loss: f64,
    /// Norm of its gradient.
    pub gradient_norm: f64,
    /// Frobenius norm of its matrix.
    pub norm: f64,
    /// Trace of its matrix.
    pub trace: f64,
}

/// Loss and sizes of gradient and matrix of every object, before the normaliser.
///
/// # Errors
/// As [`curvature`].
pub fn per_object(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
    term: Term,
) -> Result<Vec<ObjectCurvature>> {
    examples.check(graph, objective)?;
    let objective = Objective { reduction: Reduction::Sum, ..objective.clone() };
    let one = |object: usize| {
        let found = curvature(graph, theta, &examples.select(&[object]), &objective, term)?;
        Ok(ObjectCurvature {
            loss: found.loss,
            gradient_norm: euclidean_norm(found.gradient.iter()),
            norm: euclidean_norm(found.matrix.iter()),
            trace: found.matrix.diag().sum(),
        })
    };
    side_by_side((0..examples.len()).collect(), one).into_iter().collect()
}
