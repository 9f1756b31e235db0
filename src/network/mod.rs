//! The network: what a spec means once every name, number and shape is known.
//!
//! # The form
//! A [`Network`] is four tables and two ends. [`Network::values`] holds the computation in
//! evaluation order: a [`Value`] is one [`Layer`] applied to earlier values, with the shape that
//! one image gives it. A layer with parameters names a [`Module`], which holds them, so a chain
//! that is applied twice shares one set. Units are expanded into values; a [`UnitInstance`] says
//! where one stands: its input x, its sum y and its output f(y). Nothing is nested: a unit inside
//! a unit is values like any others.
//!
//! Tables are indexed by types of their own ([`ValueId`], [`ModuleId`], [`UnitId`]), and a tensor
//! is known by its module and its part ([`TensorId`]). Names stand for people and files only: a
//! module's is its path in the spec, `units.3.F.conv1`, and [`Network::tensor_name`] makes a
//! tensor's from it. No question below is answered from a name.
//!
//! # What can be asked
//! - [`Network::parameters`], [`Network::macs`] (`cost`): what it costs.
//! - [`Network::tensors`] (`tensor`): what state it has, in which shapes, and how it starts.
//! - [`anatomy`]: which terms of a unit's y are the shortcut and which are F's, what is done to x
//!   on the way, which gates scale which, what deleting the unit means. Warnings, drawings,
//!   import, reports and studies all take it from there.
//! - [`survival`]: the same network with branches that training drops.
//!
//! # Invariants
//! `sema` makes networks and checks them. Arguments come before their users; shapes fit; every
//! module is read by some value; a unit's values stand together, from after its input to its
//! output; the first value is the pictures, and the last that counts has one number a class.

use crate::source::Source;

mod activation;
pub mod anatomy;
mod cost;
mod ids;
mod layer;
mod module;
mod shape;
mod slide;
pub mod survival;
mod tensor;
mod text;
mod unit;
mod value;

pub use activation::Activation;
pub use cost::macs;
pub use ids::{ModuleId, UnitId, ValueId};
pub use layer::{BinaryOp, Layer, Over, Per, PoolKind, RandomDraw, Upsampling};
pub use module::{Affine, Draw, Module, ModuleKind, Start};
pub use shape::Chw;
pub use slide::Slide;
pub use tensor::{Init, Part, Tensor, TensorId, TensorKind};
pub use unit::UnitInstance;
pub use value::{Edge, Value};

/// A whole checked network.
#[derive(Clone, Debug)]
pub struct Network {
    /// Name of the net's definition.
    pub name: String,
    /// The text it comes from.
    pub source: Source,
    /// Values in evaluation order; arguments come before their users.
    pub values: Vec<Value>,
    /// Parameters.
    pub modules: Vec<Module>,
    /// Units in order.
    pub units: Vec<UnitInstance>,
    /// The pictures.
    pub input: ValueId,
    /// Class scores, classes×1×1.
    pub output: ValueId,
    /// The net's parameters after `--set`, in order of definition.
    pub settings: Vec<(String, f64)>,
}

impl Network {
    /// The value behind an id.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.index()]
    }

    /// The module behind an id.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.index()]
    }

    /// The parameter that says how many classes there are, where a net has one.
    pub const CLASSES: &str = "classes";

    /// Whether it has a parameter of this name.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.settings.iter().any(|(known, _)| known == name)
    }

    /// The parameter that says how many rows and columns pictures have, where a net has one.
    pub const PIXELS: &str = "pixels";

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.value(self.output).shape.c
    }
}
