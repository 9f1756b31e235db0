//! Parts of a run whose pictures have another size: one net, and a program for each size.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::TrainError;
use super::recipe::{Recipe, Size};
use super::runner::Runner;
use super::schedule::{Sides, StepPlan};
use super::sharing::Sharing;
use super::size_misfit::SizeMisfit;
use super::tensors;
use crate::engine::{Engine, EngineError};
use crate::graph::Program;
use crate::lower::{Form, Updates};
use crate::network::Network;

/// One net for pictures of several sizes.
pub type Networks = BTreeMap<[usize; 2], Network>;

/// A recipe's sizes, each once, as rows and columns.
///
/// # Errors
/// [`SizeMisfit::NoSquare`] where one number is given, and the net reads no squares.
pub fn sides(recipe: &Recipe, network: &Network) -> Result<Vec<[usize; 2]>, SizeMisfit> {
    let reads = network.value(network.input).shape;
    let mut all = Vec::new();
    for stage in &recipe.sizes {
        match stage.size {
            Size::Square(side) if reads.h != reads.w => {
                return Err(SizeMisfit::NoSquare { side, reads });
            }
            Size::Square(_) | Size::Sides(_) => all.push(stage.size.sides()),
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Whether a net for pictures of another size has the tensors of the net itself, so that values go from one
/// to the other.
///
/// # Errors
/// [`SizeMisfit::OtherTensors`] where it does not.
pub fn check(network: &Network, other: &Network) -> Result<(), SizeMisfit> {
    let (whole, there) = (tensors::of(network), tensors::of(other));
    let longer = if there.len() > whole.len() { &there } else { &whole };
    let differ = |at: &usize| {
        let [a, b] = [&whole, &there].map(|all| all.get(*at).map(|t| (&t.name, t.kind, t.shape)));
        a != b
    };
    let Some(at) = (0..longer.len()).find(differ) else { return Ok(()) };
    let shape = |of: &[tensors::Tensor]| of.get(at).map_or_else(Vec::new, |t| t.shape.0.to_vec());
    let reads = other.value(other.input).shape;
    Err(SizeMisfit::OtherTensors {
        sides: [reads.h, reads.w],
        tensor: longer[at].name.clone(),
        there: shape(&there),
        whole: shape(&whole),
        reads: network.value(network.input).shape,
    })
}

/// What makes a run's training program for pictures of each size.
pub struct Programs {
    /// What compiles them.
    pub engine: Rc<dyn Engine>,
    /// The net.
    pub network: Network,
    /// The same at other sizes.
    pub others: Networks,
    /// How its parameters are updated.
    pub updates: Updates,
    /// How a step differs from the plain one.
    pub form: Form,
    /// Pictures a step, of all ranks.
    pub batch: usize,
    /// Who computes it.
    pub sharing: Sharing,
    /// The size of the one that is compiled.
    pub now: Sides,
}

impl Programs {
    /// The step for pictures of a size.
    pub fn lowered(&self, sides: Sides) -> Program {
        let other = sides.and_then(|sides| self.others.get(&sides));
        let network = other.unwrap_or(&self.network);
        self.sharing.step(network, self.batch, &self.updates, self.form)
    }

    /// The same on the engine.
    ///
    /// # Errors
    /// What the engine cannot compile.
    pub fn compiled(&self, sides: Sides) -> Result<Runner, EngineError> {
        let (engine, program) = (self.engine.as_ref(), self.lowered(sides));
        match self.sharing {
            Sharing::Alone | Sharing::ByRank(_) => Runner::new(engine, &program),
            Sharing::AsOne(_) => Runner::divided(engine, &program),
        }
    }

    /// The step that a run goes on with after the first `done`, once it is known that the steps of all parts
    /// that are left compile. There is never memory for more than one of them.
    ///
    /// # Errors
    /// What the engine cannot compile of any.
    pub fn first(&mut self, plan: &StepPlan, done: u64) -> Result<Runner, EngineError> {
        // Where nothing is left it is that of the last step.
        self.now = self.other(plan.sides(done.min(plan.total.saturating_sub(1))));
        let parts = plan.stages(done).into_iter().map(|(_, sides)| self.other(sides));
        for sides in parts.collect::<BTreeSet<_>>() {
            if sides != self.now {
                self.compiled(sides)?;
            }
        }
        self.compiled(self.now)
    }

    /// A size that is not the net's own.
    fn other(&self, sides: Sides) -> Sides {
        let reads = self.network.value(self.network.input).shape;
        sides.filter(|sides| *sides != [reads.h, reads.w])
    }

    /// Has the step for a size take the place of the one that is compiled, with its state; whether it was
    /// another.
    ///
    /// # Errors
    /// What the engine cannot compile; the state can be read still.
    pub fn turn(&mut self, training: &mut Runner, sides: Sides) -> Result<bool, TrainError> {
        let sides = self.other(sides);
        let is_other = self.now != sides;
        if is_other {
            training.become_other(self.engine.as_ref(), &self.lowered(sides))?;
            self.now = sides;
        }
        Ok(is_other)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashMap;

    use super::*;
    use crate::Spec;
    use crate::engine::{Device, Executable};
    use crate::graph::{InputId, Role};
    use crate::train::schedule::Length;
    use crate::train::updates;

    /// Keeps what is written, holds one program at a time, and refuses pictures of 12 rows if it is told to.
    struct One {
        live: Rc<Cell<usize>>,
        compiled: Rc<Cell<usize>>,
        refuses: Rc<Cell<bool>>,
    }

    struct Held(HashMap<InputId, Vec<f32>>, Rc<Cell<usize>>);

    impl Engine for One {
        fn device(&self) -> Device {
            Device { engine: "cpu", name: "one".into(), threads: None, products: None }
        }

        fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
            assert_eq!(self.live.get(), 0, "the program before is held still");
            let images = program.graph.inputs.iter().find(|input| input.role == Role::Images);
            if self.refuses.get() && images.is_some_and(|images| images.ty.shape.0[1] == 12) {
                return Err(EngineError::Internal("12 rows".into()));
            }
            self.live.set(1);
            self.compiled.set(self.compiled.get() + 1);
            Ok(Box::new(Held(HashMap::new(), self.live.clone())))
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            self.1.set(0);
        }
    }

    impl Executable for Held {
        fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
            self.0.insert(input, data.to_vec());
            Ok(())
        }

        fn run(&mut self) -> Result<(), EngineError> {
            Ok(())
        }

        fn output(&mut self, _: usize) -> Result<Vec<f32>, EngineError> {
            Ok(Vec::new())
        }

        fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
            Ok(self.0.get(&input).cloned().unwrap_or_default())
        }

        fn memory(&self) -> usize {
            0
        }
    }

    fn spec(chain: &str) -> Spec {
        Spec::new("n", format!("net n {{ input(3, 16, 16) -> {chain} }}"))
    }

    const SIZES: &str = "[{ size: 8, until: 1 }, { size: 12, until: 2 }]";

    /// Programs, their plan, how many there are and have been, and whether the engine refuses.
    type Made = (Programs, StepPlan, [Rc<Cell<usize>>; 2], Rc<Cell<bool>>);

    fn programs(sizes: &str) -> Made {
        let spec = spec("conv(3x3, 4) -> bn -> relu -> global_avg_pool -> linear(3)");
        let network = spec.compile().unwrap();
        let text = format!("{}sizes: {sizes}\n", crate::train::recipe::HE2016);
        let recipe = Recipe::parse("r", &text).unwrap();
        let all = sides(&recipe, &network).unwrap();
        let at = |sides| (sides, spec.compile_for_pictures(sides).unwrap());
        let others: Networks = all.into_iter().map(at).collect();
        assert!(others.values().all(|other| check(&network, other).is_ok()));
        let [live, compiled] = [0, 0].map(|zero| Rc::new(Cell::new(zero)));
        let refuses = Rc::new(Cell::new(false));
        let engine =
            One { live: live.clone(), compiled: compiled.clone(), refuses: refuses.clone() };
        let updates = updates::of(&recipe, &network).unwrap();
        let (form, now, batch, sharing) = (Form::default(), None, 4, Sharing::Alone);
        let engine: Rc<dyn Engine> = Rc::new(engine);
        let programs = Programs { engine, network, others, updates, form, batch, sharing, now };
        (programs, StepPlan::new(&recipe, Length::Recipe, 10), [live, compiled], refuses)
    }

    #[test]
    fn there_is_one_program_at_a_time_and_its_state_goes_on() {
        let (mut programs, plan, [live, compiled], _) = programs(SIZES);
        let mut runner = programs.first(&plan, 0).unwrap();
        assert_eq!((live.get(), compiled.get(), programs.now), (1, 3, Some([8, 8])));
        let mut state = runner.values().unwrap();
        for (at, values) in state.values_mut().enumerate() {
            values.push(at as f32);
        }
        runner.load(&state).unwrap();
        assert!(state.len() > 8, "moments too: {:?}", state.keys());
        for (sides, is_other) in
            [(Some([8, 8]), false), (Some([12, 12]), true), (None, true), (Some([8, 8]), true)]
        {
            assert_eq!(programs.turn(&mut runner, sides).unwrap(), is_other);
            assert_eq!(runner.values().unwrap(), state);
            let inputs = programs.lowered(sides).graph.inputs;
            let images = inputs.iter().find(|input| input.role == Role::Images).unwrap();
            let [rows, columns] = sides.unwrap_or([16, 16]);
            assert_eq!(images.ty.shape.0, [4, rows, columns, 3]);
        }
    }

    #[test]
    fn a_part_that_cannot_be_compiled_ends_the_run_before_it_begins() {
        let (mut programs, plan, _, refuses) = programs(SIZES);
        refuses.set(true);
        let error = programs.first(&plan, 0).err().unwrap();
        assert_eq!(error, EngineError::Internal("12 rows".into()));
    }

    #[test]
    fn each_size_that_is_left_is_compiled_once_and_the_nets_own_is_its_own() {
        let parts =
            [(8, 1), (12, 2), (8, 3), (16, 4)].map(|(a, b)| format!("{{ size: {a}, until: {b} }}"));
        let parts = format!("[{}]", parts.join(", "));
        let (small, larger) = (Some([8, 8]), Some([12, 12]));
        for (sizes, done, count, now) in [
            (parts.as_str(), 0, 3, small),
            (&parts, 10, 3, larger),
            (&parts, 20, 2, small),
            (&parts, 30, 1, None),
            (&parts, 64_000, 1, None),
            ("[{ size: 8, until: 6400 }]", 0, 1, small),
            ("[{ size: 8, until: 6400 }]", 64_000, 1, small),
        ] {
            let (mut programs, plan, [_, compiled], _) = programs(sizes);
            let mut runner = programs.first(&plan, done).unwrap();
            assert_eq!((compiled.get(), programs.now), (count, now), "{sizes} from {done}");
            let own = programs.turn(&mut runner, Some([16, 16])).unwrap();
            assert_eq!((own, programs.now), (now.is_some(), None));
        }
    }

    #[test]
    fn what_cannot_become_another_has_its_state_still() {
        let (mut programs, plan, _, refuses) = programs(SIZES);
        let mut runner = programs.first(&plan, 0).unwrap();
        let mut state = runner.values().unwrap();
        for (at, values) in state.values_mut().enumerate() {
            values.push(at as f32);
        }
        runner.load(&state).unwrap();
        refuses.set(true);
        assert!(programs.turn(&mut runner, Some([12, 12])).is_err());
        assert_eq!(runner.values().unwrap(), state);
        assert!(runner.run().is_err());
        // Another may take it over still.
        assert!(programs.turn(&mut runner, None).unwrap());
        assert_eq!(runner.values().unwrap(), state);
    }

    #[test]
    fn the_first_tensor_that_differs_is_named() {
        let whole = spec("conv(3x3, 4) -> bn -> relu -> linear(3)");
        let other = whole.compile_for_pictures([8, 12]).unwrap();
        let error = check(&whole.compile().unwrap(), &other).unwrap_err();
        let SizeMisfit::OtherTensors { sides, tensor, there, whole, .. } = error else {
            panic!("{error}")
        };
        assert_eq!((sides, tensor.as_str()), ([8, 12], "layers.linear.weight"));
        assert_eq!((there, whole), (vec![8, 12, 4, 3], vec![16, 16, 4, 3]));
        // What else hangs on the number of pixels follows it.
        let text = "net n(pixels = 16) { input(3, pixels, pixels) -> avg_pool(pixels / 4) -> conv(1x1, 4) -> linear(3) }";
        let spec = Spec::new("n", text);
        let other = spec.compile_for_pictures([8, 8]).unwrap();
        assert_eq!(check(&spec.compile().unwrap(), &other), Ok(()));
        let other = spec.clone().set("pixels", 32).compile_for_pictures([8, 8]).unwrap();
        assert_eq!(check(&spec.compile().unwrap(), &other), Ok(()));
    }
}
