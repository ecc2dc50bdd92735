//! Pools and selections: linear maps that move entries.

use super::tensor::Rows;
use super::windows::{PADDING, Windows};

/// Output and, for every output entry, the position that won.
pub(super) fn max_pool(x: &Rows, windows: &Windows) -> (Rows, Vec<u32>) {
    let channels = x.channels;
    let mut out = Rows::zeros(x.objects, windows.len(), 1, channels);
    let mut winners = vec![0; out.data.len()];
    for object in 0..x.objects {
        for window in 0..windows.len() {
            let to = out.at(object, window, 0);
            for channel in 0..channels {
                let mut best: Option<(f64, u32)> = None;
                for &place in windows.of(window).iter().filter(|&&place| place != PADDING) {
                    let value = x.data[x.at(object, place as usize, 0) + channel];
                    // NaN wins, as it does in PyTorch, so that it is seen in the outputs.
                    if best.is_none_or(|(top, _)| value > top || value.is_nan()) {
                        best = Some((value, place));
                    }
                }
                (out.data[to + channel], winners[to + channel]) = best.unwrap_or((0.0, 0));
            }
        }
    }
    (out, winners)
}

/// Rows over a max-pool's output to the winners; windows may share one.
pub(super) fn pull_winners(winners: &[u32], positions: usize, rows: &Rows) -> Rows {
    let mut out = Rows::zeros(rows.objects, positions, rows.rows, rows.channels);
    for object in 0..rows.objects {
        for window in 0..rows.positions {
            let places = &winners[(object * rows.positions + window) * rows.channels..][..rows.channels];
            for row in 0..rows.rows {
                let from = rows.at(object, window, row);
                for (channel, &place) in places.iter().enumerate() {
                    let to = out.at(object, place as usize, row) + channel;
                    out.data[to] += rows.data[from + channel];
                }
            }
        }
    }
    out
}

pub(super) fn push_winners(winners: &[u32], windows: usize, tangents: &Rows) -> Rows {
    let mut out = Rows::zeros(tangents.objects, windows, tangents.rows, tangents.channels);
    for object in 0..out.objects {
        for window in 0..windows {
            let places = &winners[(object * windows + window) * out.channels..][..out.channels];
            for row in 0..out.rows {
                let to = out.at(object, window, row);
                for (channel, &place) in places.iter().enumerate() {
                    out.data[to + channel] =
                        tangents.data[tangents.at(object, place as usize, row) + channel];
                }
            }
        }
    }
    out
}

pub(super) fn push_average(windows: &Windows, weight: &[f64], t: &Rows) -> Rows {
    let mut out = Rows::zeros(t.objects, windows.len(), t.rows, t.channels);
    let size = t.rows * t.channels;
    for object in 0..t.objects {
        for (window, weight) in weight.iter().enumerate() {
            let to = out.at(object, window, 0);
            for &place in windows.of(window).iter().filter(|&&place| place != PADDING) {
                let from = t.at(object, place as usize, 0);
                let line = &mut out.data[to..to + size];
                line.iter_mut().zip(&t.data[from..from + size]).for_each(|(a, b)| *a += weight * b);
            }
        }
    }
    out
}

pub(super) fn pull_average(windows: &Windows, weight: &[f64], positions: usize, rows: &Rows) -> Rows {
    let mut out = Rows::zeros(rows.objects, positions, rows.rows, rows.channels);
    let size = rows.rows * rows.channels;
    for object in 0..rows.objects {
        for (window, weight) in weight.iter().enumerate() {
            let from = rows.at(object, window, 0);
            for &place in windows.of(window).iter().filter(|&&place| place != PADDING) {
                let to = out.at(object, place as usize, 0);
                let line = &mut out.data[to..to + size];
                line.iter_mut().zip(&rows.data[from..from + size]).for_each(|(a, b)| *a += weight * b);
            }
        }
    }
    out
}

/// Selected entries, as the tensor with these positions and channels.
pub(super) fn push_selected(from: &[Option<u32>], positions: usize, t: &Rows) -> Rows {
    let channels = from.len() / positions;
    let mut out = Rows::zeros(t.objects, positions, t.rows, channels);
    each_selected(from, channels, t.channels, |(position, channel), (place, entry)| {
        for object in 0..t.objects {
            for row in 0..t.rows {
                let to = out.at(object, position, row) + channel;
                out.data[to] = t.data[t.at(object, place, row) + entry];
            }
        }
    });
    out
}

/// Rows over selected entries back to the tensor with these positions and channels.
pub(super) fn pull_selected(from: &[Option<u32>], positions: usize, channels: usize, rows: &Rows) -> Rows {
    let mut out = Rows::zeros(rows.objects, positions, rows.rows, channels);
    each_selected(from, rows.channels, channels, |(position, channel), (place, entry)| {
        for object in 0..rows.objects {
            for row in 0..rows.rows {
                let to = out.at(object, place, row) + entry;
                out.data[to] += rows.data[rows.at(object, position, row) + channel];
            }
        }
    });
    out
}

fn each_selected(
    from: &[Option<u32>],
    to_channels: usize,
    from_channels: usize,
    mut each: impl FnMut((usize, usize), (usize, usize)),
) {
    for (to, from) in from.iter().enumerate() {
        if let Some(from) = from {
            let from = *from as usize;
            each((to / to_channels, to % to_channels), (from / from_channels, from % from_channels));
        }
    }
}
