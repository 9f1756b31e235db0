//! Stages between graphs. The input of a pass is a graph, or a spec whose first line says what it is lowered to: then
//! the passes before it have run. The input of `lower` is a spec; no pass has run.

use std::collections::BTreeSet;

use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, Program};
use rnetc::lower::{self, Form, Goal, Updates};
use rnetc::passes::{self, Mode, Pass};

use crate::compare;

/// Every pass that is listed anywhere.
fn all_passes() -> impl Iterator<Item = &'static Pass> {
    [Mode::Training, Mode::Recomputing, Mode::Inference].into_iter().flat_map(passes::list)
}

/// The pass of this name.
fn pass(stage: &str) -> &'static Pass {
    all_passes().find(|pass| pass.name == stage).expect("a pass of this name")
}

/// `// gradients, batch 2`
pub fn goal(input: &str) -> (Goal<'static>, usize) {
    let line = input.lines().next().and_then(|line| line.strip_prefix("// "));
    let (goal, batch) = line.and_then(|line| line.split_once(", batch ")).expect("a first line");
    let training =
        |recompute| Goal::Training(Updates::PAPER, Form { recompute, ..Form::default() });
    let goal = match goal {
        "training" => training(false),
        "recomputing" => training(true),
        "gradients" => Goal::Gradients,
        "inference" => Goal::Inference,
        other => panic!("nothing is lowered to {other}"),
    };
    (goal, batch.parse().expect("a number"))
}

/// What a stage leaves.
fn run(stage: &str, input: &str) -> Program {
    if !input.starts_with("//") {
        let program = input.parse().unwrap_or_else(|error| panic!("{stage}: {error}"));
        let left = pass(stage).apply(&program);
        assert_eq!(values(&program), values(&left), "{stage} changes what is computed");
        return left;
    }
    let (goal, batch) = goal(input);
    let mut left = lower::before_passes(&crate::network(stage, input, &[]), batch, goal);
    if stage == "lower" {
        return left;
    }
    for pass in passes::list(goal.passes()) {
        left = pass.apply(&left);
        if pass.name == stage {
            return left;
        }
    }
    panic!("{stage} is no pass of the goal");
}

/// Outputs and updates on numbers whose products and sums are exact.
fn values(program: &Program) -> (Vec<Vec<f64>>, Inputs) {
    let value = |id: usize, i: usize| ((7 * id + 3 * i) % 5) as f64 - 2.0;
    let numbered = program.graph.inputs.iter().enumerate();
    let inputs = numbered
        .map(|(id, input)| {
            let values = (0..input.ty.shape.len()).map(|i| value(id, i)).collect();
            (InputId(id as u32), values)
        })
        .collect();
    interp::run(program, &inputs)
}

#[test]
fn stages_leave_what_is_written() {
    let passes: BTreeSet<&str> = all_passes().map(|pass| pass.name).collect();
    for stage in passes.into_iter().chain(["lower"]) {
        compare(stage, |input| run(stage, input).to_string());
    }
}
