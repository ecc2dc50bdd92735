//! `hessia experiment`: the paper's grid on a data set.

use std::path::Path;

use clap::Args;
use clap::builder::PossibleValuesParser;
use hessia::table::write_table;
use hessia::{Error, Result};
use hessia_paper::data::CATALOG;
use hessia_paper::experiment::{Mode, Settings, Task, living, run_in};
use hessia_paper::table::{configuration_table, curve_table, experiment_provenance};
use serde_json::json;

use super::options::{CommonArguments, named};
use super::report::Report;
use super::{interrupt, output};

pub const EXAMPLES: &str = "\
Examples:
  The paper's 25 networks on the pixels of MNIST, five seeds each:
    hessia experiment --dataset mnist --mode pixels --seeds 5 --output mnist-pixels

  Features of your own, row i those of object i, and the networks of the figures alone:
    hessia experiment --dataset cifar10 --mode features --features F.npy \\
        --objects 1000 --figures-only --output cifar10-features

The folder gets configurations.parquet (a row a network), curves.parquet (a row a
network and k), and a file a finished run. Cut at any moment and started again,
the command goes on and ends with the same tables.";

#[derive(Debug, Args)]
pub struct ExperimentArguments {
    /// Data set.
    #[arg(long, value_parser = PossibleValuesParser::new(CATALOG.map(|entry| entry.name)))]
    pub dataset: String,
    /// Pixels (the paper's direct classification) or features of a pre-trained network.
    #[arg(long, value_parser = named::<Mode>(["pixels", "features"]))]
    pub mode: Mode,
    /// Features, one object a row: an .npy of shape m x d.
    #[arg(long, value_name = "F.npy", required_if_eq("mode", "features"))]
    pub features: Option<std::path::PathBuf>,
    /// Networks of each kind, with the seeds 1, 2, ...
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub seeds: u16,
    /// Hidden widths h.
    #[arg(long, value_name = "H,H,...", value_delimiter = ',', default_value = "4,8,16,32,64")]
    pub hidden: Vec<usize>,
    /// The paper's N (its figures' L): h x h matrices between the first and the last, so N + 2 in all.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_value = "1,3,5,7,10")]
    pub depth: Vec<usize>,
    /// Only the networks of the paper's figures: N = 5 over h, and h = 16 over N.
    #[arg(long)]
    pub figures_only: bool,
    /// Number of objects, from the first.
    #[arg(long, value_name = "M", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..))]
    pub objects: u32,
    /// Passes over the data.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: u32,
    /// Folder with the data set's files [default: HESSIA_DATA, then the embedded data].
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<std::path::PathBuf>,
    /// Folder of the results; made, or gone on with.
    #[arg(long, value_name = "DIR")]
    pub output: std::path::PathBuf,
    #[command(flatten)]
    pub common: CommonArguments,
}

/// Runs the grid, or what is left of it, and writes its tables; returns a line of summary.
pub fn run(arguments: &ExperimentArguments) -> Result<String> {
    let ExperimentArguments { dataset, mode, output: folder, common, .. } = arguments;
    let mut report = Report::new("experiment");
    if let Some(path) = &common.report {
        output::check(&[(path, output::JSON)], &[])?;
    }
    common.set_threads();
    let settings = Settings {
        hidden_widths: arguments.hidden.clone(),
        inner_layers: arguments.depth.clone(),
        seeds: (1..=u64::from(arguments.seeds)).collect(),
        figures_only: arguments.figures_only,
        epochs: arguments.epochs as usize,
        ..Settings::default()
    };
    let task = load(arguments)?;
    report.finish_phase("load");
    let finished = run_in(folder, &task, &settings)?;
    let seconds = report.finish_phase("compute");

    let whole = interrupt::writing();
    let tables = [
        ("configurations", configuration_table(dataset, *mode, &finished.runs)?),
        ("curves", curve_table(dataset, *mode, &finished.runs)?),
    ];
    for (name, table) in &tables {
        let made = experiment_provenance(name, &task, &settings);
        write_table(table, folder.join(format!("{name}.parquet")), &made)?;
    }
    report.finish_phase("write");
    if let Some(path) = &common.report {
        report.set("settings", json!(settings));
        report.set("dataset", dataset.as_str());
        report.set("mode", mode.name());
        report.set("runs", finished.runs.len());
        report.set("already_there", finished.already_there);
        report.set("damaged", finished.damaged.clone());
        report.write(path)?;
    }
    drop(whole);
    Ok(summary(folder, &finished, seconds))
}

fn load(arguments: &ExperimentArguments) -> Result<Task> {
    let folder = arguments.data.as_deref();
    let objects = arguments.objects as usize;
    match (arguments.mode, &arguments.features) {
        (Mode::Features, Some(path)) => Task::features(&arguments.dataset, folder, objects, path),
        (Mode::Features, None) => Err(Error::argument("--features", "a file for --mode features", "none")),
        (Mode::Pixels, Some(path)) => {
            let expected = "none with --mode pixels";
            Err(Error::argument("--features", expected, path.display()))
        }
        (Mode::Pixels, None) => Task::pixels(&arguments.dataset, folder, objects),
    }
}

fn summary(folder: &Path, finished: &hessia_paper::experiment::Finished, seconds: f64) -> String {
    let (alive, dead) = living(&finished.runs);
    let constants = || alive.iter().map(|run| run.constant);
    let range = match (constants().reduce(f64::min), constants().reduce(f64::max)) {
        (Some(low), Some(high)) => format!("C from {low:.4} to {high:.4}"),
        _ => "no C".to_string(),
    };
    let dead = if dead > 0 { format!("; {dead} dead, left out of it") } else { "; none dead".to_string() };
    let damaged: String =
        finished.damaged.iter().map(|file| format!("\ndamaged, computed again: {file}")).collect();
    format!(
        "{}: {} networks ({} were there already) in {seconds:.1} s; {range}{dead}{damaged}",
        folder.display(),
        finished.runs.len(),
        finished.already_there,
    )
}
