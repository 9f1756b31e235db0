//! Counter-based uniform numbers, defined once for every engine.
//!
//! Element `i` of stream `s` under `seed` is `mix(i ^ mix(s ^ mix(seed)))`, where `mix` is the
//! 32-bit "lowbias32" finaliser; the upper 24 bits, over 2²⁴, are the uniform number. Only
//! wrapping 32-bit integer arithmetic is used, so WGSL, Cranelift and Rust agree to the bit.

/// First multiplier of [`mix`].
pub const MUL_1: u32 = 0x7feb_352d;
/// Second multiplier of [`mix`].
pub const MUL_2: u32 = 0x846c_a68b;

/// The 32-bit finaliser.
pub fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(MUL_1);
    x ^= x >> 15;
    x = x.wrapping_mul(MUL_2);
    x ^ (x >> 16)
}

/// What is the same for every element of a draw.
pub fn key(seed: u32, stream: u32) -> u32 {
    mix(stream ^ mix(seed))
}

/// The uniform number in [0, 1) at linear index `i`.
pub fn uniform(key: u32, i: u32) -> f32 {
    (mix(i ^ key) >> 8) as f32 / (1u32 << 24) as f32
}
