//! `hessia verify`: somebody else's curvature against ours.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hessia::files::{NpyValues, read_npy};
use hessia::table::{verification_table, write_table};
use hessia::verify::{Candidate, Report, VerifySettings};
use hessia::{Error, Network, verify};
use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2};
use serde_json::json;

use super::options::{ProblemArguments, TermArguments};
use super::problem::Problem;
use super::{interrupt, output};

pub const EXAMPLES: &str = "\
Examples:
  Is this PyTorch's Hessian of my network, and if not, what is it?
    hessia verify H.npy net.npz --inputs X.npy --targets y.npy \\
        --activation relu --loss cross-entropy

  A generalized Gauss-Newton matrix, with the whole report in a file:
    hessia verify G.npy net.npz --inputs X.npy --targets y.npy \\
        --activation relu --loss cross-entropy --term ggn --output report.json

  Hessian-vector products (P x k, or k x P) with their vectors:
    hessia verify HV.npy net.npz --vectors V.npy --inputs X.npy --targets y.npy \\
        --activation tanh --loss mse

  The block of the first and the third layer, and eigenvalues of the whole:
    hessia verify B.npy net.npz --layers 0,2 --inputs X.npy ...
    hessia verify lambda.npy net.npz --kind eigenvalues --inputs X.npy ...

Exit codes: 0 agrees (in float64 or within float32), 1 differs, 2 trouble of any kind,
130 interrupted. Rounding decides what differs, unless --tolerance does.";

/// What a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Matrix,
    Diagonal,
    Eigenvalues,
    Trace,
    ObjectNorms,
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// What to verify: an .npy, float64 or float32.
    #[arg(value_name = "CANDIDATE")]
    pub candidate: PathBuf,
    #[command(flatten)]
    pub problem: ProblemArguments,
    #[command(flatten)]
    pub part: TermArguments,
    /// What the candidate is [default: by its shape: P x P a matrix, P a diagonal, a single number a trace].
    #[arg(long, value_enum, conflicts_with_all = ["layers", "vectors"])]
    pub kind: Option<Kind>,
    /// The candidate is the block with the rows of layer P and the columns of layer Q, counted from 0.
    #[arg(long, value_name = "P,Q", value_parser = parse_layers, conflicts_with = "vectors")]
    pub layers: Option<(usize, usize)>,
    /// The candidate holds the products with these vectors, one a column or one a row.
    #[arg(long, value_name = "V.npy")]
    pub vectors: Option<PathBuf>,
    /// Largest error allowed, over the largest entry of ours [default: what rounding explains].
    #[arg(long, value_name = "RATIO", value_parser = parse_tolerance)]
    pub tolerance: Option<f64>,
    /// Report to write: .json with everything, or a table of errors and hypotheses as .csv, .parquet or .arrow.
    #[arg(long, value_name = "REPORT")]
    pub output: Option<PathBuf>,
    /// Number of threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

fn parse_layers(text: &str) -> Result<(usize, usize), String> {
    let wrong = || "expected two layers counted from 0, such as 0,2".to_string();
    let (p, q) = text.split_once(',').ok_or_else(wrong)?;
    Ok((p.trim().parse().map_err(|_| wrong())?, q.trim().parse().map_err(|_| wrong())?))
}

fn parse_tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a positive number, such as 1e-6".to_string()),
    }
}

/// Verifies and writes; returns the report as text, and whether it agrees.
pub fn run(arguments: &VerifyArguments) -> hessia::Result<(String, bool)> {
    let VerifyArguments { candidate: file, problem: asked, vectors, tolerance, .. } = arguments;
    let mut inputs: Vec<&Path> = vec![file, &asked.network, &asked.inputs, &asked.targets];
    inputs.extend(vectors.as_deref());
    let outputs: Vec<output::Output<'_>> =
        arguments.output.iter().map(|path| (path.as_path(), output::TABLE)).collect();
    output::check(&outputs, &inputs)?;
    if let Some(count) = arguments.threads {
        hessia::set_threads(count.into());
    }
    let problem = Problem::load(asked)?;
    let (candidate, mut notes) = read(arguments, &problem.net)?;
    notes.extend(problem.notes.iter().cloned());
    let settings = VerifySettings { term: arguments.part.term, tolerance: *tolerance };
    let report = verify(&candidate, &problem.net, &problem.data, problem.loss, settings)?;
    if let Some(path) = &arguments.output {
        let whole = interrupt::writing();
        write(path, &report, &notes, &problem, arguments)?;
        drop(whole);
    }
    Ok((report.to_string(), report.agrees()))
}

