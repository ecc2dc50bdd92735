//! Figures as files that open without a network.

use std::io::Write;
use std::path::Path;

use plotly::Plot;

use crate::files::write_aside;
use crate::{Error, Result};

/// Writes a figure as one HTML file that needs no network: plotly.js (4.5 MB) stands in it.
///
/// # Errors
/// A name that does not end in `.html`; a file that cannot be written.
pub fn save_html(plot: &Plot, path: impl AsRef<Path>) -> Result<()> {
    // Not generic, so that it is compiled once here and not in each notebook cell that calls it.
    save_to(plot, path.as_ref())
}

fn save_to(plot: &Plot, path: &Path) -> Result<()> {
    if path.extension().is_none_or(|e| !e.eq_ignore_ascii_case("html")) {
        return Err(Error::format(path, "a name that ends in .html", "another"));
    }
    // The crate offers its scripts in one piece: plotly.js, then MathJax, which our labels do not use.
    let scripts = Plot::offline_js_sources();
    let opening = "<script type=\"text/javascript\">";
    let plotly_js = scripts.rfind(opening).map_or(scripts.as_str(), |mathjax| &scripts[..mathjax]);
    let figure = plot.to_inline_html(Some("figure"));
    write_aside(path, |file| {
        write!(
            file,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>hessia</title>\n\
             {plotly_js}\n</head>\n<body>\n{figure}\n</body>\n</html>\n"
        )
        .map_err(|e| Error::io(path, e))
    })
}
