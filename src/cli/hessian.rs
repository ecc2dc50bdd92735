//! `hessia hessian`: a curvature matrix as a file.

use hessia::dataset::write_npy;
use hessia::error::bytes;
use hessia::{Term, curvature};
use serde_json::json;

use super::args::{HessianArguments, TermArguments};
use super::failure::Failure;
use super::problem::Problem;
use super::report::Report;
use super::{interrupt, output};

/// Computes and writes; returns a line of summary.
pub fn run(arguments: &HessianArguments) -> Result<String, Failure> {
    let HessianArguments { problem: asked, part: TermArguments { term }, output: path, common } = arguments;
    let term = *term;
    let mut report = Report::new("hessian");
    let mut outputs: Vec<output::Output<'_>> = vec![(path, output::NPY)];
    outputs.extend(common.report.iter().map(|report| (report.as_path(), output::JSON)));
    output::check(&outputs, &[&asked.network, &asked.inputs, &asked.targets]).map_err(Failure::input)?;
    common.set_threads();

    let problem = Problem::load(asked)?;
    report.finish_phase("load");

    let result = curvature(&problem.net, &problem.data, problem.loss, term)?;
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
        report.set("work", json!(result.work));
        report.set("notes", problem.notes);
        report.write(report_path)?;
    }
    drop(whole);
    let order = result.matrix.nrows();
    let size = bytes(result.matrix.len() as u64 * size_of::<f64>() as u64);
    Ok(format!(
        "{}: {} {order} x {order} ({size}) of {} objects in {seconds:.3} s; loss {:.6}, gradient norm {:.3e}",
        path.display(),
        title(term),
        problem.data.len(),
        result.loss,
        gradient_norm
    ))
}

fn title(term: Term) -> &'static str {
    match term {
        Term::Full => "Hessian",
        Term::Ggn => "G-term",
        Term::HTerm => "H-term",
    }
}
