//! Constants of a graph: floating-point arrays and lists of whole numbers.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};

use super::messages::Tensor;
use crate::error::check_finite;
use crate::files::{Float, half};
use crate::{Error, Result};

const FLOAT: i32 = 1;
const INT64: i32 = 7;
const FLOAT16: i32 = 10;
const DOUBLE: i32 = 11;
const BFLOAT16: i32 = 16;
const EXTERNAL: i32 = 1;

impl Tensor {
    /// The entries as float64; also the name of their type.
    pub(super) fn floats(&self, path: &Path) -> Result<(ArrayD<f64>, &'static str)> {
        let wrong = |expected: String, found: String| {
            Error::format(path, format!("{expected} in initializer {:?}", shown(&self.name)), found)
        };
        self.check_stored(path)?;
        let float = match self.data_type {
            FLOAT => Float::F32,
            DOUBLE => Float::F64,
            FLOAT16 => Float::F16,
            BFLOAT16 => Float::Bf16,
            other => return Err(wrong("floating-point numbers".into(), type_name(other))),
        };
        let (shape, count) = self.shape().ok_or_else(|| {
            wrong("a shape of positive sides below 2^53 entries".into(), format!("{:?}", self.dims))
        })?;
        let values: Vec<f64> = if !self.raw_data.is_empty() {
            if count.checked_mul(float.size()) != Some(self.raw_data.len()) {
                let expected = format!("{count} entries of {} for shape {shape:?}", float.name());
                return Err(wrong(expected, format!("{} bytes", self.raw_data.len())));
            }
            float.decode(&self.raw_data).collect()
        } else {
            match float {
                Float::F32 => self.float_data.iter().map(|&v| f64::from(v)).collect(),
                Float::F64 => self.double_data.clone(),
                Float::F16 => self.int32_data.iter().map(|&v| half(v as u16)).collect(),
                Float::Bf16 => {
                    self.int32_data.iter().map(|&v| f64::from(f32::from_bits((v as u32) << 16))).collect()
                }
            }
        };
        let found = values.len();
        let array = ArrayD::from_shape_vec(IxDyn(&shape), values)
            .map_err(|_| wrong(format!("{count} entries for shape {shape:?}"), found.to_string()))?;
        check_finite(&format!("{}, {}", path.display(), shown(&self.name)), array.view())?;
        Ok((array, float.name()))
    }

    /// The entries of a list of int64, as shapes are.
    pub(super) fn integers(&self, path: &Path) -> Result<Vec<i64>> {
        self.check_stored(path)?;
        if self.data_type != INT64 {
            let expected = format!("int64 in initializer {:?}", shown(&self.name));
            return Err(Error::format(path, expected, type_name(self.data_type)));
        }
        Ok(match self.raw_data.is_empty() {
            true => self.int64_data.clone(),
            false => {
                let entries = self.raw_data.chunks_exact(8);
                entries
                    .map(|entry| entry.iter().rev().fold(0, |v, &b| v << 8 | u64::from(b)) as i64)
                    .collect()
            }
        })
    }

    /// Refuses entries that lie in another file.
    fn check_stored(&self, path: &Path) -> Result<()> {
        if self.data_location != EXTERNAL && self.external_data.is_empty() {
            return Ok(());
        }
        let file = self.external_data.iter().find(|pair| pair.key == "location");
        let found = match file {
            Some(file) => format!("external data of {:?} in {:?}", shown(&self.name), shown(&file.value)),
            None => format!("external data of {:?}", shown(&self.name)),
        };
        Err(Error::format(path, "all weights in the file itself", found))
    }

    fn shape(&self) -> Option<(Vec<usize>, usize)> {
        let sides = self.dims.iter().map(|&side| usize::try_from(side).ok().filter(|&side| side > 0));
        let shape: Vec<usize> = sides.collect::<Option<_>>()?;
        let count = shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side))?;
        (count < 1 << 53).then_some((shape, count))
    }
}

fn type_name(data_type: i32) -> String {
    let name = match data_type {
        2 => "uint8",
        3 => "int8",
        5 => "int16",
        6 => "int32",
        INT64 => "int64",
        8 => "text",
        9 => "bool",
        FLOAT | FLOAT16 | DOUBLE | BFLOAT16 => "floating-point numbers",
        _ => return format!("data type {data_type}"),
    };
    name.to_string()
}

/// A name from a file, short enough for a message.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(120).collect()
}
