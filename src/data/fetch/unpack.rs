//! From an archive to a folder of expected files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Archive;
use crate::data::DataError;
use crate::data::checksums;
use crate::data::cifar::Layout;

/// Takes the layout's files out of the archive, and nothing else.
pub fn unpack(of: &Archive, archive: &File, cache: &Path) -> Result<PathBuf, DataError> {
    let writing = |error| DataError::io("writing", cache, error);
    let broken = |error| DataError::io("unpacking", Path::new(of.file), error);
    let beside = tempfile::tempdir_in(cache).map_err(writing)?;
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    for entry in tar.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        if let Some(file) = expected(of.layout, &path) {
            let size = of.layout.official_records(&path) * of.layout.record() as u64;
            let mut out = File::create(beside.path().join(file)).map_err(writing)?;
            std::io::copy(&mut entry.take(size), &mut out).map_err(broken)?;
            out.sync_all().map_err(writing)?;
        }
    }
    move_into_place(of.layout, beside.path(), &cache.join(of.layout.folder))
}

fn expected(layout: &Layout, path: &Path) -> Option<&'static str> {
    layout.files().find(|file| path == Path::new(layout.folder).join(file))
}

fn move_into_place(layout: &Layout, from: &Path, to: &Path) -> Result<PathBuf, DataError> {
    layout.load(from)?;
    let writing = |error| DataError::io("writing", to, error);
    std::fs::create_dir_all(to).map_err(writing)?;
    checksums::write(from, layout)?;
    for file in layout.files().chain([checksums::FILE]) {
        std::fs::rename(from.join(file), to.join(file)).map_err(writing)?;
    }
    Ok(to.to_path_buf())
}
