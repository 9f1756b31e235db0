//! Dynamic loss scaling on the graph, in the interpreter and on both engines.

use std::collections::HashMap;

use rnetc::engine::wgpu::{GpuPlan, Target, kernel};
use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, ProbeId, Program, Role, Shape, Type};
use rnetc::lower;
use rnetc::nn::loss_scaling::{self, INTERVAL, MOST, SCALE, STREAK, Scaling};
use rnetc::nn::optimiser::Sgd;

use super::{SMOOTH, program, states};
use crate::compare::numbers;
use crate::support::{compile, engines, inputs};

#[test]
fn a_step_with_a_scaled_loss_is_the_plain_step() {
    let network = compile("smooth", SMOOTH, "");
    let (plain, scaled) = (
        lower::training(&network, 3, &Sgd::PAPER),
        lower::scaled_training(&network, 3, &Sgd::PAPER),
    );
    let inputs = inputs(&network, &scaled, 1);
    let named = |program: &Program, name: &str| {
        let at = scaled.graph.inputs.iter().position(|input| input.name == name);
        let here = program.graph.inputs.iter().position(|input| input.name == name);
        (InputId(here.expect("here") as u32), inputs[&InputId(at.expect("there") as u32)].clone())
    };
    let same: Inputs = plain.graph.inputs.iter().map(|i| named(&plain, &i.name)).collect();
    let want = states(&plain, &interp::run(&plain, &same).1);
    let (outputs, updates) = interp::run(&scaled, &inputs);
    let have = states(&scaled, &updates);
    assert_eq!(outputs[2], [1.0], "a good step");
    for (name, want) in want {
        let apart = want.iter().zip(&have[&name]).map(|(w, h)| (w - h).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-12, "{name} is off by {apart:.1e}");
    }
    assert_eq!((have[SCALE][0], have[STREAK][0]), (1024.0, 1025.0));
}

/// Values by name.
type States = HashMap<String, Vec<f64>>;

/// A step of a net without batch norm, whose gradients grow with its pictures; by name, what it
/// read and what it left.
fn interpreted(scale: f64, streak: f64) -> (Vec<Vec<f64>>, [States; 2]) {
    let text = "net n { input(2, 4, 4) -> conv(3x3, 3) -> relu -> linear(3) }";
    let network = compile("plain", text, "");
    let program = lower::scaled_training(&network, 4, &Sgd::PAPER);
    let mut inputs = inputs(&network, &program, 3);
    for (id, values) in &mut inputs {
        let input = program.graph.input(*id);
        match input.name.as_str() {
            SCALE => *values = vec![scale],
            STREAK => *values = vec![streak],
            _ if input.role == Role::Images => values.iter_mut().for_each(|x| *x *= 64.0),
            _ => {}
        }
    }
    let (outputs, updates) = interp::run(&program, &inputs);
    let read = updates.keys().map(|id| (*id, inputs[id].clone())).collect();
    (outputs, [states(&program, &read), states(&program, &updates)])
}

#[test]
fn an_overflow_of_a_gradient_leaves_the_step_out_and_halves_the_scale() {
    let huge = 2f64.powi(1022);
    let (outputs, [before, after]) = interpreted(huge, 7.0);
    assert!(outputs[0][0].is_finite(), "the loss is as ever");
    assert_eq!(outputs[2], [0.0], "no good step");
    assert_eq!(before.len(), 3 * 2 + 2);
    for (name, before) in &before {
        let want = match name.as_str() {
            SCALE => vec![huge / 2.0],
            STREAK => vec![0.0],
            _ => before.clone(),
        };
        assert_eq!(after[name], want, "{name}");
    }
    // The same step with a scale that fits changes everything.
    let (outputs, [before, after]) = interpreted(1024.0, 7.0);
    assert_eq!(outputs[2], [1.0]);
    assert!(before.iter().all(|(name, before)| name == SCALE || after[name] != *before));
}

#[test]
fn so_many_good_steps_double_the_scale() {
    for (streak, scale_after, streak_after) in
        [(INTERVAL - 2.0, 1024.0, INTERVAL - 1.0), (INTERVAL - 1.0, 2048.0, 0.0)]
    {
        let (_, [_, after]) = interpreted(1024.0, streak);
        assert_eq!((after[SCALE][0], after[STREAK][0]), (scale_after, streak_after));
    }
    // As long as 1/s is a number.
    let (_, [_, after]) = interpreted(MOST, INTERVAL - 1.0);
    assert_eq!(after[SCALE], [MOST]);
}

/// s and the good steps since it changed, by the rule.
fn after(scale: f32, streak: f32, good: bool) -> (f32, f32) {
    match (good, f64::from(streak) + 1.0 >= INTERVAL) {
        (false, _) => ((scale / 2.0).max(1.0), 0.0),
        (true, true) => (scale * 2.0, 0.0),
        (true, false) => (scale, streak + 1.0),
    }
}

