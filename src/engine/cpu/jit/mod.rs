//! Cranelift compiles what the spec decides: pointwise and reduction loops.
//!
//! A [`LoopSpec`] becomes one function of a pointer table and an image number. Channels run in
//! vectors of four (the widest that Cranelift has on x86-64 and AArch64), columns are unrolled. What
//! scalar functions compute is stated once ([`functions`]), over the operations of any vector.
//! Where the machine has AVX-512, `wide` compiles most loops instead.

mod functions;
mod lanes;
mod nest;
mod operations;
mod random;
mod scalar;
mod vectors;
#[cfg(all(unix, target_arch = "x86_64"))]
mod wide;

#[cfg(test)]
mod tests;

use cranelift::codegen::settings::Configurable;
use cranelift::jit::{JITBuilder, JITModule};
use cranelift::module::{FuncId, Module, default_libcall_names};
use cranelift::prelude::*;

use super::simd::Isa;
use crate::engine::EngineError;
use crate::engine::cpu::loops::LoopSpec;

/// A compiled loop: pointers to the first element of each slot, and the image's number.
pub type LoopFn = unsafe extern "C" fn(*const *mut f32, u32);

/// Compiles loops, one after another.
pub struct Jit {
    module: JITModule,
    functions: Vec<FuncId>,
    isa: Isa,
}

/// Code that stays mapped as long as this lives.
pub struct Code {
    module: Option<JITModule>,
}

impl Drop for Code {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: the executable that holds the function pointers drops with this value and
            // runs nothing afterwards.
            unsafe { module.free_memory() };
        }
    }
}

/// A cache line.
const CODE_ALIGNMENT: u64 = 64;

#[cfg(all(unix, target_arch = "x86_64"))]
fn wide(spec: &LoopSpec, isa: Isa) -> Option<Vec<u8>> {
    if isa.has_wide_loops() { wide::compile(spec) } else { None }
}

#[cfg(not(all(unix, target_arch = "x86_64")))]
fn wide(_: &LoopSpec, _: Isa) -> Option<Vec<u8>> {
    None
}

fn failed(what: &str, error: impl std::fmt::Display) -> EngineError {
    EngineError::Internal(format!("the loop compiler {what}: {error}"))
}

impl Jit {
    /// A compiler for this machine.
    pub fn new(isa: Isa) -> Result<Self, EngineError> {
        let mut flags = settings::builder();
        for (name, value) in
            [("opt_level", "speed"), ("is_pic", "false"), ("enable_verifier", "false")]
        {
            flags.set(name, value).map_err(|e| failed("refuses a setting", e))?;
        }
        let target = cranelift::native::builder()
            .map_err(|e| failed("does not know this machine", e))?
            .finish(settings::Flags::new(flags))
            .map_err(|e| failed("cannot target this machine", e))?;
        let builder = JITBuilder::with_isa(target, default_libcall_names());
        Ok(Self { module: JITModule::new(builder), functions: Vec::new(), isa })
    }

    /// Compiles a loop.
    pub fn compile(&mut self, spec: &LoopSpec) -> Result<(), EngineError> {
        let mut signature = self.module.make_signature();
        signature.params.push(AbiParam::new(types::I64));
        signature.params.push(AbiParam::new(types::I32));
        let id = self
            .module
            .declare_anonymous_function(&signature)
            .map_err(|e| failed("cannot declare a loop", e))?;
        self.functions.push(id);
        if let Some(code) = wide(spec, self.isa) {
            return self
                .module
                .define_function_bytes(id, CODE_ALIGNMENT, &code, &[])
                .map_err(|e| failed("cannot place a loop", e));
        }
        let mut context = self.module.make_context();
        context.func.signature = signature;
        let mut builder_context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut builder_context);
        nest::emit(spec, &mut builder, self.isa.has_fused_multiply_add());
        builder.seal_all_blocks();
        builder.finalize(self.module.target_config());
        self.module
            .define_function(id, &mut context)
            .map_err(|e| failed("cannot compile a loop", e))
    }

    /// Makes the code executable: the loops in the order in which they were compiled.
    pub fn finish(mut self) -> Result<(Code, Vec<LoopFn>), EngineError> {
        self.module.finalize_definitions().map_err(|e| failed("cannot finish", e))?;
        let function = |&id: &FuncId| {
            let address = self.module.get_finalized_function(id);
            // SAFETY: the function was declared with exactly this signature and the platform's C
            // calling convention.
            unsafe { std::mem::transmute::<*const u8, LoopFn>(address) }
        };
        let functions = self.functions.iter().map(function).collect();
        Ok((Code { module: Some(self.module) }, functions))
    }
}