/// The candidate, by the flags or by its shape, and what was converted on reading.
fn read(arguments: &VerifyArguments, net: &Network) -> Result<(Candidate, Vec<String>), Error> {
    let file = &arguments.candidate;
    let (values, mut notes) = floats(file)?;
    let shape = values.shape().to_vec();
    let order = net.parameter_count();
    if let Some((p, q)) = arguments.layers {
        return Ok((Candidate::Block { p, q, values: matrix(file, values)? }, notes));
    }
    if let Some(path) = &arguments.vectors {
        let (vectors, converted) = floats(path)?;
        notes.extend(converted);
        let column = |a: ArrayD<f64>, path: &Path| match a.ndim() {
            1 => Ok(vector(path, a)?.insert_axis(ndarray::Axis(1))),
            _ => matrix(path, a),
        };
        let (vectors, products) = (column(vectors, path)?, column(values, file)?);
        return Ok((Candidate::Products { vectors, products }, notes));
    }
    let square = |side: usize| shape == [side, side];
    let kind = match arguments.kind {
        Some(kind) => kind,
        None if values.len() == 1 && order > 1 => Kind::Trace,
        None if shape.len() == 2 && square(shape[0]) => Kind::Matrix,
        None if shape == [order] => Kind::Diagonal,
        None => {
            let expected = format!(
                "shape [{order}, {order}] (matrix) or [{order}] (diagonal); --kind, --layers or --vectors says \
                 what else it is"
            );
            return Err(Error::format(file, expected, format!("shape {shape:?}")));
        }
    };
    let candidate = match kind {
        Kind::Diagonal => Candidate::Diagonal(vector(file, values)?),
        Kind::Eigenvalues => Candidate::Eigenvalues(vector(file, values)?),
        Kind::ObjectNorms => Candidate::ObjectNorms(vector(file, values)?),
        Kind::Trace => match values.len() {
            1 => Candidate::Trace(values.sum()),
            _ => return Err(Error::format(file, "a single number, the trace", format!("shape {shape:?}"))),
        },
        Kind::Matrix => Candidate::Matrix(matrix(file, values)?),
    };
    Ok((candidate, notes))
}

fn floats(path: &Path) -> Result<(ArrayD<f64>, Vec<String>), Error> {
    let array = read_npy(path)?;
    match array.values {
        NpyValues::Floats(values) => Ok((values, array.notes)),
        NpyValues::Integers(_) => Err(Error::format(path, "float64 or float32", array.dtype)),
    }
}

fn matrix(path: &Path, values: ArrayD<f64>) -> Result<Array2<f64>, Error> {
    let shape = format!("shape {:?}", values.shape());
    values.into_dimensionality::<Ix2>().map_err(|_| Error::format(path, "a matrix", shape))
}

fn vector(path: &Path, values: ArrayD<f64>) -> Result<Array1<f64>, Error> {
    let shape = format!("shape {:?}", values.shape());
    values.into_dimensionality::<Ix1>().map_err(|_| Error::format(path, "a vector", shape))
}

fn write(
    path: &Path,
    report: &Report,
    notes: &[String],
    problem: &Problem,
    arguments: &VerifyArguments,
) -> Result<(), Error> {
    let made = problem
        .provenance("verification")
        .setting("term", arguments.part.term.name())
        .file("candidate", &arguments.candidate)?
        .setting("tolerance", arguments.tolerance)
        .setting("verdict", json!(report.verdict));
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        let content = json!({
            "report": report,
            "explanation": report.best_explanation(),
            "notes": notes,
            "provenance": made,
        });
        return output::write(path, format!("{content:#}\n").as_bytes());
    }
    write_table(&verification_table(report)?, path, &made)
}
