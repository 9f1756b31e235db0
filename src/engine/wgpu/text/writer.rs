//! Values of the graph as WGSL statements.
//!
//! A value is written at an index: what is stored is loaded, anything else is computed from its
//! arguments at the same index, or at another one for a re-indexing. Statements are remembered,
//! so that a value used twice at one index is computed once.

use std::collections::{HashMap, HashSet};

use crate::engine::wgpu::cut::TileCut;
use crate::engine::wgpu::kernel::{Kernel, KernelId, is_anchor};
use crate::engine::wgpu::memory::BufferPlace;
use crate::engine::wgpu::plan::GpuPlan;
use crate::graph::{AxisMap, NodeId, Number, Op, Program, Remap, Shape, Type};

use super::bindings::Bindings;
use super::scalar::{binary, literal, single, type_name, unary};

/// An index into a tensor: a WGSL expression for each axis, and how many channels from there on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct At {
    pub axes: [String; 4],
    pub width: usize,
}

impl At {
    pub fn new(axes: [&str; 4], width: usize) -> Self {
        Self { axes: axes.map(str::to_owned), width }
    }

    /// The same with index zero on every axis of length one.
    pub fn within(&self, shape: Shape) -> Self {
        let mut at = self.clone();
        for (axis, extent) in at.axes.iter_mut().zip(shape.0) {
            if extent == 1 {
                *axis = "0u".to_owned();
            }
        }
        if shape.0[3] == 1 {
            at.width = 1;
        }
        at
    }
}

/// The row-major address of an index.
fn address(shape: Shape, at: &At) -> String {
    let mut text = String::new();
    for (axis, extent) in at.axes.iter().zip(shape.0) {
        if !text.is_empty() && extent > 1 {
            text = format!("({text}) * {extent}u");
        }
        if axis != "0u" {
            text = if text.is_empty() { axis.clone() } else { format!("{text} + {axis}") };
        }
    }
    if text.is_empty() { "0u".to_owned() } else { text }
}

#[derive(PartialEq, Eq, Hash)]
enum Known {
    Value(NodeId, At),
    Address(String),
}

/// Writes the functions of one kernel.
pub(super) struct Writer<'a> {
    pub program: &'a Program,
    pub plan: &'a GpuPlan,
    pub kernel: &'a Kernel,
    /// How its domain is cut.
    pub cut: TileCut,
    /// Where it leaves partial sums, if it does.
    pub partials: Option<BufferPlace>,
    pub bindings: Bindings<'a>,
    /// Values that this kernel loads.
    loads: HashSet<NodeId>,
    /// Anchors of this kernel, by the name of their value.
    raw: HashMap<NodeId, String>,
    lines: String,
    scopes: Vec<HashMap<Known, String>>,
    names: usize,
    fault: Option<String>,
}

impl<'a> Writer<'a> {
    pub fn new(program: &'a Program, plan: &'a GpuPlan, id: KernelId) -> Self {
        let kernel = &plan.kernels.list[id.index()];
        let raw = kernel.raw_values(&plan.kernels.list);
        Self {
            program,
            plan,
            kernel,
            cut: plan.cuts[id.index()],
            partials: plan.memory.partials[id.index()],
            bindings: Bindings::new(&plan.memory),
            loads: kernel.reads.iter().map(|r| r.value).collect(),
            raw: raw.into_iter().enumerate().map(|(i, n)| (n, format!("raw{i}"))).collect(),
            lines: String::new(),
            scopes: vec![HashMap::new()],
            names: 0,
            fault: None,
        }
    }

    /// The statements since the last call.
    pub fn take(&mut self) -> String {
        self.scopes = vec![HashMap::new()];
        self.names = 0;
        std::mem::take(&mut self.lines)
    }

    /// What the graph asked for that cannot be written, if anything.
    pub fn fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    pub fn line(&mut self, text: impl AsRef<str>) {
        for _ in 0..self.scopes.len() {
            self.lines.push_str("    ");
        }
        self.lines.push_str(text.as_ref());
        self.lines.push('\n');
    }

    /// Starts a block such as `if (…)`.
    pub fn open(&mut self, head: impl AsRef<str>) {
        self.line(format!("{} {{", head.as_ref()));
        self.scopes.push(HashMap::new());
    }

    /// Ends the block.
    pub fn close(&mut self) {
        self.scopes.pop();
        self.line("}");
    }

    /// A name for an expression.
    pub fn bind(&mut self, expression: impl AsRef<str>) -> String {
        let name = self.fresh();
        self.line(format!("let {name} = {};", expression.as_ref()));
        name
    }

    fn fresh(&mut self) -> String {
        self.names += 1;
        format!("t{}", self.names - 1)
    }

