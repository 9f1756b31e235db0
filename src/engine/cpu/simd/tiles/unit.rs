//! What multiplies bf16.

use super::hardware;
use super::parts::Parts;
use super::product::SIDE;
use crate::engine::Precision;

/// Instructions for products of bf16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Dot products of pairs in vectors: twice the products of f32.
    Dots,
    /// AMX: sixteen rows by sixteen columns at a time.
    Matrices,
}

impl Unit {
    /// Each, slowest first.
    pub const ALL: [Unit; 2] = [Unit::Dots, Unit::Matrices];

    /// Name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Dots => "avx512bf16",
            Unit::Matrices => "amx",
        }
    }

    /// The unit of that name.
    pub fn named(name: &str) -> Option<Unit> {
        Unit::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// Whether this machine has it and the system lets this process use it.
    pub fn is_here(self) -> bool {
        hardware::has(self)
    }

    /// The fewest rows that it multiplies at once.
    pub fn fewest_rows(self) -> usize {
        match self {
            Unit::Dots => SIDE / 2,
            Unit::Matrices => SIDE,
        }
    }

    /// Multiply-adds of a core in a cycle.
    pub fn multiply_adds(self) -> usize {
        match self {
            Unit::Dots => 32,
            Unit::Matrices => 512,
        }
    }

    /// In how many parts it takes the operands of a precision; none where products are in f32. Three
    /// dot products are slower than one of f32.
    pub fn parts(self, precision: Precision) -> Option<Parts> {
        match (self, precision) {
            // No CPU engine computes in f16.
            (_, Precision::F32 | Precision::F16x3 | Precision::F16) => None,
            (_, Precision::Bf16) => Some(Parts::One),
            (Unit::Matrices, Precision::Bf16x3) => Some(Parts::Two),
            (Unit::Dots, Precision::Bf16x3) => None,
        }
    }
}
