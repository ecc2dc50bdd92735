//! How the work of a layer is cut: into tiles of columns, and into runs of about equal work.

use std::ops::Range;

use super::product::TILE_COLUMNS;

/// The columns `range` of output `j` of layer `q`.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) q: usize,
    pub(super) j: usize,
    pub(super) range: Range<usize>,
}

/// Cuts `pieces` into tiles of at most [`TILE_COLUMNS`] columns.
pub(super) fn tiles(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut tiles = Vec::new();
    let mut tile: Vec<Piece> = Vec::new();
    let mut width = 0;
    for piece in pieces {
        let mut start = piece.range.start;
        while start < piece.range.end {
            let end = piece.range.end.min(start + TILE_COLUMNS - width);
            tile.push(Piece { range: start..end, ..*piece });
            width += end - start;
            start = end;
            if width == TILE_COLUMNS {
                tiles.push(std::mem::take(&mut tile));
                width = 0;
            }
        }
    }
    if !tile.is_empty() {
        tiles.push(tile);
    }
    tiles
}

/// Cuts the columns of a triangle of order `order` into `count` runs of about equal area, on tile borders.
pub(super) fn triangle_cuts(order: usize, count: usize) -> Vec<usize> {
    let mut cuts = vec![0];
    for k in 1..count {
        let cut = (order as f64 * (k as f64 / count as f64).sqrt()) as usize / TILE_COLUMNS * TILE_COLUMNS;
        if cut > cuts[cuts.len() - 1] {
            cuts.push(cut);
        }
    }
    cuts.push(order);
    cuts
}
