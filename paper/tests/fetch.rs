//! Downloads: from servers that cut, stall, lie or have nothing, and from folders.
#![cfg(feature = "fetch")]

#[path = "downloads/server.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::time::Duration;

use hessia::Result;
use hessia_paper::download::{Download, FetchSettings, Fetched, RemoteFile};
use md5::{Digest, Md5};
use server::{Act, Server, serve};

const NAME: &str = "numbers.bin";

/// 300,000 bytes without a short period, so that a part put in the wrong place shows.
fn content() -> Vec<u8> {
    (0..75_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn md5_of(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn remote(name: &str, bytes: &[u8]) -> RemoteFile {
    let (size, md5) = (bytes.len() as u64, md5_of(bytes));
    RemoteFile { name: name.to_string(), size, md5, members: Vec::new() }
}

fn download(sources: Vec<String>) -> Download {
    Download { name: "small".to_string(), sources, files: vec![remote(NAME, &content())] }
}

fn quick() -> FetchSettings {
    FetchSettings {
        attempts: 3,
        pause: Duration::from_millis(1),
        patience: Duration::from_millis(500),
        ..FetchSettings::default()
    }
}

fn bring(server: &Server, folder: &Path) -> Result<Fetched> {
    download(vec![server.address.clone()]).fetch(folder, &quick())
}

/// The file is there, whole, alone; returns the bytes that the requests began with.
fn arrives(script: &[Act]) -> Vec<usize> {
    let (server, folder) = (serve(NAME, content(), script), tempfile::tempdir().unwrap());
    let fetched = bring(&server, folder.path()).unwrap();
    assert_eq!(fetched.brought, [folder.path().join("small").join(NAME)]);
    assert!(fs::read(&fetched.brought[0]).unwrap() == content());
    assert_eq!(fs::read_dir(&fetched.folder).unwrap().count(), 1, "nothing else is left");
    server.requests.lock().unwrap().iter().map(|&(_, start)| start).collect()
}

/// The error's message; nothing has appeared under the file's name. `kept` bytes stay for the next call.
fn fails(script: &[Act], kept: Option<u64>) -> String {
    let (server, folder) = (serve(NAME, content(), script), tempfile::tempdir().unwrap());
    let message = bring(&server, folder.path()).unwrap_err().to_string();
    let small = folder.path().join("small");
    assert!(!small.join(NAME).exists());
    assert_eq!(fs::metadata(small.join(format!("{NAME}.part"))).ok().map(|part| part.len()), kept);
    assert!(message.contains(&server.address), "{message}");
    message
}

#[test]
fn a_whole_answer_arrives() {
    assert_eq!(arrives(&[Act::Serve]), [0]);
}

#[test]
fn a_cut_download_goes_on_where_it_stopped() {
    assert_eq!(arrives(&[Act::CutAfter(100_000), Act::CutAfter(100_000), Act::Serve]), [0, 100_000, 200_000]);
}

#[test]
fn more_cuts_than_attempts_are_no_harm_while_bytes_come() {
    assert_eq!(arrives(&[Act::CutAfter(30_000)]).len(), 10);
}

#[test]
fn a_server_without_ranges_begins_again() {
    assert_eq!(arrives(&[Act::CutAfter(100_000), Act::IgnoreRange]), [0, 100_000]);
    let message = fails(&[Act::CutIgnoringRange(100_000)], Some(100_000));
    assert!(message.contains("100000 of 300000 bytes"), "{message}");
}

#[test]
fn a_stalled_server_counts_as_cut() {
    assert_eq!(arrives(&[Act::Stall(Duration::from_secs(5)), Act::Serve]).len(), 2);
}

#[test]
fn passing_refusals_are_asked_again_and_lasting_ones_end() {
    assert_eq!(arrives(&[Act::Status(503), Act::Status(429), Act::Serve]), [0, 0, 0]);
    assert!(fails(&[Act::Status(503)], None).contains("answer 503; given up after 3 attempts"));
    assert!(fails(&[Act::Status(404)], None).contains("answer 404"));
}

#[test]
fn wrong_bytes_are_thrown_away() {
    let message = fails(&[Act::Wrong], None);
    let wrong: Vec<u8> = content().iter().map(|byte| byte ^ 1).collect();
    assert!(message.contains(&format!("expected MD5 {}", md5_of(&content()))), "{message}");
    assert!(message.contains(&format!("found {}", md5_of(&wrong))), "{message}");
}

#[test]
fn files_of_another_size_are_refused() {
    assert!(
        fails(&[Act::Short(1_000)], None).contains("expected 300000 bytes, but the answer announces 1000")
    );
    assert!(fails(&[Act::LongUnannounced], None).contains("expected 300000 bytes, found more"));
    let message = fails(&[Act::ShortUnannounced(1_000)], Some(1_000));
    assert!(message.contains("ended early") && message.contains("1000 of 300000 bytes"), "{message}");
    // Cut, and then the rest turns out not to be there.
    let message = fails(&[Act::CutAfter(2_000), Act::Short(1_000)], None);
    assert!(message.contains("announces 1000"), "{message}");
}

#[test]
fn the_next_call_goes_on_with_the_part() {
    let folder = tempfile::tempdir().unwrap();
    let script = [Act::CutAfter(100_000), Act::Status(503), Act::Status(503), Act::Status(503), Act::Serve];
    let server = serve(NAME, content(), &script);
    assert!(bring(&server, folder.path()).is_err());
    assert_eq!(bring(&server, folder.path()).unwrap().brought.len(), 1);
    assert_eq!(server.requests.lock().unwrap().last().unwrap().1, 100_000);
    // And a third has nothing to do.
    let requests = server.requests.lock().unwrap().len();
    let fetched = bring(&server, folder.path()).unwrap();
    assert_eq!((fetched.brought.len(), fetched.present.len()), (0, 1));
    assert_eq!(server.requests.lock().unwrap().len(), requests);
}

#[test]
fn a_part_of_something_else_does_not_spoil_the_download() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("small")).unwrap();
    for left in [vec![7; 1_000], vec![7; 300_000], vec![7; 400_000]] {
        fs::write(folder.path().join("small").join(format!("{NAME}.part")), left).unwrap();
        let fetched = bring(&serve(NAME, content(), &[Act::Serve]), folder.path()).unwrap();
        assert!(fs::read(&fetched.brought[0]).unwrap() == content());
        fs::remove_file(&fetched.brought[0]).unwrap();
    }
}

/// A `.tar.gz` with folders, a file that nobody asked for, and these.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    for (name, bytes) in [("readme.html", b"text".as_slice())].iter().chain(files) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("batches/{name}"), *bytes).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn archives_are_unpacked_once_they_are_verified() {
    let (train, test) = (content(), vec![1; 5_000]);
    let packed = archive(&[("train.bin", &train), ("test.bin", &test)]);
    let mut file = remote("all.tar.gz", &packed);
    file.members = vec![remote("train.bin", &train), remote("test.bin", &test)];
    let server = serve("all.tar.gz", packed.clone(), &[Act::CutAfter(10_000), Act::Serve]);
    let set = Download { name: "set".into(), sources: vec![server.address.clone()], files: vec![file] };
    let folder = tempfile::tempdir().unwrap();
    let fetched = set.fetch(folder.path(), &quick()).unwrap();
    let place = folder.path().join("set");
    assert_eq!(fetched.brought, [place.join("test.bin"), place.join("train.bin")]);
    assert!(fs::read(place.join("train.bin")).unwrap() == train);
    assert_eq!(fs::read_dir(&place).unwrap().count(), 2, "neither archive nor readme stays");
    assert_eq!(set.fetch(folder.path(), &quick()).unwrap().present.len(), 2);

    // A file of that name which is another one is named, not replaced.
    fs::write(place.join("train.bin"), "mine").unwrap();
    let message = set.fetch(folder.path(), &quick()).unwrap_err().to_string();
    assert!(message.contains("train.bin") && message.contains(&md5_of(b"mine")), "{message}");
    assert_eq!(fs::read(place.join("train.bin")).unwrap(), b"mine");
}

