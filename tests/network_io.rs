//! Networks from archives that NumPy wrote, and back; refusals in which words.

use std::fs;
use std::path::{Path, PathBuf};

use hessia::{Activation, Error, Layer, Network};
use ndarray::{Array1, Array2, array};

/// An archive written by NumPy: tests/reference/files.py.
fn numpy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/files").join(name)
}

fn load(name: &str) -> hessia::Result<(Network, Vec<String>)> {
    Network::load(numpy(name), Activation::Relu)
}

fn assert_refused(result: hessia::Result<(Network, Vec<String>)>, words: &[&str]) {
    let message = result.unwrap_err().to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn every_way_of_writing_gives_the_same_network() {
    let (net, notes) = load("net.npz").unwrap();
    assert!(notes.is_empty());
    assert_eq!(net.widths(), [3, 4, 2]);
    assert_eq!(net.layers()[0].weight.row(0), array![0.13, -0.13, 0.64]);
    for name in ["net_compressed.npz", "net_prefix.npz", "net_fc.npz"] {
        assert_eq!(load(name).unwrap(), (net.clone(), vec![]), "{name}");
    }
    let (rounded, notes) = load("net_float32.npz").unwrap();
    let float32 = net.parameters().mapv(|v| f64::from(v as f32));
    assert_eq!(rounded.parameters(), float32);
    assert_eq!(notes.iter().filter(|note| note.ends_with("float32 read as float64")).count(), 4);
    assert_eq!(notes.iter().filter(|note| note.ends_with("Fortran order read as C order")).count(), 2);
    assert!(notes[0].contains("net_float32.npz, 0.weight"), "{notes:?}");
}

#[test]
fn layers_follow_their_numbers_not_their_letters() {
    let (net, _) = load("net_deep.npz").unwrap();
    assert_eq!(net.widths(), (1..=13).collect::<Vec<_>>());
    assert!(net.layers().iter().enumerate().all(|(l, layer)| layer.weight[[0, 0]] == l as f64));
    assert!(!net.has_biases());
}

#[test]
fn what_was_saved_is_loaded_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.npz");
    let mixed = Network::new(
        vec![
            Layer { weight: array![[0.1, f64::MIN_POSITIVE], [-0.0, 1e300]], bias: Some(array![1.0, 2.0]) },
            Layer { weight: array![[3.0, 4.0]], bias: None },
        ],
        Activation::Elu,
    )
    .unwrap();
    for net in [mixed, Network::random(&[20, 7, 7, 3], true, Activation::Elu, 3).unwrap()] {
        net.save(&path).unwrap();
        let first = fs::read(&path).unwrap();
        assert_eq!(Network::load(&path, Activation::Elu).unwrap(), (net.clone(), vec![]));
        net.save(&path).unwrap();
        assert!(fs::read(&path).unwrap() == first, "the same network gives the same bytes");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn unusable_archives_are_refused_by_name() {
    let cases: [(&str, &[&str]); 9] = [
        ("net_float16.npz", &["0.weight", "float32 or float64", "float16", "at byte 10"]),
        ("net_complex.npz", &["0.weight", "complex128"]),
        ("net_broken_chain.npz", &["2.weight after 0.weight of shape [4, 3]", "[2, 4]", "[2, 5]"]),
        ("net_wrong_bias.npz", &["0.bias beside 0.weight of shape [4, 3]", "[4]", "[5]"]),
        ("net_lone_bias.npz", &["a weight beside 2.bias", "none"]),
        ("net_unknown.npz", &["0.weight and 0.bias", "gamma"]),
        ("net_flat.npz", &["a matrix (outputs, inputs) in 2.weight", "[8]"]),
        ("net_nan.npz", &["net_nan.npz, 2.bias", "NaN", "[1]"]),
        ("float64.npy", &["archive", "a single .npy array"]),
    ];
    for (name, words) in cases {
        let mut words = words.to_vec();
        words.push(name);
        assert_refused(load(name), &words);
    }
    assert!(matches!(load("none.npz"), Err(Error::Io { .. })));
}

#[test]
fn damaged_archives_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.npz");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Network::load(&path, Activation::Relu)
    };
    let good = fs::read(numpy("net_compressed.npz")).unwrap();
    assert_refused(read(&[]), &["net.npz", "empty file", "at byte 0"]);
    assert_refused(read(b"not an archive"), &["starts with 6e 6f 74"]);
    assert_refused(read(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), &["an archive without arrays"]);
    for length in [4, 30, good.len() / 2, good.len() - 1] {
        assert_refused(read(&good[..length]), &["net.npz", "a whole .npz archive", &length.to_string()]);
    }
    // One flipped bit among the entries: the archive's checksum tells.
    let stored = fs::read(numpy("net.npz")).unwrap();
    let start = stored.windows(6).position(|w| w == b"\x93NUMPY").unwrap() + 128;
    let mut flipped = stored.clone();
    flipped[start + 3] ^= 1;
    assert_refused(read(&flipped), &["0.weight", "damage"]);
    assert_refused(Network::load(folder.path(), Activation::Relu), &["a folder"]);
}

#[test]
fn two_arrays_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.npz");
    let good = fs::read(numpy("net.npz")).unwrap();
    let rename = |from: &[u8], to: &[u8]| {
        let mut bytes = good.clone();
        let mut at = 0;
        while let Some(found) = bytes[at..].windows(from.len()).position(|w| w == from) {
            bytes[at + found..at + found + to.len()].copy_from_slice(to);
            at += found + to.len();
        }
        fs::write(&path, bytes).unwrap();
        Network::load(&path, Activation::Relu)
    };
    assert_refused(rename(b"2.bias.npy", b"0.bias.npy"), &["different names"]);
}

#[test]
fn an_archive_that_claims_more_than_it_can_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.npz");
    // A whole archive whose only array claims 2^40 bytes in the directory and in its own header.
    let net = Network::new(
        vec![Layer { weight: Array2::zeros((1, 1)), bias: Some(Array1::zeros(1)) }],
        Activation::Relu,
    )
    .unwrap();
    net.save(&path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[directory + 24..directory + 28].copy_from_slice(&u32::MAX.to_le_bytes()[..4]);
    bytes[directory + 27] = 0x7f;
    fs::write(&path, &bytes).unwrap();
    assert_refused(Network::load(&path, Activation::Relu), &["0.weight", "at most", "2.0 GiB"]);
}
