//! Our side of the comparison of graphs with JAX: saves a problem, measures its Hessian, prints JSON.
//!
//! graph NAME OBJECTS THREADS PROBLEM.npz MATRIX.npy

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use hessia::graph::{Answers, ConvNet, Examples, Graph, Objective, Plan, Pool, Transformer, curvature};
use hessia::linalg::{blas_name, dgemm_rate, peak_memory};
use hessia::{Activation, Term, set_threads, threads};
use ndarray::{Array1, Array2};
use ndarray_npy::{WriteNpyExt, write_npy};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

type Outcome<T> = Result<T, Box<dyn Error>>;

const NAMES: &str = "lenet-relu-max, lenet-tanh-max, lenet-tanh-average, transformer-1, transformer-2, wide";

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [name, objects, count, problem, matrix] = words[..] else {
        return Err("graph NAME OBJECTS THREADS PROBLEM.npz MATRIX.npy".into());
    };
    set_threads(count.parse()?);
    let (graph, data) = named(name, objects.parse()?)?;
    let theta = graph.initial(3);
    save(Path::new(problem), &theta, &data)?;
    let loss = Objective::cross_entropy();
    // One object starts the threads and loads BLAS: what these keep is not the computation's.
    drop(curvature(&graph, &theta, &data.select(&[0]), &loss, Term::Full)?);
    // Linux's way to reset the peak; where it does not work, the growth reported is too small.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = peak_memory();
    let (mut seconds, mut cpu_seconds) = (Vec::new(), Vec::new());
    let mut found = None;
    while seconds.len() < 3 {
        drop(found.take());
        let (start, cpu) = (Instant::now(), cpu_time());
        found = Some(curvature(&graph, &theta, &data, &loss, Term::Full)?);
        seconds.push(start.elapsed().as_secs_f64());
        cpu_seconds.push(cpu_time() - cpu);
    }
    let Some(found) = found else { return Err("nothing measured".into()) };
    let bytes = found.matrix.len() as u64 * 8;
    write_npy(matrix, &found.matrix)?;
    println!(
        "{}",
        json!({
            "name": name, "parameters": graph.parameter_count(), "objects": data.len(), "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "memory_beyond_matrix": (peak_memory() - before).saturating_sub(bytes), "flops": found.flops,
            "plan": found.plan, "counted": found.plan.flops * data.len() as u64, "loss": found.loss,
            "tangents": Plan::tangents(&graph).flops, "threads": threads(), "dgemm_gflops": dgemm_rate(),
            "blas": blas_name(),
        })
    );
    Ok(())
}

/// Seconds of all threads in this process, in hundredths; Linux alone.
fn cpu_time() -> f64 {
    let fields = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = fields.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The nets of the comparison, with data made by a formula.
fn named(name: &str, objects: usize) -> Outcome<(Graph, Examples)> {
    let conv = |activation, pool| ConvNet { activation, pool, ..ConvNet::default() };
    let wide = ConvNet {
        image: [1, 20, 20],
        filters: vec![6, 6],
        kernel: 3,
        padding: 1,
        global: true,
        ..conv(Activation::Tanh, Pool::None)
    };
    let two = Transformer { blocks: 2, hidden: 24, ..Transformer::default() };
    let net = match name {
        "lenet-relu-max" => conv(Activation::Relu, Pool::Max),
        "lenet-tanh-max" => conv(Activation::Tanh, Pool::Max),
        "lenet-tanh-average" => conv(Activation::Tanh, Pool::Average),
        "wide" => wide,
        "transformer-1" => return tokens(&Transformer::default(), objects),
        "transformer-2" => return tokens(&two, objects),
        _ => return Err(format!("expected one of {NAMES}, found {name}").into()),
    };
    let graph = net.graph()?;
    let size = graph.input_shape().size();
    let x = Array2::from_shape_fn((objects, size), |(n, e)| (((n * size + e) as f64) * 0.9).cos() * 1.3);
    let labels: Vec<_> = (0..objects as i64).map(|n| n % 10).collect();
    Ok((graph, Examples::classes(x, &labels)))
}

fn tokens(net: &Transformer, objects: usize) -> Outcome<(Graph, Examples)> {
    let count = net.vocabulary;
    let token = |n: usize, t: usize| (7 * n * n + 3 * t * t + n * t + t) % count;
    let x = Array2::from_shape_fn((objects, net.length), |(n, t)| token(n, t) as f64);
    let labels = Array2::from_shape_fn((objects, net.length), |(n, t)| token(n, t + 1) as i64);
    Ok((net.graph()?, Examples { x, answers: Answers::Classes(labels) }))
}

fn save(path: &Path, theta: &Array1<f64>, data: &Examples) -> Outcome<()> {
    let mut file = ZipWriter::new(File::create(path)?);
    let options = SimpleFileOptions::default().large_file(true);
    file.start_file("theta.npy", options)?;
    theta.write_npy(&mut file)?;
    file.start_file("x.npy", options)?;
    data.x.write_npy(&mut file)?;
    if let Answers::Classes(labels) = &data.answers {
        file.start_file("y.npy", options)?;
        labels.write_npy(&mut file)?;
    }
    file.finish()?;
    Ok(())
}
