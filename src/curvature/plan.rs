//! How the objects are cut for an assembly, and what its buffers take.

use super::columns::Columns;
use super::couplings::{Extent, bytes_per_object};
use super::product::{TILE_COLUMNS, TILE_ROWS};
use crate::linalg::threads_here;
use crate::passes::CHUNK;
use crate::{Dataset, Network};

/// The sum of all buffers is planned for this order, so that small Hessians are not cut into crumbs.
const SMALLEST_ORDER: usize = 3000;
/// Threads that the plan of the buffers counts on; fixed, so that the sums do not depend on the machine.
const PLANNED_THREADS: usize = 2;

/// How the objects are cut, and what the buffers take.
pub(super) struct Plan {
    pub(super) part: Extent,
    pub(super) columns: Vec<Columns>,
    /// Objects whose couplings are held at once.
    pub(super) block: usize,
    /// Rows that the gathered inputs of one thread may have.
    pub(super) batch: usize,
    /// The most distinct inputs that a layer has.
    pub(super) widest: usize,
    /// Bytes of all buffers besides the result, for the threads that will work.
    pub(super) bytes: u128,
}

impl Plan {
    /// The plan for a result of `rows * columns` entries.
    pub(super) fn new(net: &Network, data: &Dataset, part: Extent, (rows, columns): (usize, usize)) -> Plan {
        let entries = (rows as f64 * columns as f64).max((SMALLEST_ORDER * SMALLEST_ORDER) as f64);
        let budget = |percent: f64| entries * size_of::<f64>() as f64 * percent / 100.0;
        let per_object = bytes_per_object(net, part);
        let block = ((budget(4.2) / per_object as f64) as usize / 128 * 128).max(128);
        let mut columns = vec![Columns::of_data(net, &data.x)];
        columns.extend((1..net.depth()).map(|l| Columns::plain(net, l)));
        let widest = columns.iter().map(Columns::distinct).max().unwrap_or(1);
        let row = (widest + TILE_COLUMNS) * size_of::<f64>();
        let batch = budget(2.6) / PLANNED_THREADS as f64 / row as f64;
        let batch = (batch as usize).clamp(64, block.max(64));
        // Blocks of about equal size: a small rest would pay for a whole pass over the result.
        let block = data.len().div_ceil(data.len().div_ceil(block));
        let threads = threads_here() as u128;
        let tiles = (2 * TILE_ROWS * TILE_COLUMNS * size_of::<f64>()) as u128;
        // The gradient of every chunk of a block, and their sum.
        let gradients = match part {
            Extent::Whole => (block.div_ceil(CHUNK) + 1) * net.parameter_count() * size_of::<f64>(),
            Extent::Block(..) => 0,
        };
        let scratch = (batch as u128 * row as u128 + tiles) * threads;
        let bytes = block as u128 * per_object as u128 + scratch + gradients as u128;
        Plan { part, columns, block, batch, widest, bytes }
    }
}
