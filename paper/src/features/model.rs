//! A vision model in ONNX form, run by tract.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use tract_onnx::pb::{self, tensor_shape_proto::dimension::Value as Dimension, type_proto::Value as Type};
use tract_onnx::prelude::*;

use super::files;
use super::output::Output;
use super::preprocess::AxisOrder;
use hessia::linalg::{available_memory, threads};
use hessia::{Error, Result};

/// Outputs of Hugging Face's exports.
const POOLED: &str = "pooler_output";
const TOKENS: &str = "last_hidden_state";

/// Images that a model takes at a time, asked for or fixed by its file.
pub(super) const LARGEST_BATCH: usize = 1024;
/// Far above the three of any photograph.
const MOST_CHANNELS: usize = 256;

/// A model made ready for batches of one size.
pub(super) struct Model {
    plan: Arc<TypedRunnableModel>,
    input: Vec<usize>,
    /// Objects of a batch.
    pub batch: usize,
    /// Numbers of an object that are taken, from the first.
    pub width: usize,
    /// Numbers of an object that the output has.
    whole: usize,
    path: std::path::PathBuf,
}

/// What the file says of the model's input.
pub(super) struct Declared {
    proto: pb::ModelProto,
    /// Batch, and channels, rows and columns in the order asked for, where they are fixed.
    dimensions: [Option<usize>; 4],
    /// Files beside the model that hold tensors of it.
    pub external: Vec<std::path::PathBuf>,
}

impl Declared {
    pub fn read(path: &Path, order: AxisOrder) -> Result<Declared> {
        files::check_model(path)?;
        let proto = guarded(path, || tract_onnx::onnx().proto_model_for_path(path))?;
        let graph = proto.graph.as_ref().ok_or_else(|| Error::format(path, "an ONNX graph", "none"))?;
        let external = files::external(path, &proto)?;
        let is_constant = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
        let inputs: Vec<_> = graph.input.iter().filter(|input| !is_constant(&input.name)).collect();
        let [input] = inputs[..] else {
            let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(Error::format(path, "one input, the images", names.join(", ")));
        };
        let shape = input.r#type.as_ref().and_then(|t| t.value.as_ref()).map(|Type::TensorType(t)| t);
        let Some(shape) = shape.and_then(|t| t.shape.as_ref()) else {
            return Ok(Declared { proto, dimensions: [None; 4], external });
        };
        let found: Vec<Option<usize>> = shape.dim.iter().map(|d| fixed(d.value.as_ref())).collect();
        let [batch, a, b, c] = found[..] else {
            let expected = format!("images of four axes as the input {}", input.name);
            return Err(Error::format(path, expected, format!("{} axes", found.len())));
        };
        let dimensions = match order {
            AxisOrder::Nchw => [batch, a, b, c],
            AxisOrder::Nhwc => [batch, c, a, b],
        };
        let [batch, channels, ..] = dimensions;
        for (what, most, found) in
            [("images at a time", LARGEST_BATCH, batch), ("channels", MOST_CHANNELS, channels)]
        {
            if let Some(found) = found.filter(|&found| found > most) {
                let expected = format!("at most {most} {what} in the input {}", input.name);
                return Err(Error::format(path, expected, found.to_string()));
            }
        }
        Ok(Declared { proto, dimensions, external })
    }

    pub fn channels(&self) -> usize {
        self.dimensions[1].unwrap_or(3)
    }

    /// Prepares the model for `batch` images (or the number that it is fixed to) of (rows, columns).
    pub fn prepare(
        self,
        path: &Path,
        (rows, columns): (usize, usize),
        order: AxisOrder,
        output: &Output,
        batch: usize,
    ) -> Result<Model> {
        let [_, _, height, width] = self.dimensions;
        if height.is_some_and(|h| h != rows) || width.is_some_and(|w| w != columns) {
            let shown = |side: Option<usize>| side.map_or("any".to_string(), |side| side.to_string());
            let expected = format!("{} x {}, as {} takes", shown(height), shown(width), path.display());
            return Err(Error::argument("size of images", expected, format!("{rows} x {columns}")));
        }
        let batch = self.dimensions[0].unwrap_or(batch).max(1);
        let input = match order {
            AxisOrder::Nchw => vec![batch, self.channels(), rows, columns],
            AxisOrder::Nhwc => vec![batch, rows, columns, self.channels()],
        };
        // Float32 numbers of a batch as they are gathered and as the model holds them, on every thread.
        let numbers = input.iter().fold(1_u64, |count, &n| count.saturating_mul(n as u64));
        let (needed, available) = (numbers.saturating_mul(2 * 4 * threads() as u64), available_memory());
        if needed > available {
            let what = format!("input {input:?} of {} on {} threads", path.display(), threads());
            return Err(Error::OutOfMemory { what, needed, available });
        }
        let (typed, names) = guarded(path, || typed(&self.proto, path, &input, output))?;
        let chosen = choose(path, &typed, &names, output, batch)?;
        let shape = outlet_shape(&typed, chosen).unwrap_or_default();
        let whole: usize = shape.iter().skip(1).product();
        let taken = match output {
            Output::ClassToken => shape.last().copied().unwrap_or(0),
            _ => whole,
        };
        let plan = guarded(path, || {
            let mut typed = typed;
            typed.select_output_outlets(&[chosen])?;
            typed.into_optimized()?.into_runnable()
        })?;
        Ok(Model { plan, input, batch, width: taken, whole, path: path.to_path_buf() })
    }
}

