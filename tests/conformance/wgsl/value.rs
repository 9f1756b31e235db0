//! What an expression has been evaluated to, of all threads of a workgroup.

use std::rc::Rc;

use naga::{GlobalVariable, Handle, LocalVariable};

use super::Fault;

/// The bits of a component, of every thread. An f16 has the bits of the f32 that it equals, a bool is
/// zero or one.
pub type Lanes = Rc<[u32]>;

/// The elements of a matrix, row by row.
pub type Tile = Rc<[f32]>;

/// Of all threads.
#[derive(Clone, Debug)]
pub enum Value {
    /// The components of numbers, vectors, arrays and structures, in order.
    Plain(Vec<Lanes>),
    /// Where something stands.
    Pointer(Pointer),
    /// A matrix of each subgroup.
    Matrix(Vec<Tile>),
}

/// Where something stands.
#[derive(Clone, Debug)]
pub struct Pointer {
    pub root: Root,
    /// From the start of the variable: in units of 16 bits, or in components of one of a function's own.
    pub at: Lanes,
}

/// A variable.
#[derive(Clone, Copy, Debug)]
pub enum Root {
    /// In a buffer or in workgroup memory.
    Shared(Handle<GlobalVariable>),
    /// Of each thread.
    Own(Handle<LocalVariable>),
}

impl Value {
    pub fn plain(&self) -> Result<&[Lanes], Fault> {
        match self {
            Value::Plain(components) => Ok(components),
            Value::Pointer(_) | Value::Matrix(_) => Err("expected numbers".into()),
        }
    }

    /// The only component.
    pub fn single(&self) -> Result<&Lanes, Fault> {
        match self.plain()? {
            [one] => Ok(one),
            many => Err(format!("expected one number for {}", many.len())),
        }
    }

    pub fn pointer(&self) -> Result<&Pointer, Fault> {
        match self {
            Value::Pointer(pointer) => Ok(pointer),
            Value::Plain(_) | Value::Matrix(_) => Err("expected a pointer".into()),
        }
    }

    pub fn matrix(&self) -> Result<&[Tile], Fault> {
        match self {
            Value::Matrix(tiles) => Ok(tiles),
            Value::Plain(_) | Value::Pointer(_) => Err("expected a matrix".into()),
        }
    }
}
