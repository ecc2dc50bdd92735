//! Targets as they come: integers where numbers are meant, floats where labels are.

use hessia::files::{read_targets, write_npy};
use hessia::{Loss, Targets};
use ndarray::array;

#[test]
fn integers_are_numbers_to_the_losses_of_numbers() {
    let column = format!("{}/tests/reference/files/int64_column.npy", env!("CARGO_MANIFEST_DIR"));
    for loss in [Loss::mean_squared_error(), Loss::binary_cross_entropy()] {
        let (y, notes) = read_targets(&column, loss).unwrap();
        assert_eq!(y, Targets::Values(array![[3.0], [0.0], [1.0], [2.0]]));
        assert!(notes.len() == 1 && notes[0].ends_with("int64 read as float64"), "{notes:?}");
        let (y, notes) = read_targets(column.replace("_column", ""), loss).unwrap();
        assert_eq!(y, Targets::Values(array![[3.0], [0.0], [1.0], [2.0]]));
        assert!(notes.len() == 2 && notes[1].ends_with("taken as (4, 1)"), "{notes:?}");
    }
}

#[test]
fn floats_are_labels_where_they_are_whole_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("y.npy");
    write_npy(&path, &array![0.0, 2.0, 1.0]).unwrap();
    let (y, notes) = read_targets(&path, Loss::cross_entropy()).unwrap();
    assert_eq!(y, Targets::Classes(array![0, 2, 1]));
    assert!(notes[0].ends_with("float64 labels read as integers"), "{notes:?}");
    for (labels, words) in [
        (array![0.0, 1.5], "whole numbers"),
        (array![1e300, 0.0], "whole numbers"),
        (array![f64::NAN, 0.0], "whole numbers"),
        (array![0.0, -1.0], "-1 for object 1"),
    ] {
        write_npy(&path, &labels).unwrap();
        let refused = read_targets(&path, Loss::cross_entropy()).unwrap_err().to_string();
        assert!(refused.contains(words) && refused.contains("y.npy"), "{refused}");
    }
}
