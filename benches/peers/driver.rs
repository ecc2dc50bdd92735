//! Our side of the comparison with PyTorch and JAX: saves the problem for all, measures, prints JSON.

#[path = "../problems/mod.rs"]
mod problems;

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use hessia::linalg::{blas_name, dgemm_rate, peak_memory};
use hessia::{Targets, Term, curvature, eigh, eigh_largest, eigvalsh, ggn_spectra, per_object, threads};
use ndarray::{Array2, Axis};
use ndarray_npy::{WriteNpyExt, read_npy, write_npy};
use problems::{Problem, problem};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "driver problem NAME FILE.npz | driver curvature NAME full|ggn|h [FILE.npy] | \
                     driver eigenvalues FILE.npy VALUES.npy | driver ggn-norms NAME NORMS.npy | driver dgemm";

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = match words[..] {
        ["problem", name, file] => save(&problem(name)?, Path::new(file))?,
        ["curvature", name, term] => measure(&problem(name)?, term.parse()?, None)?,
        ["curvature", name, term, file] => measure(&problem(name)?, term.parse()?, Some(Path::new(file)))?,
        ["eigenvalues", file, output] => eigenvalues(&read_npy(file)?, Path::new(output))?,
        ["ggn-norms", name, output] => ggn_norms(&problem(name)?, Path::new(output))?,
        ["dgemm"] => json!({ "gflops": dgemm_rate(), "threads": threads(), "blas": blas_name() }),
        _ => return Err(USAGE.into()),
    };
    println!("{report}");
    Ok(())
}

/// Inputs `x`, labels `y` and the weights, in state-dict names.
fn save(problem: &Problem, path: &Path) -> Outcome<Value> {
    let Problem { net, data, origin, .. } = problem;
    let mut file = ZipWriter::new(File::create(path)?);
    // Stored, not compressed; large enough entries for any input.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    file.start_file("x.npy", options)?;
    data.x.write_npy(&mut file)?;
    if let Targets::Classes(labels) = &data.targets {
        file.start_file("y.npy", options)?;
        labels.mapv(|label| label as i64).write_npy(&mut file)?;
    }
    for (l, layer) in net.layers().iter().enumerate() {
        file.start_file(format!("{}.weight.npy", 2 * l), options)?;
        layer.weight.write_npy(&mut file)?;
    }
    file.finish()?;
    Ok(json!({
        "network": net.to_string(), "activation": net.activation(), "origin": origin,
        "parameters": net.parameter_count(), "objects": data.len(),
    }))
}

/// Resident memory; the peak counts from here on, so that reading the data does not hide what follows.
fn memory_now() -> u64 {
    // Linux's way to reset the peak; where it does not work, the growth reported is too small.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    peak_memory()
}

/// Times of `work` after a warm-up: at least three, then more for up to five seconds, nine at most.
fn timed<T>(mut work: impl FnMut() -> Outcome<T>) -> Outcome<Vec<f64>> {
    work()?;
    let begun = Instant::now();
    let mut seconds = Vec::new();
    while seconds.len() < 3 || (seconds.len() < 9 && begun.elapsed().as_secs_f64() < 5.0) {
        let start = Instant::now();
        let result = work()?;
        seconds.push(start.elapsed().as_secs_f64());
        drop(result);
    }
    Ok(seconds)
}

fn measure(problem: &Problem, term: Term, output: Option<&Path>) -> Outcome<Value> {
    let Problem { net, data, loss, .. } = problem;
    // One object starts the threads and loads BLAS: what these keep is not the computation's.
    drop(curvature(net, &data.head(1), *loss, term)?);
    let before = memory_now();
    let first = curvature(net, data, *loss, term)?;
    let beyond = peak_memory().saturating_sub(before);
    let matrix_bytes = first.matrix.len() as u64 * 8;
    if let Some(path) = output {
        write_npy(path, &first.matrix)?;
    }
    let (work, value) = (first.work, first.loss);
    drop(first.matrix);
    let seconds = timed(|| Ok(curvature(net, data, *loss, term)?))?;
    Ok(json!({
        "seconds": seconds, "memory": beyond, "memory_beyond_matrix": beyond.saturating_sub(matrix_bytes),
        "parameters": net.parameter_count(), "objects": data.len(), "threads": threads(),
        "loss": value, "work": work, "dgemm_gflops": dgemm_rate(), "blas": blas_name(),
    }))
}