    /// The value of a node at an index, as a name of `at.width` elements.
    pub fn value(&mut self, id: NodeId, at: &At) -> String {
        let node = self.program.graph.node(id);
        let inside = at.within(node.ty.shape);
        if inside.width < at.width {
            let one = self.value(id, &inside);
            return self.remember(Known::Value(id, at.clone()), |_| format!("vec4<f32>({one})"));
        }
        if let Some(name) = self.raw.get(&id) {
            return name.clone();
        }
        let key = Known::Value(id, inside.clone());
        if let Some(known) = self.known(&key) {
            return known;
        }
        let text = match node.op {
            _ if self.loads.contains(&id) => self.load(id, &inside),
            Op::Const(Number(value)) => match self.bindings.number(single(value).to_bits()) {
                Some(number) => format!("bitcast<f32>({number})"),
                None => literal(value),
            },
            Op::Unary(op) => {
                let x = self.value(node.args[0], &inside);
                unary(op, &x, inside.width)
            }
            Op::Binary(op) => {
                let a = self.value(node.args[0], &inside);
                let b = self.value(node.args[1], &inside);
                binary(op, &a, &b, inside.width)
            }
            Op::Broadcast | Op::Detach | Op::After => self.value(node.args[0], &inside),
            Op::Random { stream } => {
                let seed = self.value(node.args[0], &At { width: 1, ..inside.clone() });
                let i = self.address(node.ty.shape, &inside);
                let rank = if node.ty.batched { self.plan.target.rank } else { 0 };
                // Indices have 32 bits, as all engines' do.
                let i = match (rank * node.ty.shape.len()) as u32 {
                    0 => i,
                    before => format!("{before}u + {i}"),
                };
                format!("uniform{}({seed}, {stream}u, {i})", inside.width)
            }
            Op::Index => {
                let i = self.address(node.ty.shape, &inside);
                match inside.width {
                    1 => format!("f32({i})"),
                    _ => format!("vec4<f32>({i} + vec4<u32>(0u, 1u, 2u, 3u))"),
                }
            }
            Op::Remap(remap) => self.remap(node.args[0], &remap, &inside),
            Op::Reshape => self.reshape(node.args[0], node.ty.shape, &inside),
            Op::Input(_)
            | Op::Conv(_)
            | Op::ConvDx(_)
            | Op::ConvDw(_)
            | Op::Reduce(..)
            | Op::Total
            | Op::Pool(_)
            | Op::PoolDx(_) => self.unavailable(id),
        };
        self.remember(key, |_| text)
    }

    /// Whether this kernel loads a value.
    pub fn is_loaded(&self, id: NodeId) -> bool {
        self.loads.contains(&id)
    }

    /// Whether a value is an anchor of this kernel.
    pub fn is_raw(&self, id: NodeId) -> bool {
        self.raw.contains_key(&id)
    }

    /// Where a value is stored.
    pub fn place(&self, id: NodeId) -> Option<BufferPlace> {
        self.plan.memory.nodes[id.index()]
    }

    /// The expression that loads a value as it is stored, and its type.
    pub fn stored(&mut self, id: NodeId, at: &At) -> (String, &'static str) {
        let Some(place) = self.place(id) else { return (self.unavailable(id), "f32") };
        let address = self.address(self.program.graph.node(id).ty.shape, at);
        self.bindings.load_stored(place, &address, at.width)
    }

    /// Makes a value known that has been loaded as it is stored.
    pub fn know(&mut self, id: NodeId, at: &At, stored: &str) {
        let Some(place) = self.place(id) else { return };
        let text = self.bindings.widened(place, stored, at.width);
        self.remember(Known::Value(id, at.clone()), |_| text);
    }

    fn known(&self, key: &Known) -> Option<String> {
        self.scopes.iter().rev().find_map(|scope| scope.get(key)).cloned()
    }

