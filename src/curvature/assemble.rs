//! Puts the Hessian together from matrix products over the objects.
//!
//! With `x~^(p)` the inputs of layer p (a one behind them where there are biases), `C` the coupling and `J` the
//! sensitivity of `couplings.rs`, block (p, q), p <= q, is
//!
//! `H[(i,a),(j,b)] = c Σ_n x~^(p)_{n,a} ( C_{n,i,j} x~^(q)_{n,b} + [q > p] delta^(q)_{n,j} J_{n,i,b} )`:
//!
//! for every output i of layer p, the transposed inputs times a right-hand side with one row an object. Objects
//! whose row of the right-hand side is zero are left out of the product, and so are repeated columns of `x~`.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::{Array1, Array2, s};
use rayon::prelude::*;

use super::Term;
use super::columns::Columns;
use super::couplings::{Couplings, Extent, Terms};
use super::plan::Plan;
use super::product::{Object, Product, Scratch, TILE_COLUMNS};
use super::scatter::{Half, Scatter, Tile};
use super::tiles::{Piece, tiles, triangle_cuts};
use crate::error::{all_finite, check_finite};
use crate::linalg::{SharedMatrix, threads};
use crate::loss::Loss;
use crate::passes::{add_gradient, check_result, sweeps};
use crate::progress::Progress;
use crate::{Dataset, Network, Result};

/// From this many distinct inputs on, a diagonal slab is computed as a triangle.
const SLAB_INPUTS: usize = 160;

/// What the assembly found and did.
pub(crate) struct Work {
    pub(crate) loss: f64,
    /// Empty for a block.
    pub(crate) gradient: Array1<f64>,
    pub(crate) distinct_inputs: usize,
    pub(crate) object_blocks: usize,
    /// Share of the (object, output) pairs that entered a product.
    pub(crate) active: f64,
    /// Additions and multiplications of all products.
    pub(crate) flops: u64,
}

/// The inputs of the assembly.
pub(crate) struct Assembly<'a> {
    net: &'a Network,
    data: &'a Dataset,
    part: Extent,
    parts: Terms,
    columns: Vec<Columns>,
    scatter: Scatter<'a>,
    /// The normaliser of the loss.
    scale: f64,
    /// Rows that the gathered inputs of one thread may have.
    batch: usize,
    /// The most distinct inputs that a layer has.
    widest: usize,
    scratch: Mutex<Vec<Scratch>>,
    used: AtomicU64,
    possible: AtomicU64,
    flops: AtomicU64,
    /// Whether a tile held NaN or infinity.
    overflow: AtomicBool,
}

/// One independent piece of work at a layer p.
#[derive(Clone)]
enum Task {
    /// Output i of layer p against everything from (p, i) on (or all layers q > p, where slabs do the rest).
    Strip { i: usize, pieces: Vec<Piece> },
    /// Outputs i <= j of layer p against each other, for the columns `columns`.
    Slab { i: usize, j: usize, columns: Range<usize> },
}

