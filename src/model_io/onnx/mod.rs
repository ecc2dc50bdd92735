//! Networks as ONNX files: a chain of linear layers with one activation between them.

mod fields;
mod fused;
mod graph;
mod layers;
mod messages;
mod tensor;
mod walk;

use std::io::Read;
use std::path::Path;

use prost::Message;
use prost::bytes::Bytes;

use super::LoadOptions;
use crate::files::{LARGEST_UNPACKED, format_at, hex, open_regular};
use crate::linalg::available_memory;
use crate::{Activation, Error, Network, Result};

use graph::Graph;
use layers::{Finished, Layers};
use messages::Model;

const FILE: &str = "an ONNX model";

/// Messages and strings of a network of a thousand layers, four times over.
const MOST_FIELDS: usize = 100_000;

/// The network of the file, and what was converted.
pub(super) fn read(path: &Path, options: LoadOptions) -> Result<(Network, Vec<String>)> {
    if let Some(layout) = options.layout {
        let expected = "no layout of weights to be asked for, as the graph tells it";
        return Err(Error::format(path, expected, layout.name()));
    }
    let model = decode(path)?;
    let graph = model.graph.as_ref().ok_or_else(|| Error::format(path, FILE, "a model without a graph"))?;
    let graph = Graph::new(path, graph)?;
    let mut layers = Layers::new(path);
    walk::walk(&graph, &mut layers)?;
    let Finished { layers, activation: found, mut notes } = layers.finish()?;
    let activation = agreed(path, options.activation, found, &mut notes)?;
    Ok((Network::new(layers, activation)?, notes))
}

/// The activation, as asked and as found: none in the graph of a single layer, where it does not matter.
fn agreed(
    path: &Path,
    asked: Option<Activation>,
    found: Option<(Activation, String)>,
    notes: &mut Vec<String>,
) -> Result<Activation> {
    match (asked, found) {
        (Some(asked), Some((found, node))) if asked != found => Err(Error::format(
            path,
            format!("the activation {asked}, as asked for"),
            format!("{found} in the graph ({node})"),
        )),
        (_, Some((found, _))) => {
            if asked.is_none() {
                notes.push(format!("{}: activation {found}, by the graph", path.display()));
            }
            Ok(found)
        }
        (asked, None) => Ok(asked.unwrap_or(Activation::Identity)),
    }
}

fn decode(path: &Path) -> Result<Model> {
    let (mut file, size) = open_regular(path, FILE)?;
    if size > LARGEST_UNPACKED {
        let expected = format!("at most {}", crate::error::bytes(LARGEST_UNPACKED));
        return Err(Error::format(path, expected, crate::error::bytes(size)));
    }
    // The file itself and its entries as float64: at most four of these for two bytes.
    let (needed, available) = (5 * size, available_memory());
    if needed > available {
        return Err(Error::OutOfMemory { what: path.display().to_string(), needed, available });
    }
    let mut content = Vec::with_capacity(size as usize);
    (&mut file).take(size).read_to_end(&mut content).map_err(|e| Error::io(path, e))?;
    let damaged = |at: usize| {
        let start = &content[at.min(content.len())..(at + 8).min(content.len())];
        format_at(path, "a whole ONNX model", format!("no message: {}", hex(start)), at as u64)
    };
    let fields = fields::count(&content).map_err(damaged)?;
    if fields > MOST_FIELDS {
        return Err(Error::format(path, format!("at most {MOST_FIELDS} fields"), fields.to_string()));
    }
    Model::decode(Bytes::from(content)).map_err(|e| Error::format(path, FILE, format!("damage: {e}")))
}
