//! Convolutions and their gradients as matrix products.
//!
//! | | rows | channels | depth |
//! |---|---|---|---|
//! | forward | output pixels | outputs | kernel × inputs |
//! | with respect to the pictures | input pixels | inputs | kernel × outputs |
//! | with respect to the weights | kernel × inputs | outputs | output pixels |
//!
//! Each group of channels is a contraction of its own: it reads its own channels of the left operand,
//! and has its own of the result, which no tile shares with another group.

use crate::graph::{ConvGeometry, Graph, NodeId, Op, Shape, Type};

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContractionKind {
    /// The convolution.
    Forward,
    /// Its gradient with respect to the pictures.
    PictureGradient,
    /// Its gradient with respect to the weights.
    WeightGradient,
}

/// A convolution or one of its gradients.
#[derive(Clone, Copy, Debug)]
pub struct Contraction {
    /// Its value.
    pub node: NodeId,
    /// Which of the three.
    pub kind: ContractionKind,
    /// Of the convolution.
    pub geometry: ConvGeometry,
    /// Left and right operand.
    pub operands: [NodeId; 2],
    /// Images of the left operand, or rows of a matrix.
    pub images: usize,
    /// Whether it is of images: products of matrices outside the batch are in f32, whatever the
    /// precision of the rest.
    pub batched: bool,
    /// Elements of the left operand loaded at once: along the depth, or along the rows for a
    /// weight gradient.
    pub a_width: usize,
    /// Equal parts of the channels of the left operand and of the result.
    pub groups: usize,
    /// Channels that a group has of the axis that shares rows or depth with the kernel's window:
    /// inputs for forward and weight gradient, outputs for the picture gradient.
    pub inner: usize,
    /// Channels that a group has of the result.
    pub channels: usize,
}

impl Contraction {
    /// None for any other operation.
    pub fn of(graph: &Graph, id: NodeId) -> Option<Self> {
        let node = graph.node(id);
        let (kind, geometry) = match node.op {
            Op::Conv(geometry) => (ContractionKind::Forward, geometry),
            Op::ConvDx(geometry) => (ContractionKind::PictureGradient, geometry),
            Op::ConvDw(geometry) => (ContractionKind::WeightGradient, geometry),
            Op::Input(_)
            | Op::Const(_)
            | Op::Unary(_)
            | Op::Binary(_)
            | Op::Broadcast
            | Op::Random { .. }
            | Op::Index
            | Op::Reduce(..)
            | Op::Total
            | Op::Pool(_)
            | Op::PoolDx(_)
            | Op::Remap(_)
            | Op::Reshape
            | Op::Detach
            | Op::After => return None,
        };
        let operands = [node.args[0], node.args[1]];
        let groups = geometry.groups;
        let Type { shape: Shape([images, _, _, all]), batched } = graph.node(operands[0]).ty;
        let [inner, channels] = [all, node.ty.shape.0[3]].map(|channels| channels / groups);
        let a_width = if inner.is_multiple_of(4) { 4 } else { 1 };
        Some(Self {
            node: id,
            kind,
            geometry,
            operands,
            images,
            batched,
            a_width,
            groups,
            inner,
            channels,
        })
    }

    /// What contractions that are cut alike have in common.
    pub fn shape(&self) -> (ContractionKind, ConvGeometry, [usize; 3], bool) {
        (self.kind, self.geometry, [self.images, self.inner, self.channels], self.batched)
    }

    /// Channels of the result of all groups.
    pub fn all_channels(&self) -> usize {
        self.groups * self.channels
    }

    /// Images, rows and columns over which a window stands: the inputs for a gradient with respect
    /// to them, else the outputs.
    pub fn pixels(&self) -> [usize; 3] {
        let [h, w] = match self.kind {
            ContractionKind::PictureGradient => self.geometry.input,
            ContractionKind::Forward | ContractionKind::WeightGradient => self.geometry.output(),
        };
        [self.images, h, w]
    }

    /// Products added up for an element of the result.
    pub fn depth(&self) -> usize {
        match self.kind {
            ContractionKind::WeightGradient => self.pixels().iter().product(),
            ContractionKind::Forward | ContractionKind::PictureGradient => {
                self.geometry.kernel.iter().product::<usize>() * self.inner
            }
        }
    }
}
