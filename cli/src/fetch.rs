//! `hessia fetch`: data sets from their official sources or a mirror.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use hessia_paper::data::{CATALOG, data_folder, dataset_folder};
use hessia_paper::download::{FetchSettings, fetch};

pub const EXAMPLES: &str = "\
Examples:
  CIFAR-100 from its official page, into the user's cache, where every command finds it:
    hessia fetch cifar100

  All four, from a folder or a server of your own with the official files, in it or in
  folders with the names of the data sets:
    hessia fetch all --mirror /srv/datasets

A download that was cut goes on where it stopped. Files appear under their names only
after their MD5 has been found to be the published one.";

#[derive(Debug, Args)]
pub struct FetchArguments {
    /// Data sets, or all.
    #[arg(required = true, value_name = "DATASET", value_parser = PossibleValuesParser::new(CATALOG.map(|entry| entry.name).into_iter().chain(["all"])))]
    pub datasets: Vec<String>,
    /// Address (http:// or https://) or folder to take the official files from.
    #[arg(long, value_name = "URL-or-folder")]
    pub mirror: Option<String>,
    /// Folder to put the data sets' folders into [default: HESSIA_DATA, else hessia in the user's cache].
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

/// Brings them; returns a line a data set.
pub fn run(arguments: &FetchArguments) -> hessia::Result<String> {
    let folder = match &arguments.output {
        Some(folder) => folder.clone(),
        None => data_folder()?,
    };
    let settings = FetchSettings { mirror: arguments.mirror.clone(), ..FetchSettings::default() };
    let all = arguments.datasets.iter().any(|name| name == "all");
    let asked = |name: &str| all || arguments.datasets.iter().any(|asked| asked == name);
    let mut lines = Vec::new();
    for entry in CATALOG.iter().filter(|entry| asked(entry.name)) {
        let fetched = fetch(entry.name, &folder, &settings)?;
        let (brought, present) = (fetched.brought.len(), fetched.present.len());
        let place = fetched.folder.display();
        lines.push(format!("{place}: {brought} files brought, {present} there already, all verified"));
        let found = dataset_folder(entry.name)?;
        if found.as_ref() != Some(&fetched.folder) {
            let found = found.map_or("no folder".to_string(), |folder| folder.display().to_string());
            lines.push(format!(
                "  searched from here, {} is found in {found}; HESSIA_DATA={} puts this one first",
                entry.name,
                folder.display()
            ));
        }
    }
    Ok(lines.join("\n"))
}
