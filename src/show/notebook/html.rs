//! Small pieces of HTML: tables, numbers, lines.

use std::fmt::Write;

/// Text as HTML shows it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A table of cells that are already HTML; `right` says which columns hold numbers.
pub fn table(head: &[String], rows: &[Vec<String>], right: &[bool], caption: &str) -> String {
    let align = |column: usize| if right.get(column).copied().unwrap_or(false) { "right" } else { "left" };
    let mut out = String::from("<table>");
    if !caption.is_empty() {
        let _ = write!(out, "<caption style=\"text-align:left;caption-side:top\">{caption}</caption>");
    }
    if !head.is_empty() {
        out.push_str("<thead><tr>");
        for (column, cell) in head.iter().enumerate() {
            let _ = write!(out, "<th style=\"text-align:{}\">{cell}</th>", align(column));
        }
        out.push_str("</tr></thead>");
    }
    out.push_str("<tbody>");
    for row in rows {
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(out, "<td style=\"text-align:{}\">{cell}</td>", align(column));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    out
}

/// A table of names and values.
pub fn facts(caption: &str, facts: &[(&str, String)]) -> String {
    let rows: Vec<_> = facts.iter().map(|(name, value)| vec![escape(name), escape(value)]).collect();
    table(&[], &rows, &[false, true], &escape(caption))
}

/// The same facts as text.
pub fn facts_text(caption: &str, facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut out = caption.to_string();
    for (name, value) in facts {
        let _ = write!(out, "\n  {name:width$}  {value}");
    }
    out
}

/// A line through values of any number, 300 x 48 pixels, on a scale from the smallest to the largest.
pub fn sparkline(values: &[f64]) -> String {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let low = finite.iter().copied().fold(f64::INFINITY, f64::min);
    let high = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if finite.len() < 2 || low == high {
        return String::new();
    }
    let step = finite.len().div_ceil(300);
    let mut points = String::new();
    for (i, value) in finite.iter().enumerate().filter(|(i, _)| i % step == 0 || i + 1 == finite.len()) {
        let x = 300.0 * i as f64 / (finite.len() - 1) as f64;
        let y = 46.0 - 44.0 * (value - low) / (high - low);
        let _ = write!(points, "{x:.1},{y:.1} ");
    }
    format!(
        "<svg width=\"300\" height=\"48\" role=\"img\"><polyline fill=\"none\" stroke=\"#0072B2\" \
         stroke-width=\"1.5\" points=\"{}\"/></svg>",
        points.trim_end()
    )
}

/// A line under its caption; nothing where the values make no line.
pub fn captioned_line(caption: &str, values: &[f64]) -> String {
    let line = sparkline(values);
    if line.is_empty() || caption.is_empty() { line } else { format!("<div>{caption}</div>{line}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_shown_as_text() {
        assert_eq!(escape("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }
}
