//! Kernels that go through elements one by one, and which of them are alike.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use crate::engine::wgpu::kernel::{
    Body, Kernel, KernelId, Kernels, Shared, shared_by_input, shared_by_value,
};
use crate::graph::{InputId, NodeId, Op, Program, Shape, Type};

/// What a kernel does to an element, as text that is equal for kernels that are alike; none for a
/// kernel that does more, or whose values do not share buffers. `over` has the values that are written
/// over inputs. It may leave sums where only the sum of all is `totalled`.
pub(super) fn likeness(
    program: &Program,
    kernels: &Kernels,
    over: &HashMap<NodeId, InputId>,
    id: KernelId,
    totalled: bool,
) -> Option<String> {
    let kernel = &kernels.list[id.index()];
    let what = match kernel.body {
        Body::Map => "map",
        Body::Gather(_) => "gather",
        Body::Contract(_)
        | Body::Fold(_)
        | Body::Weights(_)
        | Body::Merge { .. }
        | Body::Total { .. }
        | Body::Ranks(_) => return None,
    };
    shared_by_value(kernel.domain)?;
    // Without channels there is no axis that numbers all elements.
    let Shape([.., channels]) = kernel.domain.shape;
    let numbered = channels > 1 || kernel.domain.shape.len() == 1;
    if !numbered || !(kernel.columns.is_empty() || totalled) {
        return None;
    }
    let raw = kernel.raw_values(&kernels.list).into_iter().collect();
    let reads = kernel.reads.iter().map(|read| read.value).collect();
    let (seen, text) = (HashMap::new(), what.to_owned());
    let mut reader = Reader { program, over, kernel, raw, reads, seen, text };
    for store in &kernel.stores {
        let place = reader.stored(store.value, store.into)?;
        let _ = write!(reader.text, "; {place}: ");
        reader.value(store.value)?;
    }
    for value in kernel.summed() {
        reader.text.push_str("; sum: ");
        reader.value(value)?;
    }
    Some(reader.text)
}

struct Reader<'a> {
    program: &'a Program,
    over: &'a HashMap<NodeId, InputId>,
    kernel: &'a Kernel,
    raw: HashSet<NodeId>,
    reads: HashSet<NodeId>,
    seen: HashMap<NodeId, usize>,
    text: String,
}

impl Reader<'_> {
    /// Where a value goes.
    fn stored(&self, value: NodeId, into: Option<InputId>) -> Option<String> {
        let Some(input) = into.or(self.over.get(&value).copied()) else {
            let shared = shared_by_value(self.program.graph.node(value).ty)?;
            return Some(format!("new {shared:?}"));
        };
        let shared = shared_by_input(self.program.graph.input(input))?;
        let mut reads = self.kernel.reads.iter().map(|read| self.program.graph.node(read.value).op);
        let at = reads.position(|op| op == Op::Input(input));
        Some(format!("{shared:?} of {at:?}"))
    }

    /// Whether a value is one number, or has the kernel's own elements.
    fn one(&self, ty: Type) -> Option<bool> {
        let one = ty.shape.len() == 1;
        (!ty.batched && (one || ty.shape == self.kernel.domain.shape)).then_some(one)
    }

    fn value(&mut self, id: NodeId) -> Option<()> {
        if let Some(at) = self.seen.get(&id) {
            let _ = write!(self.text, " #{at}");
            return Some(());
        }
        self.seen.insert(id, self.seen.len());
        let graph = &self.program.graph;
        let node = graph.node(id);
        let one = self.one(node.ty)?;
        if self.raw.contains(&id) {
            self.text.push_str(" raw");
            return Some(());
        }
        if self.reads.contains(&id) {
            let shared = self.read(id)?;
            let _ = write!(self.text, " {shared:?}{}", if one { "" } else { "[]" });
            return Some(());
        }
        let args = match node.op {
            Op::Const(_) => &[],
            Op::Unary(_) | Op::Binary(_) => &node.args[..],
            Op::Broadcast | Op::Detach | Op::After => &node.args[..1],
            Op::Input(_)
            | Op::Random { .. }
            | Op::Index
            | Op::Conv(_)
            | Op::ConvDx(_)
            | Op::ConvDw(_)
            | Op::Reduce(..)
            | Op::Total
            | Op::Pool(_)
            | Op::PoolDx(_)
            | Op::Reshape
            | Op::Remap(_) => return None,
        };
        let _ = write!(self.text, " {}(", node.op.name());
        args.iter().try_for_each(|&arg| self.value(arg))?;
        self.text.push(')');
        Some(())
    }

    /// The buffer in which a stored value is.
    fn read(&self, id: NodeId) -> Option<Shared> {
        let graph = &self.program.graph;
        match (graph.node(id).op, self.over.get(&id)) {
            (Op::Input(input), _) | (_, Some(&input)) => shared_by_input(graph.input(input)),
            (_, None) => shared_by_value(graph.node(id).ty),
        }
    }
}
