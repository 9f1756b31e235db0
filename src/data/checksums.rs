//! SHA-256 sums of fetched files, kept beside them so that they can be checked again.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::text::hex;

use super::cifar::Layout;
use super::error::DataError;

/// Name of the file with the sums, one `<sum>  <file>` a line.
pub const FILE: &str = "sha256.txt";

/// Writes the sums of a folder's files.
pub fn write(folder: &Path, layout: &Layout) -> Result<(), DataError> {
    let mut text = String::new();
    for file in layout.files() {
        text += &format!("{}  {file}\n", of_file(&folder.join(file))?);
    }
    let path = folder.join(FILE);
    std::fs::write(&path, text).map_err(|error| DataError::io("writing", &path, error))
}

/// Compares a folder's files with the sums kept beside them; the number of files that agree, or
/// none where no sums are kept.
pub fn check(folder: &Path, layout: &Layout) -> Result<Option<usize>, DataError> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|e| DataError::io("reading", &path, e))?;
    let mut agreeing = 0;
    for file in layout.files() {
        let found = of_file(&folder.join(file))?;
        if !text.lines().any(|line| line == format!("{found}  {file}")) {
            let file = folder.join(file);
            return Err(DataError::Changed { file, sum: found, recorded: path });
        }
        agreeing += 1;
    }
    Ok(Some(agreeing))
}

fn of_file(path: &Path) -> Result<String, DataError> {
    let sum = File::open(path).and_then(sum::<Sha256>);
    sum.map_err(|error| DataError::io("reading", path, error))
}

/// The sum of all that is left to read.
pub fn sum<D: Digest>(mut from: impl Read) -> std::io::Result<String> {
    let (mut sum, mut buffer) = (D::new(), vec![0; 1 << 16]);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hex(&sum.finalize())),
            read => sum.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::cifar::CIFAR100;

    #[test]
    fn a_changed_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("train.bin"), b"abc").unwrap();
        std::fs::write(folder.path().join("test.bin"), b"").unwrap();
        assert_eq!(check(folder.path(), &CIFAR100).unwrap(), None);
        write(folder.path(), &CIFAR100).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        // The test vector of FIPS 180-2 for "abc".
        assert!(
            text.starts_with("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(check(folder.path(), &CIFAR100).unwrap(), Some(2));
        std::fs::write(folder.path().join("test.bin"), b"x").unwrap();
        let error = check(folder.path(), &CIFAR100).unwrap_err();
        assert!(error.to_string().contains("test.bin"), "{error}");
    }
}
