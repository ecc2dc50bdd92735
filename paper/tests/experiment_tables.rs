//! The experiment's tables and figures: what the paper's figures claim is asserted on the tables behind them.
#![cfg(feature = "figure")]

use hessia_paper::experiment::{Mode, Run, Sample, Settings, Task, paper_curves, run, verdicts};
use hessia_paper::figure::{constant_figure, panel_figure};
use hessia_paper::table::{
    configuration_table, constant_table, curve_table, order_table, panel_table, samples,
};
use polars::prelude::{DataFrame, IntoLazy, col, lit};
use serde_json::Value;

fn runs() -> Vec<Run> {
    let settings = Settings {
        hidden_widths: vec![8, 16],
        inner_layers: vec![1, 5],
        seeds: vec![1, 2],
        figures_only: true,
        epochs: 2,
        permutations: 20,
        resamples: 20,
        ..Settings::default()
    };
    run(&Task::pixels("mnist", None, 1200).unwrap(), &settings).unwrap()
}

fn numbers(table: &DataFrame, name: &str) -> Vec<f64> {
    hessia_numbers(table.column(name).unwrap())
}

fn hessia_numbers(column: &polars::prelude::Column) -> Vec<f64> {
    let column = column.cast(&polars::prelude::DataType::Float64).unwrap();
    column.f64().unwrap().iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

fn words(table: &DataFrame, name: &str) -> Vec<String> {
    table.column(name).unwrap().str().unwrap().iter().map(|v| v.unwrap_or("").to_string()).collect()
}

#[test]
fn panels_hold_the_band_the_law_and_the_papers_points() {
    let runs = runs();
    let table = panel_table("mnist", Mode::Pixels, &runs).unwrap();
    // Over h: 8 and 16 at N = 5; over N: 1 and 5 at h = 16.
    assert_eq!(table.height(), 4 * runs[0].curve.k.len());
    let (low, middle, high) = (numbers(&table, "low"), numbers(&table, "middle"), numbers(&table, "high"));
    for at in 0..table.height() {
        assert!(low[at] <= middle[at] && middle[at] <= high[at]);
    }
    let (k, law, paper) = (numbers(&table, "k"), numbers(&table, "law"), numbers(&table, "paper"));
    let known: Vec<_> = (0..k.len()).filter(|&at| !paper[at].is_nan()).collect();
    // k = 11, 31, 101, 301, 1001 of each curve; the paper goes on beyond these 1,200 objects.
    assert_eq!(known.len(), 4 * 5);
    for at in 0..k.len() {
        assert!(law[at] * (k[at] + 1.0) > 0.0);
    }
    let figure: Value = serde_json::from_str(&panel_figure(&table).unwrap().to_json()).unwrap();
    let traces = figure["data"].as_array().unwrap();
    // A curve is a band, a law, a line and the paper's points.
    assert_eq!(traces.len(), 4 * 4);
    assert!(traces.iter().any(|t| t["xaxis"] == "x2" && t["yaxis"] == "y2"));
    assert!(panel_figure(&table.head(Some(0))).is_err());
}

#[test]
fn curves_of_different_length_are_refused_with_both() {
    let mut runs = runs();
    let at = runs.iter().position(|run| run.configuration.seed == 2).unwrap();
    let curve = &mut runs[at].curve;
    let whole = curve.k.len();
    for column in [&mut curve.mean, &mut curve.smoothed] {
        column.truncate(whole - 3);
    }
    curve.k.truncate(whole - 3);
    curve.quantiles.truncate(whole - 3);
    let message = panel_table("mnist", Mode::Pixels, &runs).unwrap_err().to_string();
    let shape = format!("h = {}", runs[at].configuration.hidden);
    for part in [&shape, "seed 1", "seed 2", &format!("{whole} places"), &format!("{} places", whole - 3)] {
        assert!(message.contains(part), "{part}: {message}");
    }
    // Columns of one curve that differ are refused as well.
    runs[at].curve.smoothed.pop();
    assert!(panel_table("mnist", Mode::Pixels, &runs).is_err());
}

/// A network that died says nothing of its width or depth: it is counted, and enters no mean, order or figure.
#[test]
fn dead_networks_enter_nothing_and_are_counted() {
    let sample = |hidden, inner_layers, seed, constant: f64| Sample {
        dataset: "mnist".to_string(),
        mode: Mode::Pixels,
        hidden,
        inner_layers,
        seed,
        constant,
        dead: constant == 0.0,
    };
    let grid = [(4, 5), (8, 5), (16, 5), (32, 5), (64, 5), (16, 1), (16, 3), (16, 7), (16, 10)];
    let alive: Vec<Sample> = grid
        .iter()
        .flat_map(|&(h, n)| {
            (1..=3).map(move |seed| sample(h, n, seed, (n + seed as usize) as f64 / h as f64))
        })
        .collect();
    let mut with_dead = alive.clone();
    with_dead.extend([sample(4, 5, 4, 0.0), sample(4, 5, 5, 0.0), sample(16, 10, 4, 0.0)]);
    // All networks of a place may be dead.
    let only_dead = [sample(4, 1, 1, 0.0)];

    let (clean, table) = (constant_table(&alive).unwrap(), constant_table(&with_dead).unwrap());
    for name in ["seeds", "mean", "deviation", "low", "high", "t"] {
        let (expected, found) = (numbers(&clean, name), numbers(&table, name));
        let same = expected.iter().zip(&found).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
        assert!(same, "{name}: {expected:?} {found:?}");
    }
    assert_eq!(numbers(&table, "dead").iter().sum::<f64>(), 3.0);
    assert!(numbers(&constant_table(&only_dead).unwrap(), "mean").iter().all(|mean| mean.is_nan()));

    let mut judged = verdicts(&with_dead);
    let dead: Vec<usize> = judged.iter().map(|verdict| verdict.dead).filter(|&dead| dead > 0).collect();
    assert_eq!(dead, [2, 1]);
    let counts = numbers(&order_table(&judged).unwrap(), "dead");
    assert_eq!(counts.iter().sum::<f64>(), 3.0);
    judged.iter_mut().for_each(|verdict| verdict.dead = 0);
    assert_eq!(judged, verdicts(&alive));

    let mnist = table.lazy().filter(col("dataset").eq(lit("mnist"))).collect().unwrap();
    let figure = constant_figure(&mnist).unwrap().to_json();
    assert!(figure.contains("2 dead left out") && figure.contains("1 dead left out"), "{figure}");
}

#[test]
fn curvature_of_dead_networks_is_counted_and_left_out() {
    use hessia_paper::experiment::{CurvatureSettings, curvature_grid};
    use hessia_paper::figure::curvature_figure;
    use hessia_paper::table::{curvature_grid_table, curvature_trend_table};
    let settings = Settings {
        hidden_widths: vec![8, 16],
        inner_layers: vec![1, 5],
        seeds: vec![1],
        figures_only: true,
        epochs: 1,
        ..Settings::default()
    };
    let small = CurvatureSettings { objects: 20, joining: 1, ..CurvatureSettings::default() };
    let task = Task::pixels("mnist", None, 300).unwrap();
    let alive = curvature_grid(&task, &settings, &small).unwrap();
    assert!(alive.iter().all(|run| !run.dead));
    let mut dead = alive[0].clone();
    dead.configuration.seed = 9;
    (dead.dead, dead.mean_hessian, dead.object_mean) = (true, 0.0, 0.0);
    let with_dead = [&alive[..], &[dead]].concat();
    let (clean, trend) = (curvature_trend_table(&alive).unwrap(), curvature_trend_table(&with_dead).unwrap());
    for name in ["width_correlation", "width_first", "width_last", "depth_first"] {
        assert_eq!(numbers(&clean, name), numbers(&trend, name), "{name}");
    }
    assert!(numbers(&trend, "width_dead").iter().all(|&count| count == 1.0));
    assert!(numbers(&trend, "depth_dead").iter().all(|&count| count == 0.0));
    let table = curvature_grid_table("mnist", Mode::Pixels, &with_dead).unwrap();
    assert_eq!(numbers(&table, "dead"), [0.0, 0.0, 0.0, 1.0]);
    let figure = curvature_figure(&table, "norms", "spectral norm", &["mean_hessian"]).unwrap().to_json();
    assert!(figure.contains("(1 dead left out)"), "{figure}");
    // A task of zeros: no unit is ever active, whatever the network.
    let zeros = task.with_features(ndarray::Array2::zeros((300, 3))).unwrap();
    assert!(curvature_grid(&zeros, &settings, &small).unwrap().iter().all(|run| run.dead));
}

#[test]
fn configurations_and_curves_are_tidy_and_give_the_samples_back() {
    let runs = runs();
    let table = configuration_table("mnist", Mode::Pixels, &runs).unwrap();
    assert_eq!(table.height(), runs.len());
    assert_eq!(
        numbers(&table, "matrices"),
        runs.iter().map(|r| (r.configuration.inner_layers + 2) as f64).collect::<Vec<_>>()
    );
    let expected: Vec<_> = runs.iter().map(|run| Sample::of("mnist", Mode::Pixels, run)).collect();
    assert_eq!(samples(&table).unwrap(), expected);
    let curves = curve_table("mnist", Mode::Pixels, &runs).unwrap();
    assert_eq!(curves.height(), runs.iter().map(|run| run.curve.k.len()).sum::<usize>());
    assert!(numbers(&curves, "q05").iter().zip(numbers(&curves, "q95")).all(|(low, high)| *low <= high));
}

#[test]
fn constants_stand_beside_the_papers_and_the_verdict_names_its_contradictions() {
    let sample = |dataset: &str, hidden, inner_layers, seed, constant| Sample {
        dataset: dataset.to_string(),
        mode: Mode::Pixels,
        hidden,
        inner_layers,
        seed,
        constant,
        dead: false,
    };
    let ours: Vec<_> = paper_curves()
        .iter()
        .filter(|curve| curve.mode == Mode::Pixels && !(curve.hidden == 16 && curve.inner_layers == 5))
        .flat_map(|curve| {
            let near = |seed: u64| curve.constant.unwrap_or(0.0) * (1.0 + 0.01 * (seed as f64 - 2.0));
            (1..=3)
                .map(move |seed| sample(&curve.dataset, curve.hidden, curve.inner_layers, seed, near(seed)))
        })
        .collect();
    let table = constant_table(&ours).unwrap();
    assert_eq!(table.height(), 80);
    let (seeds, t) = (numbers(&table, "seeds"), numbers(&table, "t"));
    for at in 0..80 {
        match seeds[at] {
            3.0 => assert!(t[at].abs() < 1e-9, "the mean is the paper's: {}", t[at]),
            _ => assert!(seeds[at] == 0.0 && t[at].is_nan()),
        }
    }
    let mnist = table.lazy().filter(col("dataset").eq(lit("mnist"))).collect().unwrap();
    let figure: Value = serde_json::from_str(&constant_figure(&mnist).unwrap().to_json()).unwrap();
    assert_eq!(figure["data"].as_array().unwrap().len(), 4 * 3);

    let verdict = order_table(&verdicts(&ours)).unwrap();
    assert_eq!(verdict.height(), 16);
    let paper = words(&verdict, "paper");
    assert_eq!(paper.iter().filter(|word| *word == "as claimed").count(), 4);
    assert_eq!(paper.iter().filter(|word| *word == "reversed").count(), 2);
    // Networks like the paper's repeat its order, whatever that is.
    let (rows, finding) = (words(&verdict, "dataset"), words(&verdict, "finding"));
    let cifar100 = (0..16).filter(|&row| rows[row] == "cifar100" && !finding[row].is_empty());
    assert!(cifar100.clone().count() == 2 && cifar100.clone().all(|row| finding[row] == "reversed"));
}
