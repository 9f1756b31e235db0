//! Numbers as messages write them.

/// A number for a message: at most four decimals, powers of ten where it is very large or small.
pub fn short(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e15).contains(&size) {
        return format!("{number:e}");
    }
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
