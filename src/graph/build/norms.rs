//! Normalisation, constants and scales.

use super::Builder;
use crate::graph::{Init, NodeId, Op, ParameterId, Shape};
use crate::{Error, Result};

impl Builder {
    /// Layer norm over the channels of every position; parameters `NAME.weight` and `NAME.bias`, shape (channels).
    ///
    /// # Errors
    /// An epsilon that is not finite or below zero; a name that is taken.
    pub fn layer_norm(&mut self, name: &str, x: NodeId, epsilon: f64) -> Result<NodeId> {
        let y = self.normalise(x, None, true, epsilon)?;
        self.gain(name, y)
    }

    /// RMS norm over the channels of every position; parameter `NAME.weight`.
    ///
    /// # Errors
    /// As [`Builder::layer_norm`].
    pub fn rms_norm(&mut self, name: &str, x: NodeId, epsilon: f64) -> Result<NodeId> {
        let y = self.normalise(x, None, false, epsilon)?;
        let channels = self.shape(y)?.channels;
        let gain = self.parameter(&format!("{name}.weight"), &[channels], Init::Constant(1.0))?;
        self.gain_by(y, Some(gain), None)
    }

    /// Group norm; instance norm where there are as many groups as channels.
    ///
    /// # Errors
    /// As [`Builder::layer_norm`]; groups that do not divide the channels.
    pub fn group_norm(&mut self, name: &str, x: NodeId, groups: usize, epsilon: f64) -> Result<NodeId> {
        let y = self.normalise(x, Some(groups), true, epsilon)?;
        self.gain(name, y)
    }

    /// Batch norm with frozen statistics: `(x - mean) / sqrt(variance + epsilon)`, then gain and shift.
    ///
    /// # Errors
    /// Statistics of another length than the channels, or that give no finite positive deviation.
    pub fn batch_norm(
        &mut self,
        name: &str,
        x: NodeId,
        mean: &[f64],
        variance: &[f64],
        epsilon: f64,
    ) -> Result<NodeId> {
        let channels = self.shape(x)?.channels;
        for (what, values) in [("mean", mean), ("variance", variance)] {
            if values.len() != channels {
                return Err(Error::shape(format!("running {what} of {name}"), &[channels], &[values.len()]));
            }
        }
        let factor: Vec<_> = variance.iter().map(|v| 1.0 / (v + epsilon).sqrt()).collect();
        let shift = mean.iter().zip(&factor).map(|(mean, factor)| -mean * factor).collect();
        let y = self.scale(x, factor, shift)?;
        self.gain(name, y)
    }

    /// `(x - mean) / sqrt(variance + epsilon)` over the channels of every position, or over all positions of each of
    /// `groups` groups of channels; without the mean (RMS) if not `centred`.
    ///
    /// # Errors
    /// An epsilon that is not finite or below zero; groups that do not divide the channels.
    pub fn normalise(
        &mut self,
        x: NodeId,
        groups: Option<usize>,
        centred: bool,
        epsilon: f64,
    ) -> Result<NodeId> {
        let shape = self.shape(x)?;
        if !(epsilon.is_finite() && epsilon >= 0.0) {
            return Err(Error::argument("epsilon of a normalisation", "a finite number from 0", epsilon));
        }
        if let Some(groups) = groups
            && (groups == 0 || !shape.channels.is_multiple_of(groups))
        {
            let expected = format!("a divisor of {} channels", shape.channels);
            return Err(Error::argument("groups of a normalisation", expected, groups));
        }
        self.add_node(Op::Normalise { groups, centred, epsilon }, &[x], shape)
    }

    /// `gain[c] x[s, c] + shift[c]`; parameters `NAME.weight` (from 1) and `NAME.bias` (from 0).
    ///
    /// # Errors
    /// A name that is taken.
    pub fn gain(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        let channels = self.shape(x)?.channels;
        let gain = self.parameter(&format!("{name}.weight"), &[channels], Init::Constant(1.0))?;
        let shift = self.parameter(&format!("{name}.bias"), &[channels], Init::Constant(0.0))?;
        self.gain_by(x, Some(gain), Some(shift))
    }

    /// Gain, shift or both by parameters that are there already.
    ///
    /// # Errors
    /// Neither, or shapes that do not fit.
    pub fn gain_by(
        &mut self,
        x: NodeId,
        gain: Option<ParameterId>,
        shift: Option<ParameterId>,
    ) -> Result<NodeId> {
        let shape = self.shape(x)?;
        if gain.is_none() && shift.is_none() {
            return Err(Error::argument("gain", "a gain, a shift or both", "neither"));
        }
        self.expect_vector(gain, shape.channels)?;
        self.expect_vector(shift, shape.channels)?;
        self.add_node(Op::Gain { gain, shift }, &[x], shape)
    }

    /// `factor[c] x[s, c] + shift[c]` with constants.
    ///
    /// # Errors
    /// Lengths other than the channels; NaN or infinity.
    pub fn scale(&mut self, x: NodeId, factor: Vec<f64>, shift: Vec<f64>) -> Result<NodeId> {
        let shape = self.shape(x)?;
        for (what, values) in [("factor", &factor), ("shift", &shift)] {
            if values.len() != shape.channels {
                return Err(Error::shape(format!("{what} of a scale"), &[shape.channels], &[values.len()]));
            }
            check_finite(&format!("{what} of a scale"), values)?;
        }
        self.add_node(Op::Scale { factor, shift }, &[x], shape)
    }

    /// The same numbers for every object, position after position.
    ///
    /// # Errors
    /// A length other than the shape's; NaN or infinity.
    pub fn constant(&mut self, shape: Shape, values: Vec<f64>) -> Result<NodeId> {
        if values.len() != shape.size() {
            return Err(Error::shape("constant", &[shape.size()], &[values.len()]));
        }
        check_finite("constant", &values)?;
        self.add_node(Op::Constant(values), &[], shape)
    }
}

fn check_finite(what: &str, values: &[f64]) -> Result<()> {
    crate::error::check_finite(what, ndarray::ArrayView1::from(values).into_dyn())
}
