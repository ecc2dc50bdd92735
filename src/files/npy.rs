//! NumPy's `.npy` format: any real dtype in, float64 out.
//!
//! The header is read and written by `ndarray-npy`; the entries are decoded here, because their type is known
//! only when the file is.

use std::io::{BufReader, Read};
use std::path::Path;

use ndarray::{ArrayD, ArrayRef, Dimension, IxDyn, ShapeBuilder};
use ndarray_npy::WritableElement;
use ndarray_npy::npy::header::{Header as NpyHeader, Layout};

use super::floats::half;
use super::regular::{format_at, hex, is_damage, open_regular};
use crate::linalg::available_memory;
use crate::{Error, Result};

/// NumPy itself refuses longer headers unless told to trust the file.
const LONGEST_HEADER: usize = 10_000;

/// A header nests `{ ( ` and, for a structured dtype, `{ [ ( (`. The parser of Python literals calls itself at
/// every bracket, so deeper text is not given to it.
const DEEPEST_HEADER: usize = 4;

/// Bytes decoded at a time: a multiple of every entry's size.
const CHUNK: usize = 1 << 16;

/// The entries of a `.npy` array.
#[derive(Debug, Clone, PartialEq)]
pub enum NpyValues {
    /// From float32 or float64.
    Floats(ArrayD<f64>),
    /// From any integer type, or from bool as 0 and 1.
    Integers(ArrayD<i64>),
}

impl NpyValues {
    /// The shape of the array.
    pub fn shape(&self) -> &[usize] {
        match self {
            NpyValues::Floats(array) => array.shape(),
            NpyValues::Integers(array) => array.shape(),
        }
    }
}

/// A `.npy` array in C order, with what had to be converted.
#[derive(Debug, Clone, PartialEq)]
pub struct NpyArray {
    /// Its entries.
    pub values: NpyValues,
    /// NumPy's name of the type in the file, such as `float32`.
    pub dtype: String,
    /// What was converted, such as `X.npy: float32 read as float64`.
    pub notes: Vec<String>,
}

/// Reads a `.npy` file of float32, float64, integers of any width or bool, in C or Fortran order and either
/// byte order.
///
/// # Errors
/// Another magic number or version, a dtype that is not a real number (float16, longdouble, complex, object,
/// text, time, structured), no entry, or entries missing or left over, each with its place.
///
/// ```
/// use hessia::files::{NpyValues, read_npy, write_npy};
/// use ndarray::array;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("x.npy");
/// write_npy(&path, &array![[1.0, 2.0], [3.0, 4.0]])?;
/// let read = read_npy(&path)?;
/// assert_eq!(read.values, NpyValues::Floats(array![[1.0, 2.0], [3.0, 4.0]].into_dyn()));
/// assert!(read.notes.is_empty());
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn read_npy(path: impl AsRef<Path>) -> Result<NpyArray> {
    let path = path.as_ref();
    let (file, size) = open_regular(path, "a .npy array")?;
    let mut source = BufReader::new(file);
    let place = Place { path, member: None };
    let header = Header::read(&mut source, size, place)?;
    header.read_values(&mut source, place)
}

/// Which array of which file, for errors and notes.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its name within an archive.
    pub member: Option<&'a str>,
}

