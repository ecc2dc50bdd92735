//! `hessia hessian`: a curvature matrix, or the block of two layers, as a file.

use std::path::PathBuf;

use clap::Args;
use hessia::files::write_npy;
use hessia::format::bytes;
use hessia::network::layer_pair_name;
use hessia::{Error, Network, Term, curvature, curvature_block, loss_and_gradient};
use ndarray::{Array1, Array2};
use serde_json::{Value, json};

use super::options::{CommonArguments, ProblemArguments, TermArguments};
use super::problem::Problem;
use super::report::Report;
use super::{interrupt, output};

pub const EXAMPLES: &str = "\
Examples:
  The Hessian of the mean cross-entropy, with a report of how it went:
    hessia hessian net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --output H.npy --report R.json

  The G-term (generalized Gauss-Newton matrix) of a summed squared error:
    hessia hessian net.npz --inputs X.npy --targets Y.npy --activation tanh \\
        --loss mse --reduction sum --term ggn --output G.npy

  Its block of the first layer and the third, without the rest:
    hessia hessian net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --block 0,2 --output H02.npy

  Of a network that PyTorch exported, its activation read from the graph:
    hessia hessian net.onnx --inputs X.npy --targets y.npy \\
        --loss cross-entropy --output H.npy

H.npy holds float64 numbers in C order, P x P, rows and columns in the order of
PyTorch's parameters(): numpy.load(\"H.npy\").";

#[derive(Debug, Args)]
pub struct HessianArguments {
    #[command(flatten)]
    pub problem: ProblemArguments,
    #[command(flatten)]
    pub part: TermArguments,
    /// Matrix to write: float64, C order, P x P.
    #[arg(long, value_name = "H.npy")]
    pub output: PathBuf,
    /// Only the rows of layer P and the columns of layer Q, counted from 0.
    #[arg(long, value_name = "P,Q")]
    pub block: Option<Block>,
    #[command(flatten)]
    pub common: CommonArguments,
}

/// Computes and writes; returns a line of summary.
pub fn run(arguments: &HessianArguments) -> hessia::Result<String> {
    let HessianArguments { problem: asked, part: TermArguments { term }, output: path, block, common } =
        arguments;
    let term = *term;
    let mut report = Report::new("hessian");
    let mut outputs: Vec<output::Output<'_>> = vec![(path, output::NPY)];
    outputs.extend(common.report.iter().map(|report| (report.as_path(), output::JSON)));
    output::check(&outputs, &[&asked.network, &asked.inputs, &asked.targets])?;
    common.set_threads();

    let problem = Problem::load(asked)?;
    report.finish_phase("load");

    let block = block.map(|block| block.within(&problem.net)).transpose()?;
    let result = compute(&problem, term, block)?;
    if let Some(&value) = result.matrix.iter().find(|v| !v.is_finite()) {
        problem.check_finite(title(term), value)?;
    }
    let seconds = report.finish_phase("compute");

    let gradient_norm = result.gradient.dot(&result.gradient).sqrt();
    let whole = interrupt::writing();
    write_npy(path, &result.matrix)?;
    report.finish_phase("write");
    if let Some(report_path) = &common.report {
        problem.describe(asked, &mut report);
        report.set("term", term.name());
        report.set("loss", result.loss);
        report.set("gradient_norm", gradient_norm);
        report.set("output", json!({ "file": path, "shape": result.matrix.shape(), "dtype": "float64" }));
        if let Some((rows, columns)) = block {
            let place =
                |layer: usize| json!({ "layer": layer, "parameters": problem.net.layer_range(layer) });
            report.set("block", json!({ "rows": place(rows), "columns": place(columns) }));
        }
        report.set("work", result.work);
        report.set("notes", problem.notes);
        report.write(report_path)?;
    }
    drop(whole);
    let (rows, columns) = result.matrix.dim();
    let size = bytes(result.matrix.len() as u64 * size_of::<f64>() as u64);
    let layers = block.map(|(p, q)| format!(", {},", layer_pair_name(p, q))).unwrap_or_default();
    Ok(format!(
        "{}: {}{layers} {rows} x {columns} ({size}) of {} objects in {seconds:.3} s; loss {:.6}, gradient norm {:.3e}",
        path.display(),
        title(term),
        problem.data.len(),
        result.loss,
        gradient_norm
    ))
}

struct Computed {
    matrix: Array2<f64>,
    loss: f64,
    gradient: Array1<f64>,
    /// What the report says of how it was done.
    work: Value,
}

fn compute(problem: &Problem, term: Term, block: Option<(usize, usize)>) -> Result<Computed, Error> {
    let Problem { net, data, loss, .. } = problem;
    let Some((rows, columns)) = block else {
        let whole = curvature(net, data, *loss, term)?;
        let work = json!(whole.work);
        return Ok(Computed { matrix: whole.matrix, loss: whole.loss, gradient: whole.gradient, work });
    };
    let matrix = curvature_block(net, data, *loss, term, rows, columns)?;
    let (loss, gradient) = loss_and_gradient(net, data, *loss)?;
    Ok(Computed { matrix, loss, gradient, work: json!("this block alone") })
}

/// Two layers, from 0, as written on the command line: `0,2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    rows: usize,
    columns: usize,
}

impl std::str::FromStr for Block {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let layers = text.split_once(',').and_then(|(rows, columns)| {
            Some(Block { rows: rows.trim().parse().ok()?, columns: columns.trim().parse().ok()? })
        });
        layers.ok_or_else(|| format!("expected two layers from 0, such as 0,1, found {text:?}"))
    }
}

impl Block {
    /// The two layers, if the network has them.
    fn within(self, net: &Network) -> Result<(usize, usize), Error> {
        let last = net.depth() - 1;
        if self.rows > last || self.columns > last {
            let expected = format!("layers in 0..={last}, those of the network");
            return Err(Error::argument("--block", expected, format!("{},{}", self.rows, self.columns)));
        }
        Ok((self.rows, self.columns))
    }
}

fn title(term: Term) -> &'static str {
    match term {
        Term::Full => "Hessian",
        Term::Ggn => "G-term",
        Term::HTerm => "H-term",
    }
}
