//! A case under construction.

use rnetc::graph::builder::Builder;
use rnetc::graph::interp::Inputs;
use rnetc::graph::{InputId, NodeId, Output, Program, Role, Shape, Type};

use super::read::Tensor;

/// Nodes, the values of inputs, and what must come out.
#[derive(Default)]
pub struct Draft {
    pub b: Builder,
    values: Vec<Vec<f64>>,
    wanted: Vec<(NodeId, Vec<f64>)>,
    batch: usize,
}

impl Draft {
    fn input(&mut self, shape: Shape, data: Vec<f64>, batched: bool) -> NodeId {
        let role = if batched { Role::Images } else { Role::Parameter };
        self.values.push(data);
        self.b.input(format!("input {}", self.values.len()), role, Type { shape, batched })
    }

    /// A value for each image, N×H×W×C.
    pub fn images(&mut self, tensor: &Tensor) -> NodeId {
        self.batch = tensor.shape[0];
        self.input(tensor.four(), tensor.data.clone(), true)
    }

    /// A value for all images, of four axes.
    pub fn parameter(&mut self, tensor: &Tensor) -> NodeId {
        self.input(tensor.four(), tensor.data.clone(), false)
    }

    /// A vector along channels, or a scalar.
    pub fn vector(&mut self, tensor: &Tensor) -> NodeId {
        let shape = Shape::channels(tensor.data.len());
        self.input(shape, tensor.data.clone(), false)
    }

    /// Operands of elementwise functions. Axes are aligned at the right; three or fewer leave
    /// columns at 1. What has the first axis of the largest is batched.
    pub fn operands(&mut self, tensors: &[Tensor]) -> Vec<NodeId> {
        let rank = tensors.iter().map(|t| t.shape.len()).max().unwrap_or(0);
        let shapes: Vec<Shape> = tensors.iter().map(|t| four_axes(&t.shape, rank)).collect();
        self.batch = shapes.iter().map(|s| s.0[0]).max().unwrap_or(1);
        let operands = tensors.iter().zip(shapes);
        operands
            .map(|(tensor, shape)| self.input(shape, tensor.data.clone(), shape.0[0] == self.batch))
            .collect()
    }

    /// `node` must have the elements of `tensor`, in order.
    pub fn wants(&mut self, node: NodeId, tensor: &Tensor) {
        self.wanted.push((node, tensor.data.clone()));
    }

    /// The program, its inputs, and what its outputs must be.
    pub fn finish(self) -> (Program, Inputs, Vec<Vec<f64>>) {
        let Self { b, values, wanted, batch } = self;
        let program = Program {
            outputs: Output::quantities(wanted.iter().map(|wanted| wanted.0)),
            graph: b.finish(),
            updates: Vec::new(),
            batch: batch.max(1),
        };
        let inputs = values.into_iter().enumerate().map(|(at, v)| (InputId(at as u32), v));
        (program, inputs.collect(), wanted.into_iter().map(|(_, data)| data).collect())
    }
}

fn four_axes(shape: &[usize], rank: usize) -> Shape {
    let at = |from_the_end: usize| match shape.len().checked_sub(from_the_end) {
        Some(axis) => shape[axis],
        None => 1,
    };
    match rank {
        0..=3 => Shape([at(3), at(2), 1, at(1)]),
        _ => Shape([at(4), at(3), at(2), at(1)]),
    }
}

/// Where an axis of a tensor of this rank stands among four; negative ones count from the end.
pub fn axis(rank: usize, axis: isize) -> usize {
    let axis = if axis < 0 { axis + rank as isize } else { axis } as usize;
    match rank {
        0..=3 => [0, 1, 3][axis + 3 - rank],
        _ => axis,
    }
}