impl Place<'_> {
    /// An [`Error::Format`] at a byte of this array.
    pub fn error(&self, expected: &str, found: impl Into<String>, offset: u64) -> Error {
        match self.member {
            Some(member) => format_at(self.path, format!("{expected} in {member}"), found, offset),
            None => format_at(self.path, expected, found, offset),
        }
    }

    /// The array as it is named in notes: `net.npz, 0.weight`.
    pub fn name(&self) -> String {
        match self.member {
            Some(member) => format!("{}, {member}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }

    /// The types that are taken: archives hold parameters.
    fn dtypes(&self) -> &'static str {
        if self.member.is_some() { "float32 or float64" } else { "float32, float64, integers or bool" }
    }

    fn read_error(&self, error: std::io::Error, offset: u64) -> Error {
        match is_damage(&error) {
            true => self.error("a whole array", format!("damage: {error}"), offset),
            false => Error::io(self.path, error),
        }
    }
}

/// What stands before the entries.
pub struct Header {
    dtype: Dtype,
    fortran: bool,
    /// The shape of the array.
    pub shape: Vec<usize>,
    /// Bytes before the first entry.
    start: u64,
}

impl Header {
    /// Reads the header of an array of `size` bytes in all, and checks that the size is the one it promises.
    pub fn read(source: &mut impl Read, size: u64, place: Place<'_>) -> Result<Header> {
        match Header::read_or_half(source, size, place)? {
            header if header.dtype.size == 2 && header.is_float() => {
                Err(place.error(place.dtypes(), "float16", 10))
            }
            header => Ok(header),
        }
    }

    /// As [`read`](Self::read), of float16 too: where the numbers are rounded on purpose.
    pub fn read_or_half(source: &mut impl Read, size: u64, place: Place<'_>) -> Result<Header> {
        let text = read_header_text(source, size, place)?;
        let start = text.len() as u64;
        let header = NpyHeader::from_reader(&mut &text[..]).map_err(|_| {
            place.error("a header with descr, fortran_order and shape", shown(&text[10..]), 10)
        })?;
        let Some(descr) = header.type_descriptor.as_string() else {
            let found = format!("the structured dtype {}", header.type_descriptor);
            return Err(place.error(place.dtypes(), shown(found.as_bytes()), 10));
        };
        let dtype = Dtype::parse(descr).map_err(|found| place.error(place.dtypes(), found, 10))?;
        let shape = header.shape;
        let count = shape.iter().try_fold(1_u64, |count, &n| count.checked_mul(n as u64));
        let bytes = count.and_then(|count| count.checked_mul(dtype.size as u64));
        let found = size.saturating_sub(start);
        match bytes {
            Some(0) => Err(place.error("at least one entry", format!("shape {shape:?}"), 10)),
            Some(bytes) if bytes == found => {
                Ok(Header { dtype, fortran: header.layout.is_fortran(), shape, start })
            }
            _ => {
                let promised = bytes.map_or("more than 2^64".to_string(), |bytes| bytes.to_string());
                let expected = format!("{promised} bytes of entries for {} {shape:?}", dtype.name);
                Err(place.error(
                    &expected,
                    format!("{found} bytes"),
                    size.min(start.saturating_add(bytes.unwrap_or(0))),
                ))
            }
        }
    }

    /// Whether the entries are floats.
    pub fn is_float(&self) -> bool {
        matches!(self.dtype.kind, Kind::Float)
    }

    /// NumPy's name of the entries' type.
    pub fn dtype(&self) -> &'static str {
        self.dtype.name
    }

    /// Reads the entries that follow the header.
    pub fn read_values(&self, source: &mut impl Read, place: Place<'_>) -> Result<NpyArray> {
        let count: usize = self.shape.iter().product();
        let (needed, available) = (8 * count as u64, available_memory());
        if needed > available {
            let what = format!("{} of shape {:?} as float64", place.name(), self.shape);
            return Err(Error::OutOfMemory { what, needed, available });
        }
        let mut notes = Vec::new();
        let values = match self.dtype.kind {
            Kind::Float => {
                if self.dtype.size < 8 {
                    notes.push(format!("{}: {} read as float64", place.name(), self.dtype.name));
                }
                NpyValues::Floats(self.decode(source, count, place, |bytes, _| Ok(self.dtype.float(bytes)))?)
            }
            _ => NpyValues::Integers(self.decode(source, count, place, |bytes, offset| {
                self.dtype
                    .integer(bytes)
                    .map_err(|value| place.error("integers below 2^63", value.to_string(), offset))
            })?),
        };
        if self.fortran && self.shape.len() > 1 {
            notes.push(format!("{}: Fortran order read as C order", place.name()));
        }
        Ok(NpyArray { values, dtype: self.dtype.name.to_string(), notes })
    }

    /// Decodes `count` entries; memory grows with the bytes that really come.
    fn decode<T: Clone>(
        &self,
        source: &mut impl Read,
        count: usize,
        place: Place<'_>,
        decode: impl Fn(&[u8], u64) -> Result<T>,
    ) -> Result<ArrayD<T>> {
        let size = self.dtype.size;
        let mut values: Vec<T> = Vec::with_capacity(count.min(CHUNK));
        let mut buffer = vec![0; CHUNK.min(count.saturating_mul(size))];
        while values.len() < count {
            let offset = self.start + (values.len() * size) as u64;
            let bytes = (count - values.len()).saturating_mul(size).min(CHUNK);
            source.read_exact(&mut buffer[..bytes]).map_err(|e| place.read_error(e, offset))?;
            for (i, entry) in buffer[..bytes].chunks_exact(size).enumerate() {
                values.push(decode(entry, offset + (i * size) as u64)?);
            }
        }
        // Reading past the end makes an archive check its checksum.
        let end = self.start + (count * size) as u64;
        match source.read(&mut [0]) {
            Ok(0) => {}
            Ok(_) => return Err(place.error("the end of the array", "further bytes", end)),
            Err(e) => return Err(place.read_error(e, end)),
        }
        let array = ArrayD::from_shape_vec(IxDyn(&self.shape).set_f(self.fortran), values)
            .map_err(|e| place.error("a shape that fits the entries", e.to_string(), 10))?;
        Ok(if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() })
    }
}

