//! `.npy` arrays: what is read, and what is refused in which words.

#[path = "common/refusal.rs"]
mod refusal;

use std::fs;
use std::path::{Path, PathBuf};

use hessia::files::{NpyValues, read_inputs, read_npy, read_targets, write_npy};
use hessia::{Error, Loss, Targets};
use ndarray::{Array2, array};
use refusal::assert_refused;

/// An array written by NumPy: tests/reference/files.py.
fn numpy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/files").join(name)
}

fn expected_x() -> Array2<f64> {
    Array2::from_shape_fn((4, 3), |(i, j)| (i as f64 * 3.0 + j as f64 - 5.0) / 4.0)
}

#[test]
fn inputs_of_every_layout_are_the_same() {
    let cases: [(&str, &[&str]); 4] = [
        ("float64", &[]),
        ("float64_big_endian", &[]),
        ("float32", &["float32 read as float64"]),
        ("float32_fortran", &["float32 read as float64", "Fortran order read as C order"]),
    ];
    for (name, expected) in cases {
        let (x, notes) = read_inputs(numpy(&format!("{name}.npy"))).unwrap();
        assert_eq!(x, expected_x(), "{name}");
        assert!(x.is_standard_layout());
        assert_eq!(notes.len(), expected.len(), "{notes:?}");
        assert!(notes.iter().zip(expected).all(|(note, words)| note.ends_with(words)), "{notes:?}");
    }
    let (x, notes) = read_inputs(numpy("int64_column.npy")).unwrap();
    assert_eq!(x, array![[3.0], [0.0], [1.0], [2.0]]);
    assert!(notes[0].ends_with("int64 read as float64"));
}

#[test]
fn integers_of_every_width_are_labels() {
    for name in ["int64", "int64_column", "int32_big_endian", "uint8", "uint64"] {
        let (y, _) = read_targets(numpy(&format!("{name}.npy")), Loss::cross_entropy()).unwrap();
        assert_eq!(y, Targets::Classes(array![3, 0, 1, 2]), "{name}");
    }
    let (y, _) = read_targets(numpy("bool.npy"), Loss::cross_entropy()).unwrap();
    assert_eq!(y, Targets::Classes(array![1, 0, 1]));
    let NpyValues::Integers(signed) = read_npy(numpy("int8.npy")).unwrap().values else { panic!("int8") };
    assert_eq!(signed, array![3, 0, 1, -2].into_dyn());
}

#[test]
fn unusable_arrays_are_refused_by_name() {
    for (name, found) in [
        ("float16", "float16"),
        ("complex64", "complex64"),
        ("longdouble", "longdouble"),
        ("object", "Python objects"),
        ("text", "text"),
        ("date", "dates or times"),
        ("structured", "structured dtype"),
    ] {
        let path = numpy(&format!("{name}.npy"));
        assert_refused(read_inputs(&path), &[name, "float32, float64", found], Some(10));
    }
    assert_refused(read_inputs(numpy("empty.npy")), &["at least one entry", "[0, 3]"], Some(10));
    assert_refused(read_inputs(numpy("scalar.npy")), &["(m, n)", "[]"], None);
    assert_refused(read_inputs(numpy("three.npy")), &["(m, n)", "[2, 2, 2]"], None);
    assert_refused(read_inputs(numpy("not_finite.npy")), &["not_finite.npy", "NaN", "[1, 0]"], None);
    assert_refused(read_npy(numpy("uint64_huge.npy")), &["9223372036854775808"], Some(128 + 8));
    let cross_entropy = |name: &str| read_targets(numpy(name), Loss::cross_entropy());
    assert_refused(cross_entropy("float64.npy"), &["class labels", "float64 of shape [4, 3]"], None);
    assert_refused(cross_entropy("int64_negative.npy"), &["from 0", "-1 for object 1"], None);
    for loss in [Loss::mean_squared_error(), Loss::binary_cross_entropy()] {
        let refused = read_targets(numpy("three.npy"), loss);
        assert_refused(refused, &[&loss.to_string(), "(m, K)", "[2, 2, 2]"], None);
        assert_refused(read_targets(numpy("not_finite.npy"), loss), &["not_finite.npy", "NaN"], None);
        let (y, notes) = read_targets(numpy("float32.npy"), loss).unwrap();
        assert_eq!(y, Targets::Values(expected_x()));
        assert_eq!(notes.len(), 1);
    }
}

#[test]
fn damaged_npy_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let good = fs::read(numpy("float64.npy")).unwrap();
    let changed = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    let with_header = |text: &str| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16 + 1).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.push(b'\n');
        bytes
    };
    let mut long = good.clone();
    long.push(0);
    let mut claims = b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec();
    claims.push(b'{');
    let nested = "(".repeat(5_000);
    let overflow = "{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775808, 4), }";
    let cases: [(Vec<u8>, &[&str], u64); 11] = [
        (vec![], &["empty file"], 0),
        (b"PK\x03\x04".to_vec(), &["magic number", "50 4b 03 04"], 0),
        (changed(0, 0), &["magic number", "00 4e"], 0),
        (good[..8].to_vec(), &["whole .npy header", "8 bytes"], 6),
        (changed(6, 9), &["version", "9.0"], 6),
        (good[..100].to_vec(), &["whole .npy header", "100 bytes"], 10),
        (claims, &["at most 10000 bytes", "4294967295"], 8),
        (with_header(&nested), &["plain brackets"], 14),
        (with_header("{'descr': '<f8', 'shape': (3,)}"), &["fortran_order"], 10),
        (good[..200].to_vec(), &["96 bytes of entries for float64 [4, 3]", "72 bytes"], 200),
        (long, &["96 bytes of entries", "97 bytes"], 224),
    ];
    for (bytes, words, offset) in cases {
        fs::write(&path, bytes).unwrap();
        let mut words = words.to_vec();
        words.push("x.npy");
        assert_refused(read_npy(&path), &words, Some(offset));
    }
    let bytes = with_header(overflow);
    let size = bytes.len() as u64;
    fs::write(&path, bytes).unwrap();
    assert_refused(read_npy(&path), &["more than 2^64 bytes of entries"], Some(size));
    assert_refused(read_npy(folder.path()), &["a folder"], None);
}

#[test]
fn written_arrays_are_c_order_float64() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let x = expected_x();
    let expected = fs::read(numpy("float64.npy")).unwrap();
    for (layout, outcome) in
        [("C", write_npy(&path, &x)), ("Fortran", write_npy(&path, &x.t().as_standard_layout().t()))]
    {
        outcome.unwrap();
        let bytes = fs::read(&path).unwrap();
        let header = String::from_utf8_lossy(&bytes[..128]);
        assert!(header.contains("'descr': '<f8'") && header.contains("'fortran_order': False"), "{header}");
        assert!(bytes[128..] == expected[128..], "{layout} order");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain), "a file like any other");
    }
    let nowhere = folder.path().join("none").join("x.npy");
    assert!(matches!(write_npy(&nowhere, &x), Err(Error::Io { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), if cfg!(unix) { 2 } else { 1 });
}
