//! Features kept beside the data sets.

use hessia::{Dataset, Error, Targets};
use hessia_paper::data::LoadDataset;

#[test]
fn embedded_features_have_the_labels_of_their_objects_and_tell_the_classes_apart() {
    for name in ["mnist", "fashion-mnist", "cifar10"] {
        let features = Dataset::load_features(name).unwrap();
        let pixels = Dataset::load(name).unwrap().head(1_000);
        assert_eq!((features.len(), features.inputs()), (1_000, 1_280));
        assert_eq!(features.targets, pixels.targets, "{name}");
        let (by_features, by_pixels) = (neighbours_that_agree(&features), neighbours_that_agree(&pixels));
        // Chance is 0.1. Features tell photographs apart far better than pixels do.
        assert!(by_features > 0.6, "{name}: {by_features}");
        assert!(name != "cifar10" || by_features > by_pixels + 0.3, "{by_features} {by_pixels}");
    }
}

/// Part of the objects 500 to 999 whose nearest of the first 500, by angle, is of their class.
fn neighbours_that_agree(data: &Dataset) -> f64 {
    let Targets::Classes(labels) = &data.targets else { panic!("no classes") };
    let mut x = data.x.clone();
    for mut row in x.rows_mut() {
        let norm = row.dot(&row).sqrt();
        row /= norm;
    }
    let (known, asked) = x.view().split_at(ndarray::Axis(0), 500);
    let angles = asked.dot(&known.t());
    let agree = angles.rows().into_iter().enumerate().filter(|(i, row)| {
        let nearest = (0..500).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
        labels[nearest] == labels[500 + i]
    });
    agree.count() as f64 / 500.0
}

#[test]
fn missing_features_name_the_command_that_makes_them() {
    // Where somebody has made some, there is nothing to say.
    match Dataset::load_features("cifar100") {
        Err(error @ Error::MissingFeatures { .. }) => {
            let message = error.to_string();
            let parts =
                ["hessia extract --model M.onnx --dataset cifar100 --output", "features/cifar100.npy"];
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        }
        Err(Error::MissingDataset { .. }) | Ok(_) => {}
        Err(other) => panic!("{other}"),
    }
    assert!(Dataset::load_features("svhn").unwrap_err().to_string().contains("cifar100"));
}
