//! Stands in for tiles on machines that have none.

use crate::engine::cpu::operand::TileLayout;
use crate::graph::ConvGeometry;

/// How many bf16 numbers stand for one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parts {
    /// The nearest.
    One,
    /// The nearest, and the nearest to what it leaves.
    Two,
}

/// There is none.
pub enum TilePlan {}

/// Whether tiles may be used.
pub fn available() -> bool {
    false
}

/// Nothing to measure.
pub fn products(_: usize) {}

/// Nothing to set up.
pub fn configure() {}

impl TilePlan {
    pub fn new(_: ConvGeometry, _: usize, _: usize, _: Parts) -> Option<Self> {
        None
    }

    pub fn parts(&self) -> Parts {
        match *self {}
    }

    pub fn x_tile(&self) -> &TileLayout {
        match *self {}
    }

    pub fn g_tile(&self) -> &TileLayout {
        match *self {}
    }

    pub fn y_tile(&self) -> &TileLayout {
        match *self {}
    }

    pub fn dx_tile(&self) -> &TileLayout {
        match *self {}
    }

    pub fn packed_forward_len(&self) -> usize {
        match *self {}
    }

    pub fn packed_dx_len(&self) -> usize {
        match *self {}
    }

    pub fn dw_len(&self) -> usize {
        match *self {}
    }

    pub fn dw_scratch_len(&self) -> usize {
        match *self {}
    }

    pub fn pack_forward(&self, _: &[f32], _: &mut [u16]) {
        match *self {}
    }

    pub fn pack_dx(&self, _: &[f32], _: &mut [u16]) {
        match *self {}
    }

    pub fn forward(&self, _: &[u16], _: &[u16], _: &mut [f32]) {
        match *self {}
    }

    pub fn dx(&self, _: &[u16], _: &[u16], _: &mut [f32]) {
        match *self {}
    }

    pub fn dw(&self, _: &[u16], _: &[u16], _: &mut [u16], _: &mut [f32]) {
        match *self {}
    }

    pub fn finish_dw<'a>(&self, _: impl IntoIterator<Item = &'a [f32]>, _: &mut [f32]) {
        match *self {}
    }
}
