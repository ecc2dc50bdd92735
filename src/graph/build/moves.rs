//! Pools, and everything that only moves entries.

use std::ops::Range;

use super::{Builder, Padding};
use crate::graph::windows::{PADDING, Window, Windows};
use crate::graph::{NodeId, Op, Shape};
use crate::{Error, Result};

impl Builder {
    /// The largest entry of every window, channel by channel; places outside do not count, of equal ones the first wins.
    ///
    /// # Errors
    /// A window that does not fit, or that can lie outside altogether.
    pub fn max_pool(&mut self, x: NodeId, window: Window) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let windows = Windows::new("max-pool", shape.grid, window)?;
        if (0..windows.len()).any(|s| windows.of(s).iter().all(|&place| place == PADDING)) {
            return Err(Error::argument("max-pool", "windows that meet the grid", format!("{window:?}")));
        }
        let shape = Shape { grid: windows.grid, ..shape };
        self.add_node(Op::MaxPool(windows), &[x], shape)
    }

    /// The mean over every window, channel by channel.
    ///
    /// # Errors
    /// As [`Builder::max_pool`].
    pub fn average_pool(&mut self, x: NodeId, window: Window, padding: Padding) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let windows = Windows::new("average-pool", shape.grid, window)?;
        let mut weight = Vec::with_capacity(windows.len());
        for s in 0..windows.len() {
            let inside = windows.of(s).iter().filter(|&&place| place != PADDING).count();
            if inside == 0 {
                return Err(Error::argument(
                    "average-pool",
                    "windows that meet the grid",
                    format!("{window:?}"),
                ));
            }
            weight.push(1.0 / if padding == Padding::Counts { windows.size } else { inside } as f64);
        }
        let shape = Shape { grid: windows.grid, ..shape };
        self.add_node(Op::AveragePool { windows, weight }, &[x], shape)
    }

    /// The mean over all positions: a vector of the channels.
    ///
    /// # Errors
    /// A node of another builder.
    pub fn global_average_pool(&mut self, x: NodeId) -> Result<NodeId> {
        let window = Window { kernel: self.shape(x)?.grid, ..Window::square(1) };
        self.average_pool(x, window, Padding::Counts)
    }

    /// One long vector, channel after channel, as PyTorch flattens images.
    ///
    /// # Errors
    /// A node of another builder.
    pub fn flatten(&mut self, x: NodeId) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let (positions, channels) = (shape.positions(), shape.channels);
        self.select(x, Shape::vector(shape.size()), |_, e| Some(e % positions * channels + e / positions))
    }

    /// The same entries, position after position, in another shape.
    ///
    /// # Errors
    /// Shapes of two sizes.
    pub fn reshape(&mut self, x: NodeId, shape: Shape) -> Result<NodeId> {
        let from = self.shape(x)?;
        if from.size() != shape.size() {
            return Err(Error::shape("reshaped tensor", &from.list(), &shape.list()));
        }
        self.select(x, shape, |position, channel| Some(position * shape.channels + channel))
    }

    /// Positions as channels and channels as positions of a sequence.
    ///
    /// # Errors
    /// A node of another builder.
    pub fn transpose(&mut self, x: NodeId) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let turned = Shape::sequence(shape.channels, shape.positions());
        self.select(x, turned, |position, channel| Some(channel * shape.channels + position))
    }

    /// The positions of this range, as a sequence.
    ///
    /// # Errors
    /// A range that is empty or not there.
    pub fn slice_positions(&mut self, x: NodeId, range: Range<usize>) -> Result<NodeId> {
        let shape = self.shape(x)?;
        check_range("positions", &range, shape.positions())?;
        let (start, channels) = (range.start, shape.channels);
        let out = Shape::sequence(range.len(), channels);
        self.select(x, out, |position, channel| Some((start + position) * channels + channel))
    }

    /// The channels of this range.
    ///
    /// # Errors
    /// A range that is empty or not there.
    pub fn slice_channels(&mut self, x: NodeId, range: Range<usize>) -> Result<NodeId> {
        let shape = self.shape(x)?;
        check_range("channels", &range, shape.channels)?;
        let (start, channels) = (range.start, shape.channels);
        let out = Shape { channels: range.len(), ..shape };
        self.select(x, out, |position, channel| Some(position * channels + start + channel))
    }

    /// The positions of one tensor behind those of the others, as a sequence.
    ///
    /// # Errors
    /// No tensor, or channels that differ.
    pub fn concatenate_positions(&mut self, parts: &[NodeId]) -> Result<NodeId> {
        let (first, positions, _) = self.parts(parts)?;
        let out = Shape::sequence(positions.iter().sum(), first.channels);
        let mut start = 0;
        let mut sum = None;
        for (&part, &count) in parts.iter().zip(&positions) {
            let shape = self.shape(part)?;
            if shape.channels != first.channels {
                return Err(Error::shape("part of a concatenation", &first.list(), &shape.list()));
            }
            let here = start..start + count;
            let placed = self.select(part, out, |position, channel| {
                here.contains(&position).then(|| (position - here.start) * first.channels + channel)
            })?;
            sum = Some(self.added(sum, placed)?);
            start += count;
        }
        sum.ok_or_else(|| Error::argument("concatenation", "at least one tensor", "none"))
    }

    /// The channels of one tensor behind those of the others, at every position.
    ///
    /// # Errors
    /// No tensor, or grids that differ.
    pub fn concatenate_channels(&mut self, parts: &[NodeId]) -> Result<NodeId> {
        let (first, _, channels) = self.parts(parts)?;
        let out = Shape { channels: channels.iter().sum(), ..first };
        let mut start = 0;
        let mut sum = None;
        for (&part, &count) in parts.iter().zip(&channels) {
            let shape = self.shape(part)?;
            if shape.grid != first.grid {
                return Err(Error::shape("part of a concatenation", &first.list(), &shape.list()));
            }
            let here = start..start + count;
            let placed = self.select(part, out, |position, channel| {
                here.contains(&channel).then(|| position * count + channel - here.start)
            })?;
            sum = Some(self.added(sum, placed)?);
            start += count;
        }
        sum.ok_or_else(|| Error::argument("concatenation", "at least one tensor", "none"))
    }

    /// A tensor of one position at every position of a grid.
    ///
    /// # Errors
    /// A tensor of more positions.
    pub fn spread(&mut self, x: NodeId, grid: [usize; 2]) -> Result<NodeId> {
        let shape = self.shape(x)?;
        if shape.positions() != 1 {
            return Err(Error::shape("tensor to spread", &[1, 1, shape.channels], &shape.list()));
        }
        self.select(x, Shape { grid, ..shape }, |_, channel| Some(channel))
    }

    /// Every position `factor` x `factor` times (nearest upsampling).
    ///
    /// # Errors
    /// A factor of zero.
    pub fn upsample(&mut self, x: NodeId, factor: usize) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let [height, width] = shape.grid;
        let out = Shape { grid: [height.saturating_mul(factor), width.saturating_mul(factor)], ..shape };
        self.select(x, out, |position, channel| {
            let (y, x) = (position / out.grid[1] / factor, position % out.grid[1] / factor);
            Some((y * width + x) * shape.channels + channel)
        })
    }

    /// Entries of `x` in any order: `from(position, channel)` of the new tensor names the entry of the old one
    /// (position times channels plus channel), or none for zero.
    ///
    /// # Errors
    /// An entry that is not there.
    pub fn select(
        &mut self,
        x: NodeId,
        shape: Shape,
        from: impl Fn(usize, usize) -> Option<usize>,
    ) -> Result<NodeId> {
        let size = self.shape(x)?.size();
        // Checks the size of the new tensor before its index is written.
        let node = self.add_node(Op::Select(Vec::new()), &[x], shape)?;
        let mut index = Vec::with_capacity(shape.size());
        for position in 0..shape.positions() {
            for channel in 0..shape.channels {
                let entry = from(position, channel);
                if let Some(entry) = entry.filter(|&entry| entry >= size) {
                    self.nodes.pop();
                    return Err(Error::argument("entry to select", format!("one in 0..{size}"), entry));
                }
                index.push(entry.map(|entry| entry as u32));
            }
        }
        self.nodes[node.0].op = Op::Select(index);
        Ok(node)
    }

    fn parts(&self, parts: &[NodeId]) -> Result<(Shape, Vec<usize>, Vec<usize>)> {
        let shapes: Vec<_> = parts.iter().map(|&part| self.shape(part)).collect::<Result<_>>()?;
        let first = shapes.first().copied().unwrap_or(Shape::vector(0));
        Ok((
            first,
            shapes.iter().map(|shape| shape.positions()).collect(),
            shapes.iter().map(|shape| shape.channels).collect(),
        ))
    }

    fn added(&mut self, sum: Option<NodeId>, part: NodeId) -> Result<NodeId> {
        match sum {
            Some(sum) => self.add(sum, part),
            None => Ok(part),
        }
    }
}

fn check_range(what: &str, range: &Range<usize>, size: usize) -> Result<()> {
    if range.start >= range.end || range.end > size {
        let expected = format!("a range that is not empty within 0..{size}");
        return Err(Error::argument(what, expected, format!("{range:?}")));
    }
    Ok(())
}
