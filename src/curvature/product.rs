//! The matrix product behind every tile of the Hessian: gathered inputs, transposed, times a right-hand side.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, s};

use super::scatter::Tile;

/// Columns of a tile. A tile stays in the second-level cache while it is summed up and written out.
pub(super) const TILE_COLUMNS: usize = 128;
/// Rows of a tile.
pub(super) const TILE_ROWS: usize = 512;

/// An object: its chunk and its row there.
pub(super) type Object = (u32, u32);

/// The buffers of one thread, kept from task to task.
///
/// Made once at their largest: buffers that grow leave their smaller selves behind in the allocator, which at
/// P = 3,000 was a third of all memory beyond the result. Parts that are never used are never touched.
pub(super) struct Scratch {
    left: Vec<f64>,
    right: Vec<f64>,
    tile: Vec<f64>,
    turned: Vec<f64>,
}

impl Scratch {
    /// For batches of `objects`, and `inputs` that are gathered of each.
    pub(super) fn new(objects: usize, inputs: usize) -> Scratch {
        let tile = || vec![0.0; TILE_ROWS.min(inputs) * TILE_COLUMNS];
        Scratch {
            left: vec![0.0; objects * inputs],
            right: vec![0.0; objects * TILE_COLUMNS],
            tile: tile(),
            turned: tile(),
        }
    }
}

/// The inputs of some objects, waiting for right-hand sides.
pub(super) struct Product<'a, G> {
    /// The objects that take part.
    pub(super) objects: &'a [Object],
    /// How many of them are held at once.
    pub(super) batch: usize,
    /// Factor of every product.
    pub(super) scale: f64,
    /// Number of inputs that are gathered.
    pub(super) stride: usize,
    /// Writes the inputs `range` of an object.
    pub(super) gather: G,
}

impl<G: Fn(Object, &Range<usize>, &mut [f64])> Product<'_, G> {
    /// Gathers all inputs once, where they fit.
    pub(super) fn prepare(&self, scratch: &mut Scratch) {
        if self.objects.len() <= self.batch {
            self.fill_left(self.objects, &(0..self.stride), &mut scratch.left);
        }
    }

    fn fill_left(&self, objects: &[Object], range: &Range<usize>, left: &mut [f64]) {
        let left = &mut left[..objects.len() * range.len()];
        for (row, &object) in left.chunks_exact_mut(range.len()).zip(objects) {
            (self.gather)(object, range, row);
        }
    }

    /// Calls `done` with every tile of inputs x right-hand side: rows `0..height` in runs, `width` columns.
    ///
    /// `fill` writes the right-hand side of a batch of objects, one row of `width` entries an object.
    pub(super) fn multiply(
        &self,
        height: usize,
        width: usize,
        scratch: &mut Scratch,
        fill: impl Fn(&[Object], &mut [f64]),
        done: impl Fn(Range<usize>, Tile<'_>),
    ) {
        let whole = self.objects.len() <= self.batch;
        if whole {
            fill(self.objects, &mut scratch.right[..self.objects.len() * width]);
        }
        for start in (0..height).step_by(TILE_ROWS) {
            let rows = start..height.min(start + TILE_ROWS);
            let tile = &mut scratch.tile[..rows.len() * width];
            tile.fill(0.0);
            for objects in self.objects.chunks(self.batch) {
                if !whole {
                    self.fill_left(objects, &rows, &mut scratch.left);
                    fill(objects, &mut scratch.right[..objects.len() * width]);
                }
                let (stride, from) = if whole { (self.stride, rows.start) } else { (rows.len(), 0) };
                let left = view(&scratch.left, objects.len(), stride);
                let left = left.slice(s![.., from..from + rows.len()]);
                let right = view(&scratch.right, objects.len(), width);
                let mut tile = ArrayViewMut2::from_shape((rows.len(), width), &mut *tile)
                    .expect("the buffer has rows * columns entries");
                general_mat_mul(self.scale, &left.t(), &right, 1.0, &mut tile);
            }
            let turned = &mut scratch.turned[..rows.len() * width];
            transpose(tile, width, turned);
            let (values, turned) = (view(tile, rows.len(), width), view(turned, width, rows.len()));
            done(rows.clone(), Tile { values, turned });
        }
    }
}

/// Writes the transpose of row-major `from`, whose rows have `width` entries, to `to`.
fn transpose(from: &[f64], width: usize, to: &mut [f64]) {
    // Blocks of one cache line by one cache line.
    const LINE: usize = 8;
    let height = from.len() / width;
    for top in (0..height).step_by(LINE) {
        let bottom = height.min(top + LINE);
        for left in (0..width).step_by(LINE) {
            for column in left..width.min(left + LINE) {
                let line = &mut to[column * height + top..column * height + bottom];
                for (row, entry) in (top..bottom).zip(line) {
                    *entry = from[row * width + column];
                }
            }
        }
    }
}

fn view(buffer: &[f64], rows: usize, columns: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((rows, columns), &buffer[..rows * columns])
        .expect("the buffer has rows * columns entries")
}
