//! Nets with more batch norms than a loop has slots for.

use rnetc::graph::interp;
use rnetc::lower;

use super::support::{compile, cpu, distance, inputs, load};

#[test]
fn the_coefficients_of_many_batch_norms_take_several_loops() {
    // 30 batch norms, none of them behind a convolution: two vectors each become a third.
    let network = compile(
        "wide",
        "// allow W0002 W0003: for a test
        unit u(w) { F = bn -> tanh -> conv(1x1, w)  y = x + F(x) }
        net n { input(3, 4, 4) -> conv(1x1, 4) -> u(4) * 30 -> global_avg_pool -> linear(2) }",
        "",
    );
    let program = lower::inference(&network, 2);
    let inputs = inputs(&network, &program, 1);
    let mut executable = load(cpu().as_ref(), &program, &inputs);
    executable.run().expect("runs");
    let (want, _) = interp::run(&program, &inputs);
    let distance = distance(&executable.output(0).expect("logits"), &want[0]);
    assert!(distance < 1e-4, "{distance:.1e}");
}
