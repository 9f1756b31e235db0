//! Pointwise kernels whose only value is next read by a contraction as its left operand: the
//! contraction evaluates it in its prologue, and stores it where the middle of its window stands.

use crate::graph::{NodeId, Op};

use super::former::{Former, MOST_BUFFERS};
use super::reach;
use super::types::{Body, Column, Kernel, KernelId, KernelRead, KernelStore, Moment};

/// Has contractions store such values themselves, and drops the kernels that did.
pub(super) fn absorb(former: &mut Former) {
    for at in 0..former.list.len() {
        if let Some((from, store, reads)) = absorbed(former, KernelId(at as u32)) {
            former.made_in[store.value.index()] = Some(KernelId(at as u32));
            former.list[from.index()].stores.clear();
            let kernel = &mut former.list[at];
            kernel.stores.push(store);
            kernel.reads = reads;
        }
    }
    drop_empty(former);
}

/// The pointwise kernel that a contraction makes unnecessary, the value that it stores instead,
/// and what it reads then.
fn absorbed(former: &Former, here: KernelId) -> Option<(KernelId, KernelStore, Vec<KernelRead>)> {
    let kernel = &former.list[here.index()];
    let Body::Contract(node) = kernel.body else { return None };
    let anchor = former.graph.node(node);
    if former.bare.contains(&node) || !sees_each_once(&anchor.op) {
        return None;
    }
    let operand = anchor.args[0];
    let shape = former.graph.node(operand).ty.shape;
    let behind = reach::reads(former.graph, &former.made_in, here, &[(operand, true)]).0;
    let own =
        |read: &&KernelRead| read.pointwise && former.graph.node(read.value).ty.shape == shape;
    behind.iter().filter(own).find_map(|read| from_map(former, here, read.value))
}

/// The same for one value behind the left operand, at the same index.
fn from_map(
    former: &Former,
    here: KernelId,
    value: NodeId,
) -> Option<(KernelId, KernelStore, Vec<KernelRead>)> {
    let kernel = &former.list[here.index()];
    let from = former.made_in[value.index()]?;
    let between = &former.list[from.index() + 1..here.index()];
    let earlier = between.iter().any(|k| k.reads.iter().any(|r| r.value == value));
    let later = reads_after(former, here).iter().any(|read| read.value == value);
    if earlier || later || !is_alone(&former.list[from.index()], value) {
        return None;
    }
    let mut reads = kernel.reads.clone();
    reads.retain(|read| read.value != value);
    for read in &former.list[from.index()].reads {
        reach::add(&mut reads, KernelRead { pointwise: false, ..*read });
    }
    let stores = kernel.stores.iter().map(|s| s.value).chain([value]);
    let columns = kernel.columns.len().min(1);
    let fits = former.buffers(kernel, &reads, stores, columns) <= MOST_BUFFERS;
    fits.then_some((from, KernelStore { value, into: None, at: Moment::Prologue }, reads))
}

/// Whether a kernel does nothing but store `value`.
fn is_alone(kernel: &Kernel, value: NodeId) -> bool {
    let own = KernelStore { value, into: None, at: Moment::Epilogue };
    kernel.body == Body::Map && kernel.columns.is_empty() && kernel.stores == [own]
}

/// Whether the middle of the window stands on each pixel of the left operand once: with strides it
/// does so only where the operand is what windows wrote.
fn sees_each_once(op: &Op) -> bool {
    let (Op::Conv(geometry) | Op::ConvDx(geometry)) = op else { return false };
    let [kernel, padding] = [geometry.kernel, geometry.padding];
    let middle = (0..2).all(|a| kernel[a] == 2 * padding[a] + 1);
    middle && (geometry.stride == 1 || matches!(op, Op::ConvDx(_)))
}

/// What a contraction's epilogue reads.
fn reads_after(former: &Former, here: KernelId) -> Vec<KernelRead> {
    let kernel = &former.list[here.index()];
    let stored = kernel.stores.iter().map(|store| (store.value, true));
    let summed = kernel.columns.iter().map(|column| match column {
        Column::Sum(node) | Column::Squares(node) => (*node, true),
    });
    let roots: Vec<_> = stored.chain(summed).collect();
    reach::reads(former.graph, &former.made_in, here, &roots).0
}

/// Leaves out kernels that do nothing any more.
fn drop_empty(former: &mut Former) {
    let mut now = Vec::with_capacity(former.list.len());
    let mut kept = 0;
    let empty = |kernel: &Kernel| {
        kernel.body == Body::Map && kernel.stores.is_empty() && kernel.columns.is_empty()
    };
    for kernel in &former.list {
        now.push(KernelId(kept));
        kept += u32::from(!empty(kernel));
    }
    former.list.retain(|kernel| !empty(kernel));
    for kernel in &mut former.list {
        match &mut kernel.body {
            Body::Gather(of) | Body::Merge { of, .. } => *of = now[of.index()],
            Body::Total { of, .. } => of.iter_mut().for_each(|of| *of = now[of.index()]),
            Body::Map | Body::Contract(_) | Body::Fold(_) | Body::Weights(_) | Body::Ranks(_) => {}
        }
    }
    former.made_in.iter_mut().flatten().for_each(|made| *made = now[made.index()]);
}
