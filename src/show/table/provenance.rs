//! What made a table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Dataset, Error, Loss, Network, Result};

/// What made a table: enough to make it again.
///
/// ```
/// use hessia::{Activation, Network, table::Provenance};
/// let net = Network::random(&[3, 2], false, Activation::Relu, 7)?;
/// let made = Provenance::new("spectrum").seed(7).network(&net).setting("term", "full").residual(1e-15);
/// assert_eq!(made.dtype, "float64");
/// assert_eq!(made.settings["network"], "3-2 relu without biases, P = 6");
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// What the table holds, such as `spectrum`.
    pub table: String,
    /// Version of hessia.
    pub version: String,
    /// Type of the numbers computed with.
    pub dtype: String,
    /// Seed of everything random in it; none where nothing was random or the seed is not known.
    pub seed: Option<u64>,
    /// Network, data, loss, and whatever else decided the numbers.
    pub settings: BTreeMap<String, Value>,
    /// Largest residual of the numbers in it, where they have one.
    pub residual: Option<f64>,
}

impl Provenance {
    /// A table of this version of hessia, in float64, without settings.
    pub fn new(table: impl Into<String>) -> Self {
        Provenance {
            table: table.into(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            dtype: "float64".to_string(),
            seed: None,
            settings: BTreeMap::new(),
            residual: None,
        }
    }

    /// Notes the seed.
    pub fn seed(self, seed: u64) -> Self {
        Provenance { seed: Some(seed), ..self }
    }

    /// Notes the largest residual.
    pub fn residual(self, residual: f64) -> Self {
        Provenance { residual: Some(residual), ..self }
    }

    /// Notes one setting; the last value of a name counts.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Notes widths, activation, biases and size of the network.
    pub fn network(self, net: &Network) -> Self {
        self.setting("network", net.to_string())
    }

    /// Notes name and number of objects of the data.
    pub fn data(self, data: &Dataset) -> Self {
        self.setting("data", data.name.as_str()).setting("objects", data.len())
    }

    /// Notes form and reduction of the loss.
    pub fn loss(self, loss: Loss) -> Self {
        self.setting("loss", serde_json::json!(loss.kind))
            .setting("reduction", serde_json::json!(loss.reduction))
    }

    /// Notes the SHA-256 of a file that was read, as `NAME_sha256`: its place on this machine tells nobody else what was
    /// in it.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn file(self, name: &str, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut hash = Sha256::new();
        let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
        let mut block = vec![0; 1 << 16];
        loop {
            match file.read(&mut block) {
                Ok(0) => break,
                Ok(count) => hash.update(&block[..count]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::io(path, e)),
            }
        }
        let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(self.setting(format!("{name}_sha256"), digest))
    }

    /// The record as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_content_and_not_by_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        std::fs::write(&path, "abc").unwrap();
        let made = Provenance::new("test").file("inputs", &path).unwrap();
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(made.settings["inputs_sha256"], expected);
        assert!(!made.to_json().contains(folder.path().to_str().unwrap()));
        assert!(matches!(
            Provenance::new("test").file("inputs", folder.path().join("none")),
            Err(Error::Io { .. })
        ));
    }
}
