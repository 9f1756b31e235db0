//! A program's kernels in order, as an engine like the others.

use std::collections::HashMap;
use std::rc::Rc;

use naga::AddressSpace;
use rnetc::engine::wgpu::memory::BufferPlace;
use rnetc::engine::wgpu::{DeviceLimits, KernelText, NumberFormat, Target, WgslProgram, wgsl};
use rnetc::engine::{Device, Engine, EngineError, Executable};
use rnetc::graph::{InputId, Program};

use super::Fault;
use super::memory::{Memory, UNWRITTEN};
use super::module::{Kernel, Limits};
use super::workgroup::Workgroup;

/// An adapter that exists nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Emulator {
    /// For what kernels are written.
    pub target: Target,
    /// What the adapter has.
    pub limits: Limits,
}

impl Engine for Emulator {
    fn device(&self) -> Device {
        Device { engine: "wgpu", name: "interpreted".to_owned(), threads: None, products: None }
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let text = wgsl(program, DeviceLimits::WebGpuDefault, self.target)?;
        let executable = Interpreted::new(*self, program, text);
        Ok(Box::new(executable.map_err(EngineError::Internal)?))
    }
}

/// A program with its buffers.
struct Interpreted {
    emulator: Emulator,
    text: WgslProgram,
    /// Of each kernel; kernels of one text share it.
    kernels: Vec<Rc<Kernel>>,
    /// The slots, and last the vectors.
    buffers: Vec<Vec<u16>>,
    inputs: Vec<usize>,
    outputs: Vec<(BufferPlace, usize)>,
}

impl Interpreted {
    fn new(emulator: Emulator, program: &Program, text: WgslProgram) -> Result<Self, Fault> {
        let memory = &text.plan.memory;
        let halves = |format: NumberFormat, len: usize| {
            vec![UNWRITTEN; format.bytes() / 2 * len.max(1).next_multiple_of(4)]
        };
        let slots = memory.slots.iter().map(|slot| halves(slot.format, slot.len));
        let mut vectors = halves(NumberFormat::F32, memory.vectors);
        for zeros in &memory.zeros {
            vectors[2 * zeros.start..2 * zeros.end].fill(0);
        }
        let buffers = slots.chain([vectors]).collect();
        let mut known: HashMap<&str, Rc<Kernel>> = HashMap::new();
        let mut kernels = Vec::new();
        for KernelText { name, wgsl, .. } in &text.kernels {
            let kernel = match known.get(wgsl.as_str()) {
                Some(kernel) => kernel.clone(),
                None => Kernel::new(wgsl, emulator.limits)
                    .map(Rc::new)
                    .map_err(|fault| format!("{name}: {fault}\n{wgsl}"))?,
            };
            known.insert(wgsl, kernel.clone());
            kernels.push(kernel);
        }
        let inputs: Vec<usize> = program.graph.inputs.iter().map(|i| i.ty.shape.len()).collect();
        let place = |node: rnetc::graph::NodeId| {
            let place = memory.nodes[node.index()].ok_or("an output has no place")?;
            Ok((place, program.graph.node(node).ty.shape.len()))
        };
        let outputs = program.outputs.iter().map(|output| place(output.node));
        let outputs = outputs.collect::<Result<_, Fault>>()?;
        let mut made = Self { emulator, text, kernels, buffers, inputs, outputs };
        for input in 0..made.inputs.len() {
            let zeros = vec![0.0; made.inputs[input]];
            made.put(input, &zeros);
        }
        Ok(made)
    }

    /// The buffer of a place, and where in it, in units of 16 bits.
    fn at(&self, place: BufferPlace) -> (usize, usize) {
        match place {
            BufferPlace::Slot(slot) => (slot.0 as usize, 0),
            BufferPlace::Part(slot, start) => {
                let format = self.text.plan.memory.slot(slot).format;
                (slot.0 as usize, format.bytes() / 2 * start)
            }
            BufferPlace::Vector(start) => (self.buffers.len() - 1, 2 * start),
        }
    }

    fn put(&mut self, input: usize, data: &[f32]) {
        let (buffer, start) = self.at(self.text.plan.memory.inputs[input]);
        let bits = data.iter().flat_map(|v| [v.to_bits() as u16, (v.to_bits() >> 16) as u16]);
        let to = &mut self.buffers[buffer][start..];
        to.iter_mut().zip(bits).for_each(|(to, half)| *to = half);
    }

    fn get(&self, place: BufferPlace, len: usize) -> Vec<f32> {
        let (buffer, start) = self.at(place);
        let halves = self.buffers[buffer][start..start + 2 * len].chunks(2);
        halves.map(|h| f32::from_bits(u32::from(h[0]) | u32::from(h[1]) << 16)).collect()
    }

    /// One dispatch.
    fn dispatch(&mut self, at: usize) -> Result<(), Fault> {
        let (text, kernel) = (&self.text.kernels[at], self.kernels[at].clone());
        let starts = text.starts.iter().flat_map(|s| [*s as u16, (*s >> 16) as u16]);
        let mut starts: Vec<u16> = starts.collect();
        starts.resize(starts.len().next_multiple_of(8), UNWRITTEN);
        let mut shared: Vec<Vec<u16>> = Vec::new();
        for (_, variable) in kernel.module.global_variables.iter() {
            let inner = &kernel.module.types[variable.ty].inner;
            let size = match variable.space {
                AddressSpace::WorkGroup => inner.size(kernel.module.to_ctx()) as usize,
                _ => 0,
            };
            shared.push(vec![UNWRITTEN; size / 2]);
        }
        // Each buffer is lent to the one variable that it is bound to.
        let mut lent: Vec<Option<&mut [u16]>> =
            self.buffers.iter_mut().map(|b| Some(b.as_mut_slice())).collect();
        let mut starts = Some(starts.as_mut_slice());
        let mut memory = Vec::new();
        for ((_, variable), shared) in kernel.module.global_variables.iter().zip(&mut shared) {
            let halves = match variable.binding {
                None => Some(shared.as_mut_slice()),
                Some(binding) => match text.bindings[binding.binding as usize].0.as_str() {
                    "starts" => starts.take(),
                    "vectors" => lent.last_mut().and_then(Option::take),
                    slot => {
                        let number = slot.strip_prefix("slot").and_then(|n| n.parse().ok());
                        lent.get_mut(number.unwrap_or(usize::MAX)).and_then(Option::take)
                    }
                },
            };
            memory.push(Memory::new(halves.ok_or("a buffer is bound twice, or is not there")?));
        }
        let subgroup = self.emulator.limits.subgroup;
        Workgroup::new(&kernel, memory, subgroup, text.workgroups).dispatch()
    }
}

impl Executable for Interpreted {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        assert_eq!(data.len(), self.inputs[input.index()]);
        self.put(input.index(), data);
        Ok(())
    }

    fn run(&mut self) -> Result<(), EngineError> {
        for at in 0..self.kernels.len() {
            if let Err(fault) = self.dispatch(at) {
                let name = &self.text.kernels[at].name;
                return Err(EngineError::Internal(format!("{name}: {fault}")));
            }
        }
        Ok(())
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        let (place, len) = self.outputs[index];
        Ok(self.get(place, len))
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        let place = self.text.plan.memory.inputs[input.index()];
        Ok(self.get(place, self.inputs[input.index()]))
    }

    fn memory(&self) -> usize {
        self.text.bytes
    }
}
