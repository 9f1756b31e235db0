//! A program on an engine, with its inputs and outputs by meaning.

use std::collections::HashMap;

use super::TrainError;
use super::tensors::Values;
use crate::data::batches::{As, Images};
use crate::engine::profile::{KernelTime, Tuned};
use crate::engine::{Engine, EngineError, Executable, Pending};
use crate::graph::{Input, InputId, OutputKind, Program, Role};
use crate::nn::loss_scaling::STATE;
use crate::nn::optimiser::FILLED;

/// A program ready to run.
pub struct Runner {
    executable: Box<dyn Executable>,
    inputs: Vec<Input>,
    outputs: Vec<OutputKind>,
    batch: usize,
    divided: bool,
}

impl Runner {
    /// Compiles a program for an engine.
    pub fn new(engine: &dyn Engine, program: &Program) -> Result<Self, EngineError> {
        Self::either(engine, program, false)
    }

    /// The same for one of several ranks, which runs it on a part of its batch.
    pub fn divided(engine: &dyn Engine, program: &Program) -> Result<Self, EngineError> {
        Self::either(engine, program, true)
    }

    fn either(engine: &dyn Engine, program: &Program, divided: bool) -> Result<Self, EngineError> {
        Ok(Self {
            executable: match divided {
                true => engine.compile_divided(program)?,
                false => engine.compile(program)?,
            },
            divided,
            inputs: program.graph.inputs.clone(),
            outputs: program.outputs.iter().map(|output| output.kind).collect(),
            batch: program.batch,
        })
    }

    /// Whether it has an input of this name.
    pub fn has_input(&self, name: &str) -> bool {
        self.inputs.iter().any(|input| input.name == name)
    }

    /// Pictures in a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Sets the input of a role; a program without one does not care.
    pub fn write(&mut self, role: Role, data: &[f32]) -> Result<(), EngineError> {
        match self.inputs.iter().position(|input| input.role == role) {
            Some(index) => self.executable.write(InputId(index as u32), data),
            None => Ok(()),
        }
    }

    /// As what its engine takes pictures.
    pub fn takes(&self) -> As {
        match self.images() {
            Some(input) if self.executable.standardises(input) => As::Bytes,
            Some(_) | None => As::Numbers,
        }
    }

    /// Sets the pictures of a batch; a program without pictures does not care.
    pub fn write_images(&mut self, images: &Images) -> Result<(), EngineError> {
        match (self.images(), images) {
            (Some(input), Images::Numbers(numbers)) => self.executable.write(input, numbers),
            (Some(input), Images::Bytes(batch)) => self.executable.write_pictures(input, batch),
            (None, _) => Ok(()),
        }
    }

    fn images(&self) -> Option<InputId> {
        let index = self.inputs.iter().position(|input| input.role == Role::Images);
        index.map(|index| InputId(index as u32))
    }

    /// Runs once.
    pub fn run(&mut self) -> Result<(), EngineError> {
        self.executable.run()
    }

    /// Runs once and says what each kernel took.
    pub fn run_timed(&mut self) -> Result<Vec<KernelTime>, EngineError> {
        self.executable.run_timed()
    }

    /// The forms of kernels that were timed when this was compiled.
    pub fn tuned(&self) -> &[Tuned] {
        self.executable.tuned()
    }

    /// Starts a run and hands out outputs, which may come later.
    pub fn begin(&mut self, kinds: &[OutputKind]) -> Result<Pending, EngineError> {
        let indices: Vec<_> =
            kinds.iter().map(|&kind| self.index(kind)).collect::<Result<_, _>>()?;
        self.executable.begin(&indices)
    }

    /// Reads an output.
    pub fn output(&mut self, kind: OutputKind) -> Result<Vec<f32>, EngineError> {
        let index = self.index(kind)?;
        self.executable.output(index)
    }

    fn index(&self, kind: OutputKind) -> Result<usize, EngineError> {
        let found = self.outputs.iter().position(|output| *output == kind);
        found.ok_or_else(|| EngineError::NotAsked(kind.to_string()))
    }

    /// Sets parameters, statistics, what the optimiser keeps, and the loss's scale. Where there is no
    /// value, moments start at zero, averages of weights as the weights, and the scale as its state does.
    pub fn load(&mut self, values: &Values) -> Result<(), TrainError> {
        for (id, input) in state_of(&self.inputs) {
            match values.get(&input.name).or_else(|| alike(&self.inputs, id, values)) {
                Some(data) => self.executable.write(id, data)?,
                None => {
                    let tensor = || input.name.clone();
                    let start =
                        start(input).ok_or_else(|| TrainError::NoValue { tensor: tensor() })?;
                    self.executable.write(id, &vec![start; input.ty.shape.len()])?;
                }
            }
        }
        Ok(())
    }