/// All eigenvalues of every object's G-term, its norm among them; then the norms of the full Hessians.
fn ggn_norms(problem: &Problem, output: &Path) -> Outcome<Value> {
    let Problem { net, data, loss, .. } = problem;
    let before = memory_now();
    let spectra = ggn_spectra(net, data, *loss)?;
    let beyond = peak_memory().saturating_sub(before);
    let norms = spectra.map_axis(Axis(1), |values| values.fold(0.0_f64, |most, v| most.max(v.abs())));
    write_npy(output, &norms)?;
    Ok(json!({
        "seconds": timed(|| Ok(ggn_spectra(net, data, *loss)?))?, "memory": beyond,
        "all_norms": timed(|| Ok(per_object(net, data, *loss)?))?,
        "objects": data.len(), "threads": threads(), "blas": blas_name(),
    }))
}

/// Ours beside the drivers of the same LAPACK called bare, and the largest difference of the eigenvalues.
fn eigenvalues(matrix: &Array2<f64>, output: &Path) -> Outcome<Value> {
    let order = matrix.nrows();
    let ours = eigvalsh(matrix)?.eigenvalues;
    write_npy(output, &ours)?;
    let largest = ours.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let mut bare = serde_json::Map::new();
    for (name, driver) in [("dsyevd", dsyevd as fn(&Array2<f64>) -> Vec<f64>), ("dsyevr", dsyevr)] {
        let gap = driver(matrix).iter().zip(&ours).fold(0.0_f64, |gap, (a, b)| gap.max((a - b).abs()));
        let seconds = timed(|| Ok(driver(matrix)))?;
        bare.insert(name.into(), json!({ "seconds": seconds, "difference": gap / largest }));
    }
    Ok(json!({
        "order": order, "bare": bare, "threads": threads(), "blas": blas_name(),
        "values": timed(|| Ok(eigvalsh(matrix)?))?,
        "vectors": timed(|| Ok(eigh(matrix)?))?,
        "largest_10": timed(|| Ok(eigh_largest(matrix, 10.min(order))?))?,
    }))
}

unsafe extern "C" {
    fn openblas_set_num_threads(count: i32);
}

fn dsyevd(matrix: &Array2<f64>) -> Vec<f64> {
    let (mut a, n) = (matrix.clone().into_raw_vec_and_offset().0, matrix.nrows() as i32);
    let mut values = vec![0.0; n as usize];
    let (mut work, mut iwork, mut info) = (vec![0.0], vec![0], 0);
    for query in [true, false] {
        let (lwork, liwork) = if query { (-1, -1) } else { (work.len() as i32, iwork.len() as i32) };
        // SAFETY: a is n x n, values n long, the work arrays as long as stated (or -1: a query of their lengths).
        unsafe {
            openblas_set_num_threads(threads() as i32);
            lapack_sys::dsyevd_(
                &(b'N' as _),
                &(b'U' as _),
                &n,
                a.as_mut_ptr(),
                &n,
                values.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                iwork.as_mut_ptr(),
                &liwork,
                &mut info,
            );
        }
        assert_eq!(info, 0, "dsyevd");
        if query {
            work = vec![0.0; work[0] as usize];
            iwork = vec![0; iwork[0] as usize];
        }
    }
    values
}

fn dsyevr(matrix: &Array2<f64>) -> Vec<f64> {
    let (mut a, n) = (matrix.clone().into_raw_vec_and_offset().0, matrix.nrows() as i32);
    let mut values = vec![0.0; n as usize];
    let mut support = vec![0; 2 * n as usize];
    let (mut work, mut iwork, mut info, mut found) = (vec![0.0], vec![0], 0, 0);
    for query in [true, false] {
        let (lwork, liwork) = if query { (-1, -1) } else { (work.len() as i32, iwork.len() as i32) };
        // SAFETY: as in `dsyevd`; without vectors z is not touched.
        unsafe {
            openblas_set_num_threads(threads() as i32);
            lapack_sys::dsyevr_(
                &(b'N' as _),
                &(b'A' as _),
                &(b'U' as _),
                &n,
                a.as_mut_ptr(),
                &n,
                &0.0,
                &0.0,
                &0,
                &0,
                &0.0,
                &mut found,
                values.as_mut_ptr(),
                std::ptr::null_mut(),
                &1,
                support.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                iwork.as_mut_ptr(),
                &liwork,
                &mut info,
            );
        }
        assert_eq!(info, 0, "dsyevr");
        if query {
            work = vec![0.0; work[0] as usize];
            iwork = vec![0; iwork[0] as usize];
        }
    }
    values
}
