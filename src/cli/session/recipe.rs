//! Finding recipes.

use std::path::Path;

use super::spec;
use crate::api::Spec;
use crate::cli::Failure;
use crate::cli::show::output;
use crate::train::recipe::{self, Recipe};

/// A recipe file, or a recipe that is bundled.
pub fn named(path: &Path) -> Result<Recipe, Failure> {
    let bundled = path.to_str().filter(|_| !path.exists()).and_then(Recipe::bundled);
    match bundled {
        Some(recipe) => {
            output::detail(format_args!("recipe: {}, which comes with rnetc", path.display()));
            Ok(recipe?)
        }
        None if !path.exists() && known(path).is_some() => Err(Failure::File(format!(
            "reading {}: there is no such file; --recipe {} takes the recipe that comes with rnetc",
            path.display(),
            known(path).unwrap_or_default()
        ))),
        None if !path.exists() => Err(Failure::File(format!(
            "reading {}: there is no such file, and the recipes that come with rnetc are {}",
            path.display(),
            recipe::BUNDLED.map(|(name, _)| name).join(", ")
        ))),
        None => Ok(Recipe::parse(&path.to_string_lossy(), &spec::read(path)?)?),
    }
}

/// The spec that a bundled recipe is made for, if it is for one: `airbench94_muon` is for airbench94.
pub fn spec_of(path: &Path) -> Option<&'static str> {
    let name = path.to_str().filter(|_| !path.exists())?;
    recipe::BUNDLED.iter().find(|(bundled, _)| *bundled == name)?;
    let begins = |spec: &&str| {
        name.strip_prefix(spec).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    Spec::bundled_names().filter(begins).max_by_key(|spec| spec.len())
}

/// The bundled recipe that a path with another case or an ending may mean.
fn known(path: &Path) -> Option<&'static str> {
    let stem = path.file_stem()?.to_str()?.to_lowercase();
    recipe::BUNDLED.iter().map(|(name, _)| *name).find(|name| *name == stem)
}
