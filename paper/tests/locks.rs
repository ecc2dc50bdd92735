//! A file system without locks has one answer wherever a file is locked: the work goes on.
//!
//! `flock` of this program is its own, which fails as it is told: the executable's symbol comes before the C library's.
#![cfg(all(target_os = "linux", feature = "fetch"))]

use std::ffi::c_int;
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};

use hessia::Error;
use hessia::files::lock;
use hessia_paper::download::{Download, FetchSettings, RemoteFile};
use hessia_paper::experiment::{Settings, Task, run_in};
use md5::{Digest, Md5};

/// The error number that it fails with.
static ANSWER: AtomicI32 = AtomicI32::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the same signature as the C library's, whose call it makes unless it fails.
#[unsafe(no_mangle)]
extern "C" fn flock(file: c_int, operation: c_int) -> c_int {
    CALLS.fetch_add(1, SeqCst);
    match ANSWER.load(SeqCst) {
        // SAFETY: a call that takes nothing but numbers.
        0 => unsafe { libc::syscall(libc::SYS_flock, file, operation) as c_int },
        // SAFETY: the location is this thread's own.
        error => unsafe {
            *libc::__errno_location() = error;
            -1
        },
    }
}

fn experiment(folder: &Path) -> hessia::Result<()> {
    let task = Task::pixels("mnist", None, 100).unwrap();
    let settings = Settings {
        hidden_widths: vec![4],
        inner_layers: vec![1],
        seeds: vec![1],
        epochs: 1,
        permutations: 2,
        resamples: 2,
        ..Settings::default()
    };
    run_in(folder, &task, &settings).map(drop)
}

fn download(folder: &Path) -> hessia::Result<()> {
    let bytes = [7; 1_000];
    let mirror = tempfile::tempdir().unwrap();
    fs::write(mirror.path().join("seven.bin"), bytes).unwrap();
    let md5 = Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let file = RemoteFile { name: "seven.bin".into(), size: 1_000, md5, members: Vec::new() };
    let set = Download { name: "small".into(), sources: Vec::new(), files: vec![file] };
    let settings =
        FetchSettings { mirror: Some(mirror.path().display().to_string()), ..FetchSettings::default() };
    set.fetch(folder, &settings).map(drop)
}

#[cfg(feature = "onnx")]
fn features(folder: &Path) -> hessia::Result<()> {
    use hessia_paper::features::{Extraction, Numbers, Preprocessing, extract_to};
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/features");
    let settings = Preprocessing::from_config(reference.join("preprocessor_config.json")).unwrap();
    let settings = Extraction::new(reference.join("vit_script.onnx"), settings);
    let mut images = hessia_paper::data::load_images("mnist", None).unwrap();
    images.truncate(1);
    extract_to(folder.join("F.npy"), &images, &settings, Numbers::Float32).map(drop)
}

// One test, since the answer is the process's.
#[test]
fn work_goes_on_without_locks_and_ends_where_locks_fail() {
    type Way = fn(&Path) -> hessia::Result<()>;
    let ways: &[(&str, Way)] = &[
        ("experiment", experiment),
        ("download", download),
        #[cfg(feature = "onnx")]
        ("features", features),
    ];
    for (name, way) in ways {
        for unsupported in [libc::ENOLCK, libc::EOPNOTSUPP, libc::ENOSYS, libc::EINVAL] {
            let (folder, before) = (tempfile::tempdir().unwrap(), CALLS.load(SeqCst));
            ANSWER.store(unsupported, SeqCst);
            let outcome = way(folder.path());
            ANSWER.store(0, SeqCst);
            assert!(outcome.is_ok(), "{name}, {unsupported}: {outcome:?}");
            assert!(CALLS.load(SeqCst) > before, "{name} asks for a lock");
        }
        let folder = tempfile::tempdir().unwrap();
        ANSWER.store(libc::EIO, SeqCst);
        let outcome = way(folder.path());
        ANSWER.store(0, SeqCst);
        assert!(matches!(outcome, Err(Error::Io { .. })), "{name}: {outcome:?}");
    }
    // Another process's lock is refused with the name of the file.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let first = File::create(&path).unwrap();
    lock(&first, &path).unwrap();
    let message = experiment(folder.path()).unwrap_err().to_string();
    assert!(message.contains("lock") && message.contains("another process"), "{message}");
}
