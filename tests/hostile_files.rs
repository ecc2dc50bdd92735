//! Files that nobody meant: random bytes, and valid files with damage. No reader panics, and none takes more memory
//! than the file could hold.
//!
//! A thousand cases of each kind; `PROPTEST_CASES=1000000` runs the long form.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hessia::dataset::{
    CifarLabels, read_cifar10, read_cifar100, read_idx, read_idx_images, read_inputs, read_npy, read_targets,
};
use hessia::{Activation, Loss, Network};
use proptest::collection::vec;
use proptest::prelude::*;

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
fn most_held(work: impl FnOnce()) -> usize {
    let before = HELD.get();
    MOST.set(before);
    work();
    MOST.get() - before
}

/// Every reader on one file. Results do not matter here; that they come does.
fn read_with_all(path: &Path) {
    let _ = read_idx(path);
    let _ = read_idx_images(path, path);
    let _ = read_cifar10(path);
    let _ = read_cifar100(path, CifarLabels::Coarse);
    let _ = read_npy(path);
    let _ = read_inputs(path);
    for loss in [Loss::cross_entropy(), Loss::mean_squared_error()] {
        let _ = read_targets(path, loss);
    }
    let _ = Network::load(path, Activation::Tanh);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Valid files of every kind, and how many bytes of content a byte of them can unfold to.
fn valid_files() -> Vec<(Vec<u8>, usize)> {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4][..], &[7; 24]].concat();
    let labels = vec![0, 0, 8, 1, 0, 0, 0, 2, 5, 6];
    let cifar = [&[3][..], &[200; 3072]].concat();
    let mut files: Vec<_> =
        [images, labels, cifar].into_iter().flat_map(|bytes| [(gzip(&bytes), 1032), (bytes, 1)]).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/files");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let unfolds = if path.to_string_lossy().ends_with("compressed.npz") { 1032 } else { 1 };
        files.push((fs::read(&path).unwrap(), unfolds));
    }
    files
}

#[derive(Debug, Clone)]
enum Damage {
    Set(usize, u8),
    Flip(usize, u8),
    /// A number of four bytes: sizes and offsets live in such.
    Number(usize, u32),
    CutTo(usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
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

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
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
const OVERHEAD: usize = 1 << 20;

/// Each byte of content becomes a float64, the vector of which doubles as it grows.
const PER_BYTE: usize = 8 * 3;

fn check(path: &Path, bytes: &[u8], unfolds: usize) -> Result<(), TestCaseError> {
    fs::write(path, bytes).unwrap();
    let held = most_held(|| read_with_all(path));
    let allowed = OVERHEAD + PER_BYTE * unfolds * bytes.len();
    prop_assert!(held <= allowed, "{held} bytes held for a file of {}", bytes.len());
    Ok(())
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|value| value.parse().ok()).unwrap_or(1000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn random_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let starts = prop_oneof![
        Just(vec![]),
        Just(b"\x93NUMPY\x01\x00".to_vec()),
        Just(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (".to_vec()),
        Just(b"\x93NUMPY\x03\x00".to_vec()),
        Just(vec![0, 0, 8, 3]),
        Just(vec![0x1f, 0x8b, 8, 0]),
        Just(b"PK\x03\x04".to_vec()),
        Just(b"PK\x05\x06".to_vec()),
    ];
    let strategy = (starts, vec(any::<u8>(), 0..400));
    let mut runner = proptest::test_runner::TestRunner::new(config());
    // Random bytes that happen to start a gzip stream may unfold.
    let outcome = runner.run(&strategy, |(start, rest)| check(&path, &[start, rest].concat(), 1032));
    outcome.unwrap();
}

#[test]
fn valid_files_with_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let files = valid_files();
    let strategy = (0..files.len(), vec(damage(), 1..4));
    let mut runner = proptest::test_runner::TestRunner::new(config());
    let outcome = runner.run(&strategy, |(which, damages)| {
        let (mut bytes, unfolds) = files[which].clone();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        check(&path, &bytes, unfolds)
    });
    outcome.unwrap();
}

#[test]
fn valid_files_are_counted_rightly() {
    // The counter sees what a reader takes: a matrix of 8 MB from a file of that size.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    hessia::dataset::write_npy(&path, &ndarray::Array2::<f64>::ones((1000, 1000))).unwrap();
    let held = most_held(|| assert_eq!(read_inputs(&path).unwrap().0.len(), 1_000_000));
    assert!((8_000_000..OVERHEAD + 24_000_000).contains(&held), "{held}");
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb");
    // 64 MB of zeros in 64 kB, as images that claim to be much more: nothing but the zeros is held.
    let claim = [&[0, 0, 8, 3, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 28, 0, 0, 0, 28][..], &[0; 1 << 26]].concat();
    fs::write(&path, gzip(&claim)).unwrap();
    let held = most_held(|| assert!(read_idx(&path).unwrap_err().to_string().contains("holds at most")));
    assert!(held < OVERHEAD, "{held}");
    // Headers nested without end, in every form that parsers of Python literals call themselves for.
    for bracket in ["(", "[", "{", "{1:", "(1,", "-"] {
        let text = bracket.repeat(9_000 / bracket.len());
        let length = (text.len() as u16 + 1).to_le_bytes();
        let bytes = [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), b"\n"].concat();
        fs::write(&path, bytes).unwrap();
        assert!(read_npy(&path).is_err(), "{bracket}");
    }
}
