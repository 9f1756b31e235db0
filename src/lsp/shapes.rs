//! Lists of shapes for a reader.

use crate::network::Chw;

/// Most items listed; the compiler keeps one more, so that it is known that there are.
pub const SHOWN: usize = 4;

/// `16×32×32 → 32×16×16`, as many as are shown.
pub fn list(shapes: &[(Chw, Chw)]) -> String {
    joined(shapes.iter().map(|(read, written)| format!("{read} → {written}")))
}

/// The first few, with a comma between two.
pub fn joined(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len() > SHOWN;
    let mut texts: Vec<String> = items.take(SHOWN).collect();
    if more {
        texts.push("…".to_owned());
    }
    texts.join(", ")
}
