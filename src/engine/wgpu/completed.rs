//! A program of all ranks as one of them runs it: whatever is made of the whole batch is completed by sums over
//! ranks.
//!
//! Σ (x − mean)² of all is that of each rank's own, added up, and n·Σ (mean of a rank − mean)² over ranks of n
//! elements each, so that nothing cancels. Ranks' means cross in the same sums: each has a row of its own in a
//! tensor that is zero elsewhere.

use crate::engine::EngineError;
use crate::graph::placement::closes_phase;
use crate::graph::rewrite::{Copy, rewrite};
use crate::graph::{
    Axes, AxisMap, Binary, Node, NodeId, Number, Op, Origin, Program, ReduceKind, Shape, Type,
    Unary,
};

/// The program of a rank with `program.batch` images of its own.
///
/// # Errors
/// It joins images in a way that no sum over ranks completes.
pub(super) fn completed(
    program: &Program,
    rank: usize,
    ranks: usize,
) -> Result<Program, EngineError> {
    let graph = &program.graph;
    if let Some(id) = graph.ids().find(|&id| !is_completed(program, id)) {
        let name = graph.node(id).op.name();
        return Err(EngineError::Internal(format!("{id}, {name}, is not divided among ranks")));
    }
    let completing = Completing { rank, ranks };
    Ok(rewrite(program, |copy, id| {
        let node = graph.node(id);
        let own = copy.keep(id);
        if !closes_phase(graph, id) {
            return Some(own);
        }
        Some(match node.op {
            Op::Reduce(ReduceKind::M2, axes) => {
                let of = node.args[0];
                let each = graph.node(of).ty.shape.len() / node.ty.shape.len();
                completing.moment(copy, (own, copy.at(of)), axes, each)
            }
            Op::Total => own,
            _ => total(copy, own),
        })
    }))
}

/// Whether ranks know what to make of their parts of a node.
fn is_completed(program: &Program, id: NodeId) -> bool {
    let (graph, node) = (&program.graph, program.graph.node(id));
    match node.op {
        // Images stay where they are.
        Op::Remap(map) if node.ty.batched => map.axes[0] == AxisMap::identity(program.batch),
        Op::Reduce(ReduceKind::Sum | ReduceKind::M2, _) | Op::ConvDw(_) | Op::Total => true,
        _ => !closes_phase(graph, id),
    }
}

fn total(copy: &mut Copy, x: NodeId) -> NodeId {
    let ty = copy.ty(x);
    push(copy, Op::Total, vec![x], ty)
}

fn push(copy: &mut Copy, op: Op, args: Vec<NodeId>, ty: Type) -> NodeId {
    copy.push(Node { op, args, ty, origin: Origin::default() })
}

fn constant(copy: &mut Copy, value: f64) -> NodeId {
    let ty = Type { shape: Shape::SCALAR, batched: false };
    push(copy, Op::Const(Number(value)), Vec::new(), ty)
}

struct Completing {
    rank: usize,
    ranks: usize,
}

impl Completing {
    /// Σ (x − mean)² over `axes` of all ranks, from a rank's `own`, of `each` elements.
    fn moment(
        &self,
        copy: &mut Copy,
        (own, x): (NodeId, NodeId),
        axes: Axes,
        each: usize,
    ) -> NodeId {
        let ty = copy.ty(own);
        let Shape([_, h, w, c]) = ty.shape;
        let rows = Type { shape: Shape([self.ranks, h, w, c]), batched: false };
        let sum = push(copy, Op::Reduce(ReduceKind::Sum, axes), vec![x], ty);
        let share = constant(copy, 1.0 / each as f64);
        let mean = push(copy, Op::Binary(Binary::Mul), vec![sum, share], ty);
        let row = self.row(copy);
        let own_row = push(copy, Op::Binary(Binary::Mul), vec![mean, row], rows);
        let means = total(copy, own_row);
        let apart = push(copy, Op::Reduce(ReduceKind::M2, Axes::BATCH), vec![means], ty);
        let count = constant(copy, each as f64);
        let between = push(copy, Op::Binary(Binary::Mul), vec![apart, count], ty);
        let within = total(copy, own);
        push(copy, Op::Binary(Binary::Add), vec![within, between], ty)
    }

