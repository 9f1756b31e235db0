//! Closeness of vectors.

/// Largest magnitude.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m, v| v.abs().max(m))
}

/// Whether every element of `have` is within `tolerance` of `want`, relative to the largest
/// magnitude of `want` (at least 1e-3: gradients that cancel to zero keep rounding noise).
pub fn close(what: &str, have: &[f64], want: &[f64], tolerance: f64) -> Result<(), String> {
    if have.len() != want.len() {
        return Err(format!("{what}: {} elements, not {}", have.len(), want.len()));
    }
    let allowed = tolerance * largest(want).max(1e-3);
    for (at, (h, w)) in have.iter().zip(want).enumerate() {
        let error = (h - w).abs();
        // Written so that NaN fails.
        if !matches!(error.partial_cmp(&allowed), Some(o) if o.is_le()) {
            return Err(format!("{what}[{at}]: {h} is not {w} (off by {error:e})"));
        }
    }
    Ok(())
}
