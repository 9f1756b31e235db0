//! Programs as kernels, memory plan and text.

use std::collections::HashSet;

use crate::engine::EngineError;
use crate::engine::wgpu::kernel::{KernelId, Kernels, Limits, Memory, Tensors, form};
use crate::graph::placement::{Home, Placement};
use crate::graph::{NodeId, Program};

use super::emit::{self, Blocking, Code, Extras, Given, Style, Tile};

/// Of what numbers buffers are, and how contractions read them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layout {
    /// Of what numbers activations are.
    pub tensors: Tensors,
    /// How contractions get their operands.
    pub style: Style,
    /// How those through workgroup memory are cut, where tuning says nothing else.
    pub blocking: Blocking,
    /// What kernels use beyond WebGPU's core.
    pub extras: Extras,
}

/// A program as kernels, memory plan and text.
pub(super) struct Compiled {
    pub kernels: Kernels,
    pub memory: Memory,
    pub tiles: Vec<Tile>,
    pub code: Vec<Code>,
    pub layout: Layout,
}

impl Compiled {
    /// `blocking` says how each contraction through workgroup memory is cut.
    pub fn new(
        program: &Program,
        layout: Layout,
        blocking: &dyn Fn(KernelId) -> Blocking,
    ) -> Result<Self, EngineError> {
        let Layout { tensors, style, .. } = layout;
        let Placement { stage: stages, home: mut homes, .. } = Placement::new(program);
        let bare: HashSet<NodeId> =
            program.graph.ids().filter(|&id| style.is_bare(&program.graph, id)).collect();
        for &node in &bare {
            let args = program.graph.node(node).args.iter();
            args.for_each(|arg| homes[arg.index()] = Home::Tensor);
        }
        let mut kernels = form(program, &stages, &homes, Limits::WEBGPU, &bare);
        let tile = |id, kernel: &_| Tile::of(&program.graph, kernel, layout, blocking(id));
        let partials = |id, kernel: &_| tile(id, kernel).partials(kernel);
        let memory = Memory::plan(program, &mut kernels, tensors, &partials);
        let ids = (0..kernels.list.len()).map(|at| KernelId(at as u32));
        let tiles: Vec<Tile> = ids.clone().map(|id| tile(id, &kernels.list[id.index()])).collect();
        let given = Given { program, kernels: &kernels, memory: &memory, tiles: &tiles, layout };
        let code = ids.map(|id| emit::emit(given, id)).collect::<Result<_, _>>()?;
        Ok(Self { kernels, memory, tiles, code, layout })
    }
}