/// Fills `out` (zeros before) with the part planned, and returns loss and gradient from the same sweeps.
pub(crate) fn assemble(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    term: Term,
    plan: Plan,
    out: &mut Array2<f64>,
) -> Result<Work> {
    let Plan { part, columns, block, batch, widest, .. } = plan;
    let (first_row, first_column) = match part {
        Extent::Whole => (0, 0),
        Extent::Block(p, q) => (net.layer_range(p).start, net.layer_range(q).start),
    };
    let scale = loss.normaliser(data.len(), net.outputs());
    let mut assembly = Assembly {
        net,
        data,
        part,
        parts: Terms::of(term, net.activation()),
        columns,
        scatter: Scatter { out: SharedMatrix::new(out), first_row, first_column, add: false },
        batch,
        widest,
        scale,
        scratch: Mutex::new(Vec::new()),
        overflow: AtomicBool::new(false),
        used: AtomicU64::new(0),
        possible: AtomicU64::new(0),
        flops: AtomicU64::new(0),
    };

    let object_blocks = data.len().div_ceil(block);
    let tasks: Vec<_> = (0..net.depth()).map(|p| assembly.tasks(p)).collect();
    let count = tasks.iter().map(Vec::len).sum::<usize>() * object_blocks;
    let progress = Progress::new("Hessian", count as u64, "blocks");
    let mut total = 0.0;
    // A block's caller does not ask for the gradient.
    let gradient_length = if part == Extent::Whole { net.parameter_count() } else { 0 };
    let mut gradient = Array1::zeros(gradient_length);
    for start in (0..data.len()).step_by(block) {
        let range = start..data.len().min(start + block);
        let (mut chunks, gradients): (Vec<_>, Vec<_>) = sweeps(net, data, loss, range)?
            .into_par_iter()
            .map(|sweep| {
                let mut part = Array1::zeros(gradient_length);
                if gradient_length > 0 {
                    add_gradient(net, data, &sweep, &mut part);
                }
                (Couplings::new(net, loss, assembly.parts, assembly.part, sweep), part)
            })
            .unzip();
        for (chunk, part) in chunks.iter().zip(gradients) {
            total += chunk.sweep.loss;
            gradient += &part;
        }
        for p in (part.first()..net.depth()).rev() {
            if p + 1 < net.depth() {
                chunks.par_iter_mut().for_each(|chunk| chunk.step_down(net));
            }
            tasks[p].par_iter().with_max_len(1).try_for_each(|task| {
                assembly.run(p, &chunks, task);
                progress.advance(1)
            })?;
        }
        assembly.scatter.add = true;
    }
    let (total, gradient) = check_result(total * scale, gradient * scale)?;
    // Tiles of several blocks of objects may overflow when they are added.
    let unsure = object_blocks > 1 || assembly.overflow.load(Ordering::Relaxed);
    let (used, possible) = (assembly.used.into_inner(), assembly.possible.into_inner());
    let work = Work {
        loss: total,
        gradient,
        distinct_inputs: assembly.columns[0].distinct() - usize::from(net.layers()[0].bias.is_some()),
        object_blocks,
        active: if possible == 0 { 0.0 } else { used as f64 / possible as f64 },
        flops: assembly.flops.into_inner(),
    };
    if unsure && !out.as_slice().is_some_and(|out| out.par_chunks(1 << 16).all(all_finite)) {
        check_finite(&format!("{term} curvature matrix"), out.view().into_dyn())?;
    }
    Ok(work)
}

