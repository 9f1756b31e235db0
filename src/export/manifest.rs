//! `manifest.yaml`: what a build consists of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Build;
use crate::engine::wgpu::{Access, KernelText};
use crate::lower::state::state;
use crate::text::sha256;

/// Version of the manifest's layout.
pub const FORMAT: u32 = 1;
/// The description of a build folder.
pub const MANIFEST: &str = "manifest.yaml";
/// The spec's text in a build folder.
pub const SPEC: &str = "spec.rnet";

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Forward, backward, update.
    Train,
    /// Forward with running statistics.
    Infer,
}

impl Mode {
    /// As manifests and the command line write it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Train => "train",
            Mode::Infer => "infer",
        }
    }
}

/// The whole manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of rnetc that wrote it.
    pub rnetc: String,
    /// The spec.
    pub spec: Spec,
    /// What `--set` gave.
    pub settings: BTreeMap<String, String>,
    /// Training or inference.
    pub mode: Mode,
    /// Images in a batch.
    pub batch: usize,
    /// The network in numbers.
    pub network: Summary,
    /// State tensors: parameters and running statistics.
    pub parameters: Vec<Parameter>,
    /// Storage buffers of the GPU plan.
    pub buffers: Vec<Buffer>,
    /// Dispatches in order.
    pub kernels: Vec<Kernel>,
}

/// Where the network comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Name of the net.
    pub name: String,
    /// File beside the manifest.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: String,
}

/// The network in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Channels, rows, columns of a picture.
    pub input: [usize; 3],
    /// Classes.
    pub classes: usize,
    /// Units.
    pub units: usize,
    /// Trainable parameters.
    pub parameters: usize,
    /// Multiply-accumulates of convolutions and linear layers, one image.
    pub macs: u64,
}

/// A state tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Stable name.
    pub name: String,
    /// Kernel rows, kernel columns, channels read, channels written; vectors 1, 1, 1, C.
    pub shape: [usize; 4],
}

/// A storage buffer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Buffer {
    /// Name that bindings use.
    pub name: String,
    /// Size.
    pub bytes: usize,
}

/// A dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// Unique name.
    pub name: String,
    /// Module beside the manifest; equal kernels share one.
    pub file: String,
    /// SHA-256 of the module.
    pub sha256: String,
    /// Workgroups dispatched.
    pub workgroups: [u32; 3],
    /// Buffers in binding order.
    pub bindings: Vec<Binding>,
    /// Graph nodes computed in it.
    pub fused: usize,
    /// Contents of the `starts` binding, where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<u32>,
}

/// A bound buffer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// Name of the buffer.
    pub buffer: String,
    /// `read` or `read_write`.
    pub access: String,
}

/// Name of a module's file: its kind and the start of its hash.
pub fn module_file(kernel: &KernelText) -> String {
    let kind: String =
        kernel.name.chars().filter(|c| c.is_ascii_alphabetic() || *c == '_').collect();
    let hash = sha256([kernel.wgsl.as_bytes()]);
    format!("{}-{}.wgsl", kind.trim_matches('_'), &hash[..12])
}

impl Manifest {
    /// Describes a build.
    pub fn new(build: &Build) -> Self {
        let network = build.network;
        let shape = network.value(network.input).shape;
        let memory = &build.gpu.plan.memory;
        let slots = memory.slots.iter().enumerate();
        let buffer = |name: String, elements: usize| Buffer { name, bytes: 4 * elements };
        let mut buffers: Vec<Buffer> =
            slots.map(|(at, slot)| buffer(format!("slot{at}"), slot.len)).collect();
        buffers.push(buffer("vectors".to_string(), memory.vectors));
        Self {
            format: FORMAT,
            rnetc: env!("CARGO_PKG_VERSION").to_string(),
            spec: Spec {
                name: network.name.clone(),
                file: SPEC.to_string(),
                sha256: sha256([network.source.text.as_bytes()]),
            },
            settings: build.settings.clone(),
            mode: build.mode,
            batch: build.program.batch,
            network: Summary {
                input: [shape.c, shape.h, shape.w],
                classes: network.classes(),
                units: network.units.len(),
                parameters: network.parameters(),
                macs: network.macs(),
            },
            parameters: state(network)
                .into_iter()
                .map(|t| Parameter { name: t.name, shape: t.shape.0 })
                .collect(),
            buffers,
            kernels: build.gpu.kernels.iter().map(kernel).collect(),
        }
    }
}

fn kernel(text: &KernelText) -> Kernel {
    let binding = |(buffer, access): &(String, Access)| Binding {
        buffer: buffer.clone(),
        access: match access {
            Access::Read => "read".to_string(),
            Access::ReadWrite => "read_write".to_string(),
        },
    };
    Kernel {
        name: text.name.clone(),
        file: module_file(text),
        sha256: sha256([text.wgsl.as_bytes()]),
        workgroups: text.workgroups,
        bindings: text.bindings.iter().map(binding).collect(),
        fused: text.fused.len(),
        starts: text.starts.clone(),
    }
}
