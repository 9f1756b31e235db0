//! Transcendental functions, which loops call.

use cranelift::codegen::ir::{FuncRef, Function};
use cranelift::jit::{JITBuilder, JITModule};
use cranelift::module::{FuncId, Linkage, Module, ModuleError};
use cranelift::prelude::*;

/// Transcendental functions that loops call, as declared in the module.
#[derive(Clone, Copy)]
pub struct Math([FuncId; 4]);

/// The same, as referred to from one function.
pub struct MathRefs {
    pub(super) exp: FuncRef,
    pub(super) log: FuncRef,
    pub(super) tanh: FuncRef,
    pub(super) sigmoid: FuncRef,
}

extern "C" fn exp(x: f32) -> f32 {
    x.exp()
}

extern "C" fn log(x: f32) -> f32 {
    x.ln()
}

extern "C" fn tanh(x: f32) -> f32 {
    x.tanh()
}

extern "C" fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

type MathFn = extern "C" fn(f32) -> f32;

const FUNCTIONS: [(&str, MathFn); 4] =
    [("rnetc_exp", exp), ("rnetc_log", log), ("rnetc_tanh", tanh), ("rnetc_sigmoid", sigmoid)];

impl Math {
    /// Tells the linker where the functions are.
    pub fn symbols(builder: &mut JITBuilder) {
        for (name, function) in FUNCTIONS {
            builder.symbol(name, function as *const u8);
        }
    }

    /// Declares them.
    pub fn declare(module: &mut JITModule) -> Result<Self, Box<ModuleError>> {
        let mut signature = module.make_signature();
        signature.params.push(AbiParam::new(types::F32));
        signature.returns.push(AbiParam::new(types::F32));
        let mut ids = Vec::new();
        for (name, _) in FUNCTIONS {
            ids.push(module.declare_function(name, Linkage::Import, &signature)?);
        }
        Ok(Self([ids[0], ids[1], ids[2], ids[3]]))
    }

    /// Makes them callable from a function.
    pub fn refer(&self, module: &mut JITModule, function: &mut Function) -> MathRefs {
        let [exp, log, tanh, sigmoid] = self.0.map(|id| module.declare_func_in_func(id, function));
        MathRefs { exp, log, tanh, sigmoid }
    }
}
