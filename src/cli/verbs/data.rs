//! `rnetc data`.

use std::path::Path;

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::{DataArgs, DataVerb, Format};
use crate::cli::session::download::Download;
use crate::cli::session::signals::Signals;
use crate::cli::show::output::{json, say};
use crate::data::cifar::Layout;
use crate::data::fetch::Archive;
use crate::data::{Name, checksums, locate};

/// Does what was asked.
pub fn data(args: &DataArgs) -> Result<(), Failure> {
    match &args.verb {
        DataVerb::List(place) => list(place.data.as_deref(), place.format),
        DataVerb::Fetch(args) => {
            args.names.iter().try_for_each(|name| fetch(*name, &args.mirror, args.format))
        }
        DataVerb::Verify(verify) => {
            let folder = verify.place.data.as_deref();
            let names = match verify.names.is_empty() {
                true => Name::ALL.into_iter().filter(|name| there(*name, folder)).collect(),
                false => verify.names.clone(),
            };
            names.iter().try_for_each(|name| verify_one(*name, folder, verify.place.format))
        }
    }
}

/// What is told of a set.
#[derive(Serialize)]
struct Told {
    data: &'static str,
    classes: usize,
    /// Whether the program draws it, so that there are no files.
    drawn: bool,
    /// Where its files are; null where they are nowhere, or it has none.
    folder: Option<String>,
    #[serde(flatten)]
    files: Option<Files>,
}

/// What its files hold.
#[derive(Serialize)]
struct Files {
    training_pictures: usize,
    test_pictures: usize,
    /// Files whose SHA-256 is as it was when they were fetched; null where no sums are kept.
    unchanged_files: Option<usize>,
}

/// Prints a set as a line, or for programs.
fn tell(
    (name, format): (Name, Format),
    folder: Option<&Path>,
    files: Option<Files>,
    line: String,
) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say(line);
            Ok(())
        }
        Format::Json => {
            let (classes, drawn) =
                (locate::class_names(name).len(), locate::layout(name).is_none());
            let folder = folder.map(|folder| folder.display().to_string());
            json(&Told { data: name.text(), classes, drawn, folder, files })
        }
    }
}

fn list(folder: Option<&Path>, format: Format) -> Result<(), Failure> {
    for name in Name::ALL {
        let found = match locate::layout(name) {
            None => None,
            Some(layout) => complete(layout, folder)?,
        };
        let place = match (&found, locate::layout(name)) {
            (_, None) => "drawn by the program; nothing to fetch".to_string(),
            (Some(folder), Some(_)) => format!("in {}", folder.display()),
            (None, Some(_)) => format!("not here; rnetc data fetch {name}, or --data DIR"),
        };
        let line = format!("{name:8}  {:3} classes  {place}", locate::class_names(name).len());
        tell((name, format), found.as_deref(), None, line)?;
    }
    Ok(())
}

/// The folder that has all of a set's files.
fn complete(layout: &Layout, folder: Option<&Path>) -> Result<Option<std::path::PathBuf>, Failure> {
    let found = locate::find(layout, folder)?;
    Ok(found.filter(|folder| layout.files().all(|file| folder.join(file).is_file())))
}

fn there(name: Name, folder: Option<&Path>) -> bool {
    locate::layout(name).is_none_or(|layout| matches!(complete(layout, folder), Ok(Some(_))))
}

fn fetch(name: Name, mirrors: &[String], format: Format) -> Result<(), Failure> {
    let Some(layout) = locate::layout(name) else {
        let line = format!("{name}: drawn by the program; nothing to fetch");
        return tell((name, format), None, None, line);
    };
    if let Some(folder) = complete(layout, None)? {
        let line = format!("{name}: already in {}", folder.display());
        return tell((name, format), Some(&folder), None, line);
    }
    let download = Download::new(&Signals::catch()?);
    let cache = locate::cache()?;
    let folder = download.end(Archive::of(layout).fetch_into(&cache, mirrors, &download))?;
    let line = format!("{name}: MD5 as published; in {}", folder.display());
    tell((name, format), Some(&folder), None, line)
}

fn verify_one(name: Name, folder: Option<&Path>, format: Format) -> Result<(), Failure> {
    let Some(layout) = locate::layout(name) else {
        return tell((name, format), None, None, format!("{name}: drawn by the program"));
    };
    let Some(folder) = locate::find(layout, folder)? else {
        return Err(Failure::File(format!(
            "{name} is not in the cache; rnetc data fetch {name}, or --data DIR"
        )));
    };
    let dataset = layout.load(&folder)?;
    let unchanged_files = checksums::check(&folder, layout)?;
    let sums = match unchanged_files {
        Some(files) => format!("{files} SHA-256 sums as fetched"),
        None => "no sums kept beside them".into(),
    };
    let (training_pictures, test_pictures) = (dataset.train.count(), dataset.test.count());
    let line = format!(
        "{name}: {training_pictures} training and {test_pictures} test pictures, all records whole \
         and labels in range, {sums}"
    );
    let files = Files { training_pictures, test_pictures, unchanged_files };
    tell((name, format), Some(&folder), Some(files), line)
}
