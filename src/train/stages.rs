//! Parts of a run whose pictures have another size: one net, and a program for each size.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::TrainError;
use super::recipe::{Recipe, Size};
use super::runner::Runner;
use super::schedule::{Sides, StepPlan};
use super::size_misfit::SizeMisfit;
use super::tensors;
use crate::engine::{Engine, EngineError};
use crate::graph::Program;
use crate::lower::{self, Form, Goal, Updates};
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
    /// Pictures a step.
    pub batch: usize,
    /// The size of the one that is compiled.
    pub now: Sides,
}

impl Programs {
    /// The step for pictures of a size.
    pub fn lowered(&self, sides: Sides) -> Program {
        let other = sides.and_then(|sides| self.others.get(&sides));
        let goal = Goal::Training(&self.updates, self.form);
        lower::program(other.unwrap_or(&self.network), self.batch, goal)
    }

    /// The same on the engine.
    ///
    /// # Errors
    /// What the engine cannot compile.
    pub fn compiled(&self, sides: Sides) -> Result<Runner, EngineError> {
        Runner::new(self.engine.as_ref(), &self.lowered(sides))
    }

    /// The step that a run begins with, once it is known that the steps of all its parts compile. There is never
    /// memory for more than one of them.
    ///
    /// # Errors
    /// What the engine cannot compile of any.
    pub fn first(&mut self, plan: &StepPlan) -> Result<Runner, EngineError> {
        self.now = plan.sides(0);
        for (_, sides) in plan.stages(0) {
            if sides != self.now {
                self.compiled(sides)?;
            }
        }
        self.compiled(self.now)
    }

    /// Has the step for a size take the place of the one that is compiled, with its state; whether it was
    /// another.
    ///
    /// # Errors
    /// What the engine cannot compile.
    pub fn turn(&mut self, training: &mut Runner, sides: Sides) -> Result<bool, TrainError> {
        let is_other = self.now != sides;
        if is_other {
            training.become_other(self.engine.as_ref(), &self.lowered(sides))?;
            self.now = sides;
        }
        Ok(is_other)
    }
}
