//! What the tests of hostile files share: damage, and a count of the memory that a reader takes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Counts the bytes that each thread holds, and the most it has held.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

fn taken(size: usize) {
    let _ = HELD.try_with(|held| {
        held.set(held.get().wrapping_add(size));
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

fn given_back(size: usize) {
    // What another thread took may be given back here: never below zero.
    let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(size)));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Old and new may exist side by side while the content moves.
        taken(size);
        given_back(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most bytes held during `work`, beyond those held before.
pub fn most_held(work: impl FnOnce()) -> usize {
    let before = HELD.get();
    MOST.set(before);
    work();
    MOST.get() - before
}

#[derive(Debug, Clone)]
pub enum Damage {
    Set(usize, u8),
    Flip(usize, u8),
    /// A number of four bytes: sizes and offsets live in such.
    Number(usize, u32),
    CutTo(usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
}

pub fn damage() -> impl Strategy<Value = Damage> {
    let place = 0..10_000_usize;
    let number = prop_oneof![Just(0), Just(1), Just(u32::MAX), Just(0x7fff_ffff), any::<u32>()];
    prop_oneof![
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (place.clone(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (place.clone(), number).prop_map(|(at, number)| Damage::Number(at, number)),
        place.clone().prop_map(Damage::CutTo),
        (place.clone(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (place.clone(), place).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

pub fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match damage {
        Damage::Set(at, byte) => bytes[at % length] = *byte,
        Damage::Flip(at, bit) => bytes[at % length] ^= 1 << bit,
        Damage::Number(at, number) => {
            for (i, byte) in number.to_le_bytes().into_iter().enumerate() {
                bytes[(at + i) % length] = byte;
            }
        }
        Damage::CutTo(at) => bytes.truncate(at % length),
        Damage::Insert(at, more) => {
            bytes.splice(at % length..at % length, more.iter().copied());
        }
        Damage::Repeat(at, count) => {
            let start = at % length;
            let part = bytes[start..(start + count).min(length)].to_vec();
            bytes.splice(start..start, part);
        }
    }
}

/// Fixed buffers, decoders and messages of any reader.
pub const OVERHEAD: usize = 1 << 20;

/// Each byte of content becomes a float64, the vector of which doubles as it grows.
pub const PER_BYTE: usize = 8 * 3;

/// Reads a file of these bytes by `read`, which must come back and may hold a multiple of what the file can unfold to.
pub fn check(
    path: &Path,
    bytes: &[u8],
    unfolds: usize,
    read: impl FnOnce(&Path),
) -> Result<(), TestCaseError> {
    fs::write(path, bytes).unwrap();
    let held = most_held(|| read(path));
    let allowed = OVERHEAD + PER_BYTE * unfolds * bytes.len();
    prop_assert!(held <= allowed, "{held} bytes held for a file of {}", bytes.len());
    Ok(())
}

/// Cases of each kind: a thousand, or as many as `HESSIA_FUZZ` says. New ones at every run.
pub fn runner() -> TestRunner {
    let cases = std::env::var("HESSIA_FUZZ").ok().map_or(1000, |count| count.parse().unwrap());
    TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() })
}

/// A folder for the files; in memory where the system has such, since each is written anew.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let in_memory = memory.is_dir().then(|| tempfile::tempdir_in(memory).ok()).flatten();
    in_memory.unwrap_or_else(|| tempfile::tempdir().unwrap())
}
