//! Writing a build folder: complete, or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::wgpu::validate;
use crate::train::yaml::written;

use super::Build;
use super::manifest::{MANIFEST, Manifest, SPEC, module_file};
use crate::drawing;

/// Why a build folder could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A folder of that name exists and is not a build.
    #[error("{0} exists and holds no manifest.yaml, so it is not a build of rnetc")]
    NotABuild(PathBuf),
    /// The file system refused.
    #[error("cannot write {0}: {1}")]
    Io(PathBuf, io::Error),
    /// A kernel that naga refuses: a fault of rnetc.
    #[error("a generated kernel is not valid WGSL ({0}); please report this")]
    Kernel(String),
}

impl Build<'_> {
    /// Writes a build into `folder`, replacing an earlier build there. Everything is written beside
    /// and then renamed, so that a folder is never half new.
    ///
    /// # Errors
    /// The folder is there and no build, a kernel is not valid, or the system refuses to write.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<Manifest, BuildError> {
        let folder = folder.as_ref();
        if folder.exists() && !folder.join(MANIFEST).is_file() {
            return Err(BuildError::NotABuild(folder.to_path_buf()));
        }
        let (manifest, drawing) = (Manifest::new(self), drawing::svg(self.network));
        let yaml = written::to_string(&manifest)
            .map_err(|e| BuildError::Io(folder.join(MANIFEST), io::Error::other(e)))?;
        let mut files: BTreeMap<String, &str> = BTreeMap::new();
        for kernel in &self.gpu.kernels {
            files.insert(module_file(kernel), &kernel.wgsl);
        }
        for (name, text) in &files {
            validate(text).map_err(|e| BuildError::Kernel(format!("{name}: {e}")))?;
        }
        files.insert(MANIFEST.to_string(), &yaml);
        files.insert("graph.svg".to_string(), &drawing);
        files.insert(SPEC.to_string(), &self.network.source.text);
        let parent = match folder.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let fail = |path: &Path| {
            let path = path.to_path_buf();
            move |error| BuildError::Io(path, error)
        };
        fs::create_dir_all(parent).map_err(fail(parent))?;
        let beside = tempfile::Builder::new()
            .prefix(".rnetc-build-")
            .tempdir_in(parent)
            .map_err(fail(parent))?;
        for (name, text) in files {
            let path = beside.path().join(name);
            fs::write(&path, text).map_err(fail(&path))?;
        }
        replace(beside, folder)?;
        Ok(manifest)
    }
}

fn replace(beside: tempfile::TempDir, folder: &Path) -> Result<(), BuildError> {
    let fail = |error| BuildError::Io(folder.to_path_buf(), error);
    if folder.exists() {
        let old = beside.path().with_extension("old");
        fs::rename(folder, &old).map_err(fail)?;
        let new = beside.keep();
        fs::rename(&new, folder).map_err(fail)?;
        fs::remove_dir_all(&old).map_err(fail)
    } else {
        let new = beside.keep();
        fs::rename(&new, folder).map_err(fail)
    }
}
