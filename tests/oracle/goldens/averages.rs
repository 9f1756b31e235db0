//! Twelve steps of Lookahead and of a moving average, on a parameter and on a statistic.

use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{Average, InputId, Program, Role, Shape, Type};
use rnetc::nn::averages::{ema, lookahead};
use rnetc::train::recipe::{Ema, Lookahead};

use crate::support::compare::close;
use crate::support::golden::Golden;

const STEPS: u64 = 12;
const FAST: InputId = InputId(0);
const AVERAGE: InputId = InputId(1);
const CHANGE: InputId = InputId(2);
const SHARE: InputId = InputId(3);

/// A tensor that is moved by what is given, and its average.
fn program(average: Average, role: Role, length: usize) -> Program {
    let mut b = Builder::new();
    let ty = Type { shape: Shape::channels(length), batched: false };
    let scalar = Type { shape: Shape::SCALAR, batched: false };
    let fast = b.input("fast", role, ty);
    let kept = b.input("average", Role::Average(average, FAST), ty);
    let change = b.input("change", Role::Images, ty);
    let of = match average {
        Average::Slow => Role::LookaheadShare,
        Average::Ema => Role::EmaDecay,
    };
    let share = b.input("share", of, scalar);
    let moved = b.add(fast, change);
    let (kept, fast) = match average {
        Average::Slow => lookahead(&mut b, share, kept, moved),
        Average::Ema => (ema(&mut b, share, kept, moved), moved),
    };
    let updates = vec![(FAST, fast), (AVERAGE, kept)];
    Program { graph: b.finish(), outputs: Vec::new(), updates, batch: 1 }
}

fn check(case: &str, average: Average, share: &dyn Fn(u64) -> f64, returns: bool) {
    let golden = Golden::averages();
    for (name, role) in [("w", Role::Parameter), ("s", Role::Statistic)] {
        let read = |what: String| golden.get(&format!("{case}.{name}{what}")).data.clone();
        let start = read("0".into());
        let program = program(average, role, start.len());
        let mut state = Inputs::from([(FAST, start.clone()), (AVERAGE, start)]);
        for step in 1..=STEPS {
            state.insert(CHANGE, read(format!(".change{step}")));
            state.insert(SHARE, vec![share(step)]);
            state.extend(interp::run(&program, &state).1);
            let what = format!("{case}, {name}, step {step}");
            let kept = close(&what, &state[&AVERAGE], &read(format!(".average{step}")), 1e-13);
            assert_eq!(kept, Ok(()));
            // airbench returns to the average after its last step, with which it goes on to measure.
            let fast = if step == STEPS && returns { AVERAGE } else { FAST };
            let fast = close(&what, &state[&fast], &read(format!(".fast{step}")), 1e-13);
            assert_eq!(fast, Ok(()));
        }
    }
}

#[test]
fn lookahead_is_that_of_airbench_and_of_the_paper() {
    let airbench = Lookahead { every: 5, alpha: 1.0 - 0.95f64.powi(5), power: 3.0 };
    check("airbench", Average::Slow, &|step| airbench.share(step, STEPS), true);
    let paper = Lookahead { every: 3, alpha: 0.5, power: 0.0 };
    check("paper", Average::Slow, &|step| paper.share(step, STEPS), false);
}

#[test]
fn a_moving_average_is_that_of_timm() {
    for (case, ema) in
        [("ema", Ema { decay: 0.9, warmup: false }), ("ema_warm", Ema { decay: 0.6, warmup: true })]
    {
        check(case, Average::Ema, &|step| ema.kept(step), false);
    }
}
