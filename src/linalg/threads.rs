//! One place that decides how many threads work, and who uses them.
//!
//! Either many small jobs run side by side on our own threads, each with OpenBLAS at one thread, or one large
//! LAPACK call has OpenBLAS at all threads. Never both: the number of OpenBLAS threads belongs to the whole
//! process, so the two kinds of work wait for each other.

use std::cell::Cell;
use std::os::raw::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rayon::ThreadPool;
use rayon::prelude::*;

unsafe extern "C" {
    fn openblas_set_num_threads(count: c_int);
}

static REQUESTED: AtomicUsize = AtomicUsize::new(0);
static POOL: Mutex<Option<(usize, Arc<ThreadPool>)>> = Mutex::new(None);
static TURNS: Mutex<Turns> = Mutex::new(Turns { kind: Kind::Workers, running: 0 });
static TURN_ENDED: Condvar = Condvar::new();

thread_local! {
    static HOLDS_TURN: Cell<bool> = const { Cell::new(false) };
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Workers,
    WholeMachine,
}

struct Turns {
    kind: Kind,
    running: usize,
}

/// Sets how many threads hessia uses, for everything that starts after the call; 0 means all cores.
///
/// ```
/// hessia::set_threads(1);
/// assert_eq!(hessia::threads(), 1);
/// hessia::set_threads(0);
/// ```
pub fn set_threads(count: usize) {
    REQUESTED.store(count, Ordering::Relaxed);
}

/// How many threads hessia uses: the number set, or that of the machine's cores.
pub fn threads() -> usize {
    match REQUESTED.load(Ordering::Relaxed) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        count => count,
    }
}

/// Runs independent jobs on all threads, each with BLAS at one thread, and returns their results in order.
///
/// Jobs may call anything of hessia: what they start shares the same threads.
///
/// ```
/// let squares = hessia::side_by_side(vec![1, 2, 3], |n| n * n);
/// assert_eq!(squares, [1, 4, 9]);
/// ```
pub fn side_by_side<I: Send, T: Send>(jobs: Vec<I>, job: impl Fn(I) -> T + Sync + Send) -> Vec<T> {
    workers(|| jobs.into_par_iter().with_max_len(1).map(job).collect())
}

/// Runs `work` on our threads, so that rayon's iterators in it use them; OpenBLAS is at one thread.
pub fn workers<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if HOLDS_TURN.get() {
        return work();
    }
    let _turn = Turn::take(Kind::Workers);
    match pool() {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// Runs one large BLAS or LAPACK call with OpenBLAS at all threads, unless it is called from a worker.
pub(crate) fn whole_machine<T>(work: impl FnOnce() -> T) -> T {
    if HOLDS_TURN.get() {
        return work();
    }
    let _turn = Turn::take(Kind::WholeMachine);
    HOLDS_TURN.set(true);
    let _reset = Reset;
    work()
}

struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        HOLDS_TURN.set(false);
    }
}

struct Turn;

impl Turn {
    fn take(kind: Kind) -> Turn {
        let mut turns = lock();
        while turns.running > 0 && (turns.kind != kind || kind == Kind::WholeMachine) {
            turns = TURN_ENDED.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        turns.kind = kind;
        turns.running += 1;
        let count = if kind == Kind::Workers { 1 } else { threads() };
        // SAFETY: a plain setter of OpenBLAS; no BLAS call of ours runs with another count meanwhile.
        unsafe { openblas_set_num_threads(count as c_int) };
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock().running -= 1;
        TURN_ENDED.notify_all();
    }
}

fn lock() -> MutexGuard<'static, Turns> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pool of the present size; none where the system gives no threads, and then the caller works alone.
fn pool() -> Option<Arc<ThreadPool>> {
    let count = threads();
    let mut slot = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((size, pool)) = slot.as_ref()
        && *size == count
    {
        return Some(pool.clone());
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .thread_name(|i| format!("hessia-{i}"))
        .start_handler(|_| HOLDS_TURN.set(true))
        .build()
        .ok()?;
    let pool = Arc::new(pool);
    *slot = Some((count, pool.clone()));
    Some(pool)
}
