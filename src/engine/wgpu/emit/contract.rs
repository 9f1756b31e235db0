//! Convolutions and their gradients as matrix products by tiles.
//!
//! | | rows | channels | depth |
//! |---|---|---|---|
//! | forward | output pixels | outputs | kernel × inputs |
//! | with respect to the pictures | input pixels | inputs | kernel × outputs |
//! | with respect to the weights | kernel × inputs | outputs | output pixels |

use crate::engine::wgpu::kernel::Location;
use crate::graph::{ConvGeometry, NodeId, Op};

use super::writer::Writer;
use super::{slide, slide_weights, staged};

/// A contraction to write.
pub(super) struct Contraction {
    pub node: NodeId,
    pub op: Op,
    pub geometry: ConvGeometry,
    /// Left and right operand.
    pub operands: [NodeId; 2],
    /// Elements of the left operand loaded at once: along the depth, or along the rows for a
    /// weight gradient.
    pub a_width: usize,
    /// Channels of the axis that shares rows or depth with the kernel's window.
    pub inner: usize,
}

impl Contraction {
    fn of(writer: &Writer, id: NodeId) -> Option<Self> {
        let node = writer.program.graph.node(id);
        let (Op::Conv(geometry) | Op::ConvDx(geometry) | Op::ConvDw(geometry)) = node.op else {
            return None;
        };
        let operands = [node.args[0], node.args[1]];
        // Inputs for forward and weight gradient, outputs for the picture gradient.
        let inner = writer.program.graph.node(operands[0]).ty.shape.0[3];
        let a_width = if inner.is_multiple_of(4) { 4 } else { 1 };
        Some(Self { node: id, op: node.op, geometry, operands, a_width, inner })
    }

    /// Whether it is the gradient with respect to the pictures.
    pub fn is_adjoint(&self) -> bool {
        matches!(self.op, Op::ConvDx(_))
    }

    pub fn for_weights(&self) -> bool {
        matches!(self.op, Op::ConvDw(_))
    }

    /// Pictures, rows and columns over which a window stands: the inputs for a gradient with
    /// respect to them, else the outputs.
    pub fn pixels(&self, writer: &Writer) -> [usize; 3] {
        let [n, ..] = writer.program.graph.node(self.operands[0]).ty.shape.0;
        let [h, w] = if self.is_adjoint() { self.geometry.input } else { self.geometry.output() };
        [n, h, w]
    }
}

/// Text and number of workgroups.
pub(super) fn contract(
    writer: &mut Writer,
    node: NodeId,
    partial: Option<Location>,
) -> (String, usize) {
    let Some(it) = Contraction::of(writer, node) else { return (String::new(), 0) };
    match writer.tile.window {
        None => staged::staged(writer, &it, partial),
        Some(window) if it.for_weights() => slide_weights::slide(writer, &it, window, partial),
        Some(window) => slide::slide(writer, &it, window),
    }
}

/// Statements that take a pixel's number apart. All three are variables, even where an extent is
/// one, so that index arithmetic on them is left to run time.
pub(super) fn pixel(writer: &mut Writer, name: &str, [_, h, w]: [usize; 3]) -> [String; 3] {
    [
        writer.bind(format!("{name} / {}u", h * w)),
        writer.bind(format!("{name} / {w}u % {h}u")),
        writer.bind(format!("{name} % {w}u")),
    ]
}
