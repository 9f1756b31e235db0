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

/// The error function to 2 ulp, by minimax polynomials (coefficients: N. Juffa, in the public domain):
/// of x² near 0, and of ln(1 − |erf x|) beyond.
pub(super) extern "C" fn erf(x: f32) -> f32 {
    const NEAR: f32 = 0.927_734_4;
    // Beyond it is 1 to the last bit.
    const FAR: f32 = 4.0;
    let polynomial = |at: f32, factors: &[f32]| factors.iter().fold(0.0, |sum, &c| sum * at + c);
    let size = if x.abs() > FAR { FAR } else { x.abs() };
    if size > NEAR {
        let of_size = [
            -1.728_534_7e-5,
            3.831_972_6e-4,
            -3.883_964_4e-3,
            2.425_462_2e-2,
            -1.067_778_8e-1,
            -6.348_467e-1,
            -1.287_175_1e-1,
        ];
        let exponent = polynomial(size, &of_size) * size - size;
        return (1.0 - exponent.exp()).copysign(x);
    }
    let of_square = [
        -5.967_617e-4,
        4.991_194_2e-3,
        -2.676_813_5e-2,
        1.128_199_25e-1,
        -3.761_253_4e-1,
        1.283_791_66e-1,
    ];
    polynomial(x * x, &of_square) * x + x
}

type MathFn = extern "C" fn(f32) -> f32;

/// Every function that loops call, and its name for the linker.
const FUNCTIONS: [(Unary, &str, MathFn); 5] = [
    (Unary::Exp, "rnetc_exp", exp),
    (Unary::Log, "rnetc_log", log),
    (Unary::Tanh, "rnetc_tanh", tanh),
    (Unary::Sigmoid, "rnetc_sigmoid", sigmoid),
    (Unary::Erf, "rnetc_erf", erf),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every 2¹¹th f32 and what lies at the edges, against the definition.
    #[test]
    fn the_error_function_is_right_to_two_units() {
        let definition = Unary::Erf.facts().value;
        let near = 0.927_734_4f32.to_bits();
        let edges = [near - 1, near, near + 1, 1, 0x3f7f_ffff, 4f32.to_bits(), 4f32.to_bits() + 1];
        for bits in (0..0x7f80_0000u32).step_by(1 << 11).chain(edges) {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let want = definition(f64::from(x));
                let unit = f64::from(f32::from_bits((want.abs() as f32).to_bits() + 1))
                    - f64::from(want.abs() as f32);
                let error = (f64::from(erf(x)) - want).abs() / unit;
                assert!(error <= 2.0, "erf({x:e}) is {:e}, {error} units off", erf(x));
            }
        }
        assert_eq!([erf(f32::INFINITY), erf(f32::NEG_INFINITY)], [1.0, -1.0]);
        assert!(erf(f32::NAN).is_nan());
    }
}