/// Magic number, version, length and text of a header, checked before anything is made of them.
fn read_header_text(source: &mut impl Read, size: u64, place: Place<'_>) -> Result<Vec<u8>> {
    if size == 0 {
        return Err(place.error("a .npy array", "nothing: 0 bytes", 0));
    }
    let mut text = Vec::new();
    let mut more = |text: &mut Vec<u8>, count: usize| -> Result<()> {
        let offset = text.len() as u64;
        source.take(count as u64).read_to_end(text).map_err(|e| place.read_error(e, offset))?;
        match text.len() as u64 - offset < count as u64 {
            true => Err(place.error("a whole .npy header", format!("only {} bytes", text.len()), offset)),
            false => Ok(()),
        }
    };
    // A file that is too short for the rest is still told by its first bytes.
    more(&mut text, size.min(6) as usize)?;
    if text != b"\x93NUMPY" {
        return Err(place.error("the magic number of .npy, 93 4e 55 4d 50 59", hex(&text), 0));
    }
    more(&mut text, 4)?;
    let (major, minor) = (text[6], text[7]);
    if !(1..=3).contains(&major) || minor != 0 {
        return Err(place.error(".npy version 1.0, 2.0 or 3.0", format!("{major}.{minor}"), 6));
    }
    let mut length = usize::from(u16::from_le_bytes([text[8], text[9]]));
    if major > 1 {
        more(&mut text, 2)?;
        length |= usize::from(u16::from_le_bytes([text[10], text[11]])) << 16;
    }
    if length > LONGEST_HEADER {
        return Err(place.error("a header of at most 10000 bytes", length.to_string(), 8));
    }
    let start = text.len();
    more(&mut text, length)?;
    let mut depth = 0_usize;
    for (i, byte) in text.iter().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_HEADER {
            return Err(place.error("a header with plain brackets", shown(&text[start..]), i as u64));
        }
    }
    Ok(text)
}

/// Text from a file, short enough for a message and without control characters.
fn shown(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).trim().chars().take(120).collect();
    format!("{text:?}")
}

enum Kind {
    Float,
    Signed,
    Unsigned,
    Bool,
}

