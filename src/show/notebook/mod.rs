//! Values, progress and errors as a notebook shows them, in the Rust kernel of Jupyter (evcxr).
//!
//! A value that is the last expression of a cell shows itself; [`show`] does the same in the middle of a cell. Both
//! work on the published evcxr kernel and on the project's own (`make lab`), which adds progress that is updated in
//! place, errors that count as errors, and interrupts that keep the variables.

mod arrays;
mod frame;
pub mod html;
mod kernel;
mod live;
mod objects;
mod plain;
mod start;
mod template;
mod verification;

pub use objects::{facts, line};
pub use start::start;
pub use template::template;

/// What a value looks like in a notebook.
#[derive(Debug, Clone, PartialEq)]
pub enum View {
    /// Text alone.
    Text(String),
    /// HTML, with the text for readers without it.
    Html {
        /// The text.
        text: String,
        /// The HTML.
        html: String,
    },
    /// A plotly figure as JSON, with the text for readers without it.
    Figure {
        /// The text.
        text: String,
        /// The figure: `{"data": [...], "layout": {...}}`.
        json: String,
    },
    /// An error: the cell fails with this message.
    Failure(String),
}

/// A value that notebooks can show.
#[diagnostic::on_unimplemented(
    message = "a notebook cannot show `{Self}`",
    note = "hessia's results, arrays, tables, figures, numbers and text can be shown; of other values show a part, \
            or `println!(\"{{:?}}\", value)`"
)]
pub trait Show {
    /// What the value looks like.
    fn to_view(&self) -> View;
}

/// Shows a value in the middle of a cell.
///
/// ```
/// use hessia::notebook::show;
/// show(&ndarray::array![[1.0, 2.0], [3.0, 4.0]]);
/// ```
pub fn show(value: &(impl Show + ?Sized)) {
    kernel::emit_now(value.to_view());
}

/// Where a notebook writes a file: the folder that the variable `HESSIA_OUT` names (in the project's kernel the
/// project's `out`), else `out` in the working directory; made if it is not there.
///
/// # Errors
/// A folder that cannot be made.
pub fn output(name: &str) -> crate::Result<std::path::PathBuf> {
    let folder = std::env::var_os("HESSIA_OUT").map_or_else(|| "out".into(), std::path::PathBuf::from);
    std::fs::create_dir_all(&folder).map_err(|e| crate::Error::io(&folder, e))?;
    Ok(folder.join(name))
}

/// What the kernel calls on the last expression of a cell.
pub trait EvcxrDisplay {
    /// Shows the value as the cell's result.
    fn evcxr_display(&self);
}

impl<T: Show + ?Sized> EvcxrDisplay for T {
    fn evcxr_display(&self) {
        kernel::emit_result(self.to_view());
    }
}

impl<T: Show, E: std::fmt::Display> Show for Result<T, E> {
    fn to_view(&self) -> View {
        match self {
            Ok(value) => value.to_view(),
            Err(error) => View::Failure(error.to_string()),
        }
    }
}
