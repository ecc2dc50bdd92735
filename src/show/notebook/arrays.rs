//! ndarray's vectors and matrices: small ones as numbers, large ones as a map of their entries' sizes.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use serde_json::json;

use super::{Show, View, html};
use crate::format::{grouped, short};

/// Sides of the largest matrix that is shown as numbers.
const NUMBERS: usize = 12;
/// Cells of a map along a side.
const CELLS: usize = 160;
/// Decades below the largest entry that still get a colour of their own.
const DECADES: f64 = 12.0;

impl Show for Array2<f64> {
    fn to_view(&self) -> View {
        matrix(self.view())
    }
}

impl Show for ArrayView2<'_, f64> {
    fn to_view(&self) -> View {
        matrix(self.reborrow())
    }
}

impl Show for Array1<f64> {
    fn to_view(&self) -> View {
        vector(self.view())
    }
}

impl Show for ArrayView1<'_, f64> {
    fn to_view(&self) -> View {
        vector(self.reborrow())
    }
}

impl Show for Array1<usize> {
    fn to_view(&self) -> View {
        View::Text(format!("{self}\nshape [{}]", self.len()))
    }
}

fn vector(values: ArrayView1<'_, f64>) -> View {
    let text = format!("{values}\nshape [{}]", values.len());
    let shown: Vec<String> = if values.len() <= 2 * NUMBERS {
        values.iter().copied().map(short).collect()
    } else {
        let head = values.slice(s![..NUMBERS]);
        let tail = values.slice(s![values.len() - NUMBERS..]);
        let mut shown: Vec<_> = head.iter().copied().map(short).collect();
        shown.push("…".to_string());
        shown.extend(tail.iter().copied().map(short));
        shown
    };
    let line = html::sparkline(&values.to_vec());
    let html = format!(
        "<div>vector of {}</div>{line}<div style=\"font-family:monospace\">{}</div>",
        grouped(values.len()),
        shown.join(", ")
    );
    View::Html { text, html }
}

fn matrix(matrix: ArrayView2<'_, f64>) -> View {
    let (rows, columns) = matrix.dim();
    let shape = format!("matrix of {} × {}", grouped(rows), grouped(columns));
    if rows.max(columns) <= NUMBERS {
        let cells: Vec<Vec<String>> =
            matrix.rows().into_iter().map(|row| row.iter().copied().map(short).collect()).collect();
        let html = html::table(&[], &cells, &vec![true; columns], &shape);
        return View::Html { text: format!("{matrix}\n{shape}"), html };
    }
    map(matrix, &shape)
}

/// `log10` of the largest `|entry|` of every cell.
fn map(matrix: ArrayView2<'_, f64>, shape: &str) -> View {
    let (rows, columns) = matrix.dim();
    let factor = rows.max(columns).div_ceil(CELLS);
    let odd = matrix.iter().filter(|v| !v.is_finite()).count();
    let odd_text = format!("{} NaN or infinite", grouped(odd));
    if odd == matrix.len() {
        return View::Text(format!("{shape}, all {odd_text}"));
    }
    let odd_text = if odd > 0 { format!(", {odd_text}") } else { String::new() };
    let largest = matrix.iter().filter(|v| v.is_finite()).fold(0.0_f64, |largest, v| largest.max(v.abs()));
    let top = if largest > 0.0 { largest.log10() } else { 0.0 };
    // Neither zeros nor what is no finite number have a colour.
    let colour =
        |v: f64| (v > 0.0 && v.is_finite()).then(|| (v.log10().max(top - DECADES) * 100.0).round() / 100.0);
    let mut z = Vec::new();
    for i in (0..rows).step_by(factor) {
        let cell = |j: usize| {
            let part = matrix.slice(s![i..rows.min(i + factor), j..columns.min(j + factor)]);
            colour(crate::table::largest(part.iter().copied()))
        };
        z.push((0..columns).step_by(factor).map(cell).collect::<Vec<_>>());
    }
    let cells =
        if factor > 1 { format!(", a cell the largest of {factor} × {factor}") } else { String::new() };
    let first = (top - DECADES).ceil() as i32;
    let ticks: Vec<i32> = (first..=top.floor() as i32).step_by(2).collect();
    let labels: Vec<String> = ticks.iter().map(|k| format!("10<sup>{k}</sup>")).collect();
    let figure = json!({
        "data": [{
            "type": "heatmap", "z": z, "x0": 0, "dx": factor, "y0": 0, "dy": factor,
            "colorscale": "Cividis", "zmin": top - DECADES, "zmax": top,
            "colorbar": { "title": { "text": "|entry|" }, "tickvals": ticks, "ticktext": labels },
        }],
        "layout": {
            "title": { "text": format!("{shape}{cells}{odd_text}"), "font": { "size": 15 }, "x": 0.02, "xanchor": "left" },
            "width": 560, "height": 500, "margin": { "l": 70, "r": 20, "t": 50, "b": 55 },
            "xaxis": { "title": { "text": "column" }, "constrain": "domain" },
            "yaxis": { "title": { "text": "row" }, "autorange": "reversed", "scaleanchor": "x",
                       "constrain": "domain" },
        },
    });
    View::Figure {
        text: format!("{shape}, largest |entry| {}{odd_text}", short(largest)),
        json: figure.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_matrices_are_numbers_and_large_ones_maps() {
        let View::Html { html, .. } = Array2::<f64>::eye(3).to_view() else { panic!("expected a table") };
        assert_eq!(html.matches("<td").count(), 9);
        assert!(html.contains("matrix of 3 × 3"));

        let mut large = Array2::<f64>::zeros((400, 200));
        large[[399, 0]] = -1e3;
        let View::Figure { json, text } = large.to_view() else { panic!("expected a figure") };
        let figure: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
        let z = figure["data"][0]["z"].as_array().map(Vec::len);
        assert_eq!(z, Some(134), "cells of 3 × 3 entries");
        assert_eq!(figure["data"][0]["z"][133][0], 3.0);
        assert!(figure["data"][0]["z"][0][0].is_null(), "zeros have no colour");
        assert!(text.contains("1000"));
    }

    #[test]
    fn nan_is_said_and_not_drawn() {
        let all = Array2::from_elem((13, 13), f64::NAN);
        assert_eq!(all.to_view(), View::Text("matrix of 13 × 13, all 169 NaN or infinite".to_string()));
        let mut some = Array2::from_elem((400, 200), 1.0);
        some[[0, 0]] = f64::NAN;
        some[[5, 0]] = f64::INFINITY;
        let View::Figure { json, text } = some.to_view() else { panic!("expected a figure") };
        let figure: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
        assert!(figure["data"][0]["z"][0][0].is_null() && figure["data"][0]["z"][1][0].is_null());
        assert_eq!(figure["data"][0]["z"][2][0], 0.0);
        assert_eq!(text, "matrix of 400 × 200, largest |entry| 1, 2 NaN or infinite");
        assert!(json.contains("2 NaN or infinite"));
    }

    #[test]
    fn long_vectors_show_both_ends() {
        let View::Html { html, .. } = Array1::from_iter((0..100).map(f64::from)).to_view() else {
            panic!("expected HTML")
        };
        assert!(html.contains("0, 1, 2") && html.contains("98, 99") && html.contains('…'));
        assert!(html.contains("<polyline"));
    }
}
