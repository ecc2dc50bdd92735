//! Features of vision models against ONNX Runtime's, and extraction cut and gone on with.
#![cfg(feature = "onnx")]

use std::fs;
use std::path::{Path, PathBuf};

use hessia::files::{NpyValues, read_npy};
use hessia_paper::data::{Images, load_images};
use hessia_paper::features::{
    AxisOrder, Extraction, Numbers, Output, Preprocessing, RandomPooler, extract, extract_to,
};
use ndarray::Array2;
use prost::Message;
use tract_onnx::pb;

const COUNT: usize = 3;

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/features")
}

fn images(name: &str, count: usize) -> Images {
    let mut images = load_images(name, None).unwrap();
    images.truncate(count);
    images
}

fn expected(name: &str) -> Vec<f64> {
    match read_npy(reference().join(format!("{name}.npy"))).unwrap().values {
        NpyValues::Floats(values) => values.into_iter().collect(),
        NpyValues::Integers(_) => panic!("{name} has no floats"),
    }
}

/// Largest difference by the largest entry.
fn gap(ours: &Array2<f32>, theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    ours.iter().zip(theirs).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max) / largest
}

fn vit(way: &str, output: Output) -> Extraction {
    let settings = Preprocessing::from_config(reference().join("preprocessor_config.json")).unwrap();
    Extraction { output, ..Extraction::new(reference().join(format!("vit_{way}.onnx")), settings) }
}

/// Sums of float32 products in another order: some tens of roundings of 6e-8.
const TOLERANCE: f64 = 1e-5;

#[test]
fn a_vit_of_either_exporter_agrees_with_onnx_runtime() {
    let images = images("cifar10", COUNT);
    for way in ["script", "dynamo"] {
        for (output, name) in [(Output::Pooled, "pooled"), (Output::ClassToken, "class_token")] {
            let theirs = expected(&format!("vit_{way}_{name}"));
            for batch in [1, 2] {
                let settings = Extraction { batch, ..vit(way, output.clone()) };
                let found = gap(&extract(&images, &settings).unwrap(), &theirs);
                assert!(found < TOLERANCE, "{way} {name}, batches of {batch}: {found:e}");
            }
        }
    }
}

#[test]
fn channels_may_come_last() {
    let images = images("cifar10", COUNT);
    let mut settings = vit("nhwc", Output::Pooled);
    settings.preprocessing.order = AxisOrder::Nhwc;
    let found = gap(&extract(&images, &settings).unwrap(), &expected("vit_script_pooled"));
    assert!(found < TOLERANCE, "{found:e}");
    let message = extract(&images, &vit("nhwc", Output::Pooled)).unwrap_err().to_string();
    assert!(message.contains("40 channels") && message.contains("or is it nhwc?"), "{message}");
}

