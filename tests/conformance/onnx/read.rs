//! The cases as `make.py` wrote them.

use std::collections::BTreeMap;

use rnetc::graph::Shape;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

/// Everything that was written.
#[derive(Deserialize)]
pub struct File {
    /// Names of all node tests of these operators.
    pub all: Vec<String>,
    /// Those that the graph can express.
    pub cases: Vec<Case>,
}

/// One node with its inputs and what must come out.
#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub op: String,
    attributes: BTreeMap<String, serde_json::Value>,
    inputs: Vec<Option<Kept>>,
    outputs: Vec<Kept>,
    #[serde(skip)]
    tensors: BTreeMap<String, Tensor>,
}

/// A tensor's name, or integers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    Name(String),
    Integers { shape: Vec<usize>, integers: Vec<i64> },
}

/// A tensor as ONNX stores it, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

impl File {
    /// What lies beside this text.
    pub fn open() -> Self {
        let mut file: File = serde_json::from_str(include_str!("cases.json")).expect("the cases");
        let parsed = SafeTensors::deserialize(include_bytes!("cases.safetensors"));
        let tensors: BTreeMap<String, Tensor> = parsed
            .expect("the tensors")
            .tensors()
            .into_iter()
            .map(|(name, view)| (name, tensor(&view)))
            .collect();
        file.cases.iter_mut().for_each(|case| case.tensors.clone_from(&tensors));
        file
    }
}

fn tensor(view: &safetensors::tensor::TensorView) -> Tensor {
    assert_eq!(view.dtype(), Dtype::F32);
    let values = view.data().chunks_exact(4);
    let data = values.map(|b| f64::from(f32::from_le_bytes(b.try_into().expect("four bytes"))));
    Tensor { shape: view.shape().to_vec(), data: data.collect() }
}

impl Case {
    fn tensor(&self, kept: &Kept) -> Tensor {
        match kept {
            Kept::Name(name) => self.tensors[name].clone(),
            Kept::Integers { shape, integers } => {
                Tensor { shape: shape.clone(), data: integers.iter().map(|&i| i as f64).collect() }
            }
        }
    }

    /// Inputs that are there.
    pub fn inputs(&self) -> Vec<Tensor> {
        self.inputs.iter().flatten().map(|kept| self.tensor(kept)).collect()
    }

    /// An input, if the case has it.
    pub fn input(&self, index: usize) -> Option<Tensor> {
        self.inputs.get(index)?.as_ref().map(|kept| self.tensor(kept))
    }

    /// An output.
    pub fn output(&self, index: usize) -> Option<Tensor> {
        self.outputs.get(index).map(|kept| self.tensor(kept))
    }

    /// A number, or what it is where it is not given.
    pub fn number(&self, name: &str, otherwise: f64) -> f64 {
        self.attributes.get(name).map_or(otherwise, |v| v.as_f64().expect("a number"))
    }

    /// Whole numbers.
    pub fn list(&self, name: &str) -> Option<Vec<usize>> {
        let list = self.attributes.get(name)?.as_array()?;
        Some(list.iter().map(|v| v.as_u64().expect("a whole number") as usize).collect())
    }

    /// A word.
    pub fn word(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(|v| v.as_str()).unwrap_or_default()
    }
}

impl Tensor {
    /// The same elements with axes in another order.
    pub fn permuted(&self, order: &[usize]) -> Tensor {
        let shape: Vec<usize> = order.iter().map(|&a| self.shape[a]).collect();
        let stride = |axis: usize| self.shape[axis + 1..].iter().product::<usize>();
        let data = (0..self.data.len()).map(|mut rest| {
            let mut at = 0;
            for (&axis, extent) in order.iter().zip(&shape).rev() {
                at += rest % extent * stride(axis);
                rest /= extent;
            }
            self.data[at]
        });
        Tensor { data: data.collect(), shape }
    }

    /// The same elements in another shape.
    pub fn reshaped(&self, shape: &[usize]) -> Tensor {
        assert_eq!(shape.iter().product::<usize>(), self.data.len());
        Tensor { shape: shape.to_vec(), data: self.data.clone() }
    }

    /// N×C×H×W as N×H×W×C; further axes together stand for H, and W is 1 where there is none.
    pub fn channels_last(&self) -> Tensor {
        let [n, c] = [self.shape[0], self.shape[1]];
        match *self.shape.as_slice() {
            [_, _, h, w] => self.reshaped(&[n, c, h, w]),
            _ => self.reshaped(&[n, c, self.shape[2..].iter().product(), 1]),
        }
        .permuted(&[0, 2, 3, 1])
    }

    /// As whole numbers.
    pub fn integers(&self) -> Vec<isize> {
        self.data.iter().map(|&v| v as isize).collect()
    }

    /// Four extents; panics where there are not four.
    pub fn four(&self) -> Shape {
        Shape(self.shape.as_slice().try_into().expect("four axes"))
    }
}
