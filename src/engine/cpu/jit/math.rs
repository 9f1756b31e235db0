//! Transcendental functions, which loops call.

use cranelift::codegen::ir::{FuncRef, Function};
use cranelift::jit::{JITBuilder, JITModule};
use cranelift::module::{FuncId, Linkage, Module, ModuleError};
use cranelift::prelude::*;

use crate::graph::Unary;

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

/// Every function that loops call, and its name for the linker.
const FUNCTIONS: [(Unary, &str, MathFn); 4] = [
    (Unary::Exp, "rnetc_exp", exp),
    (Unary::Log, "rnetc_log", log),
    (Unary::Tanh, "rnetc_tanh", tanh),
    (Unary::Sigmoid, "rnetc_sigmoid", sigmoid),
];

/// The functions as declared in the module.
#[derive(Clone, Copy)]
pub struct Math([FuncId; FUNCTIONS.len()]);

/// The same, as referred to from one function.
pub struct MathRefs([FuncRef; FUNCTIONS.len()]);

impl Math {
    /// Tells the linker where the functions are.
    pub fn symbols(builder: &mut JITBuilder) {
        for (_, name, function) in FUNCTIONS {
            builder.symbol(name, function as *const u8);
        }
    }

    /// Declares them.
    pub fn declare(module: &mut JITModule) -> Result<Self, Box<ModuleError>> {
        let mut signature = module.make_signature();
        signature.params.push(AbiParam::new(types::F32));
        signature.returns.push(AbiParam::new(types::F32));
        let mut ids = [FuncId::from_u32(0); FUNCTIONS.len()];
        for (id, (_, name, _)) in ids.iter_mut().zip(FUNCTIONS) {
            *id = module.declare_function(name, Linkage::Import, &signature)?;
        }
        Ok(Self(ids))
    }

    /// Makes them callable from a function.
    pub fn refer(&self, module: &mut JITModule, function: &mut Function) -> MathRefs {
        MathRefs(self.0.map(|id| module.declare_func_in_func(id, function)))
    }
}

impl MathRefs {
    /// What to call for a scalar function.
    pub fn of(&self, function: Unary) -> FuncRef {
        let at = FUNCTIONS.iter().position(|(listed, ..)| *listed == function);
        self.0[at.expect("a function that loops call is listed")]
    }
}
