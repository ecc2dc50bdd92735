//! Where the windows of convolutions and pools lie.

use crate::{Error, Result};

/// Stands for a place outside the grid.
pub(super) const PADDING: u32 = u32::MAX;

/// Size and steps of the windows of a convolution or a pool, by PyTorch's names and defaults.
///
/// ```
/// use hessia::graph::Window;
/// let window = Window { stride: [2, 2], ..Window::square(3) };
/// assert_eq!(window.padding, [0, 0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Steps between windows.
    pub stride: [usize; 2],
    /// Places added on each side of the grid.
    pub padding: [usize; 2],
    /// Steps between the places of a window.
    pub dilation: [usize; 2],
}

impl Window {
    /// `size` x `size`, stride 1, no padding.
    pub const fn square(size: usize) -> Window {
        Window { kernel: [size, size], stride: [1, 1], padding: [0, 0], dilation: [1, 1] }
    }

    /// `size` places of a sequence, stride 1, no padding.
    pub const fn line(size: usize) -> Window {
        Window { kernel: [1, size], stride: [1, 1], padding: [0, 0], dilation: [1, 1] }
    }

    /// `size` x `size` with stride `size`: what pools use.
    pub const fn pool(size: usize) -> Window {
        Window { kernel: [size, size], stride: [size, size], padding: [0, 0], dilation: [1, 1] }
    }
}

/// The places that every window covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    pub(super) grid: [usize; 2],
    pub(super) size: usize,
    /// Position in, or [`PADDING`], by (window, place in the window).
    pub(super) index: Vec<u32>,
}

impl Windows {
    pub(super) fn new(what: &str, grid: [usize; 2], window: Window) -> Result<Windows> {
        let mut out = [0; 2];
        for axis in 0..2 {
            let (size, stride, dilation) = (window.kernel[axis], window.stride[axis], window.dilation[axis]);
            if size == 0 || stride == 0 || dilation == 0 {
                return Err(Error::argument(
                    what,
                    "kernel, stride and dilation of at least 1",
                    format!("{window:?}"),
                ));
            }
            // Refused by numbers that fit, before any product of them is formed.
            let span = (size - 1).checked_mul(dilation).and_then(|span| span.checked_add(1));
            let padded = window.padding[axis].checked_mul(2).and_then(|pad| pad.checked_add(grid[axis]));
            match (span, padded) {
                (Some(span), Some(padded)) if span <= padded && padded < 1 << 24 => {
                    out[axis] = (padded - span) / stride + 1;
                }
                _ => {
                    return Err(Error::argument(
                        what,
                        format!("a window that fits into the grid {grid:?} with its padding"),
                        format!("{window:?}"),
                    ));
                }
            }
        }
        let size = window.kernel[0] * window.kernel[1];
        let places = (out[0] * out[1]).checked_mul(size).filter(|&places| places < 1 << 28);
        let Some(places) = places else {
            return Err(Error::argument(
                what,
                "fewer than 2^28 places in all windows",
                format!("{window:?}"),
            ));
        };
        let mut index = Vec::with_capacity(places);
        let place = |axis: usize, step: usize, offset: usize| {
            (step * window.stride[axis] + offset * window.dilation[axis])
                .checked_sub(window.padding[axis])
                .filter(|&at| at < grid[axis])
        };
        for y in 0..out[0] {
            for x in 0..out[1] {
                for dy in 0..window.kernel[0] {
                    for dx in 0..window.kernel[1] {
                        index.push(match (place(0, y, dy), place(1, x, dx)) {
                            (Some(y), Some(x)) => (y * grid[1] + x) as u32,
                            _ => PADDING,
                        });
                    }
                }
            }
        }
        Ok(Windows { grid: out, size, index })
    }

    pub(super) fn len(&self) -> usize {
        self.grid[0] * self.grid[1]
    }

    /// The places of one window.
    pub(super) fn of(&self, window: usize) -> &[u32] {
        &self.index[window * self.size..(window + 1) * self.size]
    }

    /// Number of windows.
    pub fn count(&self) -> usize {
        self.len()
    }

    /// The positions that a window covers, row by row; none stands for padding.
    pub fn places(&self, window: usize) -> impl Iterator<Item = Option<usize>> + '_ {
        self.of(window).iter().map(|&place| (place != PADDING).then_some(place as usize))
    }
}
