//! The grid: curves against their definition, eq. (1) and the law; interruption, damage and refusal.

use std::fs;
use std::path::Path;

use hessia::train::{accuracy, adam, dead_units};
use hessia::{Dataset, Loss, Targets, gradient, loss_value};
use hessia_paper::experiment::{Mode, Run, Settings, Task, mean_absolute_deviation, run, run_in};
use ndarray::{Array2, array};

fn small() -> Settings {
    Settings {
        hidden_widths: vec![4, 6],
        inner_layers: vec![1, 2],
        seeds: vec![1, 2],
        epochs: 2,
        permutations: 20,
        resamples: 50,
        ..Settings::default()
    }
}

fn task() -> Task {
    Task::pixels("mnist", None, 300).unwrap()
}

#[test]
fn a_run_is_what_training_and_the_plain_functions_give() {
    let (task, settings) = (task(), small());
    for run in run(&task, &settings).unwrap() {
        let configuration = run.configuration;
        let start = configuration.network(784, 10).unwrap();
        let loss = Loss::cross_entropy();
        let trained = adam(&start, task.data(), loss, &settings.training(configuration.seed)).unwrap();
        let net = trained.network;
        assert_eq!(net.depth(), configuration.inner_layers + 2);
        assert_eq!(run.parameters, net.parameter_count());
        assert_eq!(run.epoch_losses, trained.losses);
        assert_eq!(Some(run.accuracy), accuracy(&net, task.data()).unwrap());
        assert_eq!(run.dead_units, dead_units(&net, task.data()).unwrap());
        // Sums over 300 objects in another order: a few hundred roundings of numbers of size one.
        let gap = run.loss - loss_value(&net, task.data(), loss).unwrap();
        assert!(gap.abs() < 300.0 * f64::EPSILON * run.loss.max(1.0), "{gap:e}");
        let g = gradient(&net, task.data(), loss).unwrap();
        let norm = g.dot(&g).sqrt();
        assert!((run.gradient_norm - norm).abs() < 1e-12 * norm, "{} {norm}", run.gradient_norm);
        let losses = loss_of_each(&net, &task);
        assert!((run.constant - mean_absolute_deviation(&losses)).abs() < 1e-12);
        let (low, high) = run.constant_interval;
        assert!(low < run.constant && run.constant < high, "{low} {} {high}", run.constant);
        // The first value of any order is half the distance of two losses; all are within the largest distance.
        let most = losses.iter().copied().fold(0.0, f64::max);
        for (at, &k) in run.curve.k.iter().enumerate() {
            let q = run.curve.quantiles[at];
            assert!(q.windows(2).all(|pair| pair[0] <= pair[1]));
            assert!(q[4] <= most / (k + 1) as f64 && q[0] >= 0.0);
        }
        assert_eq!((run.curve.k[0], *run.curve.k.last().unwrap()), (1, 299));
        assert_eq!(run.curve.smoothed[0], run.curve.mean[0]);
    }
}

fn loss_of_each(net: &hessia::Network, task: &Task) -> Vec<f64> {
    let logits = net.forward(&task.data().x).unwrap();
    Loss::cross_entropy().values(&logits, &task.data().targets).unwrap().to_vec()
}

#[test]
fn curves_follow_the_law() {
    // Many orders: (k+1) E|L_{k+1} - L_k| = E|l_{k+1} - L_k| tends to the mean absolute deviation.
    let settings = Settings { permutations: 4000, seeds: vec![3], ..small() };
    for run in run(&task(), &settings).unwrap() {
        let ratio = run.constant_of_curve / run.constant;
        // L_k is itself a mean of k > 30 of 300 losses: it widens the distance by about 1/(2k) - 1/(2m), a percent.
        assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }
}

#[test]
fn dead_networks_have_no_curve() {
    // Inputs of zero: no unit is ever active, all logits are zero, all losses ln 2.
    let data = Dataset::new("zeros", Array2::zeros((8, 3)), Targets::Classes(array![0, 1, 0, 1, 0, 1, 0, 1]));
    let task = Task::new(data.unwrap(), Mode::Features, 2).unwrap();
    for run in run(&task, &small()).unwrap() {
        assert!(run.is_dead());
        assert!((run.loss - 2.0_f64.ln()).abs() < 1e-15);
        assert!(run.constant == 0.0 && run.curve.mean.iter().all(|&v| v == 0.0));
    }
}

#[test]
fn threads_and_company_change_no_bit() {
    let (task, settings) = (task(), small());
    let all = run(&task, &settings).unwrap();
    hessia::set_threads(1);
    let alone = run(&task, &settings).unwrap();
    hessia::set_threads(0);
    assert_eq!(all, alone);
    let one = Settings { hidden_widths: vec![6], inner_layers: vec![2], seeds: vec![2], ..settings };
    assert_eq!(run(&task, &one).unwrap()[0], all[7]);
}

fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for place in [folder.to_path_buf(), folder.join("runs")] {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_folder_grows_and_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (task, settings) = (task(), small());
    let less = Settings { hidden_widths: vec![4], ..settings.clone() };
    assert_eq!(run_in(folder.path(), &task, &less).unwrap().already_there, 0);
    let before = content(folder.path());
    let finished = run_in(folder.path(), &task, &settings).unwrap();
    assert_eq!((finished.already_there, finished.runs.len()), (4, 8));
    assert!(before.iter().all(|file| content(folder.path()).contains(file)));
    let again = run_in(folder.path(), &task, &settings).unwrap();
    assert_eq!((again.already_there, &again.runs), (8, &finished.runs));
    close(&finished.runs, &run(&task, &settings).unwrap());
}

/// Numbers that went through text may differ in the last bit.
fn close(left: &[Run], right: &[Run]) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert_eq!(left.configuration, right.configuration);
        assert!((left.constant - right.constant).abs() <= f64::EPSILON * right.constant);
        for (l, r) in left.curve.mean.iter().zip(&right.curve.mean) {
            assert!((l - r).abs() <= f64::EPSILON * r);
        }
    }
}

#[test]
fn what_does_not_belong_together_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (task, settings) = (task(), Settings { seeds: vec![1], ..small() });
    run_in(folder.path(), &task, &settings).unwrap();
    let before = content(folder.path());
    let message = |task: &Task, settings: &Settings| {
        let error = run_in(folder.path(), task, settings).unwrap_err();
        assert_eq!(content(folder.path()), before, "{error}");
        error.to_string()
    };
    let other = Settings { epochs: 3, ..settings.clone() };
    assert!(message(&task, &other).contains("expected epochs = 3 as asked for"));
    let fewer = Task::pixels("mnist", None, 200).unwrap();
    assert!(message(&fewer, &settings).contains("expected data_sha256"));
    let fashion = Task::pixels("fashion-mnist", None, 300).unwrap();
    assert!(
        message(&fashion, &settings).contains("found \"mnist\"")
            || message(&fashion, &settings).contains("data_sha256")
    );
}

#[test]
fn half_written_and_damaged_runs_are_named_and_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let (task, settings) = (task(), Settings { seeds: vec![1], ..small() });
    let whole = run_in(folder.path(), &task, &settings).unwrap();
    let path = folder.path().join("runs/h6-n2-s1.jsonl");
    let good = fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[20] ^= 1;
    let other = fs::read(folder.path().join("runs/h4-n1-s1.jsonl")).unwrap();
    let damages = [Vec::new(), good[..good.len() / 2].to_vec(), flipped, vec![0xff; 64], other];
    for damage in damages {
        fs::write(&path, &damage).unwrap();
        let mended = run_in(folder.path(), &task, &settings).unwrap();
        assert_eq!((mended.already_there, &mended.runs), (3, &whole.runs));
        assert!(mended.damaged.len() == 1 && mended.damaged[0].contains("h6-n2-s1.jsonl"), "{mended:?}");
        assert_eq!(fs::read(&path).unwrap(), good);
    }
    fs::remove_file(&path).unwrap();
    let mended = run_in(folder.path(), &task, &settings).unwrap();
    assert_eq!((mended.already_there, mended.damaged.len(), mended.runs), (3, 0, whole.runs));

    // What a killed process has left is cleared away.
    fs::write(folder.path().join("runs/.hessia-left"), "half").unwrap();
    run_in(folder.path(), &task, &settings).unwrap();
    assert!(!folder.path().join("runs/.hessia-left").exists());
    fs::write(folder.path().join("settings.json"), "{\"version\"").unwrap();
    assert!(run_in(folder.path(), &task, &settings).unwrap_err().to_string().contains("settings as JSON"));
}

#[test]
fn settings_without_a_grid_or_a_curve_are_refused() {
    let task = task();
    let refused = |settings: Settings, name: &str| {
        let error = run(&task, &settings).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    };
    refused(Settings { hidden_widths: vec![], ..small() }, "hidden widths");
    refused(Settings { hidden_widths: vec![4, 0], ..small() }, "hidden widths");
    refused(Settings { seeds: vec![1, 1], ..small() }, "seeds");
    refused(Settings { permutations: 0, ..small() }, "permutations");
    refused(Settings { smoothing: 1.0, ..small() }, "smoothing");
    refused(Settings { smoothing: f64::NAN, ..small() }, "smoothing");
    refused(Settings { batch: 0, ..small() }, "batch");
    refused(Settings { learning_rate: f64::INFINITY, ..small() }, "learning rate");
    refused(Settings { figures_only: true, ..small() }, "grid");
    refused(Settings { hidden_widths: vec![usize::MAX / 2], ..small() }, "memory");
    assert!(Task::pixels("mnist", None, 20_000).unwrap_err().to_string().contains("10000 objects"));
}

