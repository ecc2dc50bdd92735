//! Data sets: what is read, and what is refused in which words.

#[path = "../../tests/common/refusal.rs"]
mod refusal;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hessia::{Dataset, Error, Targets};
use hessia_paper::data::LoadDataset;
use hessia_paper::data::{
    CATALOG, CifarLabels, Scaling, read_cifar10, read_cifar100, read_idx, read_idx_images,
};
use ndarray::{Array2, Axis, array};
use refusal::assert_refused;
use sha2::{Digest, Sha256};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(fs::File::open(path).unwrap()), &mut bytes).unwrap();
    bytes
}

fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    shape.iter().for_each(|n| bytes.extend(n.to_be_bytes()));
    bytes.extend(values);
    bytes
}

#[test]
fn embedded_files_have_the_checksums_of_the_readme() {
    let readme = fs::read_to_string(root().join("data/README.md")).unwrap();
    let mut checked = 0;
    // Indented lines are checksums and names, or commands.
    for line in readme.lines().filter(|line| line.starts_with("    ")) {
        let Some((expected, name)) = line.trim().split_once("  ").filter(|(digest, _)| digest.len() == 64)
        else {
            continue;
        };
        let digest = Sha256::digest(gunzip(&root().join("data").join(format!("{name}.gz"))));
        let found: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected, "{name}");
        checked += 1;
    }
    assert_eq!(checked, 5);
}

#[test]
fn embedded_data_sets_load_in_both_scalings() {
    for (name, objects) in [("mnist", 10_000), ("fashion-mnist", 10_000), ("cifar10", 1_000)] {
        let entry = CATALOG.iter().find(|entry| entry.name == name).unwrap();
        let folder = root().join("data");
        let paper = Dataset::load_from(&folder, name, Scaling::Paper).unwrap();
        let unit = Dataset::load_from(&folder, name, Scaling::Unit).unwrap();
        assert_eq!(paper.x.dim(), (objects, entry.inputs()));
        let Targets::Classes(labels) = &paper.targets else { panic!("{name}: not classes") };
        assert_eq!(labels.iter().max(), Some(&(entry.classes - 1)));
        assert_eq!(paper.targets, unit.targets);
        let (low, high) = unit.x.iter().fold((1.0_f64, 0.0_f64), |(l, h), &v| (l.min(v), h.max(v)));
        assert_eq!((low, high), (0.0, 1.0));
        for (&p, &u) in paper.x.iter().zip(&unit.x).take(100_000) {
            assert_eq!(p, (u - 0.5) / 0.5);
        }
    }
}

#[test]
fn first_objects_are_the_official_ones() {
    let mnist = Dataset::load("mnist").unwrap();
    let Targets::Classes(labels) = &mnist.head(5).targets else { panic!("not classes") };
    assert_eq!(labels, array![5, 0, 4, 1, 9]);
    // Ink runs from left to right and from top to bottom: the digit 0 of object 1 is dark inside.
    let zero = mnist.x.row(1).to_owned().into_shape_with_order((28, 28)).unwrap();
    assert_eq!(zero[[14, 14]], -1.0);
    assert!(zero.sum_axis(Axis(0))[14] > zero.sum_axis(Axis(0))[0]);
}

#[test]
fn a_missing_data_set_says_what_to_put_where() {
    let folder = tempfile::tempdir().unwrap();
    let message = Dataset::load_from(folder.path(), "cifar100", Scaling::Paper).unwrap_err().to_string();
    let place = folder.path().join("cifar100").display().to_string();
    for word in ["train.bin", "https://www.cs.toronto.edu/~kriz/cifar.html", &place] {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
    assert_refused(Dataset::load("svhn"), &["mnist, fashion-mnist, cifar10, cifar100", "svhn"], None);
}

#[test]
fn a_folder_holds_a_data_set_by_name_or_itself() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("cifar100");
    fs::create_dir(&named).unwrap();
    let mut record = vec![7, 42];
    record.extend(std::iter::repeat_n(255, 3072));
    fs::write(named.join("train.bin.gz"), gzip(&record)).unwrap();
    for place in [folder.path(), &named] {
        let data = Dataset::load_from(place, "cifar100", Scaling::Unit).unwrap();
        assert_eq!(data.targets, Targets::Classes(array![42]));
        assert_eq!(data.x, Array2::<f64>::ones((1, 3072)));
    }
}

