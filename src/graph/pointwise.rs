//! Maps of single entries: activations, and gains and shifts by channel.

use std::ops::Range;

use super::tensor::Rows;
use crate::Activation;

/// Output, slope and (where the activation is curved) second derivative.
pub(super) fn activate(activation: Activation, kink: Option<f64>, x: &Rows) -> (Rows, Vec<f64>, Vec<f64>) {
    let mut out = x.clone();
    let mut slope = Vec::with_capacity(x.data.len());
    let mut bend = Vec::new();
    let curved = !activation.is_piecewise_linear();
    for v in &mut out.data {
        let z = *v;
        let (value, first, second) = activation.derivatives(z);
        *v = value;
        slope.push(match kink {
            Some(kink) if z == 0.0 => kink,
            _ => first,
        });
        if curved {
            bend.push(second);
        }
    }
    (out, slope, bend)
}

/// `factor[c] v + shift[c]`; without a factor 1, without a shift 0.
pub(super) fn affine(x: &Rows, factor: Option<&[f64]>, shift: Option<&[f64]>) -> Rows {
    let mut out = x.clone();
    for line in out.data.chunks_exact_mut(x.channels) {
        if let Some(factor) = factor {
            line.iter_mut().zip(factor).for_each(|(v, f)| *v *= f);
        }
        if let Some(shift) = shift {
            line.iter_mut().zip(shift).for_each(|(v, s)| *v += s);
        }
    }
    out
}

/// Gain and shift by channel; the own parameter vector is the gains, then the shifts.
#[derive(Debug)]
pub(super) struct Gain {
    pub gain: Option<Vec<f64>>,
    pub shift: Option<Vec<f64>>,
    pub channels: usize,
}

impl Gain {
    pub fn count(&self) -> usize {
        self.channels * (usize::from(self.gain.is_some()) + usize::from(self.shift.is_some()))
    }

    /// Which channel an own parameter belongs to, and whether it is a gain.
    fn own(&self, own: usize) -> (usize, bool) {
        (own % self.channels, self.gain.is_some() && own < self.channels)
    }

    pub fn contract(&self, x: &Rows, rows: &Rows, places: Range<usize>) -> Vec<f64> {
        let (channels, count) = (self.channels, self.count());
        let mut out = vec![0.0; rows.rows * count];
        for place in places {
            let x = &x.data[place * channels..(place + 1) * channels];
            let size = rows.rows * channels;
            let lines = rows.data[place * size..(place + 1) * size].chunks_exact(channels);
            for (line, out) in lines.zip(out.chunks_exact_mut(count)) {
                let mut parts = out.chunks_exact_mut(channels);
                if self.gain.is_some()
                    && let Some(part) = parts.next()
                {
                    part.iter_mut().zip(line.iter().zip(x)).for_each(|(o, (g, x))| *o += g * x);
                }
                if let Some(part) = parts.next() {
                    part.iter_mut().zip(line).for_each(|(o, g)| *o += g);
                }
            }
        }
        out
    }

    pub fn seed(&self, x: &Rows, range: Range<usize>) -> Rows {
        let mut out = Rows::zeros(x.objects, x.positions, range.len(), self.channels);
        for place in 0..x.places() {
            for (row, own) in range.clone().enumerate() {
                let (channel, is_gain) = self.own(own);
                let value = if is_gain { x.data[place * self.channels + channel] } else { 1.0 };
                out.data[(place * range.len() + row) * self.channels + channel] = value;
            }
        }
        out
    }

    pub fn seed_by(&self, x: &Rows, vectors: &[f64]) -> Rows {
        let count = self.count();
        let k = vectors.len() / count;
        let mut out = Rows::zeros(x.objects, x.positions, k, self.channels);
        for place in 0..x.places() {
            for (row, vector) in vectors.chunks_exact(count).enumerate() {
                for (own, v) in vector.iter().enumerate() {
                    let (channel, is_gain) = self.own(own);
                    let value = if is_gain { x.data[place * self.channels + channel] } else { 1.0 };
                    out.data[(place * k + row) * self.channels + channel] += v * value;
                }
            }
        }
        out
    }

    /// The mixed derivative touches gains alone.
    pub fn cross(&self, delta: &Rows, tangents: &Rows) -> Vec<f64> {
        let (channels, count) = (self.channels, self.count());
        let mut out = vec![0.0; tangents.rows * count];
        if self.gain.is_none() {
            return out;
        }
        let size = tangents.rows * channels;
        for (delta, lines) in delta.data.chunks_exact(channels).zip(tangents.data.chunks_exact(size)) {
            for (line, out) in lines.chunks_exact(channels).zip(out.chunks_exact_mut(count)) {
                out.iter_mut().zip(line.iter().zip(delta)).for_each(|(o, (t, d))| *o += t * d);
            }
        }
        out
    }

    pub fn cross_rows(&self, delta: &Rows, range: Range<usize>) -> Rows {
        let mut out = Rows::zeros(delta.objects, delta.positions, range.len(), self.channels);
        for place in 0..delta.places() {
            for (row, own) in range.clone().enumerate() {
                if let (channel, true) = self.own(own) {
                    out.data[(place * range.len() + row) * self.channels + channel] =
                        delta.data[place * self.channels + channel];
                }
            }
        }
        out
    }

    pub fn cross_by(&self, delta: &Rows, vectors: &[f64]) -> Rows {
        let count = self.count();
        let k = vectors.len() / count;
        let mut out = Rows::zeros(delta.objects, delta.positions, k, self.channels);
        if self.gain.is_some() {
            let size = k * self.channels;
            for (delta, lines) in
                delta.data.chunks_exact(self.channels).zip(out.data.chunks_exact_mut(size.max(1)))
            {
                for (line, vector) in lines.chunks_exact_mut(self.channels).zip(vectors.chunks_exact(count)) {
                    line.iter_mut().zip(vector.iter().zip(delta)).for_each(|(o, (v, d))| *o = v * d);
                }
            }
        }
        out
    }
}