#[test]
fn curvature_is_that_of_the_whole_matrices() {
    use hessia::{eigvalsh, hessian, per_object};
    use hessia_paper::experiment::{CurvatureSettings, curvature_grid};
    let settings = Settings { seeds: vec![1], hidden_widths: vec![4], ..small() };
    // Forty pixels from the middle: matrices small enough for all their eigenvalues.
    let x = task().data().x.slice(ndarray::s![.., 380..420]).to_owned();
    let task = task().with_features(x).unwrap();
    let asked = CurvatureSettings { objects: 40, joining: 2, radius: 0.5, top: 3, tolerance: 1e-9 };
    let loss = Loss::cross_entropy();
    for run in curvature_grid(&task, &settings, &asked).unwrap() {
        let start = run.configuration.network(40, 10).unwrap();
        let net = adam(&start, task.data(), loss, &settings.training(1)).unwrap().network;
        let before = task.data().head(40);
        let mean = hessian(&net, &before, loss).unwrap();
        let all = eigvalsh(&mean).unwrap();
        // Lanczos stops at a residual of 1e-9 of the norm; the inputs are compressed to rounding.
        let close = |a: f64, b: f64, scale: f64| assert!((a - b).abs() < 1e-8 * scale, "{a} {b}");
        close(run.mean_hessian, all.norm(), all.norm());
        for (k, value) in run.largest.iter().enumerate() {
            close(*value, all.eigenvalues[all.order - 1 - k], all.norm());
        }
        close(run.smallest, all.eigenvalues[0], all.norm());
        let norms = per_object(&net, &before, loss).unwrap().hessian_norm;
        close(run.object_mean, norms.sum() / 40.0, run.object_max);
        close(run.object_max, norms.fold(0.0, |most: f64, v| most.max(*v)), run.object_max);
        let gaps: Vec<f64> = (40..42)
            .map(|i| hessian(&net, &task.data().select(&[i]), loss).unwrap() - &mean)
            .map(|gap| eigvalsh(&gap).unwrap().norm())
            .collect();
        close(run.hessian_gap, (gaps[0] + gaps[1]) / 2.0, run.hessian_gap);
        close(run.second_order_bound, 0.5 * 0.25 * run.hessian_gap / 41.0, run.second_order_bound);
        // Gradients differ by no more than their norms allow; the true differences stay below the bound and a
        // remainder that vanishes faster than R².
        let near = CurvatureSettings { radius: 1e-3, ..asked };
        let near = curvature_grid(
            &task,
            &Settings { inner_layers: vec![run.configuration.inner_layers], ..settings.clone() },
            &near,
        );
        let near = &near.unwrap()[0];
        assert!(near.difference_random <= near.bound() * (1.0 + 1e-6));
        assert!(near.difference_top <= near.bound() * (1.0 + 1e-6));
    }
    let refused = CurvatureSettings { objects: 300, ..asked };
    assert!(curvature_grid(&task, &settings, &refused).unwrap_err().to_string().contains("300 together"));
}

#[test]
fn the_verdict_is_computed_from_the_samples() {
    use hessia_paper::experiment::{Finding, Sample, Slice, verdicts};
    let sample = |hidden: usize, inner_layers: usize, seed: u64, constant: f64| Sample {
        dataset: "mnist".to_string(),
        mode: Mode::Pixels,
        hidden,
        inner_layers,
        seed,
        constant,
        dead: false,
    };
    // Falls with h beyond doubt; rises with N in the mean of two noisy seeds.
    let mut samples = Vec::new();
    for (at, h) in [4, 8, 16, 32, 64].into_iter().enumerate() {
        samples.extend((1..=3).map(|seed| sample(h, 5, seed, 5.0 - at as f64 + 0.01 * seed as f64)));
    }
    for (at, n) in [1, 3, 7, 10].into_iter().enumerate() {
        samples.extend((1..=2).map(|seed| sample(16, n, seed, 3.0 + 0.1 * at as f64 + 9.0 * seed as f64)));
    }
    let all = verdicts(&samples);
    assert_eq!(all, verdicts(&samples), "the same samples, the same verdict");
    let of = |slice: Slice| {
        all.iter().find(|v| v.dataset == "mnist" && v.mode == Mode::Pixels && v.slice == slice).unwrap()
    };
    let width = of(Slice::Width);
    let measured = width.measured.as_ref().unwrap();
    assert_eq!((measured.strict, measured.pairs, measured.correlation), (true, (10, 10), Some(1.0)));
    assert_eq!(measured.finding(), Some(Finding::AsClaimed));
    assert_eq!(width.single_network_share, Some(1.0));
    let depth = of(Slice::Depth).measured.as_ref().unwrap();
    assert_eq!(depth.finding(), Some(Finding::None), "{depth:?}");
    // The paper's own curves hold its text in four figures of sixteen, and reverse it in two.
    let strict: Vec<_> =
        all.iter().filter(|v| v.paper.strict).map(|v| (v.dataset.as_str(), v.mode, v.slice)).collect();
    assert_eq!(strict.len(), 4, "{strict:?}");
    assert!(all.iter().filter(|v| v.dataset != "mnist").all(|v| v.measured.is_none()));
}
