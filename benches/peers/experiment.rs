//! Our side of benches/peers/experiment.py: the paper's grid on the pixels of a data set, into a folder.
//!
//!     experiment DATASET OBJECTS SEED,SEED,... WIDTH,WIDTH,... INNER,INNER,... THREADS FOLDER
//!
//! Prints one line of JSON with the seconds of loading and of the grid.

use std::path::Path;
use std::time::Instant;

use hessia::linalg::peak_memory;
use hessia::{Error, Result};
use hessia_paper::experiment::{Settings, Task, run_in};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dataset, objects, seeds, widths, inner, threads, folder] = arguments.as_slice() else {
        let expected = "DATASET OBJECTS SEEDS WIDTHS INNER THREADS FOLDER";
        return Err(Error::argument("arguments", expected, arguments.join(" ")));
    };
    hessia::set_threads(number(threads)?);
    let start = Instant::now();
    let task = Task::pixels(dataset, None, number(objects)?)?;
    let loaded = start.elapsed().as_secs_f64();
    let settings = Settings {
        hidden_widths: numbers(widths)?,
        inner_layers: numbers(inner)?,
        seeds: numbers(seeds)?.into_iter().map(|seed| seed as u64).collect(),
        ..Settings::default()
    };
    let start = Instant::now();
    let finished = run_in(Path::new(folder), &task, &settings)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{{\"seconds\": {seconds}, \"load\": {loaded}, \"runs\": {}, \"already_there\": {}, \"memory\": {}}}",
        finished.runs.len(),
        finished.already_there,
        peak_memory()
    );
    Ok(())
}

fn number(text: &str) -> Result<usize> {
    text.parse().map_err(|_| Error::argument("argument", "a number", text))
}

fn numbers(list: &str) -> Result<Vec<usize>> {
    list.split(',').map(number).collect()
}