#[test]
fn a_pre_trained_model_agrees_with_onnx_runtime() {
    let shared = std::env::var_os("HESSIA_SHARED");
    let shared = shared.map_or(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let model = shared.join("models/efficientnet_lite0.onnx");
    if !model.is_file() {
        eprintln!("skipped: no models/efficientnet_lite0.onnx in the folder HESSIA_SHARED");
        return;
    }
    let preprocessing =
        Preprocessing { rescale: 1.0, mean: vec![127.0], deviation: vec![128.0], ..Preprocessing::default() };
    for name in ["mnist", "cifar10"] {
        let ours = extract(&images(name, COUNT), &Extraction::new(&model, preprocessing.clone())).unwrap();
        let found = gap(&ours, &expected(&format!("efficientnet_{name}")));
        assert!(found < TOLERANCE, "{name}: {found:e}");
    }
}

#[test]
fn a_tensor_within_the_model_can_be_named() {
    let images = images("cifar10", COUNT);
    let all = extract(&images, &vit("script", Output::Named("last_hidden_state".into()))).unwrap();
    let token = extract(&images, &vit("script", Output::ClassToken)).unwrap();
    assert_eq!(all.ncols(), 17 * token.ncols());
    assert_eq!(all.slice(ndarray::s![.., ..token.ncols()]), token);
}

#[test]
fn the_random_pooler_is_that_of_its_seed() {
    let images = images("mnist", COUNT);
    let token = extract(&images, &vit("script", Output::ClassToken)).unwrap();
    let with = |seed| Extraction { pooler_seed: Some(seed), ..vit("script", Output::ClassToken) };
    let pooled = extract(&images, &with(4)).unwrap();
    let pooler = RandomPooler::new(token.ncols(), 4).unwrap();
    for (row, token) in pooled.rows().into_iter().zip(token.rows()) {
        assert_eq!(row.to_vec(), pooler.apply(token.as_slice().unwrap()));
    }
    assert_ne!(pooled, extract(&images, &with(5)).unwrap());
    let refused = Extraction { pooler_seed: Some(4), ..vit("script", Output::Pooled) };
    assert!(extract(&images, &refused).unwrap_err().to_string().contains("class token"));
}

#[test]
fn cut_work_is_gone_on_with_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let images = images("mnist", 23);
    let settings = Extraction { batch: 4, ..vit("script", Output::Pooled) };
    let whole = folder.path().join("whole.npy");
    let (part, path) = (folder.path().join("cut.npy.part"), folder.path().join("cut.npy"));
    extract_to(&whole, &images, &settings, Numbers::Float32).unwrap();
    let bytes = fs::read(&whole).unwrap();
    assert!(!folder.path().join("whole.npy.part").exists());

    // A run whose disk is full at the end leaves what it has computed: here a folder has the name of the file.
    fs::create_dir(&path).unwrap();
    assert!(extract_to(&path, &images, &settings, Numbers::Float32).is_err());
    fs::remove_dir(&path).unwrap();
    let complete = fs::read(&part).unwrap();
    let row = 4 * 16;
    for rows in [0, 1, 4, 7, 20, 22, 23] {
        for rest in [0, 1, row - 1] {
            let length = (32 + row * rows + rest).min(complete.len());
            fs::write(&part, &complete[..length]).unwrap();
            let done = extract_to(&path, &images, &settings, Numbers::Float32).unwrap();
            let there = if rows == 23 { 23 } else { rows - rows % 4 };
            assert_eq!(done.already_there, there, "{rows} rows and {rest} bytes");
            assert_eq!(fs::read(&path).unwrap(), bytes, "{rows} rows and {rest} bytes");
        }
    }

    // Work with other settings, and what is no work of ours, are not taken for it.
    let mut others = complete.clone();
    others[5] ^= 1;
    for content in [&others[..], b"short", b""] {
        fs::write(&part, content).unwrap();
        assert_eq!(extract_to(&path, &images, &settings, Numbers::Float32).unwrap().already_there, 0);
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn the_threads_do_not_show() {
    let images = images("mnist", 7);
    let settings = vit("dynamo", Output::Pooled);
    let all = extract(&images, &settings).unwrap();
    hessia::set_threads(1);
    let one = extract(&images, &settings).unwrap();
    hessia::set_threads(0);
    assert_eq!(all, one);
}

#[test]
fn what_does_not_fit_is_refused_by_name_and_number() {
    let images = images("cifar10", COUNT);
    let refused = |settings: &Extraction, parts: &[&str]| {
        let message = extract(&images, settings).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    let good = vit("script", Output::Pooled);
    let with = |change: &dyn Fn(&mut Extraction)| {
        let mut settings = good.clone();
        change(&mut settings);
        settings
    };
    refused(&with(&|s| s.preprocessing.size = (48, 40)), &["40 x 40", "48 x 40", "vit_script.onnx"]);
    refused(&with(&|s| s.preprocessing.mean = vec![0.0; 2]), &["mean", "1 or 3", "2"]);
    refused(&with(&|s| s.preprocessing.deviation = vec![0.0]), &["std", "positive"]);
    refused(&with(&|s| s.preprocessing.crop = Some((41, 40))), &["crop", "41"]);
    refused(&with(&|s| s.batch = 0), &["batch", "0"]);
    refused(&with(&|s| s.output = Output::Named("nothing".into())), &["nothing", "pooler_output"]);
    refused(&with(&|s| s.preprocessing.order = AxisOrder::Nhwc), &["3"]);
    refused(&with(&|s| s.model = "missing.onnx".into()), &["missing.onnx"]);
    refused(&with(&|s| s.preprocessing.deviation = vec![1e-40]), &["finite", "1e-40"]);

    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(&good.model).unwrap();
    for (name, content) in [
        ("empty", Vec::new()),
        ("text", b"this is no model".to_vec()),
        ("cut", bytes[..bytes.len() / 2].to_vec()),
        ("turned", bytes.iter().rev().copied().collect()),
    ] {
        let path = folder.path().join(format!("{name}.onnx"));
        fs::write(&path, content).unwrap();
        refused(&with(&|s| s.model = path.clone()), &[&format!("{name}.onnx")]);
    }
}

/// The script's model, changed.
fn changed(folder: &Path, change: impl FnOnce(&mut pb::ModelProto)) -> Extraction {
    let mut model =
        pb::ModelProto::decode(&fs::read(vit("script", Output::Pooled).model).unwrap()[..]).unwrap();
    change(&mut model);
    let path = folder.join("model.onnx");
    fs::write(&path, model.encode_to_vec()).unwrap();
    Extraction { model: path, ..vit("script", Output::Pooled) }
}

/// Moves the tensor of most bytes into `location`, with these entries beside it; returns its bytes.
fn move_largest(model: &mut pb::ModelProto, location: &str, length: Option<u64>) -> Vec<u8> {
    let tensors = &mut model.graph.as_mut().unwrap().initializer;
    let largest = tensors.iter_mut().max_by_key(|tensor| tensor.raw_data.len()).unwrap();
    let entry = |key: &str, value: String| pb::StringStringEntryProto { key: key.into(), value };
    largest.data_location = Some(pb::tensor_proto::DataLocation::External as i32);
    largest.external_data = vec![entry("location", location.to_string())];
    largest.external_data.extend(length.map(|length| entry("length", length.to_string())));
    std::mem::take(&mut largest.raw_data).to_vec()
}

#[test]
fn tensors_in_other_files_decide_what_work_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let images = images("mnist", 3);
    let mut bytes = Vec::new();
    let settings = changed(folder.path(), |model| bytes = move_largest(model, "weights.bin", None));
    let weights = folder.path().join("weights.bin");
    fs::write(&weights, &bytes).unwrap();
    let (path, part) = (folder.path().join("F.npy"), folder.path().join("F.npy.part"));
    // What a run that was cut at its very end leaves.
    let cut = |settings: &Extraction| {
        fs::create_dir(&path).unwrap();
        assert!(extract_to(&path, &images, settings, Numbers::Float32).is_err());
        fs::remove_dir(&path).unwrap();
    };
    cut(&settings);
    assert!(part.is_file());
    let kept = fs::read(&part).unwrap();
    assert_eq!(extract_to(&path, &images, &settings, Numbers::Float32).unwrap().already_there, 3);
    let first = fs::read(&path).unwrap();
    assert_eq!(
        extract(&images, &vit("script", Output::Pooled)).unwrap(),
        extract(&images, &settings).unwrap()
    );

    // Other weights, and rows of the old ones.
    let halved: Vec<u8> = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|&number| (0.5 * f32::from_le_bytes(number)).to_le_bytes())
        .collect();
    fs::write(&weights, halved).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&part, kept).unwrap();
    assert_eq!(extract_to(&path, &images, &settings, Numbers::Float32).unwrap().already_there, 0);
    assert_ne!(fs::read(&path).unwrap(), first);
}

