//! `hessia spectrum`: eigenvalues of a curvature matrix as a table.

use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use hessia::facts;
use hessia::files::write_npy;
use hessia::linalg::available_memory;
use hessia::table::{spectrum_table, write_table};
use hessia::{
    Error, Spectrum, curvature, eigh, eigh_largest, eigh_range, loss_and_gradient, network_spectrum,
};
use ndarray::s;
use serde_json::json;

use super::indices::Indices;
use super::options::{CommonArguments, ProblemArguments, TermArguments};
use super::problem::Problem;
use super::report::Report;
use super::{interrupt, output};

pub const EXAMPLES: &str = "\
Examples:
  All eigenvalues, with the residual ||Hv - lambda v|| of each:
    hessia spectrum net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --output spectrum.parquet

  The ten largest with their eigenvectors (P x 10, one a column):
    hessia spectrum net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --range -10.. --vectors V.npy --output top.csv

  All of them and their eigenvectors for NumPy: H = V @ diag(w) @ V.T:
    hessia spectrum net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --vectors V.npy --output w.npy

The table has the columns index (ascending, from 0), eigenvalue and residual. What
made it stands in the metadata of a Parquet or Arrow file under the key \"hessia\",
and in a fourth column, provenance, of CSV and JSON.";

#[derive(Debug, Args)]
pub struct SpectrumArguments {
    #[command(flatten)]
    pub problem: ProblemArguments,
    #[command(flatten)]
    pub part: TermArguments,
    /// Table to write: .parquet, .csv, .json or .arrow; or .npy, the eigenvalues alone.
    #[arg(long, value_name = "TABLE")]
    pub output: PathBuf,
    /// Only the eigenvalues with these indices, ascending from 0, B excluded; negative ones count from the end.
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub range: Option<Indices>,
    /// Eigenvectors to write, one a column: float64, C order.
    #[arg(long, value_name = "V.npy", conflicts_with = "values_only")]
    pub vectors: Option<PathBuf>,
    /// Computes no eigenvectors: quicker, and the column residual stays empty.
    #[arg(long)]
    pub values_only: bool,
    #[command(flatten)]
    pub common: CommonArguments,
}

/// Computes and writes; returns a line of summary.
pub fn run(arguments: &SpectrumArguments) -> hessia::Result<String> {
    let SpectrumArguments { problem: asked, part, output: path, vectors, common, .. } = arguments;
    let mut report = Report::new("spectrum");
    let kind = if output::is_npy(path) { output::NPY } else { output::TABLE };
    let mut outputs: Vec<output::Output<'_>> = vec![(path, kind)];
    outputs.extend(vectors.iter().map(|vectors| (vectors.as_path(), output::NPY)));
    outputs.extend(common.report.iter().map(|report| (report.as_path(), output::JSON)));
    output::check(&outputs, &[&asked.network, &asked.inputs, &asked.targets])?;
    common.set_threads();

    let mut problem = Problem::load(asked)?;
    let order = problem.net.parameter_count();
    let range = arguments.range.map(|range| range.within(order)).transpose()?;
    check_memory(&problem, arguments, range.as_ref())?;
    report.finish_phase("load");

    let (loss, gradient) = loss_and_gradient(&problem.net, &problem.data, problem.loss)?;
    problem.check_finite("loss", loss)?;
    let gradient_norm = gradient.dot(&gradient).sqrt();
    let (spectrum, way) = compute(&problem, arguments, range)?;
    problem.notes.push(way);
    let seconds = report.finish_phase("compute");

    let worst = spectrum.largest_residual();
    let mut made = problem.provenance("spectrum").setting("term", part.term.name());
    made.residual = worst;
    let whole = interrupt::writing();
    match output::is_npy(path) {
        true => write_npy(path, &spectrum.eigenvalues)?,
        false => write_table(&spectrum_table(&spectrum)?, path, &made)?,
    }
    if let (Some(vectors_path), Some(vectors)) = (vectors, &spectrum.eigenvectors) {
        write_npy(vectors_path, vectors)?;
    }
    report.finish_phase("write");
    let inertia = spectrum.inertia();
    if let Some(report_path) = &common.report {
        problem.describe(asked, &mut report);
        report.set("term", part.term.name());
        report.set("loss", loss);
        report.set("gradient_norm", gradient_norm);
        let mut found = facts::report(&spectrum);
        found.insert("inertia".to_string(), json!(inertia));
        report.set("spectrum", found);
        let count = spectrum.eigenvalues.len();
        report.set("output", json!({ "file": path, "rows": count, "vectors": vectors }));
        report.set("notes", problem.notes);
        report.write(report_path)?;
    }
    drop(whole);
    Ok(format!(
        "{}: {} eigenvalues of order {order} in {seconds:.3} s; {} negative, {} zero, {} positive{}",
        path.display(),
        spectrum.eigenvalues.len(),
        inertia.negative,
        inertia.zero,
        inertia.positive,
        worst.map(|r| format!("; largest residual {r:.1e}")).unwrap_or_default()
    ))
}