impl Assembly<'_> {
    fn wants(&self, p: usize, q: usize) -> bool {
        self.part == Extent::Whole || self.part == Extent::Block(p, q)
    }

    /// The work at layer p, largest pieces first.
    fn tasks(&self, p: usize) -> Vec<Task> {
        let outputs = self.net.layers()[p].outputs();
        let distinct = self.columns[p].distinct();
        let diagonal = self.parts.coupled && self.wants(p, p);
        let slabs = diagonal && distinct >= SLAB_INPUTS;
        let mut tasks = Vec::new();
        if slabs {
            let cuts = triangle_cuts(distinct, (8 * threads()).div_ceil(outputs * (outputs + 1) / 2));
            for cut in cuts.windows(2).rev() {
                for i in 0..outputs {
                    tasks.extend((i..outputs).map(|j| Task::Slab { i, j, columns: cut[0]..cut[1] }));
                }
            }
        }
        for i in 0..outputs {
            let mut pieces = Vec::new();
            if diagonal && !slabs {
                pieces.extend((i..outputs).map(|j| Piece { q: p, j, range: 0..distinct }));
            }
            for q in (p + 1..self.net.depth()).filter(|&q| self.wants(p, q)) {
                let all = 0..self.columns[q].distinct();
                let outputs = self.net.layers()[q].outputs();
                pieces.extend((0..outputs).map(|j| Piece { q, j, range: all.clone() }));
            }
            if !pieces.is_empty() {
                tasks.push(Task::Strip { i, pieces });
            }
        }
        tasks
    }

    fn run(&self, p: usize, chunks: &[Couplings], task: &Task) {
        let scratch = lock(&self.scratch).pop();
        let mut scratch = scratch.unwrap_or_else(|| Scratch::new(self.batch, self.widest));
        match task {
            Task::Strip { i, pieces } => self.strip(p, chunks, *i, pieces, &mut scratch),
            Task::Slab { i, j, columns } => self.slab(p, chunks, (*i, *j), columns.clone(), &mut scratch),
        }
        lock(&self.scratch).push(scratch);
    }

    fn active(&self, chunks: &[Couplings], keep: impl Fn(&Couplings, usize) -> bool) -> Vec<Object> {
        let mut active = Vec::new();
        let mut possible = 0;
        for (c, chunk) in chunks.iter().enumerate() {
            possible += chunk.sweep.len();
            active.extend((0..chunk.sweep.len()).filter(|&n| keep(chunk, n)).map(|n| (c as u32, n as u32)));
        }
        self.used.fetch_add(active.len() as u64, Ordering::Relaxed);
        self.possible.fetch_add(possible as u64, Ordering::Relaxed);
        active
    }

    /// Notes a tile that has overflowed.
    fn note(&self, tile: Tile<'_>) {
        if !tile.values.to_slice().is_some_and(all_finite) {
            self.overflow.store(true, Ordering::Relaxed);
        }
    }

    fn count(&self, objects: &[Object], height: usize, width: usize) {
        self.flops.fetch_add(2 * (objects.len() * height * width) as u64, Ordering::Relaxed);
    }

    fn strip(&self, p: usize, chunks: &[Couplings], i: usize, pieces: &[Piece], scratch: &mut Scratch) {
        let active = self.active(chunks, |chunk, n| chunk.is_active(n, i));
        let height = self.columns[p].distinct();
        let gather = |object: Object, range: &Range<usize>, row: &mut [f64]| {
            self.inputs_of(chunks, p, object, range, row)
        };
        let product =
            Product { objects: &active, batch: self.batch, scale: self.scale, stride: height, gather };
        product.prepare(scratch);
        for tile in tiles(pieces) {
            let width = tile.iter().map(|piece| piece.range.len()).sum();
            let fill = |objects: &[Object], right: &mut [f64]| {
                for (row, &object) in right.chunks_exact_mut(width).zip(objects) {
                    self.right_hand_side(chunks, object, p, i, &tile, row);
                }
            };
            self.count(&active, height, width);
            product.multiply(height, width, scratch, fill, |rows, done| {
                self.note(done);
                let mut from = 0;
                let row_parameters = self.columns[p].parameters(i, &rows);
                for piece in &tile {
                    let columns = self.columns[piece.q].parameters(piece.j, &piece.range);
                    let to = from + piece.range.len();
                    let part = Tile {
                        values: done.values.slice(s![.., from..to]),
                        turned: done.turned.slice(s![from..to, ..]),
                    };
                    from = to;
                    if piece.q == p && piece.j == i {
                        let corner = (rows.start, piece.range.start);
                        self.scatter.symmetric(&row_parameters, &columns, part, corner);
                    } else {
                        self.scatter.write(&row_parameters, &columns, part, self.halves(p, piece.q));
                    }
                }
            });
        }
    }

    /// Off-diagonal blocks that were asked for alone have no mirror image inside the result.
    fn halves(&self, p: usize, q: usize) -> Half {
        if p != q && self.part != Extent::Whole { Half::Direct } else { Half::Both }
    }

    /// Row of the right-hand side for one object: `C x~^(q) + delta^(q) J` over the pieces of a tile.
    fn right_hand_side(
        &self,
        chunks: &[Couplings],
        (c, n): Object,
        p: usize,
        i: usize,
        tile: &[Piece],
        row: &mut [f64],
    ) {
        let (chunk, n) = (&chunks[c as usize], n as usize);
        let mut rest = row;
        for Piece { q, j, range } in tile {
            let (part, tail) = rest.split_at_mut(range.len());
            rest = tail;
            let coupling = chunk.coupling(n, i, *q, *j);
            if *q == 0 {
                self.inputs_of(chunks, 0, (c, n as u32), range, part);
                part.iter_mut().for_each(|slot| *slot *= coupling);
            } else {
                // Inputs of later layers are never joined; these pieces are short and many.
                let x = chunk.sweep.hidden(*q, n);
                let known = x.get(range.start..range.end.min(x.len())).unwrap_or(&[]);
                let (weights, ones) = part.split_at_mut(known.len());
                weights.iter_mut().zip(known).for_each(|(slot, x)| *slot = coupling * x);
                ones.fill(coupling);
            }
            if *q > p
                && let Some((delta, sensitivity)) = chunk.residual_part(n, i, *q, *j)
            {
                // The ones behind the inputs depend on nothing below.
                let known = sensitivity.get(range.start..range.end.min(sensitivity.len())).unwrap_or(&[]);
                part.iter_mut().zip(known).for_each(|(slot, d)| *slot += delta * d);
            }
        }
    }

    fn slab(
        &self,
        p: usize,
        chunks: &[Couplings],
        (i, j): (usize, usize),
        columns: Range<usize>,
        scratch: &mut Scratch,
    ) {
        let active = self.active(chunks, |chunk, n| chunk.coupling(n, i, p, j) != 0.0);
        let gather = |object: Object, range: &Range<usize>, row: &mut [f64]| {
            self.inputs_of(chunks, p, object, range, row)
        };
        let product =
            Product { objects: &active, batch: self.batch, scale: self.scale, stride: columns.end, gather };
        product.prepare(scratch);
        for start in columns.clone().step_by(TILE_COLUMNS) {
            let range = start..columns.end.min(start + TILE_COLUMNS);
            // The slab is symmetric in (a, b): rows beyond the tile's columns are another tile's mirror image.
            let width = range.len();
            let fill = |objects: &[Object], right: &mut [f64]| {
                for (row, &(c, n)) in right.chunks_exact_mut(width).zip(objects) {
                    let factor = chunks[c as usize].coupling(n as usize, i, p, j);
                    self.inputs_of(chunks, p, (c, n), &range, row);
                    row.iter_mut().for_each(|value| *value *= factor);
                }
            };
            self.count(&active, range.end, width);
            product.multiply(range.end, width, scratch, fill, |rows, done| {
                self.note(done);
                let corner = (rows.start, range.start);
                let list = |i, range: &Range<usize>| self.columns[p].parameters(i, range);
                if i == j {
                    self.scatter.symmetric(&list(i, &rows), &list(i, &range), done, corner);
                } else {
                    self.scatter.write(&list(i, &rows), &list(j, &range), done, Half::Both);
                    let above = rows.start..rows.end.min(range.start);
                    if !above.is_empty() {
                        self.scatter.write(&list(j, &above), &list(i, &range), done, Half::Both);
                    }
                }
            });
        }
    }

    /// The distinct inputs `range` of layer p for one object.
    fn inputs_of(
        &self,
        chunks: &[Couplings],
        p: usize,
        (c, n): Object,
        range: &Range<usize>,
        row: &mut [f64],
    ) {
        let sweep = &chunks[c as usize].sweep;
        if p > 0 {
            return self.columns[p].gather(sweep.hidden(p, n as usize), range, row);
        }
        let x = self.data.x.row(sweep.range.start + n as usize);
        match x.to_slice() {
            Some(x) => self.columns[0].gather(x, range, row),
            None => self.columns[0].gather(&x.to_vec(), range, row),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
