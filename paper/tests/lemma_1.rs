//! Lemma 1 over the grid: the norms are those of the whole matrices, the laws those of networks worked out by hand.

use hessia::{Activation, Dataset, Layer, Loss, Network, Targets, eigvalsh, ggn, hessian};
use hessia_paper::experiment::{
    Configuration, GROWTH_QUANTITIES, GrowthRun, Settings, Slice, Task, growth_fits, growth_grid,
    measure_growth,
};
use ndarray::{Array2, array};

fn settings() -> Settings {
    Settings {
        hidden_widths: vec![3, 4],
        inner_layers: vec![1],
        seeds: vec![1],
        epochs: 2,
        ..Settings::default()
    }
}

/// h = `width`, n = `inputs`, K = 2 and every weight `m`.
fn constant(width: usize, inputs: usize, inner_layers: usize, m: f64) -> (Network, Configuration) {
    let configuration = Configuration { hidden: width, inner_layers, seed: 0 };
    let widths = configuration.widths(inputs, 2);
    let layer = |pair: &[usize]| Layer { weight: Array2::from_elem((pair[1], pair[0]), m), bias: None };
    (Network::new(widths.windows(2).map(layer).collect(), Activation::Relu).unwrap(), configuration)
}

fn one_object(inputs: usize) -> Dataset {
    let x = Array2::from_elem((1, inputs), 1.0 / (inputs as f64).sqrt());
    Dataset::new("one", x, Targets::Classes(array![0])).unwrap()
}

#[test]
fn norms_are_those_of_the_whole_matrices() {
    let task = Task::pixels("mnist", None, 64).unwrap();
    let loss = Loss::cross_entropy();
    let data = task.data().head(6);
    let runs = growth_grid(&task, &settings(), 6).unwrap();
    assert_eq!(runs.len(), 4);
    for run in runs.iter().filter(|run| !run.trained) {
        let net = run.configuration.network(784, 10).unwrap();
        let small = hessia::compress(&net, &data).unwrap();
        let norm = |matrix: Array2<f64>| eigvalsh(&matrix).unwrap().norm();
        let of = |i: usize| small.data.select(&[i]);
        let full: Vec<f64> = (0..6).map(|i| norm(hessian(&small.network, &of(i), loss).unwrap())).collect();
        let g: Vec<f64> = (0..6).map(|i| norm(ggn(&small.network, &of(i), loss).unwrap())).collect();
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-11 * b, "{a} and {b}");
        near(run.hessian_mean, full.iter().sum::<f64>() / 6.0);
        near(run.hessian_max, full.iter().copied().fold(0.0, f64::max));
        near(run.ggn_mean, g.iter().sum::<f64>() / 6.0);
        near(run.ggn_max, g.iter().copied().fold(0.0, f64::max));
        let mean = norm(hessian(&small.network, &small.data, loss).unwrap());
        // Lanczos stops at a residual of 1e-4 of the norm.
        assert!((run.mean_hessian - mean).abs() <= 1e-4 * mean, "{} and {mean}", run.mean_hessian);
    }
}

#[test]
fn the_first_matrix_refutes_the_lemma_as_stated() {
    // h = 1, every weight 1, n = 400, x of length 1: x^(2) = 20 and ||W^(1)||_F = 20, where hM = 1.
    let (net, configuration) = constant(1, 400, 0, 1.0);
    let run = measure_growth(&net, &one_object(400), configuration, false).unwrap();
    assert!((run.frobenius_ratio - 20.0).abs() < 1e-12, "{run:?}");
    // Equal logits: A = [[1, -1], [-1, 1]] / 4, orthogonal to dz/dz^(1) = (1, 1): G = A (x) x^(2) x^(2)T, norm 400/2.
    assert!((run.ggn_max - 200.0).abs() < 1e-9, "{run:?}");
    // L sqrt2 + sqrt2 (1 + 1) of the paper, with L = 2, M_x = 1 and hM = 1.
    assert!((run.stated - 4.0 * 2.0_f64.sqrt()).abs() < 1e-12 && !run.stated_holds(), "{run:?}");
    // 1/2 (h K + n h) = (2 + 400) / 2.
    assert!((run.corrected_ggn - 201.0).abs() < 1e-10 && run.corrected_holds(), "{run:?}");
}

