//! Blocks of objects side by side, whose results are added up in the order of the blocks.
//!
//! Threads take the blocks in ascending order. Step k of a block is added after step k of the block before it, so
//! that every sum is formed in one order whatever the number of threads, and no thread holds more than one step. The
//! block with the lowest number never waits, so the work always goes on.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::linalg::{threads, workers};
use crate::progress::Progress;
use crate::{Error, Result};

/// What the blocks add to, and how many steps of every block are in it.
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    sum: T,
    done: Vec<u64>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right of one block to add to the sum, step by step.
pub(super) struct Turn<'a, T> {
    shared: &'a Shared<T>,
    block: usize,
    steps: Cell<u64>,
}

impl<T> Turn<'_, T> {
    /// Adds the next step of this block, once the block before has added its own.
    pub fn add(&self, add: impl FnOnce(&mut T)) {
        let step = self.steps.get();
        self.steps.set(step + 1);
        let mut state = self.shared.lock();
        while self.block > 0 && state.done[self.block - 1] <= step {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        add(&mut state.sum);
        state.done[self.block] = step + 1;
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl<T> Drop for Turn<'_, T> {
    /// Nothing more comes from this block, whether it is complete or has failed.
    fn drop(&mut self) {
        self.shared.lock().done[self.block] = u64::MAX;
        self.shared.changed.notify_all();
    }
}

/// Runs `work` for every block on all threads and returns the sum. Every block must take the same steps.
pub(super) fn in_turns<T: Send>(
    phase: &str,
    sum: T,
    blocks: usize,
    work: impl Fn(usize, &Turn<'_, T>) -> Result<()> + Sync,
) -> Result<T> {
    let shared = Shared { state: Mutex::new(State { sum, done: vec![0; blocks] }), changed: Condvar::new() };
    let next = AtomicUsize::new(0);
    let progress = Progress::new(phase, blocks as u64, "blocks of objects");
    let run = || -> Result<()> {
        (0..threads().min(blocks)).into_par_iter().with_max_len(1).try_for_each(|_| {
            loop {
                let block = next.fetch_add(1, Ordering::Relaxed);
                if block >= blocks {
                    return Ok(());
                }
                let turn = Turn { shared: &shared, block, steps: Cell::new(0) };
                if let Err(error) = work(block, &turn).and_then(|()| progress.advance(1)) {
                    next.store(blocks, Ordering::Relaxed);
                    return Err::<(), Error>(error);
                }
            }
        })
    };
    workers(run)?;
    Ok(shared.state.into_inner().unwrap_or_else(PoisonError::into_inner).sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_formed_in_the_order_of_the_blocks() {
        let order = in_turns("test", Vec::new(), 40, |block, turn| {
            for step in 0..3 {
                std::thread::sleep(std::time::Duration::from_micros((block * 37 % 11) as u64 * 50));
                turn.add(|sum: &mut Vec<(usize, usize)>| sum.push((step, block)));
            }
            Ok(())
        })
        .unwrap();
        for step in 0..3 {
            let blocks: Vec<_> = order.iter().filter(|(s, _)| *s == step).map(|(_, block)| *block).collect();
            assert_eq!(blocks, (0..40).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_block_that_fails_stops_the_others() {
        let failed = in_turns("test", (), 40, |block, turn| {
            turn.add(|()| ());
            if block == 7 { Err(Error::argument("block", "another", block)) } else { Ok(()) }
        });
        assert!(failed.unwrap_err().to_string().contains("found 7"));
    }
}
