//! A file has its name only when its bytes are on the disk, and a writer returns only when the name is there too.
//!
//! `fsync` of this program is its own, which notes what it is called for: the executable's symbol comes before the C
//! library's.
#![cfg(target_os = "linux")]

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use hessia::files::{write_atomically, write_npy};
use hessia::{Activation, Error, Network};
use ndarray::Array2;

/// A call: what it was for, and the names that its folder had.
#[derive(Debug, Clone)]
struct Synced {
    path: PathBuf,
    bytes: u64,
    names: Vec<String>,
}

static SYNCED: Mutex<Vec<Synced>> = Mutex::new(Vec::new());

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

// SAFETY: the same signature as the C library's, whose call it makes.
#[unsafe(no_mangle)]
extern "C" fn fsync(file: c_int) -> c_int {
    let path = std::fs::read_link(format!("/proc/self/fd/{file}")).unwrap();
    let folder = if path.is_dir() { path.clone() } else { path.parent().unwrap().to_path_buf() };
    let bytes = path.metadata().unwrap().len();
    SYNCED.lock().unwrap().push(Synced { names: names(&folder), bytes, path });
    // SAFETY: a call that takes nothing but a number.
    unsafe { libc::syscall(libc::SYS_fsync, file) as c_int }
}

/// Asserts that `write` puts the bytes on the disk before the name, and the name before it returns.
fn assert_durable(name: &str, write: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().canonicalize().unwrap();
    let path = place.join(name);
    write(&path);
    let calls: Vec<Synced> =
        SYNCED.lock().unwrap().iter().filter(|call| call.path.starts_with(&place)).cloned().collect();
    let [bytes, entry] = &calls[..] else { panic!("{name}: {calls:?}") };
    assert_eq!(bytes.path.parent(), Some(place.as_path()), "{name}: the file first");
    assert_eq!(bytes.bytes, path.metadata().unwrap().len(), "{name}: all of its bytes");
    assert!(!bytes.names.contains(&name.to_string()), "{name}: it had no name yet");
    assert_eq!(entry.path, place, "{name}: then its folder");
    assert_eq!(entry.names, [name], "{name}: with the name in it and nothing else");
}

#[test]
fn every_writer_syncs_the_file_and_then_its_folder() {
    let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1).unwrap();
    assert_durable("x.npy", |path| write_npy(path, &Array2::<f64>::eye(300)).unwrap());
    assert_durable("net.npz", |path| net.save(path).unwrap());
    #[cfg(feature = "table")]
    for name in ["t.parquet", "t.csv", "t.json", "t.arrow"] {
        use hessia::table::{Provenance, spectrum_table, write_table};
        let spectrum = hessia::eigvalsh(&Array2::eye(3)).unwrap();
        let table = spectrum_table(&spectrum).unwrap();
        assert_durable(name, |path| write_table(&table, path, &Provenance::new("spectrum")).unwrap());
    }
    #[cfg(feature = "figure")]
    {
        let spectrum = hessia::eigvalsh(&Array2::eye(3)).unwrap();
        let table = hessia::table::spectrum_table(&spectrum).unwrap();
        let figure = hessia::figure::spectrum_figure(&table, 0.0).unwrap();
        assert_durable("f.html", |path| hessia::figure::save_html(&figure, path).unwrap());
    }
}

#[test]
fn what_fails_gets_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("note.txt");
    let failed = write_atomically(&path, |_| Err(Error::io(&path, std::io::Error::other("no more"))));
    assert!(failed.is_err() && names(folder.path()).is_empty());
}
