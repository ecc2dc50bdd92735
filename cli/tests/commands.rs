//! The command line: what it computes and what it says.

mod arrays;
mod command;
mod toy;

use std::fs;
use std::path::Path;
use std::process::Command;

use arrays::{float32, float64, fortran, int64, npz};
use command::{hessia, succeeds};
use hessia::{Activation, Dataset, Loss, Network, Targets, Term, curvature};
use ndarray::Array2;
use serde_json::Value;
use toy::{HESSIAN, SPECTRUM, and, good, inputs, labels, network, network_arrays, with};

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("R.json")).unwrap()).unwrap()
}

fn expected(loss: Loss, term: Term, targets: Targets) -> hessia::Curvature {
    curvature(&network(), &Dataset::new("toy", inputs(), targets).unwrap(), loss, term).unwrap()
}

#[test]
fn the_matrix_written_is_the_one_computed() {
    let folder = good();
    for (name, term) in [("full", Term::Full), ("ggn", Term::Ggn), ("h", Term::HTerm)] {
        let said = succeeds(folder.path(), &and(&HESSIAN, &["--term", name, "--report", "R.json"]));
        assert!(said.contains("H.npy") && said.contains("26 x 26"), "{said}");
        let written: Array2<f64> = ndarray_npy::read_npy(folder.path().join("H.npy")).unwrap();
        let computed = expected(Loss::cross_entropy(), term, Targets::Classes(labels()));
        assert_eq!(written, computed.matrix, "{name}");
        let report = report(folder.path());
        assert_eq!(report["term"], name);
        assert_eq!(report["loss"].as_f64(), Some(computed.loss));
        let norm = computed.gradient.dot(&computed.gradient).sqrt();
        assert!((report["gradient_norm"].as_f64().unwrap() - norm).abs() <= 4.0 * f64::EPSILON * norm);
    }
    let header = fs::read(folder.path().join("H.npy")).unwrap();
    let text = String::from_utf8_lossy(&header[..128]).to_string();
    assert!(text.contains("'<f8'") && text.contains("False") && text.contains("(26, 26"), "{text}");
}

#[test]
fn the_report_says_what_was_asked_and_what_it_cost() {
    let folder = good();
    succeeds(folder.path(), &and(&HESSIAN, &["--report", "R.json", "--threads", "1"]));
    let report = report(folder.path());
    assert_eq!((report["parameters"].as_u64(), report["objects"].as_u64()), (Some(26), Some(5)));
    for phase in ["load", "compute", "write"] {
        assert!(report["seconds"][phase].as_f64().unwrap() > 0.0, "{report}");
    }
    assert_eq!(report["threads"], 1);
    assert!(report["blas"].as_str().unwrap().contains("OpenBLAS"));
    assert!(report["peak_memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["notes"].as_array().unwrap().len(), 0);
}

#[test]
fn losses_and_reductions_reach_the_library() {
    let folder = good();
    let y = Array2::from_shape_fn((5, 2), |(i, k)| f64::from(u8::from((i + k) % 2 == 0)));
    fs::write(folder.path().join("y.npy"), float64(&y)).unwrap();
    for (name, loss) in [("mse", Loss::mean_squared_error()), ("bce", Loss::binary_cross_entropy())] {
        for (reduction, loss) in [("mean", loss), ("sum", loss.sum())] {
            let arguments = and(&with(&HESSIAN, "--loss", name), &["--reduction", reduction]);
            succeeds(folder.path(), &arguments);
            let written: Array2<f64> = ndarray_npy::read_npy(folder.path().join("H.npy")).unwrap();
            assert_eq!(written, expected(loss, Term::Full, Targets::Values(y.clone())).matrix);
        }
    }
}

#[test]
fn float32_and_fortran_order_are_converted_and_said() {
    let folder = good();
    succeeds(folder.path(), &HESSIAN);
    let plain = fs::read(folder.path().join("H.npy")).unwrap();
    for (content, word) in [(float32(&inputs()), "float32"), (fortran(&inputs()), "Fortran")] {
        fs::write(folder.path().join("X.npy"), content).unwrap();
        succeeds(folder.path(), &and(&HESSIAN, &["--report", "R.json"]));
        assert!(fs::read(folder.path().join("H.npy")).unwrap() == plain, "{word}");
        let notes = report(folder.path())["notes"].to_string();
        assert!(notes.contains("X.npy") && notes.contains(word), "{notes}");
    }
    let mut arrays = network_arrays(&network());
    arrays[0].1 = fortran(&network().layers()[0].weight);
    fs::write(folder.path().join("net.npz"), npz(&arrays)).unwrap();
    succeeds(folder.path(), &and(&HESSIAN, &["--report", "R.json"]));
    assert!(fs::read(folder.path().join("H.npy")).unwrap() == plain);
    let notes = report(folder.path())["notes"].to_string();
    assert!(notes.contains("0.weight") && notes.contains("Fortran"), "{notes}");
}

/// Columns index, eigenvalue and residual of a CSV table.
fn table(path: &Path) -> Vec<(usize, f64, Option<f64>)> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("index,eigenvalue,residual"));
    lines
        .map(|line| {
            let fields: Vec<_> = line.splitn(4, ',').collect();
            (fields[0].parse().unwrap(), fields[1].parse().unwrap(), fields[2].parse().ok())
        })
        .collect()
}

