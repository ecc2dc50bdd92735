//! Progress of long work: a bar in a terminal, a live line in a notebook cell, and the place where an
//! interrupt is noticed.

#[cfg(feature = "progress-bar")]
mod terminal;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Work that ends sooner shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two drawings.
const TICK: Duration = Duration::from_millis(100);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static MAKER: Mutex<Option<DisplayMaker>> = Mutex::new(None);

/// Asks all running work to stop: the next [`Progress::advance`] of every phase fails, whether one phase runs inside
/// another or beside it, until [`forget_interrupt`]. For the handler of Ctrl-C.
pub fn interrupt() {
    INTERRUPTED.store(true, Relaxed);
}

/// Lets work run again. For the outermost caller, once all that it asked to stop has stopped.
pub fn forget_interrupt() {
    INTERRUPTED.store(false, Relaxed);
}

/// The progress of one phase of work, shared by the threads that do it.
///
/// On a terminal it draws a bar on stderr; in a notebook one line of the cell's output, updated in place; elsewhere
/// nothing. Work of less than half a second stays silent.
///
/// ```
/// use hessia::progress::Progress;
/// let progress = Progress::new("Hessian", 2, "blocks");
/// for _ in 0..2 {
///     progress.advance(1)?;
/// }
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug)]
pub struct Progress {
    phase: String,
    unit: String,
    total: u64,
    start: Instant,
    done: AtomicU64,
    /// When to draw next, in milliseconds from the start.
    due: AtomicU64,
    display: Mutex<Option<Box<dyn Display>>>,
}

/// Where progress is drawn.
pub trait Display: Send + std::fmt::Debug {
    /// Shows the state; called every tenth of a second at most.
    fn draw(&mut self, state: &State<'_>);
    /// The phase is over, whether complete or not.
    fn finish(&mut self, state: &State<'_>);
}

/// What there is to draw.
#[derive(Debug)]
pub struct State<'a> {
    /// What is being done, such as `Hessian`.
    pub phase: &'a str,
    /// What is counted, such as `blocks`.
    pub unit: &'a str,
    /// Units finished.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// Time since the start.
    pub elapsed: Duration,
}

impl State<'_> {
    /// Units a second, and the seconds that the rest will take at this rate.
    pub fn rate_and_rest(&self) -> (f64, f64) {
        let rate = self.done as f64 / self.elapsed.as_secs_f64().max(1e-9);
        (rate, self.total.saturating_sub(self.done) as f64 / rate.max(1e-9))
    }
}

impl Progress {
    /// Starts a phase of `total` units, such as `Progress::new("Hessian", 40, "blocks")`.
    pub fn new(phase: &str, total: u64, unit: &str) -> Self {
        Progress {
            phase: phase.to_string(),
            unit: unit.to_string(),
            total,
            start: Instant::now(),
            done: AtomicU64::new(0),
            due: AtomicU64::new(PATIENCE.as_millis() as u64),
            display: Mutex::new(None),
        }
    }

    /// Counts `units` as done.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once the user has asked to stop.
    pub fn advance(&self, units: u64) -> Result<()> {
        let done = self.done.fetch_add(units, Relaxed) + units;
        if INTERRUPTED.load(Relaxed) {
            let (total, unit) = (self.total, self.unit.clone());
            return Err(Error::Interrupted { done, total, unit });
        }
        let now = self.start.elapsed().as_millis() as u64;
        if now >= self.due.load(Relaxed)
            // A thread that finds another drawing goes on with its work.
            && let Ok(mut display) = self.display.try_lock()
        {
            self.due.store(now + TICK.as_millis() as u64, Relaxed);
            if display.is_none() {
                *display = display_here();
            }
            match display.as_mut() {
                Some(display) => display.draw(&self.state()),
                None => self.due.store(u64::MAX, Relaxed),
            }
        }
        Ok(())
    }

    fn state(&self) -> State<'_> {
        State {
            phase: &self.phase,
            unit: &self.unit,
            done: self.done.load(Relaxed),
            total: self.total,
            elapsed: self.start.elapsed(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Ok(mut display) = self.display.lock()
            && let Some(display) = display.as_mut()
        {
            display.finish(&self.state());
        }
    }
}

/// Makes the display of a phase that turns out to be long, or none where nobody looks.
pub type DisplayMaker = fn() -> Option<Box<dyn Display>>;

/// Says where progress is drawn from now on, instead of on the terminal: the notebook does.
pub fn set_display(maker: DisplayMaker) {
    *MAKER.lock().unwrap_or_else(PoisonError::into_inner) = Some(maker);
}

fn display_here() -> Option<Box<dyn Display>> {
    let maker = *MAKER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(display) = maker.and_then(|make| make()) {
        return Some(display);
    }
    #[cfg(feature = "progress-bar")]
    return terminal::display();
    #[cfg(not(feature = "progress-bar"))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test, since the interrupt is the process's.
    #[test]
    fn an_interrupt_stops_every_phase_until_it_is_forgotten() {
        let beside = Progress::new("other work", 5, "steps");
        let progress = Progress::new("work", 10, "steps");
        assert!(progress.advance(3).is_ok());
        interrupt();
        let error = progress.advance(1).map_err(|e| e.to_string());
        assert_eq!(error, Err("interrupted after 4 of 10 steps".to_string()));
        drop(progress);
        assert!(beside.advance(1).is_err());
        assert!(Progress::new("next phase of the same work", 1, "steps").advance(1).is_err());
        forget_interrupt();
        assert!(Progress::new("work", 1, "steps").advance(1).is_ok());
    }

    #[test]
    fn time_left_follows_from_the_rate() {
        let elapsed = Duration::from_secs(2);
        let state = State { phase: "p", unit: "u", done: 10, total: 40, elapsed };
        assert_eq!(state.rate_and_rest(), (5.0, 6.0));
    }
}
