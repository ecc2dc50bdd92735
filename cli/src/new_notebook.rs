//! `hessia new-notebook`: a notebook to begin with.

use std::path::Path;

use clap::Args;
use hessia::Error;

use super::output;

#[derive(Debug, Args)]
pub struct NewNotebookArguments {
    /// Its name, with or without a folder and .ipynb.
    pub name: String,
}

/// Writes the notebook; returns a line of summary.
pub fn run(arguments: &NewNotebookArguments) -> hessia::Result<String> {
    let name = arguments.name.strip_suffix(".ipynb").unwrap_or(&arguments.name);
    let file = format!("{name}.ipynb");
    let path = Path::new(&file);
    output::check(&[(path, output::NOTEBOOK)], &[])?;
    if path.exists() {
        return Err(Error::format(path, "a name that is free", "a file of that name"));
    }
    let title = path.file_stem().unwrap_or_default().to_string_lossy().replace(['_', '-'], " ");
    let text = hessia::notebook::template(&title);
    output::write(path, text.as_bytes())?;
    Ok(format!("{file}: open it with `make lab`, or in any Jupyter that has the kernel"))
}
