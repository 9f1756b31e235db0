//! Texts that people write, read from files.

use std::io::Read;
use std::path::Path;

use super::Failure;

/// Longest text that is read as a spec, a manifest or a recipe.
const MOST_BYTES: u64 = 16 << 20;

/// A text file of sensible length.
pub fn read(path: &Path) -> Result<String, Failure> {
    let file = std::fs::File::open(path).map_err(|error| Failure::io("reading", path, error))?;
    text(file, path)
}

/// A text of sensible length from wherever it comes; `path` is what messages call it.
pub fn text(from: impl Read, path: &Path) -> Result<String, Failure> {
    let reading = |error| Failure::io("reading", path, error);
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(reading)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::Wrong(format!(
            "{}: longer than {} MiB, which no spec or recipe is",
            path.display(),
            MOST_BYTES >> 20
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let what = no_text(error.as_bytes()).unwrap_or_else(|| format!("byte {at} is not UTF-8"));
        Failure::Wrong(format!("{}: not a text: {what}", path.display()))
    })
}

/// What a file is by its first bytes, if that helps.
fn no_text(bytes: &[u8]) -> Option<String> {
    let what = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16; save it as UTF-8",
        [0x1f, 0x8b, ..] => "it is compressed by gzip; unpack it",
        [b'P', b'K', 3, 4, ..] => "it is a ZIP archive, as torch.save writes too",
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => "it is a picture",
        _ => return None,
    };
    Some(what.to_owned())
}
