//! Table 1 of the paper, and the command that brings its data sets.

use std::fs;
use std::process::Command;

use hessia_paper::data::{CATALOG, Colour};
use hessia_paper::download::Download;
use hessia_paper::table::catalog_table;

#[test]
fn the_table_is_the_papers() {
    let table = catalog_table().unwrap();
    let texts = |name: &str| -> Vec<String> {
        table.column(name).unwrap().str().unwrap().iter().map(|v| v.unwrap_or("").to_string()).collect()
    };
    let numbers =
        |name: &str| -> Vec<i64> { table.column(name).unwrap().i64().unwrap().into_no_null_iter().collect() };
    assert_eq!(texts("title"), ["MNIST", "FashionMNIST", "CIFAR-10", "CIFAR-100"]);
    assert_eq!(texts("colour"), ["grey", "grey", "RGB", "RGB"]);
    assert_eq!((numbers("rows"), numbers("columns")), (vec![28, 28, 32, 32], vec![28, 28, 32, 32]));
    assert_eq!(numbers("classes"), [10, 10, 10, 100]);
    assert!(texts("shows").iter().all(|shows| !shows.is_empty()));
    let channels: Vec<_> = CATALOG.iter().map(|entry| Colour::channels(entry.colour) as i64).collect();
    assert_eq!(
        numbers("inputs"),
        channels.iter().zip([784, 784, 1024, 1024]).map(|(c, p)| c * p).collect::<Vec<_>>()
    );
}

/// The sizes of the unpacked official files say how many objects they hold.
#[test]
fn objects_follow_from_the_official_sizes() {
    for (name, labels) in [("cifar10", 1), ("cifar100", 2)] {
        let entry = CATALOG.iter().find(|entry| entry.name == name).unwrap();
        let official = Download::official(name).unwrap();
        let train = official.files[0].members.iter().filter(|member| !member.name.starts_with("test"));
        let bytes: u64 = train.map(|member| member.size).sum();
        assert_eq!(bytes, (entry.objects * (labels + entry.inputs())) as u64, "{name}");
    }
}

#[test]
fn the_command_names_every_place_and_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    fs::create_dir_all(mirror.join("mnist")).unwrap();
    fs::write(mirror.join("mnist/t10k-labels-idx1-ubyte.gz"), vec![0; 4_542]).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_hessia"))
            .args(arguments)
            .current_dir(folder.path())
            .env_remove("HESSIA_DATA")
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, message) = run(&["fetch", "mnist", "--mirror", "mirror"]);
    assert_eq!(code, Some(2));
    // The MD5 of the official file, and md5sum's of 4,542 zeros.
    for part in [
        "mirror/mnist/t10k-labels-idx1-ubyte.gz",
        "ec29112dd5afa0611ce80d1b7f02629c",
        "d401044500d81a34642c954776e8327f",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(fs::read_dir(folder.path().join("cache/hessia/mnist")).unwrap().count(), 0);
    assert_eq!(run(&["fetch", "mnist", "--mirror", "nowhere"]).0, Some(2));
    assert_eq!(run(&["fetch", "imagenet"]).0, Some(2));
    assert_eq!(run(&["fetch"]).0, Some(2));
    let arguments =
        ["train", "--dataset", "cifar100", "--data", "mirror", "--seed", "1", "--output", "net.npz"];
    let (code, message) = run(&arguments);
    assert_eq!(code, Some(2));
    assert!(message.contains("`hessia fetch cifar100` brings it"), "{message}");
}
