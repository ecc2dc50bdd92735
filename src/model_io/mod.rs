//! Networks from files of every kind that is read, and back into `.npz`.

mod chain;
mod names;
mod npz;
mod onnx;
mod order;
mod safetensors;

use std::io::Read;
use std::path::Path;

use crate::files::{format_at, hex, open_regular, write_atomically};
use crate::{Activation, Error, Network, Result};

pub(crate) use npz::write_layers;

const READ: &str = "a network: .npz, .safetensors or .onnx";

/// Which way round a file keeps its weights.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = Error, parse_err_fn = unknown_weight_layout)]
pub enum WeightLayout {
    /// Shape (outputs, inputs): PyTorch, candle, equinox.
    OutIn,
    /// Shape (inputs, outputs): burn, Flax, Keras.
    InOut,
}

impl WeightLayout {
    /// Both.
    pub const ALL: [WeightLayout; 2] = [WeightLayout::OutIn, WeightLayout::InOut];

    /// The name used on the command line: `out-in` or `in-out`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn unknown_weight_layout(name: &str) -> Error {
    Error::unknown_name::<WeightLayout>("weight layout", name)
}

/// What is known of a network beside its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// Activation between the layers. ONNX files tell it themselves, the others do not.
    pub activation: Option<Activation>,
    /// Which way round the weights are. Without it the shapes decide, and where they do not, (outputs, inputs).
    pub layout: Option<WeightLayout>,
}

impl From<Option<Activation>> for LoadOptions {
    fn from(activation: Option<Activation>) -> Self {
        LoadOptions { activation, layout: None }
    }
}

impl From<Activation> for LoadOptions {
    fn from(activation: Activation) -> Self {
        Some(activation).into()
    }
}

impl Network {
    /// Reads a network from a `.npz`, `.safetensors` or `.onnx` file; also returns what was converted.
    ///
    /// `options` is an [`Activation`], or `None` where the file tells it (ONNX), or [`LoadOptions`]. A file whose
    /// name ends otherwise is told by its first bytes.
    ///
    /// In `.npz` and `.safetensors`, weights have shape (outputs, inputs) and biases (outputs); each layer may have
    /// biases or not. Weights of shape (inputs, outputs), as burn, Flax and Keras keep them, are read transposed where
    /// only that fits, or where [`LoadOptions::layout`] says so. The names are those of PyTorch, `0.weight`,
    /// `0.bias`, `2.weight` and so on, with any prefix (`net.0.weight`, `fc1.weight`); layers follow each other by the
    /// numbers in their names, 10 after 2. Names that differ in more than numbers (`features.0.weight`,
    /// `head.weight`) are put in the one order in which widths follow on each other, numbers ascend and modules stay
    /// together; where there are several, in that of the file, if it is not merely alphabetical. Entries are float32
    /// or float64, in `.safetensors` also float16 or bfloat16. A `.npz` may be stored (`numpy.savez`) or compressed.
    ///
    /// In `.onnx`, the graph is a chain from its one input to its one output: Gemm, or MatMul with Add, with the same
    /// activation between all of them (Relu, LeakyRelu, Tanh, Sigmoid, Softplus, Gelu, Elu, Swish, or the small
    /// graphs that PyTorch writes for GELU and SiLU), and Flatten, Reshape to rows or Identity anywhere.
    ///
    /// # Errors
    /// A file that is damaged or claims more than it holds or than 1 GiB; names that are not weights and biases, a
    /// bias without its weight, layers whose order nothing tells; another dtype or rank, shapes that do not follow on
    /// each other, NaN or infinity; an ONNX operator that has no place in such a chain, by name and node; no
    /// activation where the file does not tell it, or another than it tells. Each with the file, the array, what was
    /// expected and what was found.
    ///
    /// ```
    /// use hessia::{Activation, Network};
    /// let folder = tempfile::tempdir().unwrap();
    /// let path = folder.path().join("net.npz");
    /// let net = Network::random(&[3, 2, 1], true, Activation::Tanh, 0)?;
    /// net.save(&path)?;
    /// let (read, notes) = Network::load(&path, Activation::Tanh)?;
    /// assert_eq!(read, net);
    /// assert!(notes.is_empty());
    /// assert!(Network::load(&path, None).unwrap_err().to_string().contains("activation"));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn load(path: impl AsRef<Path>, options: impl Into<LoadOptions>) -> Result<(Network, Vec<String>)> {
        let (path, options) = (path.as_ref(), options.into());
        let kind = Kind::of(path)?;
        if kind == Kind::Onnx {
            return onnx::read(path, options);
        }
        let Some(activation) = options.activation else {
            let expected = format!("one of {}", Activation::ALL.map(Activation::name).join(", "));
            let found = format!("none, and {} does not tell it", path.display());
            return Err(Error::argument("activation", expected, found));
        };
        let (layers, notes) = match kind {
            Kind::Npz => npz::read(path, options.layout)?,
            _ => safetensors::read(path, options.layout)?,
        };
        Ok((Network::new(layers, activation)?, notes))
    }

    /// Writes the network as a `.npz` file that NumPy loads: float64 arrays in the names of
    /// [`Network::parameter_map`], uncompressed. The same network gives the same bytes.
    ///
    /// The file is written beside `path` and renamed when it is whole.
    ///
    /// # Errors
    /// The system's, for the folder or the file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_atomically(path, |file| npz::write(self, file).map_err(|e| Error::io(path, e)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Npz,
    Safetensors,
    Onnx,
}

impl Kind {
    /// By the end of the name, or by the first bytes where that says nothing.
    fn of(path: &Path) -> Result<Kind> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("npz" | "npy") => return Ok(Kind::Npz),
            Some("safetensors") => return Ok(Kind::Safetensors),
            Some("onnx") => return Ok(Kind::Onnx),
            _ => {}
        }
        let (mut file, _) = open_regular(path, READ)?;
        let mut start = Vec::new();
        (&mut file).take(16).read_to_end(&mut start).map_err(|e| Error::io(path, e))?;
        match &start[..] {
            [b'P', b'K', ..] | [0x93, b'N', b'U', b'M', ..] => Ok(Kind::Npz),
            // The version of the format stands first, as a small number in field 1.
            [0x08, 1..=20, ..] => Ok(Kind::Onnx),
            start if safetensors::begins_like_one(start) => Ok(Kind::Safetensors),
            [0x89, b'H', b'D', b'F', ..] => Err(format_at(path, READ, "an HDF5 file", 0)),
            [0x80, 2..=5, ..] => Err(format_at(path, READ, "a Python pickle", 0)),
            _ => Err(format_at(path, READ, format!("a file that starts with {}", hex(&start)), 0)),
        }
    }
}
