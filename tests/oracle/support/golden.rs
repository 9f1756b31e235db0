//! PyTorch's numbers, in the graph's layouts.

use std::collections::HashMap;

use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, OutputKind, Program};
use safetensors::{Dtype, SafeTensors};

/// One tensor as PyTorch stores it.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

impl Tensor {
    /// The element order in which axes come as `order` lists them.
    fn permuted(&self, order: [usize; 4]) -> Vec<f64> {
        let shape: [usize; 4] = self.shape.as_slice().try_into().expect("four axes");
        let mut strides = [1; 4];
        for axis in (0..3).rev() {
            strides[axis] = strides[axis + 1] * shape[axis + 1];
        }
        let extent = order.map(|a| shape[a]);
        let stride = order.map(|a| strides[a]);
        let mut out = Vec::with_capacity(self.data.len());
        for i in 0..extent[0] {
            for j in 0..extent[1] {
                for k in 0..extent[2] {
                    for l in 0..extent[3] {
                        let at = i * stride[0] + j * stride[1] + k * stride[2] + l * stride[3];
                        out.push(self.data[at]);
                    }
                }
            }
        }
        out
    }

    /// Pictures, N×C×H×W, as N×H×W×C.
    pub fn pictures(&self) -> Vec<f64> {
        self.permuted([0, 2, 3, 1])
    }

    /// A parameter: convolution weights O×I×Kh×Kw as Kh×Kw×I×O, linear weights O×I as I×O,
    /// vectors as they are.
    pub fn parameter(&self) -> Vec<f64> {
        match *self.shape.as_slice() {
            [_, _, _, _] => self.permuted([2, 3, 1, 0]),
            [o, i] => {
                Tensor { shape: vec![o, i, 1, 1], data: self.data.clone() }.permuted([2, 3, 1, 0])
            }
            _ => self.data.clone(),
        }
    }

    /// The same with kernel rows and columns exchanged: a mistake to plant.
    pub fn kernel_transposed(&self) -> Tensor {
        Tensor { shape: self.shape.clone(), data: self.permuted([0, 1, 3, 2]) }
    }
}

/// A file of goldens.
#[derive(Clone)]
pub struct Golden {
    tensors: HashMap<String, Tensor>,
}

impl Golden {
    /// Layers and optimiser steps one by one.
    pub fn ops() -> Self {
        Self::parse(include_bytes!("../../goldens/ops.safetensors"))
    }

    /// Normalisations of images (`norms.safetensors`).
    pub fn norms() -> Self {
        Self::parse(include_bytes!("../../goldens/norms.safetensors"))
    }

    /// Functions of elements.
    pub fn functions() -> Self {
        Self::parse(include_bytes!("../../goldens/functions.safetensors"))
    }

    /// Windows of all kinds.
    pub fn windows() -> Self {
        Self::parse(include_bytes!("../../goldens/windows.safetensors"))
    }

    /// Two training steps of a small pre-activation network.
    pub fn resnet() -> Self {
        Self::parse(include_bytes!("../../goldens/resnet.safetensors"))
    }

    /// Twelve steps of averages of weights.
    pub fn averages() -> Self {
        Self::parse(include_bytes!("../../goldens/averages.safetensors"))
    }

    /// Three steps of optimisers, with gradients clipped and not.
    pub fn optimisers() -> Self {
        Self::parse(include_bytes!("../../goldens/optimisers.safetensors"))
    }

    /// Newton–Schulz, Muon, and a net that it trains.
    pub fn muon() -> Self {
        Self::parse(include_bytes!("../../goldens/muon.safetensors"))
    }

    fn parse(bytes: &[u8]) -> Self {
        let file = SafeTensors::deserialize(bytes).expect("a golden file");
        let read = |view: safetensors::tensor::TensorView| {
            assert_eq!(view.dtype(), Dtype::F64);
            let chunks = view.data().chunks_exact(8);
            let data = chunks.map(|c| f64::from_le_bytes(c.try_into().expect("eight bytes")));
            Tensor { shape: view.shape().to_vec(), data: data.collect() }
        };
        let tensors = file.tensors().into_iter().map(|(name, view)| (name, read(view)));
        Self { tensors: tensors.collect() }
    }

    /// A tensor that must be there.
    pub fn get(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("no golden {name}"))
    }

    /// Replaces one.
    pub fn set(&mut self, name: &str, tensor: Tensor) {
        assert!(self.tensors.insert(name.into(), tensor).is_some(), "replaces a golden");
    }

    /// Names that begin with `prefix`, without it, sorted.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let names = self.tensors.keys().filter_map(|n| n.strip_prefix(prefix));
        let mut names: Vec<String> = names.map(str::to_string).collect();
        names.sort();
        names
    }
}

/// Named input values for a program; each name must be an input of it.
pub fn inputs(program: &Program, values: Vec<(String, Vec<f64>)>) -> Result<Inputs, String> {
    let mut inputs = Inputs::new();
    for (name, value) in values {
        let position = program.graph.inputs.iter().position(|i| i.name == name);
        let at = position.ok_or_else(|| format!("no input {name}"))?;
        if value.len() != program.graph.inputs[at].ty.shape.len() {
            return Err(format!("{name} has {} elements", value.len()));
        }
        inputs.insert(InputId(at as u32), value);
    }
    Ok(inputs)
}

/// What the goldens call a result.
pub fn golden_name(program: &Program, kind: OutputKind) -> String {
    match kind {
        OutputKind::Gradient(input) => format!("grad.{}", program.graph.input(input).name),
        other => other.to_string(),
    }
}

/// The outputs of a run, by the goldens' names.
pub fn outputs(program: &Program, inputs: &Inputs) -> HashMap<String, Vec<f64>> {
    let (values, _) = interp::run(program, inputs);
    program.outputs.iter().map(|o| golden_name(program, o.kind)).zip(values).collect()
}
