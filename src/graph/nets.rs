//! Whole networks in one line each.

use super::{Builder, Graph, Init, NodeId, Op, Padding, Shape, Window};
use crate::{Activation, Network, Result};

/// How a convolutional net shrinks its maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// The largest of 2 x 2.
    Max,
    /// The mean of 2 x 2.
    Average,
    /// Not at all.
    None,
}

/// A net like LeNet: convolutions, each with activation and pool, then dense maps.
///
/// ```
/// use hessia::graph::ConvNet;
/// let graph = ConvNet::default().graph()?;
/// assert_eq!(graph.parameter_count(), 2202);
/// assert_eq!(graph.parameters()[0].name, "conv0.weight");
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ConvNet {
    /// Channels, height and width of the images.
    pub image: [usize; 3],
    /// Filters of every convolution.
    pub filters: Vec<usize>,
    /// Height and width of the kernels.
    pub kernel: usize,
    /// Places added on every side of the maps.
    pub padding: usize,
    /// How maps shrink behind every activation.
    pub pool: Pool,
    /// Whether the mean over all positions stands before the dense maps, instead of flattening.
    pub global: bool,
    /// Between all maps.
    pub activation: Activation,
    /// Widths of hidden dense maps.
    pub hidden: Vec<usize>,
    /// Outputs.
    pub classes: usize,
}

impl Default for ConvNet {
    /// 5 x 5 convolutions of 28 x 28 grey images to 4 and 8 maps with relu and max-pool, then 10 classes.
    fn default() -> ConvNet {
        ConvNet {
            image: [1, 28, 28],
            filters: vec![4, 8],
            kernel: 5,
            padding: 0,
            pool: Pool::Max,
            global: false,
            activation: Activation::Relu,
            hidden: Vec::new(),
            classes: 10,
        }
    }
}

impl ConvNet {
    /// The graph; parameters `conv0.weight`, `conv0.bias`, ..., `dense0.weight`, ....
    ///
    /// # Errors
    /// Windows that do not fit the maps; sizes of zero.
    pub fn graph(&self) -> Result<Graph> {
        let [channels, height, width] = self.image;
        let mut net = Builder::image(channels, height, width);
        let mut x = net.input();
        for (l, &filters) in self.filters.iter().enumerate() {
            let window = Window { padding: [self.padding; 2], ..Window::square(self.kernel) };
            x = net.conv(&format!("conv{l}"), x, filters, window)?;
            x = net.activation(x, self.activation)?;
            x = match self.pool {
                Pool::Max => net.max_pool(x, Window::pool(2))?,
                Pool::Average => net.average_pool(x, Window::pool(2), Padding::Counts)?,
                Pool::None => x,
            };
        }
        x = if self.global { net.global_average_pool(x)? } else { net.flatten(x)? };
        for (l, &width) in self.hidden.iter().enumerate() {
            x = net.dense(&format!("dense{l}"), x, width)?;
            x = net.activation(x, self.activation)?;
        }
        x = net.dense(&format!("dense{}", self.hidden.len()), x, self.classes)?;
        net.finish(x)
    }
}

/// A transformer with norms before its parts: embedding, positions, blocks of attention and a dense pair, norm, head.
///
/// ```
/// use hessia::graph::Transformer;
/// let graph = Transformer::default().graph()?;
/// assert_eq!(graph.parameter_count(), 2484);
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Transformer {
    /// Number of tokens that there are.
    pub vocabulary: usize,
    /// Tokens of a sequence.
    pub length: usize,
    /// Channels of a token.
    pub channels: usize,
    /// Heads of the attention.
    pub heads: usize,
    /// Width of the dense pair.
    pub hidden: usize,
    /// Number of blocks.
    pub blocks: usize,
    /// Whether a token sees only those up to itself.
    pub causal: bool,
    /// In the dense pair.
    pub activation: Activation,
    /// Whether the head uses the embedding's table.
    pub tied: bool,
}

impl Default for Transformer {
    /// One causal block for 16 tokens of 12 channels, 2 heads, a dense pair of 48 with gelu.
    fn default() -> Transformer {
        Transformer {
            vocabulary: 16,
            length: 16,
            channels: 12,
            heads: 2,
            hidden: 48,
            blocks: 1,
            causal: true,
            activation: Activation::Gelu,
            tied: false,
        }
    }
}

impl Transformer {
    /// The graph; parameters `tokens.weight`, `positions`, `block0.norm1.weight`, `block0.attention.q.weight`, ....
    ///
    /// # Errors
    /// Heads that do not divide the channels; sizes of zero.
    pub fn graph(&self) -> Result<Graph> {
        let mut net = Builder::tokens(self.length);
        let table = [self.vocabulary, self.channels];
        let table = net.parameter("tokens.weight", &table, Init::Normal(1.0))?;
        let x = net.embedding_by(table)?;
        let mut x = net.positions("positions", x)?;
        for block in 0..self.blocks {
            x = self.block(&mut net, &format!("block{block}"), x)?;
        }
        let x = net.layer_norm("norm", x, 1e-5)?;
        let z = match self.tied {
            true => net.dense_by(x, table, None)?,
            false => net.dense_without_bias("head", x, self.vocabulary)?,
        };
        net.finish(z)
    }

    fn block(&self, net: &mut Builder, name: &str, x: NodeId) -> Result<NodeId> {
        let y = net.layer_norm(&format!("{name}.norm1"), x, 1e-5)?;
        let y = net.attention(&format!("{name}.attention"), y, self.heads, self.causal)?;
        let x = net.add(x, y)?;
        let y = net.layer_norm(&format!("{name}.norm2"), x, 1e-5)?;
        let y = net.dense(&format!("{name}.up"), y, self.hidden)?;
        let y = net.activation(y, self.activation)?;
        let y = net.dense(&format!("{name}.down"), y, self.channels)?;
        net.add(x, y)
    }
}

impl Graph {
    /// The graph of a chain of dense layers; theta is the network's ([`Network::parameters`]), and so are the names.
    ///
    /// ```
    /// use hessia::graph::{Graph, forward};
    /// use hessia::{Activation, Network};
    /// use ndarray::array;
    /// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
    /// let graph = Graph::chain(&net)?;
    /// let x = array![[1.0, -1.0, 0.5]];
    /// let gap = forward(&graph, &net.parameters(), &x)? - net.forward(&x)?;
    /// assert!(gap.iter().all(|v| v.abs() < 1e-15));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    ///
    /// # Errors
    /// None for a network that could be built.
    pub fn chain(net: &Network) -> Result<Graph> {
        let mut builder = Builder::new(Shape::vector(net.inputs()));
        let mut x = builder.input();
        for (l, layer) in net.layers().iter().enumerate() {
            let name = (2 * l).to_string();
            x = match layer.bias {
                Some(_) => builder.dense(&name, x, layer.outputs())?,
                None => builder.dense_without_bias(&name, x, layer.outputs())?,
            };
            if l + 1 < net.depth() {
                let op = Op::Activation { function: net.activation(), kink: net.kink_slope() };
                let shape = builder.shape(x)?;
                x = builder.add_node(op, &[x], shape)?;
            }
        }
        builder.finish(x)
    }
}
