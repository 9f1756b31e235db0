//! For what kernels are cut and written.

use crate::engine::wgpu::numbers::NumberFormat;

use super::blocking::Blocking;
use super::capabilities::Capabilities;
use super::style::Style;

/// Of what numbers buffers are, how contractions read them, and what the device has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target {
    /// Of what numbers activations are.
    pub activations: NumberFormat,
    /// How contractions get their operands.
    pub style: Style,
    /// How those through workgroup memory are cut, where tuning says nothing else.
    pub blocking: Blocking,
    /// What kernels use beyond WebGPU's core.
    pub capabilities: Capabilities,
}
