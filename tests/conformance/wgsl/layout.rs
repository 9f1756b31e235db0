//! What values are made of, and where that stands in memory.

use naga::{ArraySize, Handle, Module, Scalar, ScalarKind, Type, TypeInner};

use super::Fault;

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    U32,
    I32,
    F32,
    /// Computed with as the f32 that it equals.
    F16,
}

impl Kind {
    pub fn of(scalar: Scalar) -> Result<Self, Fault> {
        match (scalar.kind, scalar.width) {
            (ScalarKind::Bool, _) => Ok(Kind::Bool),
            (ScalarKind::Uint, 4) => Ok(Kind::U32),
            (ScalarKind::Sint, 4) => Ok(Kind::I32),
            (ScalarKind::Float, 4) => Ok(Kind::F32),
            (ScalarKind::Float, 2) => Ok(Kind::F16),
            _ => Err(format!("numbers like {scalar:?} are not interpreted")),
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Kind::F32 | Kind::F16)
    }

    /// Units of 16 bits in memory.
    pub fn halves(self) -> Result<u32, Fault> {
        match self {
            Kind::Bool => Err("a bool has no place in memory".into()),
            Kind::F16 => Ok(1),
            Kind::U32 | Kind::I32 | Kind::F32 => Ok(2),
        }
    }
}

/// A component of a type.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub kind: Kind,
    /// From the start of the value, in units of 16 bits.
    pub at: u32,
}

/// The components of a type in order. Arrays without a length have no value.
pub fn cells(module: &Module, inner: &TypeInner) -> Result<Vec<Cell>, Fault> {
    let mut out = Vec::new();
    collect(module, inner, 0, &mut out)?;
    Ok(out)
}

fn collect(module: &Module, inner: &TypeInner, at: u32, out: &mut Vec<Cell>) -> Result<(), Fault> {
    match *inner {
        TypeInner::Scalar(scalar) => out.push(Cell { kind: Kind::of(scalar)?, at }),
        TypeInner::Vector { size, scalar } => {
            let kind = Kind::of(scalar)?;
            out.extend((0..size as u32).map(|i| Cell { kind, at: at + i * width(scalar) }));
        }
        TypeInner::Array { base, size: ArraySize::Constant(count), stride } => {
            for i in 0..count.get() {
                collect(module, &module.types[base].inner, at + i * stride / 2, out)?;
            }
        }
        TypeInner::Struct { ref members, .. } => {
            for member in members {
                collect(module, &module.types[member.ty].inner, at + member.offset / 2, out)?;
            }
        }
        ref other => return Err(format!("values of {other:?} are not interpreted")),
    }
    Ok(())
}

/// Units of 16 bits; a bool counts as one, and stands in no memory.
fn width(scalar: Scalar) -> u32 {
    u32::from(scalar.width).div_ceil(2)
}

/// A part of a composite.
pub struct Part {
    /// Where it begins, in units of 16 bits.
    pub at: u32,
    /// Its first component.
    pub cell: usize,
    /// How many it has.
    pub cells: usize,
}

/// Part number `index` of a composite, if it has as many; arrays without a length have any.
pub fn part(module: &Module, inner: &TypeInner, index: u32) -> Result<Option<Part>, Fault> {
    let size = |ty: Handle<Type>| Ok::<_, Fault>(cells(module, &module.types[ty].inner)?.len());
    let within = |length: u32, part| Ok((index < length).then_some(part));
    match *inner {
        TypeInner::Vector { size, scalar } => {
            within(size as u32, Part { at: index * width(scalar), cell: index as usize, cells: 1 })
        }
        TypeInner::Array { base, size: length, stride } => {
            let cells = size(base)?;
            let length = match length {
                ArraySize::Constant(length) => length.get(),
                ArraySize::Dynamic => u32::MAX,
                ArraySize::Pending(_) => return Err("an override is not interpreted".into()),
            };
            let at = index.wrapping_mul(stride / 2);
            within(length, Part { at, cell: (index as usize).saturating_mul(cells), cells })
        }
        TypeInner::Struct { ref members, .. } => {
            let Some(member) = members.get(index as usize) else { return Ok(None) };
            let before = members[..index as usize].iter().map(|m| size(m.ty));
            let cell = before.sum::<Result<usize, Fault>>()?;
            Ok(Some(Part { at: member.offset / 2, cell, cells: size(member.ty)? }))
        }
        ref other => Err(format!("parts of {other:?} are not interpreted")),
    }
}
