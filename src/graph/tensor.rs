//! Numbers over a tensor of the graph, for a block of objects.

use ndarray::{ArrayView2, ArrayViewMut2};

/// Rows (tangents, cotangents or second derivatives) over one tensor: (object, position, row, channel).
///
/// The values of a tensor are rows too, one of them. Objects and positions are one index for every map that treats
/// positions alike, and the contraction with the derivative in a weight is one product without packing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    pub data: Vec<f64>,
    pub objects: usize,
    pub positions: usize,
    pub rows: usize,
    pub channels: usize,
}

impl Rows {
    pub fn zeros(objects: usize, positions: usize, rows: usize, channels: usize) -> Rows {
        Rows { data: vec![0.0; objects * positions * rows * channels], objects, positions, rows, channels }
    }

    pub fn from_data(data: Vec<f64>, objects: usize, positions: usize, rows: usize, channels: usize) -> Rows {
        debug_assert_eq!(data.len(), objects * positions * rows * channels);
        Rows { data, objects, positions, rows, channels }
    }

    /// Zeros of the same shape.
    pub fn like(&self) -> Rows {
        Rows::zeros(self.objects, self.positions, self.rows, self.channels)
    }

    /// Number of (object, position) pairs.
    pub fn places(&self) -> usize {
        self.objects * self.positions
    }

    /// Where the channels of a row begin.
    pub fn at(&self, object: usize, position: usize, row: usize) -> usize {
        ((object * self.positions + position) * self.rows + row) * self.channels
    }

    /// The channels of every row, one below the other: (objects x positions x rows, channels).
    pub fn lines(&self) -> ArrayView2<'_, f64> {
        view(&self.data, self.places() * self.rows, self.channels)
    }

    /// As (objects x positions, rows x channels).
    pub fn by_place(&self) -> ArrayView2<'_, f64> {
        view(&self.data, self.places(), self.rows * self.channels)
    }

    pub fn add(&mut self, other: &Rows) {
        debug_assert_eq!(self.data.len(), other.data.len());
        self.data.iter_mut().zip(&other.data).for_each(|(a, b)| *a += b);
    }

    /// Every row times a factor of its own (object, position, channel).
    pub fn times(&self, factor: &[f64]) -> Rows {
        let mut out = self.clone();
        out.scale(factor);
        out
    }

    /// As [`Rows::times`], in place.
    pub fn scale(&mut self, factor: &[f64]) {
        let (rows, channels) = (self.rows, self.channels);
        if rows * channels == 0 {
            return;
        }
        for (place, f) in self.data.chunks_exact_mut(rows * channels).zip(factor.chunks_exact(channels)) {
            for line in place.chunks_exact_mut(channels) {
                line.iter_mut().zip(f).for_each(|(v, f)| *v *= f);
            }
        }
    }
}

/// Adds `rows` to what is held, or begins with it.
pub(super) fn gather(sum: &mut Option<Rows>, rows: Rows) {
    match sum {
        Some(sum) => sum.add(&rows),
        None => *sum = Some(rows),
    }
}

/// A slice as a row-major matrix.
///
/// # Panics
/// If the slice has another length: a mistake in this module.
pub(super) fn view(data: &[f64], rows: usize, columns: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((rows, columns), data).expect("length is rows times columns")
}

/// As [`view`], to write.
pub(super) fn view_mut(data: &mut [f64], rows: usize, columns: usize) -> ArrayViewMut2<'_, f64> {
    ArrayViewMut2::from_shape((rows, columns), data).expect("length is rows times columns")
}