#[test]
fn fits_find_the_exponents_of_networks_worked_out_by_hand() {
    // Every weight M = 1/4, so hM = h/4 and (hM)^(2L) is a power 2 (5 + 2) of h, and grows by 2 ln(16/4) a layer.
    let mut runs = Vec::new();
    for (width, inner) in [(4, 5), (8, 5), (16, 1), (16, 3), (16, 5), (16, 7)] {
        let (net, configuration) = constant(width, 9, inner, 0.25);
        runs.push(measure_growth(&net, &one_object(9), configuration, false).unwrap());
    }
    let fits = growth_fits(&runs).unwrap();
    assert_eq!(fits.len(), 2 * GROWTH_QUANTITIES.len());
    let exponent = |quantity: &str, slice: Slice| {
        let found = fits.iter().find(|fit| fit.quantity == quantity && fit.slice == slice).unwrap();
        assert!(!found.trained && found.left_out == 0);
        found.fit.exponent
    };
    assert!((exponent("growth", Slice::Width) - 14.0).abs() < 1e-10);
    assert!((exponent("growth", Slice::Depth) - 2.0 * 4.0_f64.ln()).abs() < 1e-10);
    // x^(N+2) = (h/4)^N (h/4) (9/4) / 3 / ...: ||x|| of the last layer grows by h/4 = 4 a layer, G by its square.
    assert!((exponent("ggn_max", Slice::Depth) - 2.0 * 4.0_f64.ln()).abs() < 1e-9);
}

#[test]
fn dead_networks_are_left_out_and_bad_counts_refused() {
    let mut runs: Vec<GrowthRun> = Vec::new();
    for width in [2, 4, 8, 16] {
        let sign = if width == 16 { -1.0 } else { 1.0 };
        let (net, configuration) = constant(width, 9, 5, 0.25 * sign);
        runs.push(measure_growth(&net, &one_object(9), configuration, true).unwrap());
    }
    let dead = runs.last().unwrap();
    assert!(dead.hessian_max == 0.0 && dead.stated_holds() && dead.corrected_holds(), "{dead:?}");
    let fits = growth_fits(&runs).unwrap();
    let of = |name: &str| fits.iter().find(|fit| fit.quantity == name).unwrap();
    assert_eq!((of("hessian_max").left_out, of("hessian_max").fit.points), (1, 3));
    // Out of the bounds too, which it would enter with numbers above zero: all laws are of the same networks.
    assert!(dead.dead && dead.growth > 0.0);
    assert_eq!((of("growth").left_out, of("growth").fit.points), (1, 3));
    let task = Task::pixels("mnist", None, 64).unwrap();
    for (objects, message) in [(0, "found 0"), (65, "1 to 64")] {
        assert!(growth_grid(&task, &settings(), objects).unwrap_err().to_string().contains(message));
    }
}

#[cfg(feature = "figure")]
#[test]
fn tables_and_figures_hold_what_was_measured() {
    use hessia_paper::figure::growth_figure;
    use hessia_paper::table::{growth_fit_table, growth_table};
    let mut runs = Vec::new();
    for (width, inner, trained) in [(4, 5, false), (8, 5, false), (16, 5, false), (16, 1, true)] {
        let (net, configuration) = constant(width, 400, inner, 0.25);
        runs.push(measure_growth(&net, &one_object(400), configuration, trained).unwrap());
    }
    let table = growth_table("toy", hessia_paper::experiment::Mode::Pixels, &runs).unwrap();
    for (name, of) in GROWTH_QUANTITIES {
        let column = table.column(name).unwrap().f64().unwrap();
        assert!(runs.iter().zip(column.iter()).all(|(run, there)| there == Some(of(run))), "{name}");
    }
    let holds = table.column("stated_holds").unwrap().bool().unwrap();
    assert!(runs.iter().zip(holds.iter()).all(|(run, there)| there == Some(run.stated_holds())));
    let fits = growth_fits(&runs).unwrap();
    let laws = growth_fit_table(&fits).unwrap();
    // Only the initial networks' width has three points; 1/4 everywhere: (hM)^14.
    assert_eq!(laws.height(), GROWTH_QUANTITIES.len());
    let at = fits.iter().position(|fit| fit.quantity == "growth").unwrap();
    let exponent = laws.column("exponent").unwrap().f64().unwrap().get(at).unwrap();
    assert!((exponent - 14.0).abs() < 1e-10, "{laws}");
    let drawn = growth_figure(&table, "initial").unwrap().to_json();
    assert!(drawn.contains("corrected_hessian") && !drawn.contains("trained"));
    // Bounds many decades above them hide no measured norm.
    runs.iter_mut().for_each(|run| run.stated *= 1e25);
    let table = growth_table("toy", hessia_paper::experiment::Mode::Pixels, &runs).unwrap();
    let drawn: serde_json::Value =
        serde_json::from_str(&growth_figure(&table, "initial").unwrap().to_json()).unwrap();
    let traces = drawn["data"].as_array().unwrap();
    assert!(traces.iter().all(|trace| !trace["y"].as_array().unwrap().is_empty()), "{traces:?}");
    assert!(growth_figure(&table, "half-trained").is_err());
}
