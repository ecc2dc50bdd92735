//! `hessia audit`: the paper's bounds on every object, as a table.

use std::path::PathBuf;

use clap::Args;
use hessia::table::write_table;
use hessia_paper::table::audit_table;
use hessia_paper::theory::{Audit, Summary, audit};
use serde_json::{Value, json};

use super::options::{CommonArguments, ProblemArguments};
use super::problem::Problem;
use super::report::Report;
use super::{interrupt, output};

pub const EXAMPLES: &str = "\
Examples:
  Every object of a data set against every bound, and the verdicts in short:
    hessia audit net.npz --inputs X.npy --targets y.npy --activation relu \\
        --loss cross-entropy --output audit.parquet --summary S.json

A row an object: object, label, loss, gradient_norm, input_norm, residual_norm,
ggn_norm, hessian_norm, h_term_norm (spectral norms of this object's own matrices);
every bound by name; for each of them NAME_ratio (measured / bound) and NAME_holds.
A bound is empty where its assumptions do not hold, which the summary names: biases,
another loss, a curved activation. Violations are results, not failures: exit code 0.";

#[derive(Debug, Args)]
pub struct AuditArguments {
    #[command(flatten)]
    pub problem: ProblemArguments,
    /// Table to write, a row an object: .parquet, .csv, .json or .arrow.
    #[arg(long, value_name = "TABLE")]
    pub output: PathBuf,
    /// Summary to write: violations and tightest ratio of each statement, and the constants in the bounds.
    #[arg(long, value_name = "S.json")]
    pub summary: Option<PathBuf>,
    #[command(flatten)]
    pub common: CommonArguments,
}

/// Measures and writes; returns a line of summary.
pub fn run(arguments: &AuditArguments) -> hessia::Result<String> {
    let AuditArguments { problem: asked, output: path, summary: summary_path, common } = arguments;
    let mut report = Report::new("audit");
    let mut outputs: Vec<output::Output<'_>> = vec![(path, output::TABLE)];
    outputs.extend(summary_path.iter().chain(&common.report).map(|path| (path.as_path(), output::JSON)));
    output::check(&outputs, &[&asked.network, &asked.inputs, &asked.targets])?;
    common.set_threads();

    let problem = Problem::load(asked)?;
    report.finish_phase("load");
    let audited = audit(&problem.net, &problem.data, problem.loss)?;
    check_finite(&problem, &audited)?;
    let summary = audited.summary();
    let table = audit_table(&audited)?;
    let seconds = report.finish_phase("compute");

    let made = problem.provenance("audit");
    let whole = interrupt::writing();
    write_table(&table, path, &made)?;
    if let Some(path) = summary_path {
        let mut value = json!(summary);
        value["provenance"] = json!(made);
        output::write(path, format!("{value:#}\n").as_bytes())?;
    }
    report.finish_phase("write");
    if let Some(report_path) = &common.report {
        problem.describe(asked, &mut report);
        report.set("output", json!({ "file": path, "rows": table.height(), "columns": table.width() }));
        report.set("summary", json!(summary_path));
        report.set("violations", violations(&summary));
        report.set("notes", problem.notes);
        report.write(report_path)?;
    }
    drop(whole);
    Ok(format!("{}: {} objects in {seconds:.3} s; {}", path.display(), audited.len(), verdicts(&summary)))
}

/// Finite files can overflow on the way; norms that did are no measurement.
fn check_finite(problem: &Problem, audit: &Audit) -> hessia::Result<()> {
    let norms = &audit.norms;
    for (what, values) in [
        ("loss of an object", &norms.loss),
        ("gradient norm of an object", &norms.gradient_norm),
        ("input norm of an object", &norms.input_norm),
        ("residual norm of an object", &norms.residual_norm),
        ("norm of a G-term", &norms.ggn_norm),
        ("norm of a Hessian", &norms.hessian_norm),
        ("norm of an H-term", &norms.h_term_norm),
    ] {
        if let Some(&value) = values.iter().find(|value| !value.is_finite()) {
            problem.check_finite(what, value)?;
        }
    }
    Ok(())
}

fn violations(summary: &Summary) -> Value {
    summary.verdicts.iter().map(|v| (v.statement.name().to_string(), json!(v.violations))).collect()
}

/// Which statements fail, or that none does, and how many do not apply.
fn verdicts(summary: &Summary) -> String {
    let failed: Vec<String> = summary
        .verdicts
        .iter()
        .filter(|verdict| verdict.violations > 0)
        .map(|verdict| format!("{} fails on {}", verdict.statement, verdict.violations))
        .collect();
    let outside = summary.verdicts.iter().filter(|verdict| !verdict.broken_assumptions.is_empty()).count();
    let failed = if failed.is_empty() { "no bound fails".to_string() } else { failed.join(", ") };
    match outside {
        0 => failed,
        _ => format!("{failed}; {outside} of {} do not apply", summary.verdicts.len()),
    }
}
