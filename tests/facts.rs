//! The facts of a result: table, report and display hold the same, under one name and one label each.
#![cfg(feature = "notebook")]

use hessia::cost::{Cost, curvature_cost};
use hessia::facts::{self, Facts};
use hessia::fit::power_law;
use hessia::notebook::{Show, View, html};
use hessia::spectrum::outermost;
use hessia::table::Tabulate;
use hessia::train::{AdamSettings, StationarySettings, adam, stationary_point};
use hessia::verify::VerifySettings;
use hessia::{
    Activation, Dataset, Loss, Network, Targets, Term, compress, curvature, eigh, eigvalsh, layer_norms,
    per_object, verify,
};
use ndarray::{Array1, Array2, array};
use polars::prelude::AnyValue;
use serde_json::{Value, json};

/// Holds the three renderings of one result against each other.
fn agree<T: Facts + Show + Clone + 'static>(result: &T) {
    let table = [result.clone(), result.clone()].table().unwrap();
    let report = facts::report(result);
    assert_eq!((table.height(), table.width()), (2, report.len()), "{}", T::TABLE);
    assert_eq!(table.provenance.table, T::TABLE);
    for column in table.columns() {
        let expected = &report[column.name().as_str()];
        let found = match column.get(1).unwrap() {
            AnyValue::Null => Value::Null,
            AnyValue::Float64(number) => json!(number),
            AnyValue::Int64(count) => json!(count),
            AnyValue::Boolean(flag) => json!(flag),
            AnyValue::String(text) => match expected {
                Value::Array(all) => {
                    let all: Vec<Value> = all.iter().map(|v| json!(v.as_f64())).collect();
                    let numbers = text.split(", ").filter(|number| !number.is_empty());
                    let numbers: Vec<Value> =
                        numbers.map(|number| json!(number.parse::<f64>().unwrap())).collect();
                    assert_eq!(numbers, all, "{} of {}", column.name(), T::TABLE);
                    expected.clone()
                }
                _ => json!(text),
            },
            other => panic!("{other:?}"),
        };
        assert_eq!(found, *expected, "{} of {}", column.name(), T::TABLE);
    }

    let shown = facts::shown(result);
    let View::Html { text, html } = result.to_view() else { panic!("expected HTML") };
    assert_eq!(html.matches("<tr>").count(), shown.len(), "{html}");
    assert_eq!(text.lines().count(), 1 + shown.len(), "{text}");
    for ((label, value), line) in shown.iter().zip(text.lines().skip(1)) {
        assert!(line.trim_start().starts_with(label) && line.ends_with(value), "{label}: {line}");
        let row = format!(
            "{}</td><td style=\"text-align:right\">{}</td>",
            html::escape(label),
            html::escape(value)
        );
        assert!(html.contains(&row), "{row} in {html}");
    }
    // What is shown has a name to look it up by.
    let list = T::facts();
    let mut labels: Vec<&str> = list.columns().iter().filter_map(|(name, _)| list.label(name)).collect();
    labels.extend(facts::report(result).keys().filter_map(|name| list.label(name.trim_end_matches("_low"))));
    for (label, _) in
        shown.iter().filter(|(label, _)| !label.contains("interval") && !label.contains("range"))
    {
        assert!(labels.contains(label), "{label} of {}", T::TABLE);
    }
}

fn problem() -> (Network, Dataset, Loss) {
    let x = Array2::from_shape_fn((6, 3), |(i, j)| ((3 * i + 5 * j) as f64).sin());
    let data = Dataset::new("toy", x, Targets::Classes(Array1::from_shape_fn(6, |i| i % 2))).unwrap();
    (Network::random(&[3, 4, 2], true, Activation::Tanh, 1).unwrap(), data, Loss::cross_entropy())
}

#[test]
fn every_result_says_the_same_in_its_table_its_report_and_its_display() {
    let (net, data, loss) = problem();
    let h = curvature(&net, &data, loss, Term::Full).unwrap();
    agree(&eigh(&h.matrix).unwrap());
    agree(&eigvalsh(&h.matrix).unwrap());
    agree(&h);
    agree(&data);
    agree(&Dataset::new("values", array![[1.0]], Targets::Values(array![[2.0]])).unwrap());
    agree(&power_law(&[1.0, 2.0, 4.0], &[3.0, 11.0, 48.0]).unwrap());
    agree(&curvature_cost(&net, &data, loss, Term::Full, 1).unwrap());
    agree(&per_object(&net, &data, loss).unwrap());
    agree(&layer_norms(&net, &data, loss).unwrap());
    agree(&net.layers()[0].clone());
    agree(&stationary_point(&net, &data, loss, &StationarySettings::default()).unwrap());
    agree(&adam(&net, &data, loss, &AdamSettings { epochs: 2, ..AdamSettings::default() }).unwrap());
    agree(&compress(&net, &data).unwrap());
    let diagonal = Array1::linspace(-2.0, 5.0, 20);
    agree(&outermost(20, 2, 1e-9, 20, |v| Ok(v * &diagonal)).unwrap());
}

#[test]
fn no_field_of_a_cost_is_forgotten() {
    let (net, data, loss) = problem();
    let cost: Cost = curvature_cost(&net, &data, loss, Term::Ggn, 1).unwrap();
    let report = facts::report(&cost);
    for (field, value) in json!(cost).as_object().unwrap() {
        assert_eq!(report.get(field), Some(value), "{field}");
    }
}

#[test]
fn a_table_is_written_with_what_made_it() {
    let (net, data, loss) = problem();
    let spectrum = eigh(&curvature(&net, &data, loss, Term::Full).unwrap().matrix).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spectrum.csv");
    spectrum.table().unwrap().network(&net).data(&data).loss(loss).seed(1).write(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let first = text.lines().nth(1).unwrap();
    for part in [
        "3-4-2 tanh with biases",
        "\"\"objects\"\":6",
        "cross-entropy",
        "\"\"seed\"\":1",
        "\"\"residual\"\":",
    ] {
        assert!(first.contains(part), "{part} in {first}");
    }
    assert_eq!(text.lines().count(), 1 + net.parameter_count());
}

#[test]
fn layers_have_one_name_everywhere() {
    let (net, data, loss) = problem();
    let View::Html { text, html } = net.to_view() else { panic!("expected HTML") };
    assert!(text.contains("\n  0 (layer 0): 4 × 3,") && text.contains("\n  2 (layer 1): 2 × 4,"), "{text}");
    assert!(html.contains(">2 (layer 1)<"), "{html}");

    let mut wrong = curvature(&net, &data, loss, Term::Full).unwrap().matrix;
    wrong[[0, net.parameter_count() - 1]] += 1.0;
    let report = verify(&wrong.into(), &net, &data, loss, VerifySettings::default()).unwrap();
    assert!(report.to_string().contains("\n  0 x 2 (layers 0, 1): largest error 1.0e0"), "{report}");
    let View::Html { html, .. } = report.to_view() else { panic!("expected HTML") };
    assert!(html.contains(">2 (layer 1)<"), "{html}");

    let mut layers = net.layers().to_vec();
    layers[1].bias = Some(array![f64::NAN, 0.0]);
    let error = Network::new(layers, Activation::Tanh).unwrap_err().to_string();
    assert!(error.contains("2.bias (layer 1)"), "{error}");
}