#[test]
fn what_a_model_asks_for_is_bounded_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let images = images("mnist", 1);
    let refused = |settings: &Extraction, parts: &[&str]| {
        let message = extract(&images, settings).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    let with_axis = |axis: usize, size: i64| {
        changed(folder.path(), |model| {
            let input = &mut model.graph.as_mut().unwrap().input[0];
            let Some(pb::type_proto::Value::TensorType(tensor)) =
                input.r#type.as_mut().and_then(|t| t.value.as_mut())
            else {
                panic!("no tensor")
            };
            tensor.shape.as_mut().unwrap().dim[axis].value =
                Some(pb::tensor_shape_proto::dimension::Value::DimValue(size));
        })
    };
    refused(&with_axis(0, i64::MAX), &["model.onnx", "at most 1024 images at a time", &i64::MAX.to_string()]);
    refused(&with_axis(0, 1_025), &["at most 1024 images", "1025"]);
    refused(&with_axis(1, 1 << 40), &["at most 256 channels", &(1_u64 << 40).to_string()]);

    let hole = |name: &str, size: u64| {
        let path = folder.path().join(name);
        fs::File::create(&path).unwrap().set_len(size).unwrap();
        path
    };
    // Files of holes take no room on the disk.
    let model = hole("hole.onnx", 1 << 40);
    refused(&Extraction { model, ..vit("script", Output::Pooled) }, &["hole.onnx", "at most 2.0 GiB"]);
    hole("weights.bin", 1 << 43);
    for length in [None, Some(1 << 42)] {
        let settings = changed(folder.path(), |model| drop(move_largest(model, "weights.bin", length)));
        refused(&settings, &["model.onnx", "TiB of memory"]);
    }
    for outside in ["../weights.bin", "/etc/hostname"] {
        let settings = changed(folder.path(), |model| drop(move_largest(model, outside, None)));
        refused(&settings, &["model.onnx", outside, "the model's folder"]);
    }
    let settings = changed(folder.path(), |model| drop(move_largest(model, "missing.bin", None)));
    refused(&settings, &["missing.bin"]);
}