#[test]
fn the_spectrum_is_that_of_the_matrix() {
    let folder = good();
    let path = folder.path().join("S.csv");
    let matrix = expected(Loss::cross_entropy(), Term::Full, Targets::Classes(labels())).matrix;
    let spectrum = hessia::eigvalsh(&matrix).unwrap();
    // Backward stable solvers: order x eps x norm, once for each side.
    let tolerance = 2.0 * 26.0 * f64::EPSILON * spectrum.norm();
    let check = |rows: &[(usize, f64, Option<f64>)], indices: std::ops::Range<usize>| {
        assert!(rows.iter().map(|row| row.0).eq(indices));
        for (index, value, _) in rows {
            assert!((value - spectrum.eigenvalues[*index]).abs() <= tolerance, "{index}: {value}");
        }
    };
    succeeds(folder.path(), &and(&SPECTRUM, &["--report", "R.json"]));
    let rows = table(&path);
    check(&rows, 0..26);
    assert!(rows.iter().flat_map(|row| row.2).all(|residual| residual <= tolerance));
    assert!(rows.iter().filter(|row| row.2.is_some()).count() >= spectrum.rank());
    let inertia = &report(folder.path())["spectrum"]["inertia"];
    assert_eq!(inertia["negative"].as_u64(), Some(spectrum.inertia().negative as u64));

    succeeds(folder.path(), &and(&SPECTRUM, &["--values-only"]));
    let rows = table(&path);
    check(&rows, 0..26);
    assert!(rows.iter().all(|row| row.2.is_none()));

    for (range, indices) in [("3..9", 3..9), ("-1..", 25..26), ("..2", 0..2)] {
        succeeds(folder.path(), &and(&SPECTRUM, &["--range", range]));
        let rows = table(&path);
        check(&rows, indices.clone());
        assert!(rows.iter().all(|row| row.2.unwrap() <= tolerance));
        succeeds(folder.path(), &and(&SPECTRUM, &["--range", range, "--values-only"]));
        check(&table(&path), indices);
    }

    for (more, columns) in [(&[][..], 26), (&["--range", "20.."][..], 6)] {
        succeeds(folder.path(), &and(&and(&SPECTRUM, &["--vectors", "V.npy"]), more));
        let rows = table(&path);
        let vectors: Array2<f64> = ndarray_npy::read_npy(folder.path().join("V.npy")).unwrap();
        assert_eq!(vectors.dim(), (26, columns));
        for ((_, value, _), v) in rows.iter().zip(vectors.columns()) {
            let gap = matrix.dot(&v) - &v * *value;
            assert!(gap.dot(&gap).sqrt() <= tolerance && (v.dot(&v) - 1.0).abs() <= 26.0 * f64::EPSILON);
        }
    }
}

#[test]
fn every_table_format_can_be_asked_for() {
    let folder = good();
    for name in ["S.parquet", "S.json", "S.csv", "S.arrow"] {
        succeeds(folder.path(), &with(&SPECTRUM, "--output", name));
        assert!(fs::metadata(folder.path().join(name)).unwrap().len() > 0);
    }
}

#[test]
fn a_network_trained_here_goes_through_the_other_commands() {
    let folder = tempfile::tempdir().unwrap();
    let train = [
        "train",
        "--dataset",
        "mnist",
        "--hidden",
        "4",
        "--seed",
        "1",
        "--objects",
        "128",
        "--epochs",
        "2",
        "--save-inputs",
        "X.npy",
        "--save-targets",
        "y.npy",
        "--output",
        "net.npz",
    ];
    succeeds(folder.path(), &and(&train, &["--report", "R.json"]));
    let report = report(folder.path());
    assert_eq!((report["parameters"].as_u64(), report["objects"].as_u64()), (Some(3176), Some(128)));
    let first = fs::read(folder.path().join("net.npz")).unwrap();
    succeeds(folder.path(), &train);
    assert!(
        fs::read(folder.path().join("net.npz")).unwrap() == first,
        "the same seed trains the same network"
    );
    let relu = with(&SPECTRUM, "--activation", "relu");
    let said = succeeds(folder.path(), &and(&relu, &["--values-only"]));
    assert!(said.contains("3176 eigenvalues"), "{said}");
    let (net, _) = Network::load(folder.path().join("net.npz"), Activation::Relu).unwrap();
    assert_eq!(net.widths(), [784, 4, 10]);
}