/// The spectrum, and a note of how it was found.
fn compute(
    problem: &Problem,
    arguments: &SpectrumArguments,
    range: Option<Range<usize>>,
) -> Result<(Spectrum, String), Error> {
    let Problem { net, data, loss, .. } = problem;
    let term = arguments.part.term;
    let order = net.parameter_count();
    if arguments.values_only || (range.is_none() && arguments.vectors.is_none()) {
        let (spectrum, route) = network_spectrum(net, data, *loss, term, !arguments.values_only)?;
        let spectrum = match range {
            Some(range) => Spectrum {
                eigenvalues: spectrum.eigenvalues.slice(s![range.clone()]).to_owned(),
                first: range.start,
                ..spectrum
            },
            None => spectrum,
        };
        return Ok((spectrum, route.to_string()));
    }
    let matrix = curvature(net, data, *loss, term)?.matrix;
    match range {
        Some(range) if range.end == order && range.len() * FEW <= order => {
            Ok((eigh_largest(&matrix, range.len())?, "largest eigenvalues alone".to_string()))
        }
        Some(range) => Ok((eigh_range(&matrix, range)?, "range of indices by dsyevr".to_string())),
        None => Ok((eigh(&matrix)?, format!("matrix of order {order} as it is"))),
    }
}

/// Below one in this many, the largest eigenvalues alone are quicker than a range by reduction.
const FEW: usize = 20;

/// Refuses what would not fit in memory beside the matrix itself, before it is computed.
fn check_memory(
    problem: &Problem,
    arguments: &SpectrumArguments,
    range: Option<&Range<usize>>,
) -> Result<(), Error> {
    let Problem { net, data, .. } = problem;
    let order = net.parameter_count();
    let needs_whole = arguments.vectors.is_some() || (range.is_some() && !arguments.values_only);
    // Compression leaves no more inputs than there are objects.
    let saved = net.inputs().saturating_sub(data.len()) * net.layers()[0].outputs();
    let solved = if needs_whole { order } else { order - saved };
    let square = |side: usize| (side as u128).pow(2);
    let (what, numbers) = if arguments.values_only {
        ("eigenvalues", 2 * square(solved))
    } else if let Some(range) = range {
        ("eigenvalues and eigenvectors", 2 * square(order) + 3 * order as u128 * range.len() as u128)
    } else {
        // dsyevd: matrix, copy, two more as work space, residuals; then the vectors in all parameters.
        let vectors = 2 * order as u128 * solved as u128;
        ("eigenvalues and eigenvectors (--values-only takes less)", 5 * square(solved) + vectors)
    };
    let needed = numbers * size_of::<f64>() as u128;
    let available = available_memory();
    if needed <= u128::from(available) {
        return Ok(());
    }
    Err(Error::OutOfMemory {
        what: format!("spectrum of order {order}: {what}"),
        needed: u64::try_from(needed).unwrap_or(u64::MAX),
        available,
    })
}
