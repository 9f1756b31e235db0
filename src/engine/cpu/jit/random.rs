//! [`graph::random`](crate::graph::random) as vector operations: the same numbers for the same
//! elements.

use super::operations::{One, Operations, Two};
use crate::graph::random::{MUL_1, MUL_2};

/// What is the same for every element of a draw: `graph::random::key` of a seed that is a number.
pub fn key<O: Operations>(o: &mut O, seed: O::Value, stream: u32) -> O::Value {
    let seed = o.one(One::ToInteger, seed);
    let seed = mix(o, seed);
    let stream = o.bits(stream);
    let key = o.two(Two::Xor, seed, stream);
    mix(o, key)
}

/// `graph::random::uniform` for indices that are integers.
pub fn uniform<O: Operations>(o: &mut O, key: O::Value, index: O::Value) -> O::Value {
    let mixed = o.two(Two::Xor, index, key);
    let mixed = mix(o, mixed);
    let top = o.shift_right(mixed, 8);
    let top = o.one(One::FromInteger, top);
    let scale = o.number(1.0 / (1u32 << 24) as f32);
    o.mul(top, scale)
}

fn mix<O: Operations>(o: &mut O, mut x: O::Value) -> O::Value {
    for (shift, multiplier) in [(16, MUL_1), (15, MUL_2)] {
        let high = o.shift_right(x, shift);
        x = o.two(Two::Xor, x, high);
        let multiplier = o.bits(multiplier);
        x = o.two(Two::MulIntegers, x, multiplier);
    }
    let high = o.shift_right(x, 16);
    o.two(Two::Xor, x, high)
}
