//! The curvature matrix of a graph.

use std::ops::Range;

use ndarray::{Array1, Array2};

use super::pass::{Pass, Problem};
use super::plan::{Plan, ROWS};
use super::product::take_flops;
use super::pushing::Pushing;
use super::tangents::tangents;
use super::target::Target;
use super::tickets::{Turn, in_turns};
use super::{Examples, Graph, Objective, jacobian};
use crate::{Error, Result, Term};

/// A curvature matrix of a graph with what came out of the same passes.
#[derive(Debug, Clone)]
pub struct GraphCurvature {
    /// The matrix, P x P, in the order of [`Graph::parameters`]; symmetric to the last bit.
    pub matrix: Array2<f64>,
    /// Which part of the second derivatives it holds.
    pub term: Term,
    /// Value of the loss.
    pub loss: f64,
    /// Gradient of the loss, length P.
    pub gradient: Array1<f64>,
    /// Additions and multiplications of all products, counted.
    pub flops: u64,
    /// How the work was divided.
    pub plan: Plan,
}

/// The exact curvature matrix of a graph's loss over examples, P x P.
///
/// With c the normaliser of the loss, `z` the outputs, `r = dl/dz` and `A = d²l/dz²`, the full Hessian
/// `H = c Σ d²l/dtheta²` is the sum of the G-term `c Σ Jᵀ A J`, `J = dz/dtheta`, and the H-term `c Σ_k r_k d²z_k/dtheta²`;
/// each is computed by itself.
///
/// # Errors
/// Examples, parameters or a loss that do not fit the graph; a matrix that does not fit in memory, refused before any
/// work; an interrupt.
///
/// ```
/// use hessia::graph::{Builder, Examples, Objective, Shape, curvature};
/// use hessia::{Activation, Term};
/// use ndarray::array;
/// let mut net = Builder::new(Shape::vector(2));
/// let x = net.dense("0", net.input(), 3)?;
/// let x = net.activation(x, Activation::Tanh)?;
/// let z = net.dense("2", x, 2)?;
/// let graph = net.finish(z)?;
/// let data = Examples::classes(array![[1.0, 2.0], [0.5, -1.0]], &[1, 0]);
/// let (theta, loss) = (graph.initial(1), Objective::cross_entropy());
/// let [h, g, rest] = [Term::Full, Term::Ggn, Term::HTerm].map(|term| curvature(&graph, &theta, &data, &loss, term));
/// let gap = h?.matrix - g?.matrix - rest?.matrix;
/// assert!(gap.iter().all(|v| v.abs() < 1e-15));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn curvature(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
    term: Term,
) -> Result<GraphCurvature> {
    let plan = Plan::best(graph, term);
    curvature_by(graph, theta, examples, objective, term, plan)
}

/// As [`curvature`], by a plan of one's own: every plan gives the same matrix, up to rounding.
///
/// # Errors
/// As [`curvature`].
pub fn curvature_by(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
    term: Term,
    plan: Plan,
) -> Result<GraphCurvature> {
    let problem = Problem::new(graph, theta, examples, objective)?;
    assemble(&problem, term, Target::whole(graph.parameter_count())?, plan)
}

/// The full Hessian, P x P: [`curvature`] of [`Term::Full`].
///
/// # Errors
/// As [`curvature`].
pub fn hessian(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
) -> Result<Array2<f64>> {
    Ok(curvature(graph, theta, examples, objective, Term::Full)?.matrix)
}

/// The G-term (generalized Gauss-Newton matrix), P x P: [`curvature`] of [`Term::Ggn`].
///
/// # Errors
/// As [`curvature`].
pub fn ggn(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
) -> Result<Array2<f64>> {
    Ok(curvature(graph, theta, examples, objective, Term::Ggn)?.matrix)
}

/// The H-term, P x P: [`curvature`] of [`Term::HTerm`].
///
/// # Errors
/// As [`curvature`].
pub fn h_term(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
) -> Result<Array2<f64>> {
    Ok(curvature(graph, theta, examples, objective, Term::HTerm)?.matrix)
}

