//! Which instruction set the kernels use.

#[cfg(target_arch = "aarch64")]
use super::kernels::neon;
use super::kernels::{Kernels, portable};
#[cfg(target_arch = "x86_64")]
use super::kernels::{avx2, avx512};
use super::tiles::{Parts, Unit};
use crate::engine::cpu::windows::Window;
use crate::engine::{EngineError, Precision};

/// Names the instruction set to use, instead of the widest that the machine has.
pub const ENVIRONMENT_VARIABLE: &str = "RNETC_CPU";

/// An instruction set that this machine is known to have.
///
/// Only detection makes values of this type, so holding one is the licence to run its vector kernels.
/// Products of bf16 may be planned where there are none ([`Isa::planning`]); what runs them asks the machine.
#[derive(Clone, Copy)]
pub struct Isa {
    kernels: &'static Kernels,
    /// What multiplies bf16, if anything does.
    unit: Option<Unit>,
}

impl Isa {
    /// What this machine has, narrowest first; never empty.
    pub fn available() -> Vec<Isa> {
        let mut found = vec![Isa { kernels: &portable::KERNELS, unit: None }];
        found.extend(wider());
        let widest = found[found.len() - 1];
        if widest.lanes() == 16 {
            let units = Unit::ALL.into_iter().filter(|unit| unit.is_here());
            found.extend(units.map(|unit| widest.planning(unit)));
        }
        found
    }

    /// The one asked for by name, or the widest if `request` is `None`.
    pub fn choose(request: Option<&str>) -> Result<Isa, EngineError> {
        let found = Isa::available();
        match request {
            None => Ok(found[found.len() - 1]),
            Some(name) => found.iter().copied().find(|isa| isa.name() == name).ok_or_else(|| {
                EngineError::NoInstructionSet {
                    variable: ENVIRONMENT_VARIABLE,
                    asked: name.to_owned(),
                    offered: found.iter().map(|isa| isa.name()).collect(),
                }
            }),
        }
    }

    /// The one that the environment asks for, or the widest.
    pub fn from_environment() -> Result<Isa, EngineError> {
        let request = std::env::var_os(ENVIRONMENT_VARIABLE);
        Isa::choose(request.as_ref().map(|name| name.to_string_lossy()).as_deref())
    }

    /// `portable`, `avx2`, `avx512`, `avx512bf16`, `amx` or `neon`.
    pub fn name(self) -> &'static str {
        self.unit.map_or(self.kernels.name, Unit::name)
    }

    /// What multiplies bf16, if anything does.
    pub fn unit(self) -> Option<Unit> {
        self.unit
    }

    /// What multiplies in that precision, and in how many parts; none where products are in f32.
    pub fn products(self, precision: Precision) -> Option<(Unit, Parts)> {
        let unit = self.unit?;
        Some((unit, unit.parts(precision)?))
    }

    /// The same with contractions planned for a unit, on any machine: such a plan shows what
    /// another machine would do, and panics where it is run without the unit.
    pub fn planning(self, unit: Unit) -> Isa {
        Isa { unit: Some(unit), ..self }
    }

    /// f32 numbers in one vector.
    pub fn lanes(self) -> usize {
        self.kernels.lanes
    }

    /// Whether a·b + c may be rounded once, in one instruction.
    pub fn has_fused_multiply_add(self) -> bool {
        // Both wider sets of x86-64 are only found with it.
        !cfg!(target_arch = "x86_64") || self.kernels.name != portable::KERNELS.name
    }

    /// Whether loops may use vectors of sixteen, bf16 among them.
    #[cfg(all(unix, target_arch = "x86_64"))]
    pub fn has_wide_loops(self) -> bool {
        let has = is_x86_feature_detected!("avx512bf16")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        self.lanes() == 16 && has
    }

    /// Pools or re-indexes one image.
    pub fn window(self, window: &Window, operands: &[&[f32]], result: &mut [f32]) {
        // SAFETY: an `Isa` is only made where the machine has it.
        unsafe { (self.kernels.window)(window, operands, result) }
    }

    /// Its kernels.
    pub(super) fn kernels(self) -> &'static Kernels {
        self.kernels
    }
}

impl PartialEq for Isa {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Isa {}

impl std::fmt::Debug for Isa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(target_arch = "x86_64")]
fn wider() -> impl Iterator<Item = Isa> {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f");
    let found = [(avx2, &avx2::KERNELS), (avx512, &avx512::KERNELS)];
    found.into_iter().filter(|(has, _)| *has).map(|(_, kernels)| Isa { kernels, unit: None })
}

/// Rust's targets for AArch64 take NEON for granted.
#[cfg(target_arch = "aarch64")]
fn wider() -> impl Iterator<Item = Isa> {
    std::iter::once(Isa { kernels: &neon::KERNELS, unit: None })
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn wider() -> impl Iterator<Item = Isa> {
    std::iter::empty()
}