    fn remember(&mut self, key: Known, text: impl FnOnce(&mut Self) -> String) -> String {
        if let Some(known) = self.known(&key) {
            return known;
        }
        let text = text(self);
        let name = self.bind(text);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(key, name.clone());
        }
        name
    }

    fn unavailable(&mut self, id: NodeId) -> String {
        self.refuse(id);
        "0.0".to_owned()
    }

    /// Remembers that a value has no place where this kernel needs one.
    pub fn refuse(&mut self, id: NodeId) {
        let what = if is_anchor(&self.program.graph.node(id).op) { "not computed" } else { "lost" };
        self.fault.get_or_insert_with(|| format!("value {id} is {what} where a kernel needs it"));
    }

    /// The row-major address of an index, as a name.
    pub fn address(&mut self, shape: Shape, at: &At) -> String {
        let text = address(shape, at);
        self.remember(Known::Address(text.clone()), |_| text)
    }

    fn load(&mut self, id: NodeId, at: &At) -> String {
        let Some(place) = self.plan.memory.nodes[id.index()] else { return self.unavailable(id) };
        let address = self.address(self.program.graph.node(id).ty.shape, at);
        self.bindings.load(place, &address, at.width)
    }

    /// Stores a named value at an index of `shape`.
    pub fn store(&mut self, place: BufferPlace, shape: Shape, at: &At, value: &str) {
        let inside = at.within(shape);
        let address = self.address(shape, &inside);
        let statement = self.bindings.store(place, &address, value, at.width);
        self.line(statement);
    }

    /// The element of `arg` at the place that `at` has among those of `shape`.
    fn reshape(&mut self, arg: NodeId, shape: Shape, at: &At) -> String {
        let Type { shape: Shape([images, rows, columns, channels]), batched } =
            self.program.graph.node(arg).ty;
        let same_channels = channels == shape.0[3];
        if at.width == 4 && !same_channels {
            let parts: Vec<_> = (0..4)
                .map(|j| {
                    let mut one = At { width: 1, ..at.clone() };
                    one.axes[3] = format!("({} + {j}u)", at.axes[3]);
                    self.reshape(arg, shape, &one)
                })
                .collect();
            return format!("vec4<f32>({})", parts.join(", "));
        }
        let place = self.address(shape, at);
        let mut source = at.clone();
        let pixels = rows * columns * channels;
        let axes =
            [(images, pixels), (rows, columns * channels), (columns, channels), (channels, 1)];
        for (axis, (extent, step)) in axes.into_iter().enumerate() {
            // Images stay images.
            if axis == 0 && batched || axis == 3 && same_channels {
                continue;
            }
            let text = match extent {
                1 => "0u".to_owned(),
                _ => format!("{place} / {step}u % {extent}u"),
            };
            source.axes[axis] = match extent {
                1 => text,
                _ => self.remember(Known::Address(text.clone()), |_| text),
            };
        }
        self.value(arg, &source)
    }

    fn remap(&mut self, arg: NodeId, remap: &Remap, at: &At) -> String {
        let extents = self.program.graph.node(arg).ty.shape.0;
        if at.width == 4 && !whole_groups(&remap.axes[3], extents[3]) {
            let parts: Vec<_> = (0..4)
                .map(|j| {
                    let mut one = At { width: 1, ..at.clone() };
                    one.axes[3] = format!("({} + {j}u)", at.axes[3]);
                    self.remap(arg, remap, &one)
                })
                .collect();
            return format!("vec4<f32>({})", parts.join(", "));
        }
        let mut source = at.clone();
        let mut conditions = Vec::new();
        for (a, extent) in extents.into_iter().enumerate() {
            let (axis, condition) = self.axis(&remap.axes[a], &at.axes[a], extent);
            source.axes[a] = axis;
            conditions.extend(condition);
        }
        if conditions.is_empty() {
            return self.value(arg, &source);
        }
        let (name, v) = (self.fresh(), type_name(at.width));
        self.line(format!("var {name} = {v}(0.0);"));
        self.open(format!("if ({})", conditions.join(" && ")));
        let value = self.value(arg, &source);
        self.line(format!("{name} = {value};"));
        self.close();
        name
    }

    /// The input index behind output index `i`, and what must hold for it to exist.
    fn axis(&mut self, map: &AxisMap, i: &str, extent: usize) -> (String, Vec<String>) {
        if i == "0u" {
            return match map.source(0, extent) {
                Some(source) => (format!("{source}u"), Vec::new()),
                None => ("0u".to_owned(), vec!["false".to_owned()]),
            };
        }
        let last = (map.len - 1) as isize * map.mul as isize + map.offset;
        let mut conditions = Vec::new();
        let mut text = if map.mul == 1 { i.to_owned() } else { format!("{i} * {}u", map.mul) };
        // Unsigned wrap-around turns a negative index into one that is too large.
        if map.offset < 0 {
            text = format!("{text} - {}u", map.offset.unsigned_abs());
        } else if map.offset > 0 {
            text = format!("{text} + {}u", map.offset);
        }
        let identity = map.mul == 1 && map.offset == 0;
        let at =
            if identity { text } else { self.remember(Known::Address(text.clone()), |_| text) };
        if map.offset < 0 || last >= (extent * map.div) as isize {
            conditions.push(format!("{at} < {}u", extent * map.div));
        }
        if map.div == 1 {
            return (at, conditions);
        }
        conditions.push(format!("{at} % {}u == 0u", map.div));
        let text = format!("{at} / {}u", map.div);
        (self.remember(Known::Address(text.clone()), |_| text), conditions)
    }
}

/// Whether four channels from a multiple of four on come from four such channels.
fn whole_groups(map: &AxisMap, extent: usize) -> bool {
    map.mul == 1 && map.div == 1 && map.offset % 4 == 0 && extent.is_multiple_of(4)
}
