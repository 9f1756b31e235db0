//! Inference that also says how large F(x) and x are in each unit.

use super::{Lowering, Mode};
use crate::graph::{Axes, NodeId, OutputKind, Program, QuantityId, ReduceKind};
use crate::network::{Network, ValueId};
use crate::passes;

/// Name of a unit's residual function.
const RESIDUAL: &str = "F";

/// What an [`inspection`] leaves of a unit, by its position in the network: Σ x² and Σ F(x)² over
/// the batch, scalars.
pub fn squares(unit: usize) -> [OutputKind; 2] {
    [0, 1].map(|side| OutputKind::Quantity(QuantityId(2 * unit as u32 + side)))
}

/// An inference pass with the [`squares`] of each unit that has an F.
pub fn inspection(network: &Network, batch: usize) -> Program {
    let mut lowering = Lowering::new(network, batch, Mode::Infer);
    let logits = lowering.forward();
    let mut outputs = vec![OutputKind::Logits.of(logits)];
    for (position, unit) in network.units.iter().enumerate() {
        let residual = unit.bindings.iter().find(|(name, _)| name == RESIDUAL);
        if let Some((_, residual)) = residual {
            for (kind, value) in squares(position).into_iter().zip([unit.input, *residual]) {
                outputs.push(kind.of(lowering.squares(value)));
            }
        }
    }
    passes::run(passes::Mode::Inference, &lowering.finish(outputs))
}

impl Lowering<'_> {
    fn squares(&mut self, value: ValueId) -> NodeId {
        let node = self.node(value);
        let square = self.b.mul(node, node);
        self.b.reduce(ReduceKind::Sum, Axes::ALL, square)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{InputId, Role, interp};

    #[test]
    fn squares_are_those_of_the_units_input_and_of_f() {
        let text = "unit u {\n    F = relu\n    y = x + F(x)\n}\nunit v {\n    y = x + x\n}\n\
            net a(classes = 2) {\n    input(1, 2, 2) -> u -> v -> global_avg_pool -> linear(classes)\n}\n";
        let source = crate::source::Source::new("a.rnet", text);
        let network = crate::sema::compile(&source, &[]).unwrap().network;
        let program = inspection(&network, 1);
        let inputs = program.graph.inputs.iter().enumerate().map(|(id, input)| {
            let values = match input.role {
                Role::Images => vec![3.0, -1.0, 2.0, -4.0],
                _ => vec![0.5; input.ty.shape.len()],
            };
            (InputId(id as u32), values)
        });
        let (outputs, _) = interp::run(&program, &inputs.collect());
        let kinds = program.outputs.iter().map(|output| output.kind);
        let found: Vec<(OutputKind, f64)> = kinds.zip(outputs.iter().map(|v| v[0])).collect();
        let [x, f] = squares(0);
        assert_eq!(found[1..], [(x, 9.0 + 1.0 + 4.0 + 16.0), (f, 9.0 + 4.0)]);
    }
}
