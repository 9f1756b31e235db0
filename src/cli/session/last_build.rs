//! Build folders, and which one was made last.
//!
//! A build folder holds `spec.rnet`, the spec's text, and `manifest.yaml`, whose key `settings`
//! maps the net's parameters to the values that `--set` gave. `build/.last` holds two lines: the path
//! of the folder that was built last, and that of the spec.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::export::{FORMAT, MANIFEST, SPEC};
use crate::text::unmarked;
use crate::train::record::format;
use crate::train::yaml;

/// The file that remembers.
const LAST: &str = "build/.last";

/// Remembers a build folder, and the spec that it was made from.
pub fn record(folder: &Path, spec: &Path) -> Result<(), Failure> {
    let whole = |path| std::path::absolute(path).map_err(|e| Failure::io("finding", path, e));
    let text = format!("{}\n{}\n", whole(folder)?.display(), whole(spec)?.display());
    let last = Path::new(LAST);
    std::fs::create_dir_all("build")
        .and_then(|()| std::fs::write(last, text))
        .map_err(|error| Failure::io("writing", last, error))
}

/// The folder that was built last, if it is still there.
pub fn last() -> Option<PathBuf> {
    let folder = PathBuf::from(recorded()?.lines().next()?.trim_end());
    folder.join(MANIFEST).is_file().then_some(folder)
}

/// The spec that was built last, if its text is no longer what was built.
pub fn outdated(folder: &Path) -> Option<PathBuf> {
    let spec = PathBuf::from(recorded()?.lines().nth(1)?);
    let built = super::spec::read(&folder.join(SPEC)).ok()?;
    let now = super::spec::read(&spec).ok()?;
    (now != built).then_some(spec)
}

fn recorded() -> Option<String> {
    super::spec::read(Path::new(LAST)).ok()
}

/// The settings that a build folder was made with.
pub fn settings(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        #[serde(default)]
        settings: BTreeMap<String, Value>,
    }
    /// A value as a person or a program may have written it.
    #[derive(serde::Deserialize)]
    #[serde(untagged, expecting = "a setting is a number or a word")]
    enum Value {
        Number(f64),
        Text(String),
    }
    let path = folder.join(MANIFEST);
    let text = super::spec::read(&path)?;
    let text = unmarked(&text);
    format::check(&path, serde_yaml::from_str(text), FORMAT)?;
    let manifest: Manifest = serde_yaml::from_str(text)
        .map_err(|error| Failure::io("reading", &path, yaml::in_words("manifest", text, &error)))?;
    let text = |value| match value {
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text,
    };
    Ok(manifest.settings.into_iter().map(|(name, value)| (name, text(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_numbers_or_words() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join(MANIFEST), text).unwrap();
        write("kernels: []\nsettings:\n  depth: 20\n  kind: pad\n  p: 0.5\n  n: '3'\n");
        let settings = settings(folder.path()).unwrap();
        let pairs: Vec<_> = settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("depth", "20"), ("kind", "pad"), ("n", "3"), ("p", "0.5")]);
        write("format: 2\nsettings: { depth: 3 }\n");
        let newer = super::settings(folder.path()).unwrap_err();
        assert!(
            newer.text().unwrap().contains("it has format 2, and this rnetc reads formats up to 1")
        );
        write("settings: [");
        assert_eq!(super::settings(folder.path()).unwrap_err().code(), 3);
    }
}
