//! What is taken of a model's outputs.

use std::str::FromStr;

use serde::Serialize;

use hessia::Error;

/// Which numbers of a model are an object's features.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// The output `pooler_output`, or else the first of shape (m, d), (m, d, 1, 1) and so on.
    #[default]
    Pooled,
    /// The first token of the output `last_hidden_state`, or else of the first of shape (m, tokens, d).
    ClassToken,
    /// All numbers of the output, or of the tensor within the model, of this name.
    Named(String),
}

impl Output {
    #[cfg(feature = "onnx")]
    pub(super) fn wanted(&self, batch: usize) -> String {
        match self {
            Output::Pooled => format!("a pooled output of shape ({batch}, d)"),
            Output::ClassToken => format!("an output of tokens, of shape ({batch}, tokens, d)"),
            Output::Named(name) => format!("a float32 tensor {name} whose first axis is the {batch} images"),
        }
    }
}

impl FromStr for Output {
    type Err = Error;

    /// Reads `pooled`, `class-token`, or else a name.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "" => Err(Error::argument("output of the model", "pooled, class-token or a name", "nothing")),
            "pooled" => Ok(Output::Pooled),
            "class-token" => Ok(Output::ClassToken),
            name => Ok(Output::Named(name.to_string())),
        }
    }
}
