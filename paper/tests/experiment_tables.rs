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
