//! The table's machinery: a fault in many random problems, and whether it is named first.

use hessia::verify;
use hessia::verify::Fault;

use super::plant::Planted;

pub const SEEDS: u64 = 50;
/// Of 50, so many must be named first.
const NAMED: usize = 49;

/// Plants a fault in 50 random problems, and counts how often it comes first.
pub fn named_first(
    name: &str,
    plant: impl Fn(u64) -> Planted,
    expected: impl Fn(&Planted, &[Fault]) -> bool,
) {
    let mut missed = Vec::new();
    for seed in 0..SEEDS {
        let planted = plant(seed);
        let Planted { problem: p, candidate, settings } = &planted;
        let report = verify(candidate, &p.net, &p.data, p.loss, *settings).unwrap();
        let first = report.diagnosis.first();
        let right = !report.agrees() && first.is_some_and(|h| expected(&planted, &h.faults));
        if !right {
            missed.push(format!("seed {seed}, {} {:?}: {report}", p.net, p.loss));
        }
    }
    let found = SEEDS as usize - missed.len();
    assert!(found >= NAMED, "{name}: {found} of {SEEDS}\n{}", missed.join("\n\n"));
}

pub fn is(fault: Fault) -> impl Fn(&Planted, &[Fault]) -> bool {
    move |_, faults| *faults == [fault.clone()]
}

pub fn reduction(part: &'static str) -> impl Fn(&Planted, &[Fault]) -> bool {
    move |_, faults| matches!(faults, [Fault::Reduction { meaning, .. }] if meaning.contains(part))
}
