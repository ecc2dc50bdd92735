//! Unpacking that is interrupted leaves nothing of what it has unpacked, and the next call begins again.
#![cfg(feature = "fetch")]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use hessia::Error;
use hessia::files::remove_unfinished;
use hessia_paper::download::{Download, FetchSettings, RemoteFile};
use md5::{Digest, Md5};

/// Zeros: they take long to unpack and little to pack.
const SIZE: u64 = 120_000_000;

fn md5_of(mut source: impl Read) -> String {
    let (mut digest, mut buffer) = (Md5::new(), vec![0; 1 << 16]);
    loop {
        match source.read(&mut buffer).unwrap() {
            0 => return digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            count => digest.update(&buffer[..count]),
        }
    }
}

/// A data set of one archive in a folder.
fn archive(mirror: &Path) -> Download {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_size(SIZE);
    header.set_mode(0o644);
    archive.append_data(&mut header, "zeros.bin", std::io::repeat(0).take(SIZE)).unwrap();
    let packed = archive.into_inner().unwrap().finish().unwrap();
    fs::write(mirror.join("zeros.tar.gz"), &packed).unwrap();
    let md5 = md5_of(std::io::repeat(0).take(SIZE));
    let member = RemoteFile { name: "zeros.bin".into(), size: SIZE, md5, members: Vec::new() };
    let (size, md5) = (packed.len() as u64, md5_of(&packed[..]));
    let file = RemoteFile { name: "zeros.tar.gz".into(), size, md5, members: vec![member] };
    Download { name: "set".into(), sources: Vec::new(), files: vec![file] }
}

fn unfinished(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(".hessia-")).count()
}

/// Runs `stop` as soon as something has been unpacked.
fn stopped(set: &Download, settings: &FetchSettings, folder: &Path, stop: impl FnOnce()) -> Error {
    let place = folder.join("set");
    std::thread::scope(|scope| {
        let work = scope.spawn(|| set.fetch(folder, settings));
        let start = Instant::now();
        while unfinished(&place) == 0 {
            assert!(start.elapsed() < Duration::from_secs(60) && !work.is_finished());
            std::thread::sleep(Duration::from_millis(1));
        }
        stop();
        work.join().unwrap().unwrap_err()
    })
}

// One test, since an interrupt is the process's.
#[test]
fn nothing_is_left_of_interrupted_unpacking() {
    let (mirror, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let set = archive(mirror.path());
    let settings =
        FetchSettings { mirror: Some(mirror.path().display().to_string()), ..FetchSettings::default() };
    let place = folder.path().join("set");

    let error = stopped(&set, &settings, folder.path(), hessia::progress::interrupt);
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert_eq!(unfinished(&place), 0);
    hessia::progress::forget_interrupt();

    // What the handler of Ctrl-C does before it ends the program.
    stopped(&set, &settings, folder.path(), || {
        remove_unfinished();
        assert_eq!(unfinished(&place), 0);
    });
    assert_eq!(unfinished(&place), 0);

    // What a killed process has left goes with the next call.
    fs::create_dir(place.join(".hessia-killed")).unwrap();
    fs::write(place.join(".hessia-killed/zeros.bin"), "half").unwrap();
    assert_eq!(set.fetch(folder.path(), &settings).unwrap().brought, [place.join("zeros.bin")]);
    assert_eq!(unfinished(&place), 0);
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
}
