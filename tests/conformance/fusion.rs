//! What the fuser reaches: tensors read and written for a unit in the middle of a stage, forward
//! and backward. The numbers are derived by hand in the design: what must be stored is x and the
//! convolutions' outputs, and each batch-wide phase reads what it needs once.

use rnetc::engine::cpu::explain::explain;
use rnetc::engine::traffic;
use rnetc::graph::RegionId;
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;

use crate::support::network;

#[test]
fn tensor_passes_a_unit() {
    let cases = [("preact", 20, 15.0), ("original", 20, 16.0), ("bottleneck_preact", 29, 48.0)];
    for (spec, depth, most) in cases {
        let network = network(spec, depth);
        let program = lower::training(&network, 16, &Sgd::PAPER);
        let report = explain(&program).expect("the schedule");
        // The second of three units of the first stage.
        let passes = traffic::passes(&program.graph, RegionId(1), report.traffic())
            .expect("a unit with convolutions");
        assert!(passes <= most, "{spec}: {passes} tensor passes, at most {most} are needed");
        assert!(passes >= 12.0, "{spec}: {passes} tensor passes cannot be enough");
    }
}

/// Memory follows from what is stored: two tensors a basic pre-activation unit, and little else.
#[test]
fn activations_kept_for_backward() {
    let network = network("preact", 110);
    let batch = 128;
    let program = lower::training(&network, batch, &Sgd::PAPER);
    let report = explain(&program).expect("the schedule");
    let image: usize = network
        .units
        .iter()
        .map(|unit| 2 * network.value(unit.output).shape.len() * size_of::<f32>())
        .sum();
    let state = 2 * network.parameters() * size_of::<f32>();
    let needed = batch * image + state;
    assert!(report.arena > needed, "{} bytes cannot hold {needed}", report.arena);
    assert!(report.arena < needed + needed / 4, "{} bytes for {needed}", report.arena);
}
