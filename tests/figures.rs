//! Figures: what the table says is what is drawn, labelled, small and without a network.
#![cfg(feature = "figure")]

use hessia::figure::{density_figure, magnitude_figure, save_html, spectrum_figure, training_figure};
use hessia::table::{density_table, magnitude_table, spectrum_table};
use hessia::{Activation, Network, eigvalsh};
use hessia_paper::figure::bounds_figure;
use ndarray::{Array1, Array2};
use plotly::Plot;
use polars::df;
use polars::prelude::DataFrame;
use serde_json::Value;

fn json(plot: &Plot) -> Value {
    serde_json::from_str(&plot.to_json()).unwrap()
}

fn array(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Eigenvalues -2, 0 (twice), 1e-5 and 300.
fn spectrum() -> (DataFrame, f64) {
    let spectrum = eigvalsh(&Array2::from_diag(&ndarray::array![-2.0, 0.0, 0.0, 1e-5, 300.0])).unwrap();
    (spectrum_table(&spectrum).unwrap(), spectrum.tolerance)
}

fn magnitudes() -> (DataFrame, Network) {
    let net = Network::random(&[784, 4, 4, 10], false, Activation::Relu, 1).unwrap();
    let matrix = Array2::from_shape_fn((3192, 3192), |(i, j)| ((i * 7 + j * 13) as f64).sin() * 1e-3);
    (magnitude_table(&matrix, 200).unwrap(), net)
}

fn bounds() -> DataFrame {
    df!["norm" => [1.0, 2.0, 0.0], "stated" => [0.5, 30.0, 1.0], "corrected" => [1.5, 2.5, 1.0]].unwrap()
}

fn all() -> Vec<Plot> {
    let (table, zero) = spectrum();
    let (map, net) = magnitudes();
    let values: Array1<f64> = (0..500).map(|i| f64::from(i).sin().powi(5)).collect();
    let course = df!["epoch" => [1_i64, 2, 3], "loss" => [2.3, 0.9, 0.5]].unwrap();
    vec![
        spectrum_figure(&table, zero).unwrap(),
        magnitude_figure(&map, &net, "|H|").unwrap(),
        bounds_figure(&bounds(), "norm", &["stated", "corrected"]).unwrap(),
        training_figure(&course, &["loss"]).unwrap(),
        density_figure(&density_table(&values, 40).unwrap()).unwrap(),
    ]
}

#[test]
fn every_figure_is_labelled_sized_and_small() {
    for plot in all() {
        let figure = json(&plot);
        let layout = &figure["layout"];
        for axis in ["xaxis", "yaxis"] {
            assert!(!layout[axis]["title"]["text"].as_str().unwrap().is_empty(), "{layout}");
        }
        assert_eq!(layout["width"], 700);
        assert!(layout["font"]["size"].as_u64().unwrap() >= 12);
        assert!(!figure["data"].as_array().unwrap().is_empty());
        assert!(plot.to_json().len() < 500_000, "{} bytes", plot.to_json().len());
    }
}

#[test]
fn eigenvalues_stand_by_sign_at_their_decade() {
    let (table, zero) = spectrum();
    let figure = json(&spectrum_figure(&table, zero).unwrap());
    let traces = figure["data"].as_array().unwrap();
    let names: Vec<_> = traces.iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["negative (1)", "zero (2)", "positive (2)"]);
    assert_eq!(array(&traces[1]["y"]), [0.0, 0.0]);
    let positive = array(&traces[2]["y"]);
    // From 1e-5 to 300: 7.477 decades, one unit each.
    assert!((positive[1] - positive[0] - 3e7_f64.log10()).abs() < 1e-3, "{positive:?}");
    assert!((array(&traces[0]["y"])[0] + positive[1] - 150_f64.log10()).abs() < 1e-3);
    assert_eq!(array(&traces[2]["x"]), [3.0, 4.0]);
    assert!(traces[2]["hovertext"][1].as_str().unwrap().contains("300"));
    assert!(spectrum_figure(&table, f64::NAN).is_err());
    assert!(spectrum_figure(&bounds(), zero).is_err());
}

#[test]
fn a_zero_matrix_has_a_spectrum_too() {
    let spectrum = eigvalsh(&Array2::zeros((3, 3))).unwrap();
    let figure = json(&spectrum_figure(&spectrum_table(&spectrum).unwrap(), spectrum.tolerance).unwrap());
    assert_eq!(figure["data"][0]["name"], "zero (3)");
}

#[test]
fn maps_state_their_cells_and_draw_the_layers() {
    let (table, net) = magnitudes();
    let figure = json(&magnitude_figure(&table, &net, "|H|").unwrap());
    let title = figure["layout"]["title"]["text"].as_str().unwrap();
    assert!(title.contains("16 × 16 entries"), "{title}");
    let z = figure["data"][0]["z"].as_array().unwrap();
    assert_eq!((z.len(), z[0].as_array().unwrap().len()), (200, 200));
    let shapes = figure["layout"]["shapes"].as_array().unwrap();
    assert_eq!(shapes.len(), 4);
    assert_eq!(shapes[0]["x0"].as_f64(), Some(3135.5));
    let zeros = magnitude_table(&Array2::zeros((3192, 3192)), 10).unwrap();
    let ends = |figure: &Value| ["zmin", "zmax"].map(|name| figure["data"][0][name].as_f64().unwrap());
    let small = Network::random(&[4, 3, 2], false, Activation::Relu, 1).unwrap();
    let spread = |low: f64| {
        let matrix = Array2::from_shape_fn((18, 18), |(i, j)| if i == j { 100.0 } else { low });
        ends(&json(&magnitude_figure(&magnitude_table(&matrix, 18).unwrap(), &small, "|H|").unwrap()))
    };
    assert_eq!(spread(1e-3), [-3.0, 2.0], "the colours span the data");
    assert_eq!(spread(1e-30), [-10.0, 2.0], "twelve decades at most");
    assert_eq!(spread(100.0), [1.0, 2.0], "one at least");
    assert!(json(&magnitude_figure(&zeros, &net, "|H|").unwrap())["data"][0]["z"][0][0].is_null());
    assert!(magnitude_figure(&bounds(), &net, "|H|").is_err());
}

#[test]
fn bounds_leave_out_what_a_logarithm_cannot_show() {
    let figure = json(&bounds_figure(&bounds(), "norm", &["stated", "corrected"]).unwrap());
    let traces = figure["data"].as_array().unwrap();
    assert_eq!(array(&traces[0]["x"]), [1.0, 2.0]);
    assert_eq!(array(&traces[0]["y"]), [0.5, 30.0]);
    assert_eq!(array(&traces[2]["x"]), array(&traces[2]["y"]));
    assert_eq!(figure["layout"]["xaxis"]["type"], "log");
    assert!(bounds_figure(&bounds(), "norm", &[]).is_err());
    let error = bounds_figure(&bounds(), "norm", &["missing"]).err().unwrap();
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn html_needs_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.html");
    let (table, zero) = spectrum();
    let plot = spectrum_figure(&table, zero).unwrap();
    save_html(&plot, &path).unwrap();
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains("plotly.js v") && page.contains("Plotly.newPlot"));
    let scripts: Vec<_> = page.match_indices("<script").map(|(at, _)| &page[at..at + 40]).collect();
    assert_eq!(scripts.len(), 2, "plotly.js and the figure: {scripts:?}");
    assert!(
        scripts.iter().all(|script| script.starts_with("<script type=\"text/javascript\">")),
        "{scripts:?}"
    );
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(save_html(&plot, folder.path().join("figure.png")).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
