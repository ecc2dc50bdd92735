//! The files of the four data sets, with the sizes and MD5s of their publishers.

use super::{Download, RemoteFile};
use crate::data::catalog_entry;
use hessia::Result;

type Row = (&'static str, u64, &'static str);

// The first source of MNIST is the mirror that torchvision falls back to: the author's page mostly answers 403.
const MNIST_SOURCES: [&str; 2] =
    ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"];
const FASHION_SOURCES: [&str; 1] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"];
const CIFAR_SOURCES: [&str; 1] = ["https://www.cs.toronto.edu/~kriz/"];

const MNIST: [Row; 4] = [
    ("train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    ("train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
    ("t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
    ("t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
];
const FASHION: [Row; 4] = [
    ("train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    ("train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
    ("t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
    ("t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
];
const CIFAR10: Row = ("cifar-10-binary.tar.gz", 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530");
const CIFAR10_MEMBERS: [Row; 6] = [
    ("data_batch_1.bin", 30_730_000, "5dd7e06a14cb22eb9f671a540d1b7c25"),
    ("data_batch_2.bin", 30_730_000, "5ea93a67294ea407fff1d09f752e9692"),
    ("data_batch_3.bin", 30_730_000, "942cd6a4bcdd0dd3c604fbe906cb4421"),
    ("data_batch_4.bin", 30_730_000, "ae636b3ba5c66a11e91e8cb52e771fcb"),
    ("data_batch_5.bin", 30_730_000, "53f37980c15c3d472c316c40844f3f0d"),
    ("test_batch.bin", 30_730_000, "803d5f7f4d78ea53de84dbe85f74fb6d"),
];
const CIFAR100: Row = ("cifar-100-binary.tar.gz", 168_513_733, "03b5dce01913d631647c71ecec9e9cb8");
const CIFAR100_MEMBERS: [Row; 2] = [
    ("train.bin", 153_700_000, "6172c7755cfe09b2fe270c85cebc1b15"),
    ("test.bin", 30_740_000, "4499cfba6c016c1be1438163640a0898"),
];

fn files(rows: &[Row]) -> Vec<RemoteFile> {
    let file = |&(name, size, md5): &Row| RemoteFile {
        name: name.to_string(),
        size,
        md5: md5.to_string(),
        members: Vec::new(),
    };
    rows.iter().map(file).collect()
}

fn archive(row: Row, members: &[Row]) -> Vec<RemoteFile> {
    let mut archive = files(&[row]);
    archive[0].members = files(members);
    archive
}

impl Download {
    /// The official files of a data set of the [`CATALOG`](crate::data::CATALOG), test sets included.
    ///
    /// # Errors
    /// A name that the catalog does not have.
    ///
    /// ```
    /// use hessia_paper::download::Download;
    /// let cifar = Download::official("cifar10")?;
    /// assert_eq!(cifar.files[0].name, "cifar-10-binary.tar.gz");
    /// assert_eq!(cifar.files[0].members[0].size, 10_000 * (1 + 3 * 32 * 32));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn official(name: &str) -> Result<Download> {
        let name = catalog_entry(name)?.name;
        let (sources, files): (&[&str], _) = match name {
            "mnist" => (&MNIST_SOURCES, files(&MNIST)),
            "fashion-mnist" => (&FASHION_SOURCES, files(&FASHION)),
            "cifar10" => (&CIFAR_SOURCES, archive(CIFAR10, &CIFAR10_MEMBERS)),
            _ => (&CIFAR_SOURCES, archive(CIFAR100, &CIFAR100_MEMBERS)),
        };
        let sources = sources.iter().map(|source| source.to_string()).collect();
        Ok(Download { name: name.to_string(), sources, files })
    }
}
