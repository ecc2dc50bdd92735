//! Tables as plotly figures: what a table holds is drawn, nothing is computed here but places on an axis.
//!
//! All figures have one look: 700 x 420 pixels, labelled axes, and colours that colour-blind readers can tell apart
//! (Okabe and Ito's for lines and points, cividis for maps).

mod lines;
mod magnitudes;
mod spectrum;
pub mod style;

pub use lines::{cost_figure, finite_difference_figure, log_log_figure, training_figure};
pub use magnitudes::magnitude_figure;
pub use spectrum::{density_figure, spectrum_figure};

use std::io::Write;
use std::path::Path;

use plotly::Plot;
use polars::prelude::{DataFrame, DataType};

use crate::files::write_atomically;
use crate::table::{Columns, Tabulate};
use crate::train::Trained;
use crate::{Error, Result, Spectrum};

/// A numeric column as floats, nulls as NaN (which plotly leaves out).
///
/// # Errors
/// No such column, or one that is not numeric.
pub fn numbers(table: &DataFrame, name: &str) -> Result<Vec<f64>> {
    let column = table.column(name)?.cast(&DataType::Float64)?;
    Ok(column.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

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
    write_atomically(path, |file| {
        write!(
            file,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>hessia</title>\n\
             {plotly_js}\n</head>\n<body>\n{figure}\n</body>\n</html>\n"
        )
        .map_err(|e| Error::io(path, e))
    })
}

/// A result that has a figure of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no figure of its own",
    note = "a Spectrum and a trained network have one; of tables a function of `hessia::figure` or \
            `hessia_paper::figure` draws one"
)]
pub trait Draw {
    /// The figure.
    ///
    /// # Errors
    /// As the function that draws it.
    ///
    /// ```
    /// use hessia::figure::Draw;
    /// let spectrum = hessia::eigvalsh(&ndarray::array![[1.0, 2.0], [2.0, 1.0]])?;
    /// assert!(spectrum.figure()?.to_json().contains("positive (1)"));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    fn figure(&self) -> Result<Plot>;
}

/// As [`spectrum_figure`], zero being what is within the tolerance.
impl Draw for Spectrum {
    fn figure(&self) -> Result<Plot> {
        spectrum_figure(&self.table()?.frame, self.tolerance)
    }
}

/// As [`training_figure`], of the loss of every epoch.
impl Draw for Trained {
    fn figure(&self) -> Result<Plot> {
        let epochs = Columns::new().count("epoch", 1..=self.losses.len()).number("loss", self.losses.clone());
        training_figure(&epochs.into_table()?, &["loss"])
    }
}
