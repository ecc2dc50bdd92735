//! The files that a vision model consists of, with bounds on what they ask for.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, TensorProto, tensor_proto::DataLocation};

use hessia::files::open_regular;
use hessia::format::bytes;
use hessia::linalg::available_memory;
use hessia::{Error, Result};

/// The most that a message of ONNX's format may have.
const LARGEST_MODEL: u64 = 2 << 30;

/// Refuses a model file that is none, or larger than the format and the memory allow.
pub(super) fn check_model(path: &Path) -> Result<()> {
    let (_, size) = open_regular(path, "an ONNX model")?;
    if size > LARGEST_MODEL {
        let expected = format!("an ONNX model of at most {}", bytes(LARGEST_MODEL));
        return Err(Error::format(path, expected, format!("{size} bytes")));
    }
    // The bytes, and the tensors made of them.
    check_memory(path, size.saturating_mul(2))
}

/// The files beside `path` that tensors of the model are kept in, ascending.
///
/// # Errors
/// A file outside of the model's folder, one that is missing or no regular file, or more bytes asked for than the
/// memory has room for.
pub(super) fn external(path: &Path, model: &ModelProto) -> Result<Vec<PathBuf>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut tensors = Vec::new();
    model.graph.iter().for_each(|graph| gather(graph, &mut tensors));
    let (mut files, mut total) = (BTreeSet::new(), 0_u64);
    for tensor in tensors {
        let entry = |key: &str| tensor.external_data.iter().find(|e| e.key == key).map(|e| e.value.as_str());
        let Some(location) = entry("location") else {
            let expected = format!("the location of the tensor {}", tensor.name);
            return Err(Error::format(path, expected, "none"));
        };
        if Path::new(location).components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir)) {
            let expected = format!("the tensor {} in a file of the model's folder", tensor.name);
            return Err(Error::format(path, expected, format!("{location:?}")));
        }
        let file = folder.join(location);
        let (_, size) = open_regular(&file, "tensors of an ONNX model")?;
        let length = entry("length").and_then(|text| text.parse::<u64>().ok()).map_or(size, |n| n.min(size));
        total = total.saturating_add(length);
        files.insert(file);
    }
    check_memory(path, total.saturating_mul(2))?;
    Ok(files.into_iter().collect())
}

fn check_memory(path: &Path, needed: u64) -> Result<()> {
    let available = available_memory();
    match needed > available {
        true => Err(Error::OutOfMemory { what: format!("the model {}", path.display()), needed, available }),
        false => Ok(()),
    }
}

/// The tensors of a graph, and of the graphs within it, that other files hold.
fn gather<'a>(graph: &'a GraphProto, found: &mut Vec<&'a TensorProto>) {
    let attributes = || graph.node.iter().flat_map(|node| &node.attribute);
    let within = |attribute: &'a AttributeProto| attribute.t.iter().chain(&attribute.tensors);
    let tensors = graph.initializer.iter().chain(attributes().flat_map(within));
    found.extend(tensors.filter(|tensor| tensor.data_location == Some(DataLocation::External as i32)));
    for inner in attributes().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)) {
        gather(inner, found);
    }
}