#[test]
fn archives_without_the_promised_members_publish_nothing() {
    let train = content();
    let other = vec![3; 5_000];
    for (packed, expected) in [
        (archive(&[("train.bin", &train)]), "none of that name"),
        (archive(&[("train.bin", &train), ("test.bin", &other)]), "test.bin of 5000 bytes"),
        (b"no archive at all".to_vec(), ".tar.gz"),
    ] {
        let mut file = remote("all.tar.gz", &packed);
        file.members = vec![remote("train.bin", &train), remote("test.bin", &[1; 5_000])];
        let server = serve("all.tar.gz", packed, &[Act::Serve]);
        let set = Download { name: "set".into(), sources: vec![server.address.clone()], files: vec![file] };
        let folder = tempfile::tempdir().unwrap();
        let message = set.fetch(folder.path(), &quick()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        assert!(!folder.path().join("set/train.bin").exists());
    }
}

#[test]
fn a_mirror_replaces_the_sources() {
    let set = download(vec!["http://127.0.0.1:9/".to_string()]);
    let mirror = tempfile::tempdir().unwrap();
    let from = |mirror: &str| {
        let folder = tempfile::tempdir().unwrap();
        let settings = FetchSettings { mirror: Some(mirror.to_string()), ..quick() };
        set.fetch(folder.path(), &settings).map(|fetched| fs::read(&fetched.brought[0]).unwrap())
    };
    let path = mirror.path().to_str().unwrap();
    let message = from(path).unwrap_err().to_string();
    assert!(
        message.contains(&format!("{path}/small/{NAME}")) && message.contains("No such file"),
        "{message}"
    );
    // The files themselves, short at first; then a folder of the data set's name.
    fs::write(mirror.path().join(NAME), &content()[..10]).unwrap();
    assert!(from(path).unwrap_err().to_string().contains("expected 300000 bytes, found 10"));
    fs::create_dir(mirror.path().join("small")).unwrap();
    fs::write(mirror.path().join("small").join(NAME), content()).unwrap();
    assert!(from(path).unwrap() == content());
    let server = serve(NAME, content(), &[Act::Status(404), Act::Serve]);
    assert!(from(&server.address).unwrap() == content());
    for bad in ["ftp://127.0.0.1/", "/no/such/folder", "http://"] {
        let message = from(bad).unwrap_err().to_string();
        assert!(message.starts_with("mirror: expected an address") && message.contains(bad), "{message}");
    }
}

#[test]
fn the_next_source_is_tried_and_all_are_named() {
    let (empty, full) = (serve("else", Vec::new(), &[Act::Serve]), serve(NAME, content(), &[Act::Serve]));
    let folder = tempfile::tempdir().unwrap();
    let set = download(vec![empty.address.clone(), full.address]);
    assert_eq!(set.fetch(folder.path(), &quick()).unwrap().brought.len(), 1);
    let nobody = "http://127.0.0.1:9/".to_string();
    let set = download(vec![empty.address.clone(), nobody.clone()]);
    let message = set.fetch(&folder.path().join("new"), &quick()).unwrap_err().to_string();
    assert!(message.contains(&empty.address) && message.contains(&nobody), "{message}");
}

/// Users, passwords and queries of an address are shown nowhere.
#[test]
fn secrets_of_a_mirror_stay_secret() {
    let set = download(vec!["http://me:secret@127.0.0.1:9/a?token=secret".to_string()]);
    let from = |mirror: Option<String>| {
        let folder = tempfile::tempdir().unwrap();
        let settings = FetchSettings { mirror, ..quick() };
        let shown = format!("{settings:?} {set:?}");
        assert!(!shown.contains("secret"), "{shown}");
        let message = set.fetch(folder.path(), &settings).unwrap_err().to_string();
        assert!(!message.contains("secret"), "{message}");
        message
    };
    let server = serve("else", Vec::new(), &[Act::Serve]);
    let place = server.address.trim_start_matches("http://").trim_end_matches('/');
    let message = from(Some(format!("http://me:secret@{place}/files?sig=secret#secret")));
    assert!(message.contains(&format!("***@{place}/files/small/{NAME}?***")), "{message}");
    from(None);
    for bad in
        ["http://me:sec ret@h/", "ftp://me:secret@h/", "me:secret@h/files", "https://me:secret@[::1/x?secret"]
    {
        from(Some(bad.to_string()));
    }
    // The query goes with every request, behind the name.
    let requests = server.requests.lock().unwrap();
    assert!(requests.iter().all(|(path, _)| path.ends_with(&format!("{NAME}?sig=secret"))), "{requests:?}");
}