    /// 1 in this rank's row, else 0: ranks×1×1×1.
    fn row(&self, copy: &mut Copy) -> NodeId {
        let ty = Type { shape: Shape([self.ranks, 1, 1, 1]), batched: false };
        let number = push(copy, Op::Index, Vec::new(), ty);
        let mut above = |bound: f64| {
            let bound = constant(copy, bound);
            let difference = push(copy, Op::Binary(Binary::Sub), vec![number, bound], ty);
            push(copy, Op::Unary(Unary::Step), vec![difference], ty)
        };
        let [from, beyond] = [-0.5, 0.5].map(|half| above(self.rank as f64 + half));
        push(copy, Op::Binary(Binary::Sub), vec![from, beyond], ty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::share;
    use crate::graph::interp::{Held, Inputs, evaluate_holding, run};
    use crate::graph::{InputId, OutputKind, Role, builder::Builder};

    const X: InputId = InputId(0);

    /// What the interpreter makes of all ranks' programs, whose sums over ranks are known one after the other.
    fn side_by_side(programs: &[Program], values: &[f64]) -> Vec<Vec<Vec<f64>>> {
        let parts = values.chunks(values.len() / programs.len());
        let inputs: Vec<Inputs> = parts.map(|part| Inputs::from([(X, part.to_vec())])).collect();
        let mut held = Held::new();
        let all = |held: &Held| -> Vec<Vec<Vec<f64>>> {
            let each = programs.iter().zip(&inputs);
            each.map(|(program, inputs)| evaluate_holding(&program.graph, inputs, held)).collect()
        };
        let graph = &programs[0].graph;
        for id in graph.ids().filter(|&id| graph.node(id).op == Op::Total) {
            let own = all(&held);
            let sum = |at: usize| own.iter().map(|values| values[id.index()][at]).sum();
            held.insert(id, (0..graph.node(id).ty.shape.len()).map(sum).collect());
        }
        let outputs = |(program, values): (&Program, Vec<Vec<f64>>)| {
            program.outputs.iter().map(|output| values[output.node.index()].clone()).collect()
        };
        programs.iter().zip(all(&held)).map(outputs).collect()
    }

    /// Numbers far from zero, in which the ranks' means are apart.
    #[test]
    fn ranks_complete_what_the_whole_batch_comes_to() {
        let mut b = Builder::new();
        let x = b.input("x", Role::Images, Type { shape: Shape([6, 2, 1, 2]), batched: true });
        let of = [
            b.reduce(ReduceKind::Sum, Axes::BATCH_AND_SPACE, x),
            b.reduce(ReduceKind::M2, Axes::BATCH_AND_SPACE, x),
            b.reduce(ReduceKind::M2, Axes::BATCH, x),
            b.reduce(ReduceKind::M2, Axes::ALL, x),
        ];
        let outputs = of.map(|node| OutputKind::Gradient(X).of(node)).to_vec();
        let whole = Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 6 };
        let values = (0..24).map(|i| 100.0 + f64::from(i % 5) + f64::from(i) / 8.0);
        let values: Vec<f64> = values.collect();
        let (expected, _) = run(&whole, &Inputs::from([(X, values.clone())]));
        for count in [2, 3] {
            let own = share::divided(&whole, count).unwrap();
            let programs = (0..count).map(|rank| completed(&own, rank, count).unwrap());
            let programs: Vec<Program> = programs.collect();
            for found in side_by_side(&programs, &values) {
                for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                    let off = (found / expected - 1.0).abs();
                    assert!(off < 1e-10, "{count}: {found}, {expected}");
                }
            }
        }
    }

    #[test]
    fn what_no_sum_completes_is_refused() {
        let mut b = Builder::new();
        let x = b.input("x", Role::Images, Type { shape: Shape([6, 2, 1, 2]), batched: true });
        let largest = b.reduce(ReduceKind::Max, Axes::ALL, x);
        let outputs = vec![OutputKind::Gradient(X).of(largest)];
        let whole = Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 6 };
        let error = completed(&whole, 0, 2).unwrap_err();
        assert!(error.to_string().contains("not divided among ranks"), "{error}");
    }
}
