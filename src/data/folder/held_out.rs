//! A test split for a folder that has none: of each class the tenth of the pictures whose names
//! have the smallest SHA-256, at least one. It is the same on every machine, and pictures that
//! are added later hardly change it.

use sha2::{Digest, Sha256};

use super::list::Entry;
use crate::data::DataError;

/// One in how many is held out.
const SHARE: usize = 10;

/// Training and test pictures, each in the order they came in.
///
/// # Errors
/// The classes that have one picture only.
pub fn split(
    all: Vec<Entry>,
    classes: &[String],
) -> Result<(Vec<Entry>, Vec<Entry>), Vec<DataError>> {
    let (mut train, mut test, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for class in all.chunk_by(|a, b| a.label == b.label) {
        if let [only] = class {
            let class = classes[usize::from(only.label)].clone();
            wrong.push(DataError::OnlyPicture { file: only.path.clone(), class });
        }
        let mut ranked: Vec<_> = class.iter().map(hash).enumerate().collect();
        ranked.sort_by_key(|(index, hash)| (*hash, *index));
        let mut held = vec![false; class.len()];
        for (index, _) in ranked.iter().take((class.len() / SHARE).max(1)) {
            held[*index] = true;
        }
        for (entry, held) in class.iter().zip(held) {
            if held { &mut test } else { &mut train }.push(entry.clone());
        }
    }
    if wrong.is_empty() { Ok((train, test)) } else { Err(wrong) }
}

fn hash(entry: &Entry) -> [u8; 32] {
    let name = entry.path.file_name().unwrap_or_default();
    Sha256::digest(name.as_encoded_bytes()).into()
}