#[test]
fn the_scale_follows_its_rule() {
    let mut b = Builder::new();
    let state = Scaling::input(&mut b);
    let good =
        b.input("good", Role::Probe(ProbeId(0)), Type { shape: Shape::SCALAR, batched: false });
    let next = state.next(&mut b, good);
    let mut program = program(b, 1, &[]);
    program.updates = vec![(InputId(0), next.scale), (InputId(1), next.streak)];
    for engine in engines() {
        let mut executable = engine.compile(&program).expect("compiles");
        let (mut scale, mut streak) = (65_536.0, 1996.0);
        executable.write(InputId(0), &[scale]).expect("a scalar");
        executable.write(InputId(1), &[streak]).expect("a scalar");
        // Grows with the fourth good step, and ends at its least value.
        let story = [true; 6].into_iter().chain([false, true, true]).chain([false; 20]);
        for good in story {
            executable.write(InputId(2), &[f32::from(u8::from(good))]).expect("a scalar");
            executable.run().expect("runs");
            (scale, streak) = after(scale, streak, good);
            let have = [0, 1].map(|at| executable.state(InputId(at)).expect("a state")[0]);
            assert_eq!(have, [scale, streak], "on {:?}", engine.device());
        }
        assert_eq!(scale, 1.0);
    }
}

/// Gradients that are computed are added up by one kernel on GPUs, wherever they lie.
#[test]
fn one_number_that_is_none_is_found_in_whatever_is_computed() {
    let mut b = Builder::new();
    let shapes = [[3, 3, 2, 4], [1, 1, 1, 5], [1, 1, 30, 43], [1, 1, 1, 8], [1, 1, 1, 3]];
    let squares = shapes.map(|shape| {
        let ty = Type { shape: Shape(shape), batched: false };
        let value = b.input("p", Role::Parameter, ty);
        b.mul(value, value)
    });
    let good = loss_scaling::all_finite(&mut b, &squares);
    let program = program(b, 1, &[good]);
    let plan = GpuPlan::untuned(&program, Target::default());
    let totals = plan.kernels.list.iter().filter(|k| kernel::kind(&program, k) == "total");
    assert_eq!(totals.count(), 1);
    let lens = shapes.map(|shape| shape.iter().product::<usize>());
    let finite = lens.map(|len| numbers(len as u32, len, 2.0));
    for engine in engines() {
        let mut executable = engine.compile(&program).expect("compiles");
        for (input, len) in lens.into_iter().enumerate() {
            for (at, value) in [(0, f32::NAN), (len - 1, f32::INFINITY), (len / 2, 3.0)] {
                let mut data = finite.clone();
                data[input][at] = value;
                for (at, data) in data.iter().enumerate() {
                    executable.write(InputId(at as u32), data).expect("the input fits");
                }
                executable.run().expect("runs");
                let (good, want) =
                    (executable.output(0).unwrap(), f32::from(u8::from(value == 3.0)));
                assert_eq!(good, [want], "{value} at {at} of {input} on {:?}", engine.device());
            }
        }
    }
}

#[test]
fn one_number_that_is_none_keeps_all_state() {
    let mut b = Builder::new();
    let parameter = |b: &mut Builder, shape| {
        b.input("p", Role::Parameter, Type { shape: Shape(shape), batched: false })
    };
    let (matrix, vector) = (parameter(&mut b, [3, 3, 2, 4]), parameter(&mut b, [1, 1, 1, 5]));
    let old = parameter(&mut b, [1, 1, 1, 5]);
    let good = loss_scaling::all_finite(&mut b, &[matrix, vector]);
    let kept = loss_scaling::kept(&mut b, good, vector, old);
    let program = program(b, 1, &[good, kept]);
    let finite: Vec<Vec<f32>> = [72, 5, 5].iter().map(|&n| numbers(n as u32, n, 2.0)).collect();
    for engine in engines() {
        let mut executable = engine.compile(&program).expect("compiles");
        for (input, at, value) in [
            (0, 0, 1.0),
            (0, 0, f32::NAN),
            (0, 71, f32::INFINITY),
            (0, 40, f32::NEG_INFINITY),
            (1, 0, f32::NAN),
            (1, 4, f32::INFINITY),
        ] {
            let mut data = finite.clone();
            data[input][at] = value;
            for (at, data) in data.iter().enumerate() {
                executable.write(InputId(at as u32), data).expect("the input fits");
            }
            executable.run().expect("runs");
            let (good, kept) = (executable.output(0).unwrap(), executable.output(1).unwrap());
            let on = engine.device();
            assert_eq!(good, [f32::from(u8::from(value.is_finite()))], "{value} on {on:?}");
            assert_eq!(kept, finite[if value.is_finite() { 1 } else { 2 }], "{value} on {on:?}");
        }
    }
}
