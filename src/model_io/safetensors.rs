//! Networks as `.safetensors` files: PyTorch's, candle's and burn's state dicts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::WeightLayout;
use super::chain::{Entry, Hints, arrange};
use super::names::Name;
use crate::error::check_finite;
use crate::files::{Float, Place, format_at, hex, open_regular};
use crate::linalg::available_memory;
use crate::{Error, Layer, Result};

const FILE: &str = "a .safetensors file of weights and biases";

/// Bytes before the header: its length.
const START: u64 = 8;

/// The description of a network of a thousand layers takes a tenth of this. What the JSON of a header takes in memory
/// is some tens of times its length.
const LONGEST_HEADER: u64 = 1 << 20;

/// Bytes read at a time: a multiple of every entry's size.
const CHUNK: usize = 1 << 16;

/// The layers of the file, and what was converted.
pub(super) fn read(path: &Path, layout: Option<WeightLayout>) -> Result<(Vec<Layer>, Vec<String>)> {
    let (mut file, size) = open_regular(path, FILE)?;
    let (metadata, start) = header(path, &mut file, size)?;
    let writer = metadata.metadata().as_ref().and_then(|about| about.get("producer"));
    let burn = writer.is_some_and(|producer| producer == "burn");
    let (mut entries, mut tensors) = (Vec::new(), Vec::new());
    for full in metadata.offset_keys() {
        let Some(info) = metadata.info(&full) else { continue };
        let name = Name::parse(&full).map_err(|found| {
            Error::format(path, "tensors named like 0.weight and 0.bias", format!("{found:?}"))
        })?;
        let place = Place { path, member: Some(&full) };
        let at = start + info.data_offsets.0 as u64;
        let float = float(info.dtype).ok_or_else(|| {
            place.error("float64, float32, float16 or bfloat16", info.dtype.to_string(), START)
        })?;
        let entry = Entry { name, shape: info.shape.clone() };
        let found = || format!("shape {:?}", entry.shape);
        entry.check_rank().map_err(|expected| place.error(expected, found(), at))?;
        if info.shape.contains(&0) {
            return Err(place.error("at least one entry", found(), at));
        }
        entries.push(entry);
        tensors.push((float, at, info.shape.clone()));
    }
    check_memory(path, &tensors)?;
    // Writers sort by type, then by name: where types differ, the order is theirs.
    let file_order = tensors.windows(2).all(|pair| pair[0].0 == pair[1].0);
    let chain = arrange(path, &entries, Hints { layout, burn, file_order })?;
    let mut notes = Vec::new();
    let layers = chain.read(path, |index| {
        let place = Place { path, member: Some(&entries[index].name.full) };
        let (float, at, shape) = &tensors[index];
        if *float != Float::F64 {
            notes.push(format!("{}: {} read as float64", place.name(), float.name()));
        }
        let array = values(&mut file, place, *float, *at, shape)?;
        check_finite(&place.name(), array.view())?;
        Ok(array)
    })?;
    notes.extend(chain.notes);
    Ok((layers, notes))
}

/// Whether a file begins like one: the length of a header, then the header.
pub(super) fn begins_like_one(start: &[u8]) -> bool {
    matches!(start, [a, b, c, d, e, 0, 0, 0, b'{', ..] if [a, b, c, d, e].iter().any(|byte| **byte != 0))
}

/// The description of the tensors, and where the first begins. The crate checks that they fill a stretch without
/// gaps, each of the length that its shape and type take.
fn header(path: &Path, file: &mut File, size: u64) -> Result<(Metadata, u64)> {
    let mut length = Vec::new();
    file.take(START).read_to_end(&mut length).map_err(|e| Error::io(path, e))?;
    let Ok(length) = <[u8; START as usize]>::try_from(&length[..]) else {
        return Err(format_at(path, FILE, format!("{size} bytes: {}", hex(&length)), 0));
    };
    let length = u64::from_le_bytes(length);
    let room = size - START;
    if length > room || length > LONGEST_HEADER {
        let expected = format!("a header of at most {} bytes", room.min(LONGEST_HEADER));
        return Err(format_at(path, expected, format!("{length} bytes"), 0));
    }
    let mut text = Vec::new();
    file.take(length).read_to_end(&mut text).map_err(|e| Error::io(path, e))?;
    let metadata: Metadata = serde_json::from_slice(&text).map_err(|e| {
        format_at(path, "a .safetensors header of names, types and shapes", e.to_string(), START)
    })?;
    let (start, entries) = (START + length, metadata.data_len() as u64);
    if size - start != entries {
        let expected = format!("{entries} bytes of entries after the header");
        return Err(format_at(path, expected, format!("{} bytes", size - start), start));
    }
    Ok((metadata, start))
}

fn float(dtype: Dtype) -> Option<Float> {
    match dtype {
        Dtype::F64 => Some(Float::F64),
        Dtype::F32 => Some(Float::F32),
        Dtype::F16 => Some(Float::F16),
        Dtype::BF16 => Some(Float::Bf16),
        _ => None,
    }
}

fn check_memory(path: &Path, tensors: &[(Float, u64, Vec<usize>)]) -> Result<()> {
    let entries = tensors.iter().map(|(_, _, shape)| shape.iter().product::<usize>() as u64).sum::<u64>();
    let (needed, available) = (8 * entries, available_memory());
    if needed > available {
        let what = format!("{} as float64", path.display());
        return Err(Error::OutOfMemory { what, needed, available });
    }
    Ok(())
}

fn values(file: &mut File, place: Place<'_>, float: Float, at: u64, shape: &[usize]) -> Result<ArrayD<f64>> {
    file.seek(SeekFrom::Start(at)).map_err(|e| Error::io(place.path, e))?;
    let count: usize = shape.iter().product();
    let mut values = Vec::with_capacity(count);
    let mut buffer = vec![0; CHUNK.min(count * float.size())];
    while values.len() < count {
        let bytes = ((count - values.len()) * float.size()).min(CHUNK);
        file.read_exact(&mut buffer[..bytes]).map_err(|e| Error::io(place.path, e))?;
        values.extend(float.decode(&buffer[..bytes]));
    }
    ArrayD::from_shape_vec(IxDyn(shape), values)
        .map_err(|e| place.error("a shape that fits the entries", e.to_string(), at))
}
