//! Images as Pillow and transformers make them, to the bit, and configurations that are refused.

use std::fs;
use std::path::{Path, PathBuf};

use hessia::files::{NpyValues, read_npy};
use hessia_paper::data::{Images, load_images};
use hessia_paper::features::{AxisOrder, Filter, Preprocessing, Resizer};

const COUNT: usize = 3;

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/features")
}

fn images() -> Images {
    let mut images = load_images("cifar10", None).unwrap();
    images.truncate(COUNT);
    images
}

#[test]
fn every_filter_is_pillows_to_the_bit() {
    for filter in Filter::ALL {
        for (rows, columns) in [(45, 61), (13, 9), (32, 20)] {
            let name = format!("{}_{rows}_{columns}.npy", filter.name());
            let NpyValues::Integers(theirs) = read_npy(reference().join(&name)).unwrap().values else {
                panic!("{name} has no integers");
            };
            let resizer = Resizer::new((32, 32), (rows, columns), filter);
            let planes = images().pixels;
            let ours: Vec<i64> =
                planes.chunks_exact(1024).flat_map(|p| resizer.resize(p)).map(i64::from).collect();
            assert!(ours.iter().eq(&theirs), "{name}");
        }
    }
}

#[test]
fn a_configuration_gives_the_numbers_of_transformers() {
    let settings = Preprocessing::from_config(reference().join("preprocessor_config.json")).unwrap();
    let NpyValues::Floats(theirs) = read_npy(reference().join("vit_pixels.npy")).unwrap().values else {
        panic!("no floats");
    };
    let ours: Vec<f32> = (0..COUNT).flat_map(|i| settings.image(&images(), i, 3).unwrap()).collect();
    assert_eq!(ours.len(), theirs.len());
    // Both round twice in float32, to entries of at most 3.5.
    let tolerance = 2.0 * 3.5 * f64::from(f32::EPSILON);
    assert!(ours.iter().zip(&theirs).all(|(&a, b)| (f64::from(a) - b).abs() <= tolerance));
}

#[test]
fn grey_is_repeated_and_axes_are_ordered() {
    let grey = Images { pixels: (0..6).map(|p| 40 * p).collect(), labels: vec![0], shape: [1, 2, 3] };
    let mut settings = Preprocessing { size: (2, 3), rescale: 1.0, ..Preprocessing::default() };
    settings.mean = vec![0.0, 1.0, 2.0];
    settings.deviation = vec![1.0];
    let planes = settings.image(&grey, 0, 3).unwrap();
    let expected: Vec<f32> = (0..3).flat_map(|c| (0..6).map(move |p| (40 * p - c) as f32)).collect();
    assert_eq!(planes, expected);
    settings.order = AxisOrder::Nhwc;
    let pixels = settings.image(&grey, 0, 3).unwrap();
    for c in 0..3 {
        assert!((0..6).all(|p| pixels[3 * p + c] == planes[6 * c + p]));
    }
    settings.crop = Some((2, 1));
    assert_eq!(settings.image(&grey, 0, 1).unwrap(), [40.0, 160.0]);
    assert!(settings.image(&grey, 1, 3).unwrap_err().to_string().contains("below 1"));
    assert!(settings.image(&images(), 0, 1).unwrap_err().to_string().contains("found 3"));
}

#[test]
fn configurations_of_all_ages_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("preprocessor_config.json");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        Preprocessing::from_config(&path)
    };
    // That of google/vit-base-patch16-224.
    let vit = r#"{"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5], "size": 224}"#;
    let found = read(vit).unwrap();
    let usual = Preprocessing::default();
    assert_eq!(found, Preprocessing { mean: vec![0.5; 3], deviation: vec![0.5; 3], ..usual });
    let clip = read(
        r#"{"crop_size": {"height": 224, "width": 200}, "do_center_crop": true, "do_normalize": false,
        "do_rescale": false, "resample": 3, "size": {"shortest_edge": 256}}"#,
    )
    .unwrap();
    assert_eq!((clip.size, clip.crop, clip.filter), ((256, 256), Some((224, 200)), Filter::Bicubic));
    assert_eq!((clip.rescale, clip.mean, clip.deviation), (1.0, vec![0.0], vec![1.0]));

    for (change, parts) in [
        (vit.replace("224", "\"large\""), ["size", "large"]),
        (vit.replace("224", "0"), ["size", "0"]),
        (vit.replace("224", "1e9"), ["size", "1000000000"]),
        (vit.replace("\"size\"", "\"sizes\""), ["size", "nothing"]),
        (vit.replace("224", "224, \"resample\": 0"), ["resample", "0"]),
        (vit.replace("\"do_resize\": true", "\"do_resize\": false"), ["do_resize", "false"]),
        (vit.replace("[0.5, 0.5, 0.5],\n", "0.5,\n"), ["image_mean", "0.5"]),
        ("[]".to_string(), ["JSON object", "another"]),
        ("{".to_string(), ["JSON object", "EOF"]),
    ] {
        let message = read(&change).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{change}: {message}");
    }
}
