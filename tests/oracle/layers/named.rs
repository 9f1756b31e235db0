//! A function with a name is computed once for the same input, so that the running statistics in it
//! move once a step; for another input it is computed again, and they move again.

use rnetc::graph::interp;
use rnetc::graph::{InputId, Role};
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;
use rnetc::{gradcheck, sema, source::Source};

const CHANNELS: usize = 3;

/// A running mean before and after a training step of a net of one unit, and the mean over the
/// pictures that it reads.
fn running_mean(y: &str) -> [Vec<f64>; 3] {
    let text = format!(
        "unit u {{ F = bn -> tanh  y = {y} }}
         net n {{ input({CHANNELS}, 4, 4) -> u -> global_avg_pool -> linear(2) }}"
    );
    let network = sema::compile(&Source::new("named", text), &[]).expect("it compiles").network;
    let program = lower::training(&network, 4, &Sgd::PAPER);
    let inputs = gradcheck::random_inputs(&network, &program, 1);
    let (_, updates) = interp::run(&program, &inputs);
    let find = |is: &dyn Fn(&rnetc::graph::Input) -> bool| {
        InputId(program.graph.inputs.iter().position(is).expect("it is there") as u32)
    };
    let mean = find(&|input| input.name.ends_with("running_mean"));
    let images = &inputs[&find(&|input| input.role == Role::Images)];
    let of_channel = |c: usize| images.iter().skip(c).step_by(CHANNELS).sum::<f64>();
    let count = (images.len() / CHANNELS) as f64;
    let of_pictures = (0..CHANNELS).map(|c| of_channel(c) / count).collect();
    [inputs[&mean].clone(), updates[&mean].clone(), of_pictures]
}

#[test]
fn statistics_move_once_for_an_input_however_often_it_is_named() {
    for y in ["F(x)", "F(x) + 0.5 * F(x)", "F(x) * F(x) - F(x)"] {
        let [before, after, pictures] = running_mean(y);
        for ((before, after), mean) in before.iter().zip(&after).zip(&pictures) {
            assert!((after - (0.9 * before + 0.1 * mean)).abs() < 1e-12, "{y}");
        }
    }
}

#[test]
fn they_move_again_for_another_input() {
    let [_, once, _] = running_mean("F(x)");
    let [_, twice, _] = running_mean("F(x) + F(F(x))");
    for (once, twice) in once.iter().zip(&twice) {
        // What the second reads has been through tanh: its mean lies between −1 and 1.
        let second = (twice - 0.9 * once) / 0.1;
        assert!(once != twice && second.abs() < 1.0, "{once}, then {twice}");
    }
}