#[test]
fn numpy_writes_what_is_read_and_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let python = std::env::var("HESSIA_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let run = |script: &str| {
        let output = Command::new(&python).arg("-c").arg(script).current_dir(folder.path()).output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout).to_string();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(said)
    };
    let write = "
import sys
try:
    import numpy as np
except ImportError:
    print('no numpy'); sys.exit()
r = np.random.default_rng(0)
arrays = {'0.weight': r.normal(size=(4, 3)), '0.bias': r.normal(size=4), '2.weight': r.normal(size=(2, 4)).astype('f4')}
np.savez_compressed('net.npz', **arrays)
np.save('X.npy', r.normal(size=(5, 3)))
np.save('y.npy', np.array([0, 1, 1, 0, 1]))
";
    match run(write) {
        Some(said) if said.is_empty() => (),
        said => return println!("skipped: {}", said.unwrap_or("no Python".to_string())),
    }
    succeeds(folder.path(), &and(&HESSIAN, &["--report", "R.json"]));
    let read = "
import json, numpy as np
h = np.load('H.npy')
assert h.dtype == np.float64 and h.flags['C_CONTIGUOUS'] and h.shape == (24, 24)
assert (h == h.T).all()
# The curvature in the output biases would be sum A; without them, that of the last weights is its Kronecker sum.
r = json.load(open('R.json'))
net = np.load('net.npz')
X, y = np.load('X.npy'), np.load('y.npy')
a = np.tanh(X @ net['0.weight'].T + net['0.bias'])
z = a @ net['2.weight'].astype('f8').T
p = np.exp(z - z.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
A = np.einsum('nk,kl->nkl', p, np.eye(2)) - np.einsum('nk,nl->nkl', p, p)
last = np.einsum('nkl,na,nb->kalb', A, a, a).reshape(8, 8) / 5
assert abs(h[16:, 16:] - last).max() < 1e-14, abs(h[16:, 16:] - last).max()
assert abs(r['loss'] + np.log(p[range(5), y]).mean()) < 1e-14
assert any('2.weight' in n and 'float32' in n for n in r['notes']), r['notes']
print('read by NumPy', np.__version__)
";
    println!("{}", run(read).unwrap_or_default());
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_with_130_and_leaves_nothing() {
    // Some 10^12 operations: far from done when the interrupt comes.
    let folder = tempfile::tempdir().unwrap();
    let net = Network::random(&[300, 16, 10], false, Activation::Tanh, 1).unwrap();
    net.save(folder.path().join("net.npz")).unwrap();
    let x = Array2::from_shape_fn((20_000, 300), |(i, j)| ((i * 7 + j * 13) as f64).sin());
    fs::write(folder.path().join("X.npy"), float64(&x)).unwrap();
    fs::write(folder.path().join("y.npy"), int64(&vec![3; 20_000])).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hessia"))
        .args(HESSIAN)
        .current_dir(folder.path())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Wait until the kernel says that the command catches this signal.
    let status = format!("/proc/{}/status", child.id());
    let catches = || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
        u64::from_str_radix(mask.trim(), 16).unwrap_or(0) & (1 << (libc::SIGINT - 1)) != 0
    };
    while !catches() {
        assert!(child.try_wait().unwrap().is_none(), "ended before it could be interrupted");
        std::thread::yield_now();
    }
    // SAFETY: the process is our child, and it has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) }, 0);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["X.npy", "net.npz", "y.npy"]);
}

#[test]
fn help_shows_examples_and_the_version() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["hessian", "spectrum", "train"] {
        let help = succeeds(folder.path(), &[command, "--help"]);
        assert!(help.contains("Examples:") && help.contains(&format!("hessia {command}")), "{help}");
    }
    let version = succeeds(folder.path(), &["--version"]);
    assert_eq!(version.trim(), concat!("hessia ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_new_notebook_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let output = hessia(folder.path(), &["new-notebook", "saddle_points"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(folder.path().join("saddle_points.ipynb")).unwrap();
    let notebook: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(notebook["metadata"]["kernelspec"]["name"], "hessia");
    assert!(text.contains("# saddle points") && text.contains("use hessia::prelude::*;"));

    // A notebook is somebody's work: it is never overwritten.
    let output = hessia(folder.path(), &["new-notebook", "saddle_points.ipynb"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("saddle_points.ipynb"));
    assert_eq!(fs::read_to_string(folder.path().join("saddle_points.ipynb")).unwrap(), text);
}
