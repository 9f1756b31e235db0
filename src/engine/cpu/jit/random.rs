//! [`graph::random`](crate::graph::random) in a loop: the same numbers for the same elements.

use cranelift::prelude::*;

use super::lanes::Lanes;
use super::scalar::Scalars;
use crate::graph::random::{MUL_1, MUL_2};

impl Scalars<'_> {
    /// `graph::random` on the element's index in the whole tensor.
    pub(super) fn random(
        &self,
        b: &mut FunctionBuilder,
        stream: u32,
        seed: Value,
        strides: [usize; 3],
        image: usize,
        column: usize,
    ) -> Value {
        let ty = self.lanes.int();
        let seed = b.ins().fcvt_to_sint_sat(ty, seed);
        let seed = self.mix(b, seed);
        let stream = self.lanes.integer(b, stream);
        let key = b.ins().bxor(seed, stream);
        let key = self.mix(b, key);
        let mut index = b.ins().imul_imm_s(self.point.image, image as i64);
        for (at, stride) in self.point.index.iter().zip(strides) {
            let at = b.ins().ireduce(types::I32, *at);
            let part = b.ins().imul_imm_s(at, stride as i64);
            index = b.ins().iadd(index, part);
        }
        index = b.ins().iadd_imm_s(index, (column * strides[1]) as i64);
        let index = self.lane_indices(b, index, strides[2]);
        let mixed = b.ins().bxor(index, key);
        let mixed = self.mix(b, mixed);
        let top = b.ins().ushr_imm_s(mixed, 8);
        let top = b.ins().fcvt_from_sint(self.lanes.float(), top);
        let scale = self.lanes.constant(b, 1.0 / (1u32 << 24) as f32);
        b.ins().fmul(top, scale)
    }

    fn lane_indices(&self, b: &mut FunctionBuilder, first: Value, stride: usize) -> Value {
        match self.lanes {
            Lanes::One => first,
            Lanes::Four => {
                let mut all = b.ins().splat(types::I32X4, first);
                for lane in 1..4u8 {
                    let at = b.ins().iadd_imm_s(first, (usize::from(lane) * stride) as i64);
                    all = b.ins().insertlane(all, at, lane);
                }
                all
            }
        }
    }

    fn mix(&self, b: &mut FunctionBuilder, mut x: Value) -> Value {
        for (shift, multiplier) in [(16, MUL_1), (15, MUL_2)] {
            let high = b.ins().ushr_imm_s(x, shift);
            x = b.ins().bxor(x, high);
            let multiplier = self.lanes.integer(b, multiplier);
            x = b.ins().imul(x, multiplier);
        }
        let high = b.ins().ushr_imm_s(x, 16);
        b.ins().bxor(x, high)
    }
}