impl Model {
    /// The numbers taken of each object of a batch, row by row.
    pub fn run(&self, images: &[f32]) -> Result<Vec<f32>> {
        let rows = guarded(&self.path, || {
            let images = Tensor::from_shape(&self.input, images)?;
            let outputs = self.plan.run(tvec!(images.into()))?;
            let output = outputs[0].to_plain_array_view::<f32>()?;
            Ok(output.iter().copied().collect::<Vec<f32>>())
        })?;
        if rows.len() != self.batch * self.whole {
            return Err(Error::shape("output of the model", &[self.batch, self.whole], &[rows.len()]));
        }
        Ok(rows.chunks_exact(self.whole).flat_map(|row| &row[..self.width]).copied().collect())
    }
}

fn fixed(value: Option<&Dimension>) -> Option<usize> {
    match value {
        Some(&Dimension::DimValue(size)) if size > 0 => usize::try_from(size).ok(),
        _ => None,
    }
}

/// The model with all its outputs, or the one named, for an input of this shape; and the outputs' names.
fn typed(
    proto: &pb::ModelProto,
    path: &Path,
    input: &[usize],
    output: &Output,
) -> TractResult<(TypedModel, Vec<String>)> {
    let folder = path.parent().and_then(Path::to_str);
    // Shapes are worked out from the input's; those in the file may say "any" or be another batch's.
    let parsed = tract_onnx::onnx().with_ignore_value_info(true).parse(proto, folder)?;
    let mut model = parsed.model;
    let mut names: Vec<String> =
        proto.graph.iter().flat_map(|graph| &graph.output).map(|output| output.name.clone()).collect();
    if let Output::Named(name) = output
        && let Some(&outlet) = parsed.outlets_by_name.get(name)
    {
        model.select_output_outlets(&[outlet])?;
        names = vec![name.clone()];
    }
    for i in 0..names.len() {
        model.set_output_fact(i, InferenceFact::default())?;
    }
    model.set_input_fact(0, f32::fact(input).into())?;
    Ok((model.into_typed()?.into_decluttered()?, names))
}

fn outlet_shape(model: &TypedModel, outlet: OutletId) -> Option<Vec<usize>> {
    let fact = model.outlet_fact(outlet).ok()?;
    fact.shape.as_concrete().map(<[usize]>::to_vec)
}

/// The outlet that `output` means.
fn choose(
    path: &Path,
    model: &TypedModel,
    names: &[String],
    output: &Output,
    batch: usize,
) -> Result<OutletId> {
    let outlets = model.output_outlets().map_err(|e| refused(path, &e))?;
    let outputs: Vec<(&str, Vec<usize>, OutletId)> = names
        .iter()
        .zip(outlets)
        .filter_map(|(name, &outlet)| Some((name.as_str(), outlet_shape(model, outlet)?, outlet)))
        .filter(|(_, shape, outlet)| {
            let is_float = model.outlet_fact(*outlet).is_ok_and(|fact| fact.datum_type == f32::datum_type());
            is_float && shape.first() == Some(&batch) && shape.iter().all(|&n| n > 0)
        })
        .collect();
    let preferred = |name: &str, fits: &dyn Fn(&[usize]) -> bool| {
        let named = outputs.iter().find(|(found, shape, _)| *found == name && fits(shape));
        named.or_else(|| outputs.iter().find(|(_, shape, _)| fits(shape))).map(|(_, _, outlet)| *outlet)
    };
    let pooled = |shape: &[usize]| match shape {
        [_, _] => true,
        [_, _, rest @ ..] => rest.iter().all(|&n| n == 1),
        _ => false,
    };
    let found = match output {
        Output::Pooled => preferred(POOLED, &pooled),
        Output::ClassToken => preferred(TOKENS, &|shape| shape.len() == 3),
        Output::Named(name) => outputs.iter().find(|(found, ..)| found == name).map(|(_, _, outlet)| *outlet),
    };
    found.ok_or_else(|| {
        let shown: Vec<_> = outputs.iter().map(|(name, shape, _)| format!("{name} {shape:?}")).collect();
        Error::format(path, output.wanted(batch), format!("the float32 outputs {}", shown.join(", ")))
    })
}

fn refused(path: &Path, error: &TractError) -> Error {
    Error::format(path, "an ONNX model that tract can run", format!("{error:#}"))
}

/// Errors, and panics on files that are no sound models, as errors with the file's name.
fn guarded<T>(path: &Path, work: impl FnOnce() -> TractResult<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| refused(path, &error)),
        Err(_) => Err(Error::format(path, "an ONNX model that tract can run", "one that it gives up on")),
    }
}
