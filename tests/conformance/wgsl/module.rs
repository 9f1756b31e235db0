//! A text, parsed and validated with no more than its adapter has.

use naga::valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Function, Module, Span};

use super::Fault;

/// What an adapter has.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads of a subgroup.
    pub subgroup: Option<u32>,
    /// Whether its subgroups multiply matrices.
    pub matrices: bool,
    /// Whether shaders have 16-bit floats.
    pub half: bool,
    /// Bytes of workgroup memory.
    pub memory: u32,
    /// Threads of a workgroup.
    pub threads: u32,
}

/// A kernel ready to be run.
#[derive(Debug)]
pub struct Kernel {
    pub module: Module,
    info: ModuleInfo,
    text: String,
}

impl Kernel {
    pub fn new(text: &str, limits: Limits) -> Result<Self, Fault> {
        let module = naga::front::wgsl::parse_str(text).map_err(|e| e.emit_to_string(text))?;
        let allowed = [
            (limits.half, Capabilities::SHADER_FLOAT16),
            (limits.matrices, Capabilities::COOPERATIVE_MATRIX),
            (limits.subgroup.is_some(), Capabilities::SUBGROUP),
        ];
        let allowed = allowed.into_iter().filter_map(|(has, what)| has.then_some(what)).collect();
        let info = Validator::new(ValidationFlags::all(), allowed)
            .validate(&module)
            .map_err(|e| e.emit_to_string(text))?;
        let kernel = Self { module, info, text: text.to_owned() };
        let memory = kernel.workgroup_memory();
        if memory > limits.memory {
            return Err(format!("{memory} bytes of workgroup memory; there are {}", limits.memory));
        }
        if kernel.threads() > limits.threads {
            return Err(format!("{} threads; at most {}", kernel.threads(), limits.threads));
        }
        Ok(kernel)
    }

    fn workgroup_memory(&self) -> u32 {
        let variables = self.module.global_variables.iter();
        let shared = variables.filter(|(_, v)| v.space == AddressSpace::WorkGroup);
        let size = |ty| self.module.types[ty].inner.size(self.module.to_ctx());
        shared.map(|(_, v)| size(v.ty)).sum()
    }

    /// Threads of a workgroup.
    pub fn threads(&self) -> u32 {
        self.module.entry_points[0].workgroup_size.iter().product()
    }

    pub fn entry(&self) -> (&Function, &FunctionInfo) {
        (&self.module.entry_points[0].function, self.info.get_entry_point(0))
    }

    pub fn function(&self, handle: naga::Handle<Function>) -> (&Function, &FunctionInfo) {
        (&self.module.functions[handle], &self.info[handle])
    }

    /// A fault with its line, if it has none yet.
    pub fn placed(&self, fault: Fault, span: Span) -> Fault {
        if fault.contains('\n') {
            return fault;
        }
        let line = span.location(&self.text).line_number;
        let text = self.text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
        format!("{fault}\n  line {line}: {}", text.trim())
    }
}
