//! Which of the engines takes which part of a graph, by counted operations.

use super::counts::Counts;
use super::pass::entries;
use super::{Graph, Op, pushing};
use crate::Term;

/// Most tangents at once.
pub(super) const ROWS: usize = 32;
/// Numbers that a block of objects may take on one thread.
const NUMBERS: usize = 1 << 22;

/// How the work on a matrix is divided between exact ways of computing it.
///
/// Maps from `first` on are taken among themselves by pairs of second derivatives pushed down; every pair of maps with
/// one before `first` by tangents from there. With `low_rank` the G-term comes from the Jacobian of the outputs, and
/// only the H-term is left to both.
///
/// Memory beside the matrix, on each thread: `objects` objects, each with all its tensors and about
/// `max(32 (2 T + K), D (D + P_v + 128))` numbers more, where T counts the entries of all tensors, K those of the patches
/// of a convolution, D those of the largest tensor that pairs are held of, and `P_v` are a map's own parameters;
/// `objects` is chosen so that this stays near 32 MiB, and is 1 where one object needs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Plan {
    /// The first map (its place in [`Graph::nodes`]) whose parameters are taken by pushed pairs.
    pub first: usize,
    /// Whether the G-term comes from the Jacobian of the outputs.
    pub low_rank: bool,
    /// Objects in a block.
    pub objects: usize,
    /// Additions and multiplications of all products for one object, counted beforehand.
    pub flops: u64,
}

impl Plan {
    /// Tangents alone.
    pub fn tangents(graph: &Graph) -> Plan {
        Plan::new(graph, Term::Full, graph.nodes().len(), false)
    }

    /// A plan with its operations counted.
    pub fn new(graph: &Graph, term: Term, first: usize, low_rank: bool) -> Plan {
        let counts = Counts::new(graph);
        Plan { first, low_rank, objects: objects(graph, first), flops: counts.plan(term, first, low_rank) }
    }

    /// Every plan worth counting, the one with the fewest operations first.
    ///
    /// ```
    /// use hessia::graph::{Builder, Plan, Shape};
    /// use hessia::{Activation, Term};
    /// let mut net = Builder::new(Shape::vector(4));
    /// let x = net.dense("0", net.input(), 8)?;
    /// let x = net.activation(x, Activation::Tanh)?;
    /// let z = net.dense("2", x, 3)?;
    /// let plans = Plan::all(&net.finish(z)?, Term::Full);
    /// assert!(plans.iter().all(|plan| plan.flops >= plans[0].flops));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn all(graph: &Graph, term: Term) -> Vec<Plan> {
        let parametric =
            graph.nodes().iter().enumerate().filter(|(_, node)| !node.op.parameters().is_empty());
        let mut firsts: Vec<_> = parametric.map(|(v, _)| v).collect();
        firsts.push(graph.nodes().len());
        let mut plans: Vec<_> = firsts
            .into_iter()
            .flat_map(|first| [false, true].map(|low_rank| (first, low_rank)))
            .filter(|&(_, low_rank)| !low_rank || term != Term::HTerm)
            .map(|(first, low_rank)| Plan::new(graph, term, first, low_rank))
            .collect();
        plans.sort_by_key(|plan| plan.flops);
        plans
    }

    /// The plan with the fewest operations.
    pub fn best(graph: &Graph, term: Term) -> Plan {
        Plan::all(graph, term)[0]
    }
}

/// How many objects at a time keep the memory of a thread bounded.
fn objects(graph: &Graph, first: usize) -> usize {
    let counts = Counts::new(graph);
    let own = counts.own.iter().copied().max().unwrap_or(0);
    let pushed = (0..graph.nodes().len())
        .filter(|&v| counts.depends(v, first))
        .map(|v| counts.size[v] * (counts.size[v] + pushing::ROWS.min(own) + counts.own[v].max(1)))
        .max()
        .unwrap_or(0);
    // Tangents of all tensors, cotangents of some, and the patches of one convolution.
    let rows = ROWS.min(own) * (2 * counts.size.iter().sum::<usize>() + patches(graph));
    let seeds = (0..first.min(graph.nodes().len())).any(|q| counts.own[q] > 0);
    let needed = entries(graph) + pushed.max(if seeds { rows } else { 0 });
    (NUMBERS / needed).clamp(1, 64)
}

/// Entries of the patches of the largest convolution that tangents meet.
fn patches(graph: &Graph) -> usize {
    let sizes = graph.nodes().iter().skip(1).map(|node| match &node.op {
        Op::Conv { windows, .. } if node.inputs[0].0 > 0 => {
            windows.count() * windows.places(0).count() * graph.nodes()[node.inputs[0].0].shape.channels
        }
        _ => 0,
    });
    sizes.max().unwrap_or(0)
}
