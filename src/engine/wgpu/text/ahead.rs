//! What an expression loads at its own index, asked for before it is computed: a function that loads
//! it as it is stored, and the names by which what computes the expression then knows it.

use crate::graph::{NodeId, Op};

use super::writer::{At, Writer};

/// The loads of one or more expressions at one index.
pub(super) struct Ahead {
    name: &'static str,
    /// Stored values, with the index at which they are read.
    loads: Vec<(NodeId, At)>,
}

impl Ahead {
    /// What is behind `roots` at each of these indices, which belong together. `name` ends what is
    /// declared.
    pub fn of(writer: &Writer, name: &'static str, roots: &[NodeId], indices: &[At]) -> Self {
        let all = indices.iter().flat_map(|at| {
            let nodes = roots.iter().fold(Vec::new(), |mut found, &root| {
                own_loads(writer, root, at, &mut found);
                found
            });
            nodes.into_iter().map(move |node| (node, at.clone()))
        });
        Self { name, loads: all.collect() }
    }

    /// Whether there is anything to ask for.
    pub fn is_empty(&self) -> bool {
        self.loads.is_empty()
    }

    /// The type of what has been asked for.
    pub fn type_name(&self) -> String {
        format!("Ahead_{}", self.name)
    }

    /// A further parameter of the function that is told of it, if there is anything.
    pub fn parameter(&self) -> String {
        if self.is_empty() { String::new() } else { format!(", ahead: {}", self.type_name()) }
    }

    /// The argument for it.
    pub fn argument(&self, name: &str) -> String {
        if self.is_empty() { String::new() } else { format!(", {name}") }
    }

    /// The structure, and the function that fills it, if there is anything; `arguments` are what the indices are made of,
    /// and `before` statements that they need.
    pub fn declaration(&self, writer: &mut Writer, arguments: &str, before: &str) -> String {
        if self.is_empty() {
            return String::new();
        }
        let (mut fields, mut values) = (String::new(), Vec::new());
        for (number, (node, at)) in self.loads.iter().enumerate() {
            let (value, ty) = writer.stored(*node, at);
            fields += &format!("    v{number}: {ty},\n");
            values.push(value);
        }
        let (ty, name, values) = (self.type_name(), self.name, values.join(", "));
        let body = writer.take();
        format!(
            "struct {ty} {{\n{fields}}}\n\nfn fetch_{name}({arguments}) -> {ty} {{\n{before}{body}    return {ty}({values});\n}}\n\n"
        )
    }

    /// Makes what has been asked for known, as the fields of `ahead`.
    pub fn know(&self, writer: &mut Writer) {
        for (number, (node, at)) in self.loads.iter().enumerate() {
            writer.know(*node, at, &format!("ahead.v{number}"));
        }
    }
}

/// Stored tensors behind a value that are read at the very index at which it is evaluated.
fn own_loads(writer: &Writer, id: NodeId, at: &At, found: &mut Vec<NodeId>) {
    let node = writer.program.graph.node(id);
    if at.within(node.ty.shape) != *at || writer.is_raw(id) || found.contains(&id) {
        return;
    }
    if writer.is_loaded(id) {
        found.push(id);
        return;
    }
    match node.op {
        Op::Unary(_) | Op::Binary(_) | Op::Broadcast | Op::Detach => {
            node.args.iter().for_each(|&arg| own_loads(writer, arg, at, found));
        }
        Op::After => own_loads(writer, node.args[0], at, found),
        Op::Input(_)
        | Op::Const(_)
        | Op::Random { .. }
        | Op::Index
        | Op::Remap(_)
        | Op::Reshape
        | Op::Conv(_)
        | Op::ConvDx(_)
        | Op::ConvDw(_)
        | Op::Reduce(..)
        | Op::Total
        | Op::Pool(_)
        | Op::PoolDx(_) => {}
    }
}