    /// Becomes another program with the same state. The memory of this one is given back before the other
    /// asks for its own, so that there is never more than the larger one needs.
    ///
    /// # Errors
    /// The engine cannot compile the other. Nothing can be run then, and the state can be read still.
    pub fn become_other(
        &mut self,
        engine: &dyn Engine,
        program: &Program,
    ) -> Result<(), TrainError> {
        let mut values = self.values()?;
        self.executable = Box::new(Gone::default());
        match Self::loaded(engine, program, self.divided, &values) {
            Ok(other) => *self = other,
            Err(error) => {
                let state = state_of(&self.inputs);
                let held = state.filter_map(|(id, input)| Some((id, values.remove(&input.name)?)));
                self.executable = Box::new(Gone(held.collect()));
                return Err(error);
            }
        }
        Ok(())
    }

    fn loaded(
        engine: &dyn Engine,
        program: &Program,
        divided: bool,
        values: &Values,
    ) -> Result<Self, TrainError> {
        let mut runner = Self::either(engine, program, divided)?;
        runner.load(values)?;
        Ok(runner)
    }

    /// Reads the whole state as it is now.
    pub fn values(&mut self) -> Result<Values, EngineError> {
        self.snapshot()?.wait()
    }

    /// The whole state as it is now, which later steps do not change; it may be on its way still.
    pub fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        let state = state_of(&self.inputs).map(|(id, input)| (id, input.name.clone()));
        let (ids, names): (Vec<_>, _) = state.unzip();
        Ok(Snapshot { names, values: self.executable.snapshot(&ids)? })
    }
}

/// Stands where a program was whose memory has been given back, with the state that it had where no other
/// has taken that over.
#[derive(Default)]
struct Gone(HashMap<InputId, Vec<f32>>);

impl Executable for Gone {
    fn write(&mut self, _: InputId, _: &[f32]) -> Result<(), EngineError> {
        Err(gone())
    }

    fn run(&mut self) -> Result<(), EngineError> {
        Err(gone())
    }

    fn output(&mut self, _: usize) -> Result<Vec<f32>, EngineError> {
        Err(gone())
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        self.0.get(&input).cloned().ok_or_else(gone)
    }

    fn memory(&self) -> usize {
        0
    }
}

fn gone() -> EngineError {
    EngineError::Internal("this program's memory has been given back".into())
}

/// The state of a program at some moment.
pub struct Snapshot {
    names: Vec<String>,
    values: Pending,
}

impl Snapshot {
    /// Waits until it is there.
    pub fn wait(self) -> Result<Values, EngineError> {
        Ok(self.names.into_iter().zip(self.values.wait()?).collect())
    }
}

impl From<Values> for Snapshot {
    fn from(values: Values) -> Self {
        let (names, values) = values.into_iter().unzip();
        Self { names, values: Pending::Ready(values) }
    }
}

fn state_of(inputs: &[Input]) -> impl Iterator<Item = (InputId, &Input)> {
    inputs.iter().enumerate().filter_map(|(index, input)| match input.role {
        Role::Parameter
        | Role::Slot(..)
        | Role::Filled(_)
        | Role::Statistic
        | Role::Average(..)
        | Role::LossScale
        | Role::GoodSteps => Some((InputId(index as u32), input)),
        Role::Images
        | Role::Targets
        | Role::LearningRate
        | Role::Open(_)
        | Role::Seed
        | Role::LookaheadShare
        | Role::EmaDecay
        | Role::Probe(_)
        | Role::Cut => None,
    })
}

/// The value of a tensor's average, or of what an input is an average of: they begin alike.
fn alike<'a>(inputs: &[Input], id: InputId, values: &'a Values) -> Option<&'a Vec<f32>> {
    let of = if let Role::Average(_, of) = inputs[id.index()].role { of } else { id };
    let averages =
        inputs.iter().filter(|input| matches!(input.role, Role::Average(_, o) if o == of));
    std::iter::once(&inputs[of.index()]).chain(averages).find_map(|input| values.get(&input.name))
}

/// What state of a run begins with where nothing is known of it.
fn start(input: &Input) -> Option<f32> {
    match input.role {
        Role::Slot(..) => Some(0.0),
        role => {
            let mut scalars = STATE.iter().chain(&FILLED);
            scalars.find(|(_, of, _)| *of == role).map(|scalar| scalar.2)
        }
    }
}
