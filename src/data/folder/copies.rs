//! Pictures that are tested on, or chosen on, and were trained on.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use super::list::{Entry, shown};
use crate::data::Pictures;
use crate::data::dataset::Stored;
use crate::data::progress::Progress;
use crate::text::counted;

/// Tells pictures of a part that are training pictures too, as large as the net reads them.
pub fn tell(part: &str, tested: &[Entry], [train, test]: [&Stored; 2], progress: &dyn Progress) {
    if tested.is_empty() {
        return;
    }
    let mut known = HashMap::new();
    let (mut picture, mut other) = (buffer(train), buffer(train));
    for at in 0..train.count() {
        train.seen_picture(0, at, &mut picture);
        known.entry(hash(&picture)).or_insert(at);
    }
    let mut copies: Vec<PathBuf> = Vec::new();
    for (at, entry) in tested.iter().enumerate() {
        test.seen_picture(0, at, &mut picture);
        let Some(&same) = known.get(&hash(&picture)) else { continue };
        train.seen_picture(0, same, &mut other);
        if picture == other {
            copies.push(entry.path.clone());
        }
    }
    if !copies.is_empty() {
        let (count, shown) = (counted(copies.len(), &format!("{part} picture")), shown(&copies));
        progress.warn(&format!(
            "{count} of {} found among the training pictures too, so that the {part} error is too low: \
             {shown}",
            test.count()
        ));
    }
}

fn buffer(of: &Stored) -> Vec<u8> {
    vec![0; of.seen().bytes()]
}

fn hash(pixels: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    pixels.hash(&mut hasher);
    hasher.finish()
}
