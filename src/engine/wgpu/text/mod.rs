//! From a plan to WGSL.
//!
//! A module begins as one of those in `shaders/` (`template`), whose hooks are replaced: `map` writes
//! pointwise kernels, with `fold` for those that loop, `flat` many that are alike as one, `sums` adds up
//! partial sums, `total` all that there are, `staged` writes contractions as matrix products (by
//! `matrices` where they are shared so), `strip` and `weights` those that stage their operand once, with
//! what they ask for `ahead` (`groups` says which channels all of these have), `slide` and
//! `slide_weights` those in registers, which look at the pictures through what is `seen` of them, as `depthwise` and
//! `depthwise_weights` do for groups of one channel. All
//! of them have their values from the `writer`, which reads and writes memory by `bindings` and knows
//! `scalar` functions; `epilogue` and `columns` write what becomes of each element. `expand` is no kernel
//! of a program: it makes an input from pictures.

use crate::engine::EngineError;
use crate::graph::{NodeId, Program};

use super::cut::{Contraction, ContractionKind, Multiply, dispatch};
use super::dispatch::Dispatch;
use super::kernel::{Body, KernelId};
use super::plan::GpuPlan;

mod ahead;
mod bindings;
mod columns;
mod depthwise;
mod depthwise_weights;
mod epilogue;
mod expand;
mod flat;
mod fold;
mod groups;
mod map;
mod matrices;
mod rows;
mod scalar;
mod seen;
mod slide;
mod slide_weights;
mod staged;
mod strip;
mod sums;
mod template;
mod total;
mod weights;
mod writer;

pub use bindings::{Binding, Buffer};
pub(super) use expand::expand;
use writer::Writer;

/// A kernel ready to be compiled and dispatched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelCode {
    /// The kernels that it runs.
    pub kernels: Vec<KernelId>,
    /// A complete WGSL module with the entry point `main`. Equal work has equal text.
    pub wgsl: String,
    /// Buffers in binding order.
    pub bindings: Vec<Binding>,
    /// Where what it uses of shared buffers starts, for [`Buffer::Starts`].
    pub starts: Vec<u32>,
    /// Workgroups to dispatch.
    pub workgroups: [u32; 3],
}

/// Writes what is planned as one dispatch.
pub(super) fn write(
    program: &Program,
    plan: &GpuPlan,
    dispatch: &Dispatch,
) -> Result<Vec<KernelCode>, EngineError> {
    match dispatch {
        Dispatch::One(id) => Ok(vec![one(program, plan, *id)?]),
        Dispatch::Flat(ids, cut) => flat::write(program, plan, ids, *cut),
        Dispatch::Ranks(_) => Ok(Vec::new()),
    }
}

/// Writes one kernel.
fn one(program: &Program, plan: &GpuPlan, id: KernelId) -> Result<KernelCode, EngineError> {
    let mut writer = Writer::new(program, plan, id);
    let text = match writer.kernel.body {
        Body::Gather(_) if writer.cut.slices() == 1 => map::map(&mut writer),
        Body::Map | Body::Fold(_) => map::map(&mut writer),
        Body::Contract(node) | Body::Weights(node) => contraction(&mut writer, node),
        Body::Gather(_) | Body::Merge { .. } => sums::sums(&mut writer),
        Body::Total { .. } => total::total(&mut writer, id),
        Body::Ranks(node) => {
            writer.refuse(node);
            String::new()
        }
    };
    if let Some(fault) = writer.fault() {
        return Err(EngineError::Internal(fault));
    }
    let workgroups = dispatch(writer.cut.workgroups(writer.kernel));
    let bindings = writer.bindings.declare(&text);
    let library = template::library(&(text.clone() + &bindings));
    let declarations = bindings + &library;
    let wgsl = template::finish(&text, declarations);
    let (bindings, starts) = writer.bindings.finish();
    Ok(KernelCode { kernels: vec![id], wgsl, bindings, starts, workgroups })
}

fn contraction(writer: &mut Writer, node: NodeId) -> String {
    let Some(it) = Contraction::of(&writer.program.graph, node) else {
        writer.refuse(node);
        return String::new();
    };
    match (writer.cut.multiply, it.kind) {
        (Multiply::Scalars | Multiply::Matrices(_), _) => staged::staged(writer, &it),
        (Multiply::Strips(cut), _) => strip::strip(writer, &it, &cut),
        (Multiply::Weights(cut), _) => weights::weights(writer, &it, &cut),
        (Multiply::Depthwise(cut), ContractionKind::WeightGradient) => {
            depthwise_weights::depthwise(writer, &it, &cut)
        }
        (Multiply::Depthwise(cut), ContractionKind::Forward | ContractionKind::PictureGradient) => {
            depthwise::depthwise(writer, &it, &cut)
        }
        (Multiply::Sliding(window), ContractionKind::WeightGradient) => {
            slide_weights::slide(writer, &it, window)
        }
        (
            Multiply::Sliding(window),
            ContractionKind::Forward | ContractionKind::PictureGradient,
        ) => slide::slide(writer, &it, window),
    }
}
