//! What a user names as data.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::Name;

/// A set that the program knows, or a folder of pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// By name.
    Known(Name),
    /// The user's own pictures; see [`super::folder`].
    Folder(PathBuf),
}

impl Set {
    /// A name, or a path: what has a separator in it, as in `./pets`, or is a folder beside
    /// `base`. Paths count from `base`.
    pub fn parse(text: &str, base: &Path) -> Option<Self> {
        if let Some(name) = Name::parse(text) {
            return Some(Set::Known(name));
        }
        let path = base.join(text);
        let is_path = text.contains(['/', MAIN_SEPARATOR]) || path.is_dir();
        (is_path && !text.is_empty()).then(|| Set::folder(&path))
    }

    /// A folder of the user's own pictures.
    pub fn folder(path: &Path) -> Self {
        Set::Folder(whole(path))
    }

    /// From a run's configuration, which has what [`Set`] displays as.
    pub fn recorded(text: &str) -> Self {
        Name::parse(text).map_or_else(|| Set::Folder(text.into()), Set::Known)
    }

    /// What can be written where data is named.
    pub fn known() -> String {
        let names = Name::ALL.map(Name::text).join(", ");
        format!("{names}, or a folder of pictures (./pictures)")
    }
}

/// The same for every working folder.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.into())
}

impl std::fmt::Display for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Set::Known(name) => name.fmt(f),
            Set::Folder(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_first_and_folders_are_absolute() {
        let base = tempfile::tempdir().unwrap();
        let at = base.path().canonicalize().unwrap();
        std::fs::create_dir(at.join("pets")).unwrap();
        let parse = |text| Set::parse(text, &at);
        assert_eq!(parse("cifar10"), Some(Set::Known(Name::Cifar10)));
        assert_eq!(parse("pets"), Some(Set::Folder(at.join("pets"))));
        assert_eq!(parse("./none"), Some(Set::Folder(at.join("none"))));
        assert_eq!((parse("mnist"), parse("")), (None, None));
        for set in [parse("cifar10"), parse("pets")].into_iter().flatten() {
            assert_eq!(Set::recorded(&set.to_string()), set);
        }
    }
}
