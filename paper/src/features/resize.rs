//! Resampling of 8-bit images to the bit as Pillow does it.

use std::f64::consts::PI;

use hessia::Error;

/// Bits after the point of Pillow's integer coefficients.
const PRECISION: u32 = 32 - 8 - 2;

/// A resampling filter with antialiasing, by Pillow's definition.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = Error, parse_err_fn = unknown_resampling_filter)]
pub enum Filter {
    /// A triangle, support 1.
    #[default]
    Bilinear,
    /// Keys' cubic with a = -1/2, support 2.
    Bicubic,
    /// Lanczos' window, support 3.
    Lanczos,
}

impl Filter {
    /// All of them.
    pub const ALL: [Filter; 3] = [Filter::Bilinear, Filter::Bicubic, Filter::Lanczos];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        self.into()
    }

    fn support(self) -> f64 {
        match self {
            Filter::Bilinear => 1.0,
            Filter::Bicubic => 2.0,
            Filter::Lanczos => 3.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Filter::Bilinear if x < 1.0 => 1.0 - x,
            Filter::Bicubic if x < 1.0 => ((-0.5 + 2.0) * x - (-0.5 + 3.0)) * x * x + 1.0,
            Filter::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
            Filter::Lanczos if x < 3.0 => sinc(x) * sinc(x / 3.0),
            _ => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}

fn unknown_resampling_filter(name: &str) -> Error {
    Error::unknown_name::<Filter>("resampling filter", name)
}

/// Integer weights of the source pixels of one line, for every target pixel: the first source pixel and its weights.
type Weights = Vec<(usize, Vec<i32>)>;

/// Resizes planes of one size to another.
#[derive(Debug, Clone)]
pub struct Resizer {
    from: (usize, usize),
    to: (usize, usize),
    across: Option<Weights>,
    down: Option<Weights>,
}

impl Resizer {
    /// From (rows, columns) to (rows, columns), none of them 0.
    pub fn new(from: (usize, usize), to: (usize, usize), filter: Filter) -> Resizer {
        let weights = |old, new| (old != new).then(|| weights(old, new, filter));
        Resizer { from, to, across: weights(from.1, to.1), down: weights(from.0, to.0) }
    }

    /// The plane (rows x columns, row by row) in its new size. Columns first, rounded to 8 bits, then rows.
    pub fn resize(&self, plane: &[u8]) -> Vec<u8> {
        let (rows, columns) = (self.from.0, self.to.1);
        let wide = match &self.across {
            None => plane.to_vec(),
            Some(weights) => plane
                .chunks_exact(self.from.1)
                .flat_map(|line| weights.iter().map(|(first, w)| blend(w, |k| line[first + k])))
                .collect(),
        };
        debug_assert_eq!(wide.len(), rows * columns);
        match &self.down {
            None => wide,
            Some(weights) => weights
                .iter()
                .flat_map(|(first, w)| {
                    let wide = &wide;
                    (0..columns).map(move |j| blend(w, |k| wide[(first + k) * columns + j]))
                })
                .collect(),
        }
    }
}

/// The rounded, clipped sum of weights times pixels.
fn blend(weights: &[i32], pixel: impl Fn(usize) -> u8) -> u8 {
    let half = 1_i64 << (PRECISION - 1);
    let sum: i64 = weights.iter().enumerate().map(|(k, &w)| i64::from(w) * i64::from(pixel(k))).sum();
    ((sum + half) >> PRECISION).clamp(0, 255) as u8
}

fn weights(old: usize, new: usize, filter: Filter) -> Weights {
    let scale = old as f64 / new as f64;
    // Enlarging interpolates between neighbours; reducing widens the filter, which is the antialiasing.
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    (0..new)
        .map(|i| {
            let centre = (i as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let last = ((centre + support + 0.5) as usize).min(old);
            let inverse = 1.0 / stretch;
            let exact: Vec<f64> =
                (first..last).map(|k| filter.weight((k as f64 - centre + 0.5) * inverse)).collect();
            let total: f64 = exact.iter().sum();
            let one = f64::from(1_u32 << PRECISION);
            // Casts cut toward zero, as in C; so halves are added by sign.
            let rounded = exact.iter().map(|w| w / total * one).map(|w| (w + 0.5_f64.copysign(w)) as i32);
            (first, rounded.collect())
        })
        .collect()
}