#[test]
fn cifar10_batches_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    for batch in 1..=3_u8 {
        let mut record = vec![batch];
        record.extend(std::iter::repeat_n(0, 3072));
        fs::write(folder.path().join(format!("data_batch_{batch}.bin")), record).unwrap();
    }
    let data = Dataset::load_from(folder.path(), "cifar10", Scaling::Paper).unwrap();
    assert_eq!(data.targets, Targets::Classes(array![1, 2, 3]));
}

#[test]
fn idx_is_read_plain_and_gzip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    let bytes = idx(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
    for content in [bytes.clone(), gzip(&bytes)] {
        fs::write(&path, content).unwrap();
        let read = read_idx(&path).unwrap();
        assert_eq!((read.shape, read.values), (vec![2, 1, 3], vec![1, 2, 3, 4, 5, 6]));
    }
}

#[test]
fn damaged_idx_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    let good = idx(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
    let changed = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    let mut long = good.clone();
    long.push(0);
    let huge = idx(&[u32::MAX, u32::MAX, u32::MAX], &[1]);
    let cases: [(Vec<u8>, &[&str], u64); 9] = [
        (vec![], &["empty file"], 0),
        (vec![0, 0], &["4 bytes", "2 bytes"], 0),
        (changed(0, 1), &["00 00 08", "01 00 08 03"], 0),
        (changed(2, 0x0d), &["unsigned byte", "32-bit float"], 2),
        (changed(3, 9), &["1 to 4 dimensions", "9"], 3),
        (good[..10].to_vec(), &["3 dimensions", "6 bytes"], 10),
        (changed(11, 0), &["above 0"], 8),
        (huge, &["[4294967295, 4294967295, 4294967295]", "at most 1"], 16),
        (long, &["the end of the file", "further bytes"], 22),
    ];
    for (bytes, words, offset) in cases {
        fs::write(&path, bytes).unwrap();
        let mut words = words.to_vec();
        let shown = path.display().to_string();
        words.push(&shown);
        assert_refused(read_idx(&path), &words, Some(offset));
    }
    fs::write(&path, &good[..20]).unwrap();
    assert_refused(read_idx(&path), &["6 entries of shape [2, 1, 3]", "at most 4"], Some(16));
    fs::write(&path, gzip(&good[..20])).unwrap();
    assert_refused(read_idx(&path), &["6 entries", "end of the file after 4"], Some(20));
    let packed = gzip(&good);
    fs::write(&path, &packed[..packed.len() - 4]).unwrap();
    assert_refused(read_idx(&path), &["gzip"], Some(22));
    assert_refused(read_idx(folder.path()), &["an idx file", "a folder"], None);
    assert!(matches!(read_idx(folder.path().join("none")), Err(Error::Io { .. })));
}

