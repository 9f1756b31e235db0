//! Groups of channels, one after another. A group's channels lie far apart in memory, and where pixels
//! are a power of two apart, in the same few sets of L1: so they are copied side by side first, and what
//! is computed of them is copied back.

use std::cell::RefCell;

use super::scratch::two_of;

thread_local! {
    /// Two operands of a group.
    static SIDE_BY_SIDE: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Calls `with` with room for two operands of these lengths.
pub fn with_room(lengths: [usize; 2], with: impl FnOnce(&mut [f32], &mut [f32])) {
    SIDE_BY_SIDE.with_borrow_mut(|buffer| {
        let (first, second) = two_of(buffer, lengths);
        with(first, second);
    });
}

/// The `width` channels of a group from pixels of `channels`.
pub fn gather(pixels: &[f32], channels: usize, [group, width]: [usize; 2], to: &mut [f32]) {
    let first = group * width;
    for (from, to) in pixels.chunks_exact(channels).zip(to.chunks_exact_mut(width)) {
        to.copy_from_slice(&from[first..first + width]);
    }
}

/// The way back.
pub fn scatter(from: &[f32], [group, width]: [usize; 2], channels: usize, pixels: &mut [f32]) {
    let first = group * width;
    for (to, from) in pixels.chunks_exact_mut(channels).zip(from.chunks_exact(width)) {
        to[first..first + width].copy_from_slice(from);
    }
}
