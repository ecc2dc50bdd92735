//! Orders of the parameters that other programs use, as permutations of ours.

use serde::Serialize;

use crate::Network;
use crate::network::module_number;

/// How the entries of a weight matrix follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightOrder {
    /// Shape (outputs, inputs), row by row: PyTorch's and ours.
    OutputsByInputs,
    /// Shape (inputs, outputs) row by row, as in Keras and Flax; or (outputs, inputs) column by column, as in Julia.
    InputsByOutputs,
}

/// Where the biases stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BiasPlace {
    /// After the weights of their layer: PyTorch's and ours.
    AfterWeights,
    /// Before the weights of their layer, as in dictionaries sorted by name.
    BeforeWeights,
    /// Each after its unit's row of weights: a last column of ones in the inputs.
    LastColumn,
    /// Each before its unit's row of weights: a first column of ones in the inputs.
    FirstColumn,
    /// All after the weights of all layers.
    AfterAll,
    /// All before the weights of all layers.
    BeforeAll,
}

/// How the layers follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerOrder {
    /// From the inputs on.
    Forward,
    /// From the outputs back.
    Reversed,
    /// By the letters of their numbers: 0, 10, 12, 2, 4.
    Lexicographic,
}

/// An order of the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ParameterOrder {
    /// Entries of a weight matrix.
    pub weights: WeightOrder,
    /// Place of the biases.
    pub biases: BiasPlace,
    /// Layers.
    pub layers: LayerOrder,
}

impl ParameterOrder {
    /// The order of [`Network::parameters`].
    pub const OURS: ParameterOrder = ParameterOrder {
        weights: WeightOrder::OutputsByInputs,
        biases: BiasPlace::AfterWeights,
        layers: LayerOrder::Forward,
    };

    /// Every order that permutes the parameters of this network in another way, those that differ from ours in the
    /// fewest respects first, ours left out.
    pub(super) fn others(net: &Network) -> Vec<(ParameterOrder, Vec<usize>)> {
        let mut all = Vec::new();
        for layers in [LayerOrder::Forward, LayerOrder::Reversed, LayerOrder::Lexicographic] {
            for weights in [WeightOrder::OutputsByInputs, WeightOrder::InputsByOutputs] {
                for biases in [
                    BiasPlace::AfterWeights,
                    BiasPlace::BeforeWeights,
                    BiasPlace::LastColumn,
                    BiasPlace::FirstColumn,
                    BiasPlace::AfterAll,
                    BiasPlace::BeforeAll,
                ] {
                    all.push(ParameterOrder { weights, biases, layers });
                }
            }
        }
        all.sort_by_key(ParameterOrder::changes);
        let mut found: Vec<(ParameterOrder, Vec<usize>)> = vec![(Self::OURS, Self::OURS.indices(net))];
        for order in all {
            let indices = order.indices(net);
            if found.iter().all(|(_, known)| *known != indices) {
                found.push((order, indices));
            }
        }
        found.remove(0);
        found
    }

    /// In how many respects it differs from ours.
    pub(super) fn changes(&self) -> usize {
        usize::from(self.weights != Self::OURS.weights)
            + usize::from(self.biases != Self::OURS.biases)
            + usize::from(self.layers != Self::OURS.layers)
    }

    /// Entry k is the place in our theta of what stands k-th in this order.
    ///
    /// ```
    /// use hessia::verify::{ParameterOrder, WeightOrder};
    /// use hessia::{Activation, Network};
    /// let net = Network::random(&[2, 2], true, Activation::Relu, 0)?;
    /// let flax = ParameterOrder { weights: WeightOrder::InputsByOutputs, ..ParameterOrder::OURS };
    /// assert_eq!(flax.indices(&net), [0, 2, 1, 3, 4, 5]);
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn indices(&self, net: &Network) -> Vec<usize> {
        let mut layers: Vec<usize> = (0..net.depth()).collect();
        match self.layers {
            LayerOrder::Forward => {}
            LayerOrder::Reversed => layers.reverse(),
            LayerOrder::Lexicographic => layers.sort_by_key(|&l| module_number(l).to_string()),
        }
        let layout = net.layout();
        let mut indices = Vec::with_capacity(net.parameter_count());
        let all_biases = |indices: &mut Vec<usize>| {
            layers.iter().for_each(|&l| indices.extend(layout[l].bias.clone().unwrap_or_default()));
        };
        if self.biases == BiasPlace::BeforeAll {
            all_biases(&mut indices);
        }
        for &l in &layers {
            self.one_layer(net, l, &mut indices);
        }
        if self.biases == BiasPlace::AfterAll {
            all_biases(&mut indices);
        }
        indices
    }

    fn one_layer(&self, net: &Network, l: usize, indices: &mut Vec<usize>) {
        let place = &net.layout()[l];
        let (outputs, inputs) = (place.outputs, place.inputs);
        let bias = place.bias.clone().unwrap_or_default();
        let weight = |i: usize, a: usize| place.weight_at(i, a);
        if self.biases == BiasPlace::BeforeWeights {
            indices.extend(bias.clone());
        }
        match self.weights {
            WeightOrder::OutputsByInputs => {
                for i in 0..outputs {
                    if self.biases == BiasPlace::FirstColumn {
                        indices.extend(bias.clone().nth(i));
                    }
                    indices.extend((0..inputs).map(|a| weight(i, a)));
                    if self.biases == BiasPlace::LastColumn {
                        indices.extend(bias.clone().nth(i));
                    }
                }
            }
            WeightOrder::InputsByOutputs => {
                // Here a column of ones makes a row of biases.
                if self.biases == BiasPlace::FirstColumn {
                    indices.extend(bias.clone());
                }
                for a in 0..inputs {
                    indices.extend((0..outputs).map(|i| weight(i, a)));
                }
                if self.biases == BiasPlace::LastColumn {
                    indices.extend(bias.clone());
                }
            }
        }
        if self.biases == BiasPlace::AfterWeights {
            indices.extend(bias);
        }
    }
}

impl std::fmt::Display for ParameterOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        if self.weights == WeightOrder::InputsByOutputs {
            parts.push("weights as inputs x outputs (column-major)");
        }
        match self.biases {
            BiasPlace::AfterWeights => {}
            BiasPlace::BeforeWeights => parts.push("biases before the weights of their layer"),
            BiasPlace::LastColumn => parts.push("biases as a last column of the weights"),
            BiasPlace::FirstColumn => parts.push("biases as a first column of the weights"),
            BiasPlace::AfterAll => parts.push("all biases after all weights"),
            BiasPlace::BeforeAll => parts.push("all biases before all weights"),
        }
        match self.layers {
            LayerOrder::Forward => {}
            LayerOrder::Reversed => parts.push("layers from the outputs back"),
            LayerOrder::Lexicographic => parts.push("layers sorted by name as text"),
        }
        f.write_str(&parts.join(", "))
    }
}
