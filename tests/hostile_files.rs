//! Files that nobody meant: random bytes, and valid files with damage. No reader panics, and none takes more memory
//! than the file could hold.
//!
//! A thousand cases of each kind; `make fuzz` runs a million.

mod hostile;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hessia::files::{read_inputs, read_npy, read_targets};
use hessia::{Activation, Loss, Network};
use hessia_paper::data::{CifarLabels, read_cifar10, read_cifar100, read_idx, read_idx_images};
use hostile::{OVERHEAD, apply, check, damage, folder, most_held, runner};
use proptest::collection::vec;
use proptest::prelude::*;

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

#[test]
fn random_bytes() {
    let folder = folder();
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
    // Random bytes that happen to start a gzip stream may unfold.
    let outcome =
        runner().run(&strategy, |(start, rest)| check(&path, &[start, rest].concat(), 1032, read_with_all));
    outcome.unwrap();
}

#[test]
fn valid_files_with_damage() {
    let folder = folder();
    let path = folder.path().join("file");
    let files = valid_files();
    let strategy = (0..files.len(), vec(damage(), 1..4));
    let outcome = runner().run(&strategy, |(which, damages)| {
        let (mut bytes, unfolds) = files[which].clone();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        check(&path, &bytes, unfolds, read_with_all)
    });
    outcome.unwrap();
}

#[test]
fn valid_files_are_counted_rightly() {
    // The counter sees what a reader takes: a matrix of 8 MB from a file of that size.
    let folder = folder();
    let path = folder.path().join("x.npy");
    hessia::files::write_npy(&path, &ndarray::Array2::<f64>::ones((1000, 1000))).unwrap();
    let held = most_held(|| assert_eq!(read_inputs(&path).unwrap().0.len(), 1_000_000));
    assert!((8_000_000..OVERHEAD + 24_000_000).contains(&held), "{held}");
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let folder = folder();
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
