//! How many paths there are of each length: a path goes through F in x of n units and through
//! the shortcut in the others, so there are C(n, x) of length x and 2ⁿ in all.

/// ln C(n, x); −∞ where x > n.
pub fn ln_choose(n: usize, x: usize) -> f64 {
    if x > n {
        return f64::NEG_INFINITY;
    }
    (1..=x.min(n - x)).map(|k| ((n + 1 - k) as f64 / k as f64).ln()).sum()
}

/// The share of paths that have length x: Binomial(n, ½).
pub fn share(n: usize, x: usize) -> f64 {
    (ln_choose(n, x) - n as f64 * std::f64::consts::LN_2).exp()
}

/// The share of paths whose length is in a range.
pub fn share_between(n: usize, lengths: std::ops::RangeInclusive<usize>) -> f64 {
    lengths.map(|x| share(n, x)).sum()
}

/// Mean and standard deviation of the length: n/2 and √n/2.
pub fn moments(n: usize) -> [f64; 2] {
    [n as f64 / 2.0, (n as f64).sqrt() / 2.0]
}

/// The share of paths of length x that are left after `deleted` of n units are gone:
/// C(n − d, x) / C(n, x).
pub fn left(n: usize, deleted: usize, x: usize) -> f64 {
    match n.checked_sub(deleted) {
        Some(rest) => (ln_choose(rest, x) - ln_choose(n, x)).exp(),
        None => 0.0,
    }
}

/// The share of all paths that are left: 2⁻ᵈ.
pub fn left_of_all(deleted: usize) -> f64 {
    0.5f64.powi(deleted as i32)
}

/// Paths as a number, or as a power of two where that says more.
pub fn paths(n: usize) -> String {
    match u64::try_from(n).ok().filter(|n| *n <= 20) {
        Some(n) => (1u64 << n).to_string(),
        None => format!("2^{n}"),
    }
}
