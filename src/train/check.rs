//! Whether a network with imported weights computes what the program computes that they come from.
//!
//! A file holds a few inputs and the logits of the other program; they are compared with ours in f32.
//! How far two right programs may differ is measured, not guessed: a sum of n products that is added up
//! in floating point is the exact sum of products each changed by a relative error, in the mean of order
//! √n·u, u = 2^−24 (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1; Higham and
//! Mary 2019, A new approach to probabilistic rounding error analysis, theorem 2.4). So a second pass has
//! each weight changed by √n·u, up or down at random, and what that moves the logits is what rounding
//! moves them.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::data::random::{Draws, Purpose};
use crate::engine::Engine;
use crate::graph::{OutputKind, Role};
use crate::lower;
use crate::network::{Chw, Network, TensorKind};
use crate::train::TrainError;
use crate::train::error::Unchecked;
use crate::train::runner::Runner;
use crate::train::tensors::{self, Values};

/// Most inputs that are compared.
pub const MOST: usize = 1024;
/// Inputs of one pass.
const BATCH: usize = 8;
/// Half a unit in the last place of f32, relative.
const U: f64 = 1.0 / (1 << 24) as f64;
/// How often what was measured once is allowed: both programs round, by other orders and algorithms
/// (Winograd's errs a few times as much), and the largest of many logits is compared.
const MARGIN: f64 = 4.0;

/// Inputs, and what another program made of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// How many inputs.
    pub count: usize,
    /// Standardised pictures, in the graph's order.
    inputs: Vec<f32>,
    /// Logits, row by row.
    logits: Vec<f32>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How many inputs were compared.
    pub count: usize,
    /// The largest difference of two logits.
    pub largest: f64,
    /// The input and the class that have it.
    pub at: [usize; 2],
    /// The largest difference that rounding explains.
    pub allowed: f64,
    /// The largest logit's size.
    pub size: f64,
    /// Of how many inputs the class with the largest logit is the same.
    pub agree: usize,
}

impl Outcome {
    /// Whether rounding explains the difference.
    pub fn is_right(&self) -> bool {
        self.largest <= self.allowed
    }
}

impl Expected {
    /// Reads a safetensors file with `input` (N×C×H×W) and `logits` (N×classes).
    pub fn read(path: &Path, network: &Network) -> Result<Self, TrainError> {
        let bytes = crate::train::record::checkpoint::bytes(path, most(network))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|error| TrainError::NotWhole { path: path.into(), why: error.to_string() })?;
        from(&file, network).map_err(|why| TrainError::Check { path: path.into(), why })
    }

    /// Compares them with what a network computes with some weights.
    pub fn compare(
        &self,
        engine: &dyn Engine,
        network: &Network,
        values: &Values,
    ) -> Result<Outcome, TrainError> {
        let batch = self.count.min(BATCH);
        let mut program = Runner::new(engine, &lower::inference(network, batch))?;
        let ours = self.run(&mut program, network, values)?;
        let moved = self.run(&mut program, network, &moved(network, values))?;
        let classes = network.classes();
        let off = |a: &[f32], b: &[f32]| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()).collect()
        };
        let differences = off(&ours, &self.logits);
        let at = (0..differences.len()).max_by(|a, b| differences[*a].total_cmp(&differences[*b]));
        let at = at.unwrap_or(0);
        let size = self.logits.iter().fold(0.0, |size: f64, v| size.max(f64::from(v.abs())));
        let rounding = off(&ours, &moved).into_iter().fold(0.0, f64::max);
        let best = |row: &[f32]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]));
        let rows = ours.chunks(classes).zip(self.logits.chunks(classes));
        Ok(Outcome {
            count: self.count,
            largest: differences.get(at).copied().unwrap_or(0.0),
            at: [at / classes, at % classes],
            allowed: MARGIN * (rounding + U * size),
            size,
            agree: rows.filter(|(a, b)| best(a) == best(b)).count(),
        })
    }

    fn run(
        &self,
        program: &mut Runner,
        network: &Network,
        values: &Values,
    ) -> Result<Vec<f32>, TrainError> {
        program.load(values)?;
        let picture = network.value(network.input).shape.len();
        let (batch, classes) = (program.batch(), network.classes());
        let mut logits = Vec::with_capacity(self.count * classes);
        for pictures in self.inputs.chunks(batch * picture) {
            // The last pass is filled up with zeros.
            let mut filled = pictures.to_vec();
            filled.resize(batch * picture, 0.0);
            program.write(Role::Images, &filled)?;
            program.run()?;
            let rows = program.output(OutputKind::Logits)?;
            logits.extend_from_slice(&rows[..pictures.len() / picture * classes]);
        }
        Ok(logits)
    }
}

/// The most bytes of a file that is read.
fn most(network: &Network) -> u64 {
    let numbers = network.value(network.input).shape.len() + network.classes();
    4 * MOST as u64 * numbers as u64 + (1 << 20)
}

fn from(file: &SafeTensors, network: &Network) -> Result<Expected, Unchecked> {
    let Chw { c, h, w } = network.value(network.input).shape;
    let (inputs, classes) = (tensor(file, "input")?, network.classes());
    let count = inputs.shape().first().copied().unwrap_or(0);
    let wrong = |tensor, view: &TensorView, wanted| {
        Err(Unchecked::Shape { tensor, found: view.shape().to_vec(), wanted })
    };
    if !(1..=MOST).contains(&count) || inputs.shape() != [count, c, h, w] {
        return wrong("input", &inputs, format!("[N, {c}, {h}, {w}], N up to {MOST},"));
    }
    let logits = tensor(file, "logits")?;
    if logits.shape() != [count, classes] {
        return wrong("logits", &logits, format!("[{count}, {classes}]"));
    }
    let planes = numbers("input", &inputs)?;
    let mut pictures = vec![0.0; planes.len()];
    for (at, value) in planes.into_iter().enumerate() {
        let (plane, pixel) = (at / (h * w), at % (h * w));
        pictures[((plane / c) * h * w + pixel) * c + plane % c] = value;
    }
    Ok(Expected { count, inputs: pictures, logits: numbers("logits", &logits)? })
}

fn tensor<'a>(file: &SafeTensors<'a>, name: &'static str) -> Result<TensorView<'a>, Unchecked> {
    file.tensor(name).map_err(|_| Unchecked::Missing(name))
}

fn numbers(tensor: &'static str, view: &TensorView) -> Result<Vec<f32>, Unchecked> {
    if view.dtype() != Dtype::F32 {
        return Err(Unchecked::Type { tensor, found: format!("{:?}", view.dtype()) });
    }
    let (chunks, _) = view.data().as_chunks::<4>();
    let values: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(Unchecked::NonFinite(tensor))
    }
}

/// Each number changed by the rounding of the sums that it stands in.
fn moved(network: &Network, values: &Values) -> Values {
    let mut moved = values.clone();
    for (at, tensor) in tensors::of(network).iter().enumerate() {
        let [a, b, c, _] = tensor.shape.0;
        let products = match tensor.kind {
            TensorKind::Convolution | TensorKind::Linear => a * b * c,
            TensorKind::Vector => 1,
        };
        let relative = (products as f64).sqrt() * U;
        let mut draws = Draws::new(1, Purpose::Initial, at as u64);
        for value in moved.get_mut(&tensor.name).into_iter().flatten() {
            let up = draws.range(-1.0, 1.0) >= 0.0;
            let factor = 1.0 + if up { relative } else { -relative };
            *value = (f64::from(*value) * factor) as f32;
        }
    }
    moved
}
