//! Tokens and attention.

use super::Builder;
use crate::graph::{Init, NodeId, Op, ParameterId, Shape};
use crate::{Error, Result};

impl Builder {
    /// Rows of a table by the token numbers in the data; parameter `NAME.weight`, shape (tokens, channels).
    ///
    /// # Errors
    /// Data with more than one channel; no tokens or channels; a name that is taken.
    pub fn embedding(&mut self, name: &str, tokens: usize, channels: usize) -> Result<NodeId> {
        let table = self.parameter(&format!("{name}.weight"), &[tokens, channels], Init::Normal(1.0))?;
        self.embedding_by(table)
    }

    /// As [`Builder::embedding`], by a table that is there already.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn embedding_by(&mut self, table: ParameterId) -> Result<NodeId> {
        let shape = self.nodes[0].shape;
        let found = self.parameter_shape(table)?;
        let &[_, channels] = found else {
            let what = self.parameters[table.0].name.clone();
            return Err(Error::argument(what, "a shape (tokens, channels)", format!("{found:?}")));
        };
        if shape.channels != 1 {
            return Err(Error::shape(
                "token numbers",
                &[shape.positions(), 1],
                &[shape.positions(), shape.channels],
            ));
        }
        self.add_node(Op::Embedding(table), &[NodeId(0)], Shape { channels, ..shape })
    }

    /// A parameter as a tensor, the same for every object, shape (positions, channels).
    ///
    /// # Errors
    /// A name that is taken.
    pub fn parameter_tensor(&mut self, name: &str, shape: Shape, init: Init) -> Result<NodeId> {
        let id = self.parameter(name, &[shape.positions(), shape.channels], init)?;
        self.add_node(Op::Parameter(id), &[], shape)
    }

    /// `x` plus a parameter for every position and channel, shape (positions, channels).
    ///
    /// # Errors
    /// A name that is taken.
    pub fn positions(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let table = self.parameter_tensor(name, shape, Init::Normal(1.0))?;
        self.add(x, table)
    }

    /// A parameter vector as one more position, before the others.
    ///
    /// # Errors
    /// A name that is taken.
    pub fn class_token(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        let channels = self.shape(x)?.channels;
        let token = self.parameter_tensor(name, Shape::vector(channels), Init::Normal(1.0))?;
        self.concatenate_positions(&[token, x])
    }

    /// Self-attention: dense maps `NAME.q`, `NAME.k`, `NAME.v` and `NAME.o` with biases around
    /// [`Builder::scores`], [`Builder::softmax`] and [`Builder::mix`]; with `causal`, token t sees tokens up to t.
    ///
    /// # Errors
    /// Heads that do not divide the channels; names that are taken.
    pub fn attention(&mut self, name: &str, x: NodeId, heads: usize, causal: bool) -> Result<NodeId> {
        let shape = self.shape(x)?;
        let (tokens, channels) = (shape.positions(), shape.channels);
        let q = self.dense(&format!("{name}.q"), x, channels)?;
        let k = self.dense(&format!("{name}.k"), x, channels)?;
        let v = self.dense(&format!("{name}.v"), x, channels)?;
        let scale = 1.0 / (channels as f64 / heads as f64).sqrt();
        let scores = self.scores(q, k, heads, scale)?;
        let mask = causal.then(|| (0..tokens * tokens).map(|e| e % tokens <= e / tokens).collect());
        let p = self.softmax(scores, mask)?;
        let mixed = self.mix(p, v, heads)?;
        let mixed = self.reshape_grid(mixed, shape.grid)?;
        self.dense(&format!("{name}.o"), mixed, channels)
    }

    fn reshape_grid(&mut self, x: NodeId, grid: [usize; 2]) -> Result<NodeId> {
        let shape = self.shape(x)?;
        if shape.grid == grid { Ok(x) } else { self.reshape(x, Shape { grid, ..shape }) }
    }

    /// `scale Σ_i q[t, h, i] k[u, h, i]` for every head h: positions (head, t), channels u.
    ///
    /// # Errors
    /// Channels that differ or that the heads do not divide; a scale that is not finite.
    pub fn scores(&mut self, q: NodeId, k: NodeId, heads: usize, scale: f64) -> Result<NodeId> {
        let (first, second) = (self.shape(q)?, self.shape(k)?);
        if first.channels != second.channels {
            return Err(Error::shape(
                "keys",
                &[second.positions(), first.channels],
                &[second.positions(), second.channels],
            ));
        }
        check_heads(heads, first.channels)?;
        if !scale.is_finite() {
            return Err(Error::argument("scale of scores", "a finite number", scale));
        }
        let shape = Shape { grid: [heads, first.positions()], channels: second.positions() };
        self.add_node(Op::Scores { heads, scale }, &[q, k], shape)
    }

    /// Softmax over the channels of every position; where `mask` is false, exactly zero. The mask has as many rows
    /// as a head has positions, and is repeated for every head.
    ///
    /// # Errors
    /// A mask of another size, or with a row that allows nothing.
    pub fn softmax(&mut self, x: NodeId, mask: Option<Vec<bool>>) -> Result<NodeId> {
        let shape = self.shape(x)?;
        if let Some(mask) = &mask {
            let rows = shape.grid[1];
            if mask.len() != rows * shape.channels {
                return Err(Error::shape("mask", &[rows, shape.channels], &[mask.len()]));
            }
            if let Some(row) = mask.chunks(shape.channels).position(|row| !row.contains(&true)) {
                return Err(Error::argument(format!("row {row} of a mask"), "one place allowed", "none"));
            }
        }
        self.add_node(Op::Softmax { mask }, &[x], shape)
    }

    /// `Σ_u p[h, t, u] v[u, h, i]`: positions t, channels (h, i).
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn mix(&mut self, p: NodeId, v: NodeId, heads: usize) -> Result<NodeId> {
        let (weights, values) = (self.shape(p)?, self.shape(v)?);
        check_heads(heads, values.channels)?;
        if weights.grid[0] != heads || weights.channels != values.positions() {
            let expected = [heads, weights.grid[1], values.positions()];
            return Err(Error::shape("weights of a mix", &expected, &weights.list()));
        }
        let shape = Shape::sequence(weights.grid[1], values.channels);
        self.add_node(Op::Mix { heads }, &[p, v], shape)
    }
}

fn check_heads(heads: usize, channels: usize) -> Result<()> {
    if heads == 0 || !channels.is_multiple_of(heads) {
        return Err(Error::argument("heads", format!("a divisor of {channels} channels"), heads));
    }
    Ok(())
}