struct Dtype {
    kind: Kind,
    /// Bytes of an entry.
    size: usize,
    big_endian: bool,
    name: &'static str,
}

impl Dtype {
    /// Reads a type string such as `<f8`; an unusable one comes back with its name.
    fn parse(descr: &str) -> std::result::Result<Dtype, String> {
        let (order, code) = descr.split_at_checked(1).unwrap_or(("", ""));
        let big_endian = order == ">" || (order == "=" && cfg!(target_endian = "big"));
        let (kind, size, name) = match code {
            _ if !["<", ">", "=", "|"].contains(&order) => {
                return Err(format!("dtype {}", shown(descr.as_bytes())));
            }
            "f2" => (Kind::Float, 2, "float16"),
            "f4" => (Kind::Float, 4, "float32"),
            "f8" => (Kind::Float, 8, "float64"),
            "i1" => (Kind::Signed, 1, "int8"),
            "i2" => (Kind::Signed, 2, "int16"),
            "i4" => (Kind::Signed, 4, "int32"),
            "i8" => (Kind::Signed, 8, "int64"),
            "u1" => (Kind::Unsigned, 1, "uint8"),
            "u2" => (Kind::Unsigned, 2, "uint16"),
            "u4" => (Kind::Unsigned, 4, "uint32"),
            "u8" => (Kind::Unsigned, 8, "uint64"),
            "b1" => (Kind::Bool, 1, "bool"),
            _ => return Err(format!("{} ({})", refused_name(code), shown(descr.as_bytes()))),
        };
        Ok(Dtype { kind, size, big_endian, name })
    }

    /// The entry's bytes as the low end of a 64-bit number.
    fn bits(&self, bytes: &[u8]) -> u64 {
        let append = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        match self.big_endian {
            true => bytes.iter().fold(0, append),
            false => bytes.iter().rev().fold(0, append),
        }
    }

    fn float(&self, bytes: &[u8]) -> f64 {
        match self.size {
            2 => half(self.bits(bytes) as u16),
            4 => f64::from(f32::from_bits(self.bits(bytes) as u32)),
            _ => f64::from_bits(self.bits(bytes)),
        }
    }

    fn integer(&self, bytes: &[u8]) -> std::result::Result<i64, u64> {
        let bits = self.bits(bytes);
        match self.kind {
            Kind::Bool => Ok(i64::from(bits != 0)),
            Kind::Signed => {
                let unused = 64 - 8 * self.size as u32;
                Ok((bits << unused) as i64 >> unused)
            }
            _ => i64::try_from(bits).map_err(|_| bits),
        }
    }
}

fn refused_name(code: &str) -> &'static str {
    match (code, code.as_bytes().first()) {
        ("f12" | "f16", _) => "longdouble",
        ("c8", _) => "complex64",
        ("c16", _) => "complex128",
        (_, Some(b'c')) => "complex numbers",
        (_, Some(b'O')) => "Python objects",
        (_, Some(b'S' | b'U' | b'a')) => "text",
        (_, Some(b'M' | b'm')) => "dates or times",
        (_, Some(b'V')) => "raw bytes",
        _ => "an unknown dtype",
    }
}

/// Writes the header and the entries of `array`, row by row whatever its layout, without a copy of it.
pub fn write_array<D: Dimension>(
    mut sink: impl std::io::Write,
    array: &ArrayRef<f64, D>,
) -> std::io::Result<()> {
    let header = NpyHeader {
        type_descriptor: f64::type_descriptor(),
        layout: Layout::Standard,
        shape: array.shape().to_vec(),
    };
    sink.write_all(&header.to_bytes().map_err(std::io::Error::other)?)?;
    let mut buffer = Vec::with_capacity(CHUNK);
    for value in array {
        buffer.extend_from_slice(&value.to_ne_bytes());
        if buffer.len() == CHUNK {
            sink.write_all(&buffer)?;
            buffer.clear();
        }
    }
    sink.write_all(&buffer)
}
