//! What a block of the Hessian takes in memory, counted: the block, and buffers in proportion to it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use hessia::*;
use ndarray::{Array2, s};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator; the counters change nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: as promised to us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as promised to us.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_block_takes_memory_in_proportion_to_itself() {
    set_threads(2);
    let net = Network::random(&[20, 150, 150, 4], true, Activation::Tanh, 1).unwrap();
    let x = Array2::from_shape_fn((600, 20), |(i, j)| ((3 * i + 7 * j + i * j) as f64).sin());
    let data = Dataset::new("set", x, Targets::Classes((0..600).map(|i| i % 4).collect())).unwrap();
    let loss = Loss::cross_entropy();
    // The pool and what else is made once.
    curvature_block(&net, &data.head(10), loss, Term::Full, 2, 2).unwrap();
    // Buffers are planned for an order of 3,000 at least: some 7 % of 72 MB, and 128 objects at least. The first layer
    // alone needs 150 x 150 numbers an object and layer, with the products on the way to them.
    for ((p, q), most) in [((2, 2), 12 << 20), ((0, 2), 60 << 20), ((0, 0), 140 << 20)] {
        let (rows, columns) = (net.layer_range(p).len(), net.layer_range(q).len());
        PEAK.store(LIVE.load(Relaxed), Relaxed);
        let before = LIVE.load(Relaxed);
        let block = curvature_block(&net, &data, loss, Term::Full, p, q).unwrap();
        let took = PEAK.load(Relaxed) - before - rows * columns * size_of::<f64>();
        assert_eq!(block.dim(), (rows, columns));
        assert!(took < most, "block {p}, {q}: {took} bytes besides the result");
        println!("block {p}, {q}: {took} bytes besides {}", 8 * rows * columns);
    }
}

#[test]
fn every_block_is_that_of_the_whole() {
    let net = Network::random(&[3, 4, 5, 4, 2], true, Activation::Tanh, 1).unwrap();
    let x = Array2::from_shape_fn((40, 3), |(i, j)| ((3 * i + 7 * j + i * j) as f64).sin());
    let data = Dataset::new("set", x, Targets::Classes((0..40).map(|i| i % 2).collect())).unwrap();
    for term in [Term::Full, Term::Ggn, Term::HTerm] {
        let whole = curvature(&net, &data, Loss::cross_entropy(), term).unwrap().matrix;
        for p in 0..net.depth() {
            for q in 0..net.depth() {
                let block = curvature_block(&net, &data, Loss::cross_entropy(), term, p, q).unwrap();
                let right = whole.slice(s![net.layer_range(p), net.layer_range(q)]);
                // Sums over 40 objects of products of numbers below 1.
                assert!((&block - &right).iter().all(|gap| gap.abs() < 1e-15), "{term} block {p}, {q}");
            }
        }
    }
}
