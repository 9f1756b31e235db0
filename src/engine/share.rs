//! What of a program one of several ranks runs.

use std::borrow::Cow;

use crate::engine::EngineError;
use crate::graph::rewrite::rewrite;
use crate::graph::{AxisMap, Binary, Node, Number, Op, Origin, Program, Shape, Type};

/// A program for a part of its batch, as large for each of so many ranks.
///
/// # Errors
/// The batch does not divide so.
pub fn divided(program: &Program, ranks: usize) -> Result<Program, EngineError> {
    let batch = program.batch;
    if !batch.is_multiple_of(ranks) {
        let told = format!("a batch of {batch} cannot be divided evenly among {ranks} ranks");
        return Err(EngineError::Internal(told));
    }
    let of_rank = |ty: Type| match ty.shape.0 {
        [images, h, w, c] if ty.batched => Type { shape: Shape([images / ranks, h, w, c]), ..ty },
        _ => ty,
    };
    let mut program = Program { batch: batch / ranks, ..program.clone() };
    program.graph.inputs.iter_mut().for_each(|input| input.ty = of_rank(input.ty));
    for node in &mut program.graph.nodes {
        node.ty = of_rank(node.ty);
        // Another order of images is refused where programs are planned.
        if let (Op::Remap(map), true) = (&mut node.op, node.ty.batched)
            && map.axes[0] == AxisMap::identity(batch)
        {
            map.axes[0] = AxisMap::identity(node.ty.shape.0[0]);
        }
    }
    Ok(program)
}

/// Whether one process alone can run a program.
///
/// # Errors
/// It adds up over several ranks.
pub fn is_of_one(program: &Program) -> Result<(), EngineError> {
    match program.graph.nodes.iter().any(|node| node.op == Op::Total) {
        false => Ok(()),
        true => {
            Err(EngineError::Internal("a program of several ranks, on an engine of none".into()))
        }
    }
}

/// A program whose images are numbered from its own first on, where the engine numbers those of all ranks:
/// all ranks have the same nodes, since they add up in the same order.
pub fn own_indices(program: &Program, first: usize) -> Cow<'_, Program> {
    moved(program, -(first as f64))
}

/// The same the other way round: images are numbered from the first of all ranks on, where the engine numbers
/// its own.
pub fn indices_of_all(program: &Program, first: usize) -> Cow<'_, Program> {
    moved(program, first as f64)
}

/// With so many images more before the first.
fn moved(program: &Program, images: f64) -> Cow<'_, Program> {
    let is_index = |node: &Node| node.op == Op::Index && node.ty.batched;
    if !program.graph.nodes.iter().any(is_index) {
        return Cow::Borrowed(program);
    }
    Cow::Owned(rewrite(program, |copy, id| {
        let node = program.graph.node(id);
        let index = copy.keep(id);
        if !is_index(node) {
            return Some(index);
        }
        let Shape([_, h, w, c]) = node.ty.shape;
        let (origin, args) = (Origin::default(), Vec::new());
        let ty = Type { shape: Shape::SCALAR, batched: false };
        let before = Op::Const(Number(images * (h * w * c) as f64));
        let before = copy.push(Node { op: before, args, ty, origin });
        let (op, args) = (Op::Binary(Binary::Add), vec![index, before]);
        Some(copy.push(Node { op, args, ..node.clone() }))
    }))
}
