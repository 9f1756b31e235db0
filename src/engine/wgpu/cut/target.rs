//! For what kernels are cut and written.

use crate::engine::wgpu::numbers::NumberFormat;

use super::capabilities::Capabilities;
use super::contraction::Contraction;
use super::sight::Sight;
use super::strip::{Strip, StripBlocking};
use super::style::Style;

/// Of what numbers buffers are, how contractions read them, and what the device has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target {
    /// Of what numbers activations are.
    pub activations: NumberFormat,
    /// How contractions get their operands.
    pub style: Style,
    /// Which of its candidates is taken of each contraction through workgroup memory, where tuning
    /// says nothing else; the last where there are fewer.
    pub choice: usize,
    /// What kernels use of the device.
    pub capabilities: Capabilities,
    /// The number of the rank, whose random numbers go on where those of the ranks before end.
    pub rank: usize,
}

impl Target {
    /// Parts in which matrices hold an operand: of single precision the two halves of its bits.
    pub fn parts(&self) -> usize {
        match self.activations {
            NumberFormat::F32 => 2,
            NumberFormat::F16 => 1,
        }
    }

    /// The target as a contraction has it: matrices of halves are for images alone.
    pub(super) fn of(self, it: &Contraction) -> Self {
        let matrices = self.capabilities.matrices.filter(|_| it.batched);
        Self { capabilities: Capabilities { matrices, ..self.capabilities }, ..self }
    }

    /// A contraction by strips; none where it takes matrices that there are not.
    pub(super) fn strip(
        &self,
        it: &Contraction,
        sights: &[Sight; 2],
        blocking: StripBlocking,
    ) -> Option<Strip> {
        let width = if it.channels.is_multiple_of(4) { 4 } else { 1 };
        Strip::of(it, sights, blocking, self.capabilities.matrices, [self.parts(), width])
    }
}
