//! From pictures of one size to those of another, where memory is scarce.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::*;
use crate::train::tensors;
use crate::{Dataset, EngineOptions, OpenEngine, Run, Spec, Training};

/// Rows and columns of the net's own pictures.
const SIDE: usize = 12;
/// Pictures of a batch.
const BATCH: usize = 8;
/// Pixels of a batch.
const PIXELS_OF_ALL: usize = BATCH * SIDE * SIDE;

/// The CPU engine with memory for so many pixels of pictures.
struct Scarce {
    cpu: Rc<dyn Engine>,
    room: Rc<Cell<usize>>,
    /// What each program holds that there is.
    held: Rc<RefCell<Vec<usize>>>,
}

struct Holding(Box<dyn Executable>, usize, Rc<RefCell<Vec<usize>>>);

impl Drop for Holding {
    fn drop(&mut self) {
        let mut held = self.2.borrow_mut();
        let at = held.iter().position(|pixels| *pixels == self.1).unwrap();
        held.swap_remove(at);
    }
}

impl Engine for Scarce {
    fn device(&self) -> Device {
        self.cpu.device()
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let inputs = &program.graph.inputs;
        let images = inputs.iter().find(|input| input.role == Role::Images).unwrap();
        let pixels = images.ty.shape.0[..3].iter().product::<usize>();
        if self.held.borrow().iter().sum::<usize>() + pixels > self.room.get() {
            return Err(EngineError::Internal("no memory".into()));
        }
        self.held.borrow_mut().push(pixels);
        Ok(Box::new(Holding(self.cpu.compile(program)?, pixels, self.held.clone())))
    }
}

impl Executable for Holding {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        self.0.write(input, data)
    }

    fn run(&mut self) -> Result<(), EngineError> {
        self.0.run()
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        self.0.output(index)
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        self.0.state(input)
    }

    fn memory(&self) -> usize {
        self.0.memory()
    }
}

fn spec() -> Spec {
    let chain = "conv(3x3, 4) -> bn -> relu -> global_avg_pool -> linear(3)";
    Spec::new("n", format!("net n {{ input(3, {SIDE}, {SIDE}) -> {chain} }}"))
}

/// Five steps on pictures of 6 × 6, then five of 12 × 12, with so much room.
fn prepared(room: usize) -> (Result<Run, TrainError>, Rc<Cell<usize>>) {
    let open = EngineOptions::cpu().threads(1).open().unwrap();
    let room = Rc::new(Cell::new(room));
    let scarce = Scarce { cpu: open.engine.clone(), room: room.clone(), held: Default::default() };
    let engine = OpenEngine { engine: Rc::new(scarce), ..open };
    let text = format!(
        "batch: {BATCH}\nepochs: 2\noptimiser: {{ momentum: 0.9, weight_decay: 0, decay: all, nesterov: false }}\nschedule: {{ lr: 0.1 }}\n\
         augmentation: {{ pad: 0, flip: false }}\nnormalise: imagenet\nseed: 3\nsizes: [{{ size: 6, until: 1 }}]\ncheckpoint: {{ steps: 100 }}\nevaluate: {{ steps: 100 }}\n"
    );
    let recipe = Recipe::parse("r", &text).unwrap();
    let split = |count: usize| {
        let extent = Extent { rows: SIDE, columns: SIDE, channels: 3 };
        let pixels = (0..count * extent.bytes()).map(|k| (k * k * 7 % 251) as u8).collect();
        Arc::new(Stored::new(extent, pixels, (0..count).map(|k| (k % 3) as u8).collect()).unwrap())
    };
    let data = Dataset {
        name: "pixels".into(),
        classes: ["a", "b", "c"].map(String::from).to_vec(),
        resize: None,
        train: split(5 * BATCH),
        validation: None,
        test: split(BATCH),
    };
    let spec = spec();
    let training = Training::new(&spec, spec.compile().unwrap(), recipe).unwrap();
    (training.prepare(&data, &engine), room)
}

/// Training and inference of the largest size stand beside each other, and are tried so.
#[test]
fn what_has_no_room_beside_inference_ends_the_run_before_it_begins() {
    assert!(prepared(2 * PIXELS_OF_ALL).0.is_ok());
    let error = prepared(2 * PIXELS_OF_ALL - 1).0.err().unwrap();
    assert!(error.to_string().contains("no memory"), "{error}");
}

#[test]
fn what_was_trained_is_saved_where_memory_goes_away() {
    let whole = {
        let mut run = prepared(2 * PIXELS_OF_ALL).0.unwrap();
        run.train(&mut ()).unwrap();
        run.model().unwrap().values
    };
    let folder = tempfile::tempdir().unwrap();
    let (run, room) = prepared(2 * PIXELS_OF_ALL);
    let mut run = run.unwrap();
    run.keep_in(folder.path().join("run")).unwrap();
    room.set(2 * PIXELS_OF_ALL - 1);
    let error = run.train(&mut ()).unwrap_err();
    assert!(error.to_string().contains("no memory"), "{error}");
    let folder = RunFolder::open(&folder.path().join("run")).unwrap();
    assert_eq!(folder.latest_step().unwrap(), Some(5));
    let tensors = tensors::of(&spec().compile().unwrap());
    let saved = checkpoint::load(&folder.checkpoint(5), &tensors).unwrap();
    // It goes on from there as if nothing had been.
    let mut again = prepared(2 * PIXELS_OF_ALL).0.unwrap();
    again.train_from(&saved, 5, &mut ()).unwrap();
    assert_eq!(again.model().unwrap().values, whole);
}
