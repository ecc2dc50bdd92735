//! Network, data and loss of a command, read from its files.

use std::path::{Path, PathBuf};

use hessia::files::{read_inputs, read_targets};
use hessia::table::Provenance;
use hessia::{Dataset, Error, LoadOptions, Loss, Network, Reduction, Targets};

use super::options::ProblemArguments;
use super::report::Report;

/// What a curvature matrix is computed of.
#[derive(Debug)]
pub struct Problem {
    file: PathBuf,
    pub net: Network,
    pub data: Dataset,
    pub loss: Loss,
    /// What a table of it is made of: network, data, loss, and the hashes of the files they were read from.
    made: Provenance,
    /// Conversions made on reading.
    pub notes: Vec<String>,
}

impl Problem {
    /// Reads everything; whatever does not fit is refused with the name of its file.
    pub fn load(arguments: &ProblemArguments) -> hessia::Result<Problem> {
        let loss = match arguments.reduction {
            Reduction::Mean => arguments.loss,
            Reduction::Sum => arguments.loss.sum(),
        };
        let options = LoadOptions { activation: arguments.activation, layout: arguments.weights };
        let (net, mut notes) = Network::load(&arguments.network, options)?;
        let (x, converted) = read_inputs(&arguments.inputs)?;
        notes.extend(converted);
        if x.ncols() != net.inputs() {
            let expected = format!("{} columns, the inputs of {}", net.inputs(), arguments.network.display());
            return Err(refused(&arguments.inputs, expected, format!("shape {:?}", x.shape())));
        }
        let (targets, converted) = read_targets(&arguments.targets, loss)?;
        notes.extend(converted);
        check_targets(&arguments.targets, &targets, x.nrows(), net.outputs())?;
        let data = Dataset::new(arguments.inputs.display().to_string(), x, targets)?;
        let name = arguments.inputs.file_name().unwrap_or_default().to_string_lossy();
        let made = Provenance::new("")
            .network(&net)
            .data(&data)
            // Its place on this machine stands in the name that messages use.
            .setting("data", name.as_ref())
            .loss(loss)
            .file("network", &arguments.network)?
            .file("inputs", &arguments.inputs)?
            .file("targets", &arguments.targets)?;
        Ok(Problem { file: arguments.network.clone(), net, data, loss, made, notes })
    }

    /// What made a table of this problem.
    pub fn provenance(&self, table: &str) -> Provenance {
        Provenance { table: table.to_string(), ..self.made.clone() }
    }

    /// Refuses a result that is NaN or infinite: finite files can still overflow on the way.
    pub fn check_finite(&self, what: &str, value: f64) -> hessia::Result<()> {
        if value.is_finite() {
            return Ok(());
        }
        let what = format!("{what} of {} on {}", self.file.display(), self.data.name);
        Err(Error::NonFinite { what, index: Vec::new(), value })
    }

    /// Puts what was asked into the report.
    pub fn describe(&self, arguments: &ProblemArguments, report: &mut Report) {
        report.set("network", self.net.to_string());
        report.set("parameters", self.net.parameter_count());
        report.set("objects", self.data.len());
        report.set("files", serde_json::json!([arguments.network, arguments.inputs, arguments.targets]));
        report.set("activation", self.net.activation().name());
        report.set("loss_function", self.loss.to_string());
        report.set("reduction", serde_json::json!(arguments.reduction));
    }
}

fn check_targets(path: &Path, targets: &Targets, objects: usize, outputs: usize) -> hessia::Result<()> {
    if targets.len() != objects {
        let expected = format!("targets of {objects} objects, as many as the inputs have");
        return Err(refused(path, expected, targets.len().to_string()));
    }
    match targets {
        Targets::Classes(labels) => match labels.iter().position(|&label| label >= outputs) {
            Some(object) => {
                let expected = format!("labels in 0..{outputs}, the outputs of the network");
                Err(refused(path, expected, format!("label {} of object {object}", labels[object])))
            }
            None => Ok(()),
        },
        Targets::Values(y) if y.ncols() != outputs => {
            let expected = format!("{outputs} columns, the outputs of the network");
            Err(refused(path, expected, format!("shape {:?}", y.shape())))
        }
        Targets::Values(_) => Ok(()),
    }
}

fn refused(path: &Path, expected: String, found: String) -> Error {
    Error::format(path, expected, found)
}
