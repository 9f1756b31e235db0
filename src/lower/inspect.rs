//! Inference that also says how large F's contribution and x are in each unit, as
//! [`crate::network::anatomy`] defines the two.

use super::{Lowering, Mode};
use crate::graph::{Axes, OutputKind, Program, QuantityId, ReduceKind};
use crate::network::Network;
use crate::network::anatomy::Site;
use crate::passes;

/// What an [`inspection`] leaves of a site, by its position: Σ x² and Σ F² over the batch, scalars.
pub fn squares(site: usize) -> [OutputKind; 2] {
    [0, 1].map(|side| OutputKind::Quantity(QuantityId(2 * site as u32 + side)))
}

/// An inference pass with the [`squares`] of each site that has a shortcut and an F.
pub fn inspection(network: &Network, sites: &[Site], batch: usize) -> Program {
    let mut lowering = Lowering::new(network, batch, Mode::Infer);
    let logits = lowering.forward();
    let mut outputs = vec![OutputKind::Logits.of(logits)];
    for (position, site) in sites.iter().enumerate() {
        let Some(residual) = site.residual() else { continue };
        let sums = [vec![(1.0, site.input)], residual.contribution()];
        for (kind, sum) in squares(position).into_iter().zip(sums) {
            let node = lowering.sum(&sum);
            let square = lowering.b.mul(node, node);
            outputs.push(kind.of(lowering.b.reduce(ReduceKind::Sum, Axes::ALL, square)));
        }
    }
    passes::run(passes::Mode::Inference, &lowering.finish(outputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{InputId, Role, interp};
    use crate::network::anatomy::sites;

    #[test]
    fn squares_are_those_of_the_units_input_and_of_what_f_adds() {
        let text = "unit u {\n    F = conv(1x1, 1)\n    y = x - 3 * F(x)\n}\nunit v {\n    y = x + x\n}\n\
            net a(classes = 2) {\n    input(1, 2, 2) -> u -> v -> global_avg_pool -> linear(classes)\n}\n";
        let source = crate::source::Source::new("a.rnet", text);
        let network = crate::sema::compile(&source, &[]).unwrap().network;
        let program = inspection(&network, &sites(&network), 1);
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
        // F(x) is half of x.
        let sum = 9.0 + 1.0 + 4.0 + 16.0;
        assert_eq!(found[1..], [(x, sum), (f, 9.0 * sum / 4.0)]);
    }
}
