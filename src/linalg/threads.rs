//! One place that decides how many threads work, and who uses them.
//!
//! Either many small jobs run side by side, each with OpenBLAS at one thread, or one large LAPACK call has OpenBLAS
//! at all threads. Never both: the number of OpenBLAS threads belongs to the whole process, so the two kinds of work
//! take turns. Nobody waits for a turn whose end may depend on the one who waits:
//!
//! - A turn of the whole machine is one LAPACK call, which waits for nothing: everyone may wait for its end.
//! - Workers hold an open turn while a caller's own code may run inside it, be it a job of [`side_by_side`] or what a
//!   thread of the caller's rayon pool takes up while it waits. Nobody waits for the end of an open turn.
//! - On a thread of the caller's own rayon pool everything runs in that pool, with OpenBLAS at one thread.
//! - On any other thread a LAPACK call waits for the end of workers' turns, unless one of them is open: then it runs
//!   beside them, with OpenBLAS at one thread.

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
static TURNS: Mutex<Turns> = Mutex::new(Turns { workers: 0, open: 0, whole_machine: false });
static TURN_ENDED: Condvar = Condvar::new();

/// OpenBLAS has some 500 buffers; every thread that multiplies takes one or two.
const MOST_THREADS: usize = 256;

thread_local! {
    /// Whether a turn is held further down on this thread's stack, or for this thread of our pool.
    static HOLDS_TURN: Cell<bool> = const { Cell::new(false) };
}

struct Turns {
    /// Turns of workers that are held now.
    workers: usize,
    /// How many of them are open.
    open: usize,
    whole_machine: bool,
}

/// Sets how many threads hessia uses, for everything that starts after the call; 0 means all cores.
///
/// More than 256 count as 256. On a thread of a rayon pool of the caller's, that pool's threads are used instead.
///
/// ```
/// hessia::set_threads(1);
/// assert_eq!(hessia::threads(), 1);
/// hessia::set_threads(0);
/// ```
pub fn set_threads(count: usize) {
    REQUESTED.store(count, Ordering::Relaxed);
    lock().rest();
}

/// How many threads hessia uses: the number set, or that of the machine's cores.
pub fn threads() -> usize {
    let count = match REQUESTED.load(Ordering::Relaxed) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        count => count,
    };
    count.min(MOST_THREADS)
}

/// How many threads work that starts here is spread over.
pub(crate) fn threads_here() -> usize {
    if on_rayon_thread() { rayon::current_num_threads() } else { threads() }
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
    run(true, || jobs.into_par_iter().with_max_len(1).map(job).collect())
}

/// Runs `work` on many threads, so that rayon's iterators in it use them; OpenBLAS is at one thread.
///
/// `work` runs no code of the caller's that could wait for another call.
pub fn workers<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    run(false, work)
}

fn run<T: Send>(open: bool, work: impl FnOnce() -> T + Send) -> T {
    if HOLDS_TURN.get() {
        return work();
    }
    if on_rayon_thread() {
        // While this thread waits for a part of `work`, it may take up any job of its pool.
        let _turn = Turn::of_workers(true);
        return work();
    }
    let occupied = lock().open > 0;
    let _turn = Turn::of_workers(open);
    // The jobs that occupy our pool may be waiting for this call.
    match if occupied { build(threads()).map(Arc::new) } else { pool() } {
        Some(pool) => pool.install(work),
        None => alone(work),
    }
}

/// Runs one large BLAS or LAPACK call with OpenBLAS at all threads, or at one where the threads have other work.
pub(crate) fn whole_machine<T>(work: impl FnOnce() -> T) -> T {
    if HOLDS_TURN.get() {
        return work();
    }
    let _turn = if on_rayon_thread() { Turn::of_workers(false) } else { Turn::of_whole_machine() };
    HOLDS_TURN.set(true);
    let _reset = Reset;
    work()
}

/// Runs a few small BLAS calls on the caller's thread, with OpenBLAS at one thread: their sums do not depend on how
/// many there are.
pub(crate) fn one_thread<T>(work: impl FnOnce() -> T) -> T {
    if HOLDS_TURN.get() {
        return work();
    }
    let _turn = Turn::of_workers(false);
    HOLDS_TURN.set(true);
    let _reset = Reset;
    work()
}

fn on_rayon_thread() -> bool {
    rayon::current_thread_index().is_some()
}

struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        HOLDS_TURN.set(false);
    }
}

impl Turns {
    /// Leaves OpenBLAS at the number of threads set, for calls of others, where nobody has a turn.
    fn rest(&self) {
        if self.workers == 0 && !self.whole_machine {
            set_blas_threads(threads());
        }
    }
}

enum Turn {
    Workers { open: bool },
    WholeMachine,
}

impl Turn {
    fn of_workers(open: bool) -> Turn {
        let mut turns = lock();
        while turns.whole_machine {
            turns = wait(turns);
        }
        Turn::join_workers(&mut turns, open)
    }

    fn of_whole_machine() -> Turn {
        let mut turns = lock();
        loop {
            if !turns.whole_machine && turns.workers == 0 {
                turns.whole_machine = true;
                set_blas_threads(threads());
                return Turn::WholeMachine;
            }
            if turns.open > 0 {
                return Turn::join_workers(&mut turns, false);
            }
            turns = wait(turns);
        }
    }

    fn join_workers(turns: &mut Turns, open: bool) -> Turn {
        turns.workers += 1;
        turns.open += usize::from(open);
        set_blas_threads(1);
        Turn::Workers { open }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = lock();
        match *self {
            Turn::Workers { open } => {
                turns.workers -= 1;
                turns.open -= usize::from(open);
            }
            Turn::WholeMachine => turns.whole_machine = false,
        }
        turns.rest();
        TURN_ENDED.notify_all();
    }
}

fn set_blas_threads(count: usize) {
    // SAFETY: a plain setter of OpenBLAS; no BLAS call of ours runs with another count meanwhile.
    unsafe { openblas_set_num_threads(count as c_int) };
}

fn lock() -> MutexGuard<'static, Turns> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait(turns: MutexGuard<'static, Turns>) -> MutexGuard<'static, Turns> {
    TURN_ENDED.wait(turns).unwrap_or_else(PoisonError::into_inner)
}

/// The pool of the present size; none where the system gives not even one thread.
fn pool() -> Option<Arc<ThreadPool>> {
    let count = threads();
    let mut slot = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((size, pool)) = slot.as_ref()
        && *size == count
    {
        return Some(pool.clone());
    }
    let pool = Arc::new(build(count)?);
    *slot = Some((count, pool.clone()));
    Some(pool)
}

fn build(count: usize) -> Option<ThreadPool> {
    most_that_can(count, |count| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(|i| format!("hessia-{i}"))
            .start_handler(|_| HOLDS_TURN.set(true))
            .build()
    })
}

/// What `make` makes of `count`, or else of half as many, and so on down to one.
fn most_that_can<T, E>(count: usize, make: impl Fn(usize) -> Result<T, E>) -> Option<T> {
    std::iter::successors(Some(count), |&count| (count > 1).then_some(count / 2))
        .find_map(|count| make(count).ok())
}

/// Runs `work` on the caller's thread alone, which becomes a pool of its own for good.
fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build() {
        Ok(pool) => std::mem::ManuallyDrop::new(pool).install(work),
        Err(_) => work(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_threads_where_the_system_gives_no_more() {
        let make = |most: usize| move |count: usize| if count <= most { Ok(count) } else { Err(()) };
        assert_eq!(most_that_can(65_535, make(100)), Some(63));
        assert_eq!(most_that_can(4, make(4)), Some(4));
        assert_eq!(most_that_can(4, make(0)), None);
    }

    // One test, since the count is the process's; other tests hold turns of workers at most.
    #[test]
    fn blas_has_as_many_threads_as_were_set() {
        unsafe extern "C" {
            fn openblas_get_num_threads() -> c_int;
        }
        // SAFETY: a plain getter.
        let found = || unsafe { openblas_get_num_threads() };
        for count in [1, 2] {
            set_threads(count);
            workers(|| assert_eq!(found(), 1));
            one_thread(|| assert_eq!(found(), 1));
            assert!(found() <= count as c_int);
            whole_machine(|| assert!(found() <= count as c_int));
        }
        set_threads(0);
    }

    #[test]
    fn a_thread_without_a_pool_works_alone() {
        let sum = || std::thread::spawn(|| alone(|| (0..1000).into_par_iter().sum::<u64>())).join();
        assert_eq!(sum().unwrap(), 499_500);
    }
}