#[test]
fn images_and_labels_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let (images, labels) = (folder.path().join("images"), folder.path().join("labels"));
    fs::write(&images, idx(&[2, 1, 3], &[0; 6])).unwrap();
    fs::write(&labels, idx(&[3], &[0; 3])).unwrap();
    assert_refused(read_idx_images(&images, &labels), &["labels", "2 labels", "found 3"], Some(4));
    assert_refused(read_idx_images(&labels, &labels), &["3 dimensions", "[3]"], Some(3));
    assert_refused(read_idx_images(&images, &images), &["1 dimension", "[2, 1, 3]"], Some(3));

    let named = |name: &str| folder.path().join(name);
    fs::rename(&images, named("train-images-idx3-ubyte")).unwrap();
    let load = || Dataset::load_from(folder.path(), "mnist", Scaling::Paper);
    assert!(matches!(load(), Err(Error::Io { .. })), "images without labels");
    fs::write(named("train-labels-idx1-ubyte"), idx(&[2], &[0; 2])).unwrap();
    assert_refused(load(), &["28 x 28", "1 x 3"], Some(8));
    fs::write(named("train-images-idx3-ubyte"), idx(&[2, 28, 28], &[0; 2 * 784])).unwrap();
    fs::write(named("train-labels-idx1-ubyte"), idx(&[2], &[9, 10])).unwrap();
    assert_refused(load(), &["label of 0 to 9", "found 10"], Some(9));
}

#[test]
fn cifar_records_are_taken_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.bin");
    let record = |heads: &[u8], fill: u8| {
        let mut bytes = heads.to_vec();
        bytes.extend((0..3072).map(|i| fill.wrapping_add(i as u8)));
        bytes
    };
    let hundred = [record(&[19, 99], 1), record(&[3, 7], 2)].concat();
    fs::write(&path, gzip(&hundred)).unwrap();
    let fine = read_cifar100(&path, CifarLabels::Fine).unwrap();
    assert_eq!(fine.labels, [99, 7]);
    assert_eq!(fine.pixels[3072..], record(&[], 2)[..]);
    assert_eq!(read_cifar100(&path, CifarLabels::Coarse).unwrap().labels, [19, 3]);
    assert_refused(read_cifar10(&path), &["3073 bytes", "6148 bytes: 2 records and 2 bytes"], Some(6146));

    fs::write(&path, [record(&[9], 0), record(&[4], 0)].concat()).unwrap();
    assert_eq!(read_cifar10(&path).unwrap().labels, [9, 4]);
    fs::write(&path, [record(&[9], 0), record(&[10], 0)].concat()).unwrap();
    assert_refused(read_cifar10(&path), &["a label of 0 to 9", "10"], Some(3073));
    fs::write(&path, record(&[20, 0], 0)).unwrap();
    assert_refused(read_cifar100(&path, CifarLabels::Fine), &["coarse label of 0 to 19"], Some(0));
    fs::write(&path, record(&[0, 100], 0)).unwrap();
    assert_refused(read_cifar100(&path, CifarLabels::Fine), &["fine label of 0 to 99"], Some(1));
}

#[test]
fn cifar100_of_the_shared_folder() {
    let shared = std::env::var_os("HESSIA_SHARED").map_or(root().join("../../shared"), PathBuf::from);
    let folder = shared.join("data");
    if !folder.join("cifar100").is_dir() {
        println!("skipped: no cifar100 in {}", folder.display());
        return;
    }
    let data = Dataset::load_from(&folder, "cifar100", Scaling::Paper).unwrap();
    assert_eq!(data.x.dim(), (10_000, 3_072));
    let Targets::Classes(labels) = &data.targets else { panic!("not classes") };
    assert_eq!(labels[0], 19);
    assert_eq!(labels.iter().max(), Some(&99));
}

/// Holes take no room on the disk, but all of it in memory.
#[cfg(target_os = "linux")]
#[test]
fn sparse_files_are_refused_by_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hole");
    let magic = [&[0, 0, 8, 1][..], &u32::MAX.to_be_bytes()].concat();
    fs::write(&path, magic).unwrap();
    let size = 8 + u64::from(u32::MAX);
    fs::File::options().write(true).open(&path).unwrap().set_len(size).unwrap();
    for message in [read_idx(&path).unwrap_err().to_string(), read_cifar10(&path).unwrap_err().to_string()] {
        for part in ["hole", "at most 1.0 GiB", &size.to_string()] {
            assert!(message.contains(part), "{message}");
        }
    }
}
