//! `hessia search`: networks on which the paper's statements fail.

use std::path::{Path, PathBuf};

use clap::Args;
use hessia::{Error, Result};
use hessia_paper::facts::search_facts;
use hessia_paper::theory::Statement;
use hessia_paper::theory::search::{Example, SearchReport, SearchSettings, search};
use serde_json::{Value, json};

use super::options::{CommonArguments, named};
use super::report::Report;
use super::{interrupt, output};

pub const EXAMPLES: &str = "\
Examples:
  A network on which theorem 1 as stated fails, shrunk, and its audit:
    hessia search --nets 3000 --seed 1 --output counterexample
    hessia audit counterexample/net.npz --inputs counterexample/X.npy \\
        --targets counterexample/y.npy --activation relu --loss cross-entropy \\
        --output audit.csv

  The same search against the corrected bound, which finds none:
    hessia search --statement theorem_1_corrected_hessian --nets 100000 --seed 1 \\
        --output corrected

The folder gets search.json: networks tried, violations, largest ratio of norm to bound
at every depth. Where the statement fails, also net.npz, X.npy and y.npy of the smallest
network found; else those of the network that comes closest to the bound. A folder that
has one of these files is refused without --force.";

#[derive(Debug, Args)]
pub struct SearchArguments {
    /// Statement to refute.
    #[arg(long, default_value = "theorem_1_stated", value_parser = named::<Statement>(Statement::ALL.map(Statement::name)))]
    pub statement: Statement,
    /// Random networks to try.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub nets: u32,
    /// Seed of everything random.
    #[arg(long)]
    pub seed: u64,
    /// Steps of each local search; there are eight of them a depth.
    #[arg(long, default_value_t = 2_000)]
    pub steps: u32,
    /// Most weight matrices.
    #[arg(long, value_name = "L", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub max_depth: u16,
    /// Most inputs, units of a hidden layer, and classes.
    #[arg(long, value_name = "H", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=64))]
    pub max_width: u16,
    /// Folder of the results, made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Replaces the results of an earlier search in that folder.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub common: CommonArguments,
}

/// What a search writes, its record first.
const FILES: [&str; 4] = ["search.json", "net.npz", "X.npy", "y.npy"];

/// Searches and writes; returns a line of summary.
pub fn run(arguments: &SearchArguments) -> Result<String> {
    let SearchArguments { output: folder, common, .. } = arguments;
    let mut report = Report::new("search");
    if let Some(path) = &common.report {
        output::check(&[(path, output::JSON)], &[])?;
    }
    output::check_folder(folder, &FILES.map(String::from), arguments.force)?;
    common.set_threads();
    let settings = SearchSettings {
        nets: arguments.nets as usize,
        steps: arguments.steps as usize,
        max_depth: arguments.max_depth.into(),
        max_width: arguments.max_width.into(),
        seed: arguments.seed,
    };
    let found = search(arguments.statement, &settings)?;
    let seconds = report.finish_phase("compute");

    let whole = interrupt::writing();
    // Nothing of an earlier search stays beside the new one; its record goes first, so that none tells of other files.
    output::remove(folder, &FILES.map(String::from))?;
    let example = found.counterexample.as_ref().or(found.largest());
    if let Some(example) = example {
        example.save(folder)?;
    }
    let record = record(&found, &settings);
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    output::write(&folder.join("search.json"), format!("{record:#}\n").as_bytes())?;
    report.finish_phase("write");
    if let Some(path) = &common.report {
        report.set("search", record);
        report.write(path)?;
    }
    drop(whole);
    Ok(summary(folder, &found, seconds))
}

fn record(found: &SearchReport, settings: &SearchSettings) -> Value {
    let example = |example: &Example| {
        json!({
            "network": example.network.to_string(),
            "parameters": example.network.parameter_count(),
            "measured": example.comparison.left,
            "bound": example.comparison.bound,
            "ratio": example.ratio(),
        })
    };
    let mut record = search_facts().report(found);
    for (name, value) in [
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("seed", json!(settings.seed)),
        ("steps", json!(settings.steps)),
        ("max_depth", json!(settings.max_depth)),
        ("max_width", json!(settings.max_width)),
        ("counterexample", json!(found.counterexample.as_ref().map(example))),
        ("largest_ratio", json!(found.largest().and_then(Example::ratio))),
        ("tightest_by_depth", found.tightest.iter().map(|e| json!(e.as_ref().map(example))).collect()),
    ] {
        record.insert(name.to_string(), value);
    }
    Value::Object(record)
}

fn summary(folder: &Path, found: &SearchReport, seconds: f64) -> String {
    let SearchReport { statement, nets, violations, .. } = found;
    let place = folder.display();
    match &found.counterexample {
        Some(example) => format!(
            "{place}: {statement} fails on {violations} of {nets} networks ({seconds:.1} s); the smallest, shrunk:\n\
             {example}"
        ),
        None => {
            let ratio = found.largest().and_then(Example::ratio);
            let ratio = ratio.map_or("none could be measured".to_string(), |ratio| ratio.to_string());
            format!(
                "{place}: no counterexample to {statement} among {nets} networks and the local searches \
                 ({seconds:.1} s); largest ratio {ratio}"
            )
        }
    }
}
