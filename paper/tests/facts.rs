//! The facts of the paper's results: their tables and reports hold every field, under its own name.
#![cfg(feature = "figure")]

use hessia::facts::{self, Facts};
use hessia::table::Tabulate;
use hessia::{Activation, Dataset, Loss, Network, Targets};
use hessia_paper::experiment::{CurvatureSettings, Run, Settings, Task, curvature_grid, growth_grid, run};
use hessia_paper::figure::bounds_figure;
use hessia_paper::theory::{Assumption1, Constants, ProbeSettings, audit, probe};
use ndarray::{Array2, array};
use serde_json::json;

/// Every field of a result is a fact of its name and value, but those named.
fn complete<T: Facts + serde::Serialize + Clone + 'static>(result: &T, but: &[&str]) {
    let report = facts::report(result);
    let table = [result.clone()].table().unwrap();
    let names: Vec<_> = table.get_column_names().iter().map(|name| name.to_string()).collect();
    assert_eq!(names.len(), report.len(), "{}", T::TABLE);
    assert!(names.iter().all(|name| report.contains_key(name)), "{names:?}");
    for (field, value) in json!(result).as_object().unwrap() {
        if !but.contains(&field.as_str()) {
            assert_eq!(report.get(field), Some(value), "{field} of {}", T::TABLE);
        }
    }
}

#[test]
fn no_field_of_the_theorys_results_is_forgotten() {
    let net = Network::random(&[3, 4, 2], false, Activation::Relu, 1).unwrap();
    let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1])).unwrap();
    let loss = Loss::cross_entropy();
    let settings = ProbeSettings { objects: vec![2], radii: vec![0.1], random: 1, top: 1, seed: 1 };
    complete(&probe(&net, &data, loss, &settings).unwrap()[0].terms, &[]);
    complete(&Assumption1::measure("start", &net, &data, loss, 2).unwrap(), &[]);
    complete(&Constants::measure(&net, &data, loss).unwrap(), &["shapes", "bias_norms"]);
    for verdict in audit(&net, &data, loss).unwrap().summary().verdicts {
        let named_otherwise = ["as_the_paper_states_it", "broken_assumptions"];
        complete(&verdict, &[&named_otherwise[..], &["bounds", "tightest_object"]].concat());
    }
}

#[test]
fn no_field_of_the_experiments_results_is_forgotten() {
    let settings = Settings {
        hidden_widths: vec![8],
        inner_layers: vec![1],
        seeds: vec![1],
        epochs: 1,
        permutations: 4,
        resamples: 4,
        ..Settings::default()
    };
    let task = Task::pixels("mnist", None, 60).unwrap();
    let runs: Vec<Run> = run(&task, &settings).unwrap();
    // A network's name stands before its facts, its curve in a table of its own.
    complete(&runs[0], &["configuration", "curve", "epoch_losses", "constant_interval", "dead_units"]);
    let curved = curvature_grid(
        &task,
        &settings,
        &CurvatureSettings { objects: 20, joining: 2, ..Default::default() },
    )
    .unwrap();
    complete(&curved[0], &["configuration", "largest", "smallest"]);
    let growth = growth_grid(&task, &settings, 20).unwrap();
    complete(&growth[0], &["configuration", "trained"]);
}

/// A figure's legend has the labels of the facts.
#[test]
fn columns_have_one_label_in_figures_and_displays() {
    let names = ["stated", "theorem_1_corrected_ggn", "growth", "hessian_gap", "mine"];
    let mut table = polars::df!["hessian_max" => [1.0, 2.0]].unwrap();
    for name in names {
        table.with_column(polars::prelude::Column::new(name.into(), [1.0, 2.0])).unwrap();
    }
    let figure: serde_json::Value =
        serde_json::from_str(&bounds_figure(&table, "hessian_max", &names).unwrap().to_json()).unwrap();
    let legend: Vec<_> =
        (0..names.len()).map(|k| figure["data"][k]["name"].as_str().unwrap().to_string()).collect();
    let expected = [
        "Lemma 1, stated",
        "Theorem 1, corrected, ‖G<sub>i</sub>‖",
        "(hM)<sup>2L</sup>",
        "mean ‖H<sub>k+1</sub> − mean H‖",
        "mine",
    ];
    assert_eq!(legend, expected);
    assert_eq!(figure["layout"]["xaxis"]["title"]["text"], "measured: largest ‖H<sub>i</sub>‖");
}
