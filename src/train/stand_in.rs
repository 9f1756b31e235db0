//! An engine for the tests of this folder: softmax regression on flat pictures, by hand.

use std::collections::HashMap;

use crate::engine::{Device, Engine, EngineError, Executable};
use crate::graph::{Graph, Input, InputId, NodeId, OutputKind, Program, Role, Shape, Slot, Type};
use crate::network::Init;
use crate::train::layout::Kind;
use crate::train::tensors::Tensor;

/// Pixels of a picture.
pub const PIXELS: usize = 4;
/// Classes.
pub const CLASSES: usize = 3;

/// The state of the regression.
pub fn tensors() -> Vec<Tensor> {
    let shape = Shape([1, 1, PIXELS, CLASSES]);
    let init = Init::Uniform { bound: 0.1 };
    let (name, role, kind) = ("fc.weight".to_owned(), Role::Parameter, Kind::Linear);
    vec![Tensor { name, role, shape, kind, init }]
}

/// Its program; only inputs and outputs mean something.
pub fn program(batch: usize, training: bool) -> Program {
    let input = |name: &str, role, shape, batched| Input {
        name: name.into(),
        role,
        ty: Type { shape: Shape(shape), batched },
    };
    let weights = [1, 1, PIXELS, CLASSES];
    let mut inputs = vec![
        input("images", Role::Images, [batch, 2, 2, 1], true),
        input("fc.weight", Role::Parameter, weights, false),
    ];
    let mut outputs = vec![OutputKind::Logits];
    if training {
        inputs.extend([
            input("targets", Role::Targets, [batch, 1, 1, CLASSES], true),
            input("lr", Role::LearningRate, [1; 4], false),
            input("fc.weight.momentum", Role::Slot(Slot::Momentum, InputId(1)), weights, false),
        ]);
        outputs.push(OutputKind::Loss);
    }
    let outputs = outputs.into_iter().map(|kind| kind.of(NodeId(0))).collect();
    let graph = Graph { nodes: Vec::new(), inputs };
    Program { graph, outputs, updates: vec![], batch }
}

/// The engine.
pub struct StandIn;

impl Engine for StandIn {
    fn device(&self) -> Device {
        Device { engine: "cpu", name: "stand-in".into(), threads: None, products: None }
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let inputs = program.graph.inputs.clone();
        let values = inputs.iter().map(|i| vec![0.0; i.ty.shape.len()]).collect();
        Ok(Box::new(Regression { inputs, values, logits: vec![], loss: 0.0, batch: program.batch }))
    }
}

struct Regression {
    inputs: Vec<Input>,
    values: Vec<Vec<f32>>,
    logits: Vec<f32>,
    loss: f32,
    batch: usize,
}

impl Executable for Regression {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        assert_eq!(data.len(), self.values[input.index()].len());
        self.values[input.index()].copy_from_slice(data);
        Ok(())
    }

    fn run(&mut self) -> Result<(), EngineError> {
        let at: HashMap<&str, usize> =
            self.inputs.iter().enumerate().map(|(k, i)| (i.name.as_str(), k)).collect();
        let (x, w) = (&self.values[at["images"]], &self.values[at["fc.weight"]]);
        let score = |n: usize, c: usize| {
            (0..PIXELS).map(|p| x[n * PIXELS + p] * w[p * CLASSES + c]).sum::<f32>()
        };
        let places = (0..self.batch).flat_map(|n| (0..CLASSES).map(move |c| (n, c)));
        self.logits = places.map(|(n, c)| score(n, c)).collect();
        if let Some(&targets) = at.get("targets") {
            let targets = self.values[targets].clone();
            let rate = self.values[at["lr"]][0];
            self.update(&targets, rate, at["fc.weight"], at["fc.weight.momentum"], at["images"]);
        }
        Ok(())
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        Ok(if index == 0 { self.logits.clone() } else { vec![self.loss] })
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        Ok(self.values[input.index()].clone())
    }

    fn memory(&self) -> usize {
        0
    }
}

impl Regression {
    fn update(&mut self, targets: &[f32], rate: f32, w: usize, m: usize, x: usize) {
        let mut gradient = vec![0.0; PIXELS * CLASSES];
        self.loss = 0.0;
        for (n, row) in self.logits.chunks_exact(CLASSES).enumerate() {
            let sum: f32 = row.iter().map(|s| s.exp()).sum();
            for c in 0..CLASSES {
                let (p, t) = (row[c].exp() / sum, targets[n * CLASSES + c]);
                self.loss -= t * p.ln() / self.batch as f32;
                for k in 0..PIXELS {
                    let pixel = self.values[x][n * PIXELS + k];
                    gradient[k * CLASSES + c] += (p - t) * pixel / self.batch as f32;
                }
            }
        }
        for (k, g) in gradient.into_iter().enumerate() {
            self.values[m][k] = 0.9 * self.values[m][k] + g;
            self.values[w][k] -= rate * self.values[m][k];
        }
    }
}
