//! `rnetc data`.

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::{DataArgs, DataVerb};
use crate::cli::session::download::Download;
use crate::cli::session::signals::Signals;
use crate::cli::show::output::say;
use crate::data::cifar::Layout;
use crate::data::fetch::Archive;
use crate::data::{Name, checksums, locate};

/// Does what was asked.
pub fn data(args: &DataArgs) -> Result<(), Failure> {
    match &args.verb {
        DataVerb::List(place) => list(place.data.as_deref()),
        DataVerb::Fetch(args) => args.names.iter().try_for_each(|name| fetch(*name, &args.mirror)),
        DataVerb::Verify(verify) if verify.names.is_empty() => {
            let folder = verify.place.data.as_deref();
            let all = Name::ALL.into_iter().filter(|name| there(*name, folder));
            let all: Vec<Name> = all.collect();
            all.iter().try_for_each(|name| verify_one(*name, folder))
        }
        DataVerb::Verify(verify) => {
            let folder = verify.place.data.as_deref();
            verify.names.iter().try_for_each(|name| verify_one(*name, folder))
        }
    }
}

fn list(folder: Option<&Path>) -> Result<(), Failure> {
    for name in Name::ALL {
        let place = match locate::layout(name) {
            None => "drawn by the program; nothing to fetch".to_string(),
            Some(layout) => match complete(layout, folder)? {
                Some(folder) => format!("in {}", folder.display()),
                None => format!("not here; rnetc data fetch {name}, or --data DIR"),
            },
        };
        say(format_args!("{name:8}  {:3} classes  {place}", locate::class_names(name).len()));
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

fn fetch(name: Name, mirrors: &[String]) -> Result<(), Failure> {
    let Some(layout) = locate::layout(name) else {
        say(format_args!("{name}: drawn by the program; nothing to fetch"));
        return Ok(());
    };
    if let Some(folder) = complete(layout, None)? {
        say(format_args!("{name}: already in {}", folder.display()));
        return Ok(());
    }
    let download = Download::new(&Signals::catch()?);
    let cache = locate::cache()?;
    let folder = download.end(Archive::of(layout).fetch_into(&cache, mirrors, &download))?;
    say(format_args!("{name}: MD5 as published; in {}", folder.display()));
    Ok(())
}

fn verify_one(name: Name, folder: Option<&Path>) -> Result<(), Failure> {
    let Some(layout) = locate::layout(name) else {
        say(format_args!("{name}: drawn by the program"));
        return Ok(());
    };
    let Some(folder) = locate::find(layout, folder)? else {
        return Err(Failure::File(format!(
            "{name} is not in the cache; rnetc data fetch {name}, or --data DIR"
        )));
    };
    let dataset = layout.load(&folder)?;
    let sums = match checksums::check(&folder, layout)? {
        Some(files) => format!("{files} SHA-256 sums as fetched"),
        None => "no sums kept beside them".into(),
    };
    say(format_args!(
        "{name}: {} training and {} test pictures, all records whole and labels in range, {sums}",
        dataset.train.count(),
        dataset.test.count()
    ));
    Ok(())
}
