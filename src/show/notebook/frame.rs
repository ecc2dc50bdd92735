//! polars tables: first and last rows, with the types of the columns and the shape; and plotly's figures.

use polars::prelude::{AnyValue, DataFrame, LazyFrame, Series};

use super::{Show, View, html};
use crate::format::{grouped, short};

/// Rows at either end of a long table.
const ENDS: usize = 5;

impl Show for DataFrame {
    fn to_view(&self) -> View {
        let rows = self.height();
        let shape = format!("{} rows × {} columns", grouped(rows), grouped(self.width()));
        let shown: Vec<Option<usize>> = if rows <= 2 * ENDS + 2 {
            (0..rows).map(Some).collect()
        } else {
            (0..ENDS).map(Some).chain([None]).chain((rows - ENDS..rows).map(Some)).collect()
        };
        let columns = self.columns();
        let text = |value: AnyValue<'_>| match value {
            AnyValue::Float64(v) => short(v),
            AnyValue::Float32(v) => short(v.into()),
            AnyValue::String(v) => v.to_string(),
            AnyValue::StringOwned(v) => v.to_string(),
            AnyValue::Null => "null".to_string(),
            other => other.to_string(),
        };
        let cells: Vec<Vec<String>> = shown
            .iter()
            .map(|row| match row {
                Some(row) => columns.iter().map(|c| c.get(*row).map(text).unwrap_or_default()).collect(),
                None => vec!["…".to_string(); columns.len()],
            })
            .collect();
        let numeric: Vec<bool> = columns.iter().map(|c| c.dtype().is_primitive_numeric()).collect();

        let type_name = |c: &polars::prelude::Column| c.dtype().to_string();
        let head: Vec<String> = columns
            .iter()
            .map(|c| {
                let name = html::escape(c.name());
                format!(
                    "{name}<br><small style=\"font-weight:normal\">{}</small>",
                    html::escape(&type_name(c))
                )
            })
            .collect();
        let escaped: Vec<Vec<String>> =
            cells.iter().map(|row| row.iter().map(|cell| html::escape(cell)).collect()).collect();
        let html = html::table(&head, &escaped, &numeric, &shape);

        let names: Vec<String> = columns.iter().map(|c| format!("{} {}", c.name(), type_name(c))).collect();
        View::Html { text: aligned(&names, &cells, &shape), html }
    }
}

impl Show for crate::table::Table {
    fn to_view(&self) -> View {
        self.frame.to_view()
    }
}

impl Show for plotly::Plot {
    fn to_view(&self) -> View {
        View::Figure { text: "figure".to_string(), json: self.to_json() }
    }
}

impl Show for LazyFrame {
    fn to_view(&self) -> View {
        match self.clone().collect() {
            Ok(frame) => frame.to_view(),
            Err(error) => View::Failure(error.to_string()),
        }
    }
}

impl Show for Series {
    fn to_view(&self) -> View {
        self.clone().into_frame().to_view()
    }
}

fn aligned(head: &[String], rows: &[Vec<String>], shape: &str) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    for row in std::iter::once(head).chain(rows.iter().map(Vec::as_slice)) {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out + shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    #[test]
    fn a_long_table_shows_both_ends() {
        let n = 100_000_i64;
        let frame = df!("index" => (0..n).collect::<Vec<_>>(), "value" => vec![0.5; n as usize]);
        let Ok(frame) = frame else { panic!("no table") };
        let View::Html { html, text } = frame.to_view() else { panic!("expected HTML") };
        assert!(html.contains("100\u{202f}000 rows × 2 columns"));
        assert!(html.contains(">f64<") && html.contains(">99999<") && html.contains(">4<"));
        assert!(!html.contains(">5<"));
        assert_eq!(text.lines().count(), 13, "{text}");
    }

    #[test]
    fn names_and_values_are_escaped() {
        let Ok(frame) = df!("<x>" => ["a & b"]) else { panic!("no table") };
        let View::Html { html, .. } = frame.to_view() else { panic!("expected HTML") };
        assert!(html.contains("&lt;x&gt;") && html.contains("a &amp; b"));
    }
}
