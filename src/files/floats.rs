//! Floating-point entries of files, little-endian, as float64.

use half::{bf16, f16};

/// The types that weights are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Float {
    /// IEEE binary64.
    F64,
    /// IEEE binary32.
    F32,
    /// IEEE binary16.
    F16,
    /// The upper half of a binary32.
    Bf16,
}

impl Float {
    /// Bytes of an entry.
    pub fn size(self) -> usize {
        match self {
            Float::F64 => 8,
            Float::F32 => 4,
            Float::F16 | Float::Bf16 => 2,
        }
    }

    /// NumPy's (or PyTorch's) name.
    pub fn name(self) -> &'static str {
        match self {
            Float::F64 => "float64",
            Float::F32 => "float32",
            Float::F16 => "float16",
            Float::Bf16 => "bfloat16",
        }
    }

    /// The entries in `bytes`; a remainder that is no entry is left out.
    pub fn decode(self, bytes: &[u8]) -> impl Iterator<Item = f64> + '_ {
        bytes.chunks_exact(self.size()).map(move |entry| {
            let bits = entry.iter().rev().fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
            match self {
                Float::F64 => f64::from_bits(bits),
                Float::F32 => f64::from(f32::from_bits(bits as u32)),
                Float::F16 => half(bits as u16),
                Float::Bf16 => bf16::from_bits(bits as u16).to_f64(),
            }
        })
    }
}

/// IEEE 754 binary16 by its bits.
pub fn half(bits: u16) -> f64 {
    f16::from_bits(bits).to_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_has_its_landmarks_and_order() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 5.960464477539063e-8),
            (0x03ff, 6.097555160522461e-5),
            (0x0400, 6.103515625e-5),
            (0x3c00, 1.0),
            (0x3555, 0.333251953125),
            (0x7bff, 65504.0),
            (0xc000, -2.0),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:04x}");
        }
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
        assert!((0..0x7c00).all(|bits| half(bits) < half(bits + 1)));
    }

    #[test]
    fn every_type_is_decoded() {
        let decode = |float: Float, bytes: &[u8]| float.decode(bytes).collect::<Vec<_>>();
        assert_eq!(decode(Float::F64, &1.1_f64.to_le_bytes()), [1.1]);
        assert_eq!(decode(Float::F32, &1.1_f32.to_le_bytes()), [f64::from(1.1_f32)]);
        assert_eq!(decode(Float::F16, &[0x00, 0x3c, 0x00, 0xc0]), [1.0, -2.0]);
        assert_eq!(decode(Float::Bf16, &[0x80, 0x3f, 0x49, 0x40]), [1.0, 3.140625]);
    }
}