/// Rows of the parameter named `p` and columns of the parameter named `q` of [`curvature`], computed alone.
///
/// # Errors
/// A name that the graph does not have; otherwise as [`curvature`].
pub fn block(
    graph: &Graph,
    theta: &Array1<f64>,
    examples: &Examples,
    objective: &Objective,
    term: Term,
    (p, q): (&str, &str),
) -> Result<Array2<f64>> {
    let find = |name: &str| match graph.parameters().iter().find(|parameter| parameter.name == name) {
        Some(parameter) => Ok(parameter.range.clone()),
        None => {
            let names: Vec<_> = graph.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
            Err(Error::argument("parameter", format!("one of {}", names.join(", ")), name))
        }
    };
    let (rows, columns) = (find(p)?, find(q)?);
    let problem = Problem::new(graph, theta, examples, objective)?;
    let plan = Plan::tangents(graph);
    Ok(assemble(&problem, term, Target::part(rows, columns)?, plan)?.matrix)
}

/// What the blocks of objects add up.
struct Sum {
    target: Target,
    loss: f64,
    gradient: Array1<f64>,
    flops: u64,
}

impl Sum {
    /// Adds a block between own parameters of maps q and v.
    fn add(&mut self, problem: &Problem<'_>, q: usize, range: Range<usize>, v: usize, values: &[f64]) {
        let own = (q == v).then_some(range.start);
        self.target.add(&problem.owns[q].index[range], &problem.owns[v].index, values, own);
    }
}

/// One block of the matrix: rows of the first map's own parameters, both maps, values.
type Piece = (usize, Range<usize>, usize, Vec<f64>);

fn assemble(problem: &Problem<'_>, term: Term, target: Target, plan: Plan) -> Result<GraphCurvature> {
    let rows = problem.parametric().iter().map(|&v| problem.owns[v].index.len()).max().unwrap_or(0).min(ROWS);
    let size = plan.objects.max(1);
    let blocks = problem.examples.len().div_ceil(size);
    let tied = tied(problem.graph);
    let parametric = problem.parametric();
    let wanted: Vec<Vec<bool>> = (0..problem.owns.len())
        .map(|q| {
            let wants = |v: usize| v >= q && target.wants(&problem.owns[q].index, &problem.owns[v].index);
            (0..problem.owns.len()).map(wants).collect()
        })
        .collect();
    let gradient = Array1::zeros(problem.graph.parameter_count());
    let sum = Sum { target, loss: 0.0, gradient, flops: 0 };
    // The G-term by itself leaves the H-term to the other recursions.
    let rest = match (plan.low_rank, term) {
        (true, Term::Full) => Some(Term::HTerm),
        (true, Term::Ggn) => None,
        _ => Some(term),
    };
    let sum = in_turns(term.name(), sum, blocks, |block, turn: &Turn<'_, Sum>| {
        take_flops();
        let pass = Pass::run(problem, problem.block(block, size));
        // Every parameter used twice has its blocks added at the end of each block of objects, in one order.
        let mut late: Vec<Piece> = Vec::new();
        let mut emit = |q: usize, range: Range<usize>, v: usize, values: Vec<f64>| {
            if tied[q] || tied[v] {
                late.push((q, range, v, values));
            } else {
                turn.add(|sum| sum.add(problem, q, range, v, &values));
            }
        };
        if plan.low_rank && term != Term::HTerm {
            jacobian::run(&pass, &mut emit);
        }
        if let Some(term) = rest {
            if parametric.last().is_some_and(|&last| last >= plan.first) {
                Pushing::run(&pass, plan.first, term, &mut emit);
            }
            let seeds = parametric.iter().filter(|&&q| q < plan.first && wanted[q].contains(&true));
            for &q in seeds {
                let count = problem.owns[q].index.len();
                for start in (0..count).step_by(rows) {
                    let range = start..count.min(start + rows);
                    tangents(&pass, q, range.clone(), term, &wanted[q], |v, values| {
                        emit(q, range.clone(), v, values);
                    });
                }
            }
        }
        let gradients = pass.gradients();
        let flops = take_flops();
        turn.add(|sum| {
            for (q, range, v, values) in &late {
                sum.add(problem, *q, range.clone(), *v, values);
            }
            sum.loss += pass.loss;
            problem.add_gradients(&gradients, &mut sum.gradient);
            sum.flops += flops;
        });
        Ok(())
    })?;
    Ok(GraphCurvature {
        matrix: sum.target.finish(),
        term,
        loss: sum.loss,
        gradient: sum.gradient,
        flops: sum.flops,
        plan,
    })
}

/// Which maps use a parameter that another one uses too.
fn tied(graph: &Graph) -> Vec<bool> {
    let mut uses = vec![0; graph.parameters().len()];
    for node in graph.nodes() {
        node.op.parameters().iter().for_each(|id| uses[id.0] += 1);
    }
    graph.nodes().iter().map(|node| node.op.parameters().iter().any(|id| uses[id.0] > 1)).collect()
}
