//! Weight gradients by strips (see [`Weights`]): operands come into workgroup memory, the pictures as
//! for a forward convolution, the `gradient` beside them; `products` adds up there, and `results` says
//! what becomes of the sums.

use crate::engine::wgpu::cut::{Contraction, Weights};

use super::groups;
use super::strip::left::Left;
use super::strip::pixels::places;
use super::strip::stage;
use super::template::{STRIP_WEIGHTS, fill, threads};
use super::writer::Writer;

mod gradient;
mod products;
mod results;

use gradient::Gradient;

/// The module.
pub(super) fn weights(writer: &mut Writer, it: &Contraction, cut: &Weights) -> String {
    let operands = Operands {
        left: Left::new(writer, it, &cut.strip),
        gradient: Gradient::new(writer, it, cut),
    };
    let left = operands.left.functions(writer);
    let gradient = operands.gradient.functions(writer);
    let store = results::store(writer, it);
    let mut hooks = vec![
        ("constants", constants(writer, it, cut)),
        ("memory", memory(cut)),
        ("left", left),
        ("gradient", gradient),
        ("store", store),
        ("entry", format!("@compute @workgroup_size({})\n", cut.threads())),
        ("accumulators", products::accumulators(cut)),
        ("body", operands.body(it, cut)),
        ("results", results::results(cut)),
    ];
    let first = groups::first_channel(&writer.cut, "OUTPUTS");
    hooks.extend(first.map(|first| ("channels", first + groups::LEFT)));
    hooks.extend(threads(writer));
    fill(STRIP_WEIGHTS, &hooks)
}

fn constants(writer: &Writer, it: &Contraction, cut: &Weights) -> String {
    let [rows, columns] = it.geometry.output();
    let [row_tiles, col_tiles] = [writer.cut.row_tiles(), writer.cut.col_tiles()];
    let (outputs, tasks, splits) = (cut.blocking.outputs, cut.tasks, cut.splits());
    let groups = writer.cut.workgroups(writer.kernel);
    format!(
        "alias V = vec4<f32>;
{}const COLS = {}u;
const OUTPUTS = {outputs}u;
const ROWS = {rows}u;
const COLUMNS = {columns}u;
const TASKS = {tasks}u;
const SPLITS = {splits}u;
const ROW_TILES = {row_tiles}u;
const COL_TILES = {col_tiles}u;
const GROUPS = {groups}u;
",
        stage::constants(writer, it, &cut.strip),
        it.all_channels()
    )
}

fn memory(cut: &Weights) -> String {
    let [left, right] = [cut.strip.left().len, cut.right().len].map(|len| len * cut.strip.parts);
    let number = if cut.strip.by_matrices() { "f16" } else { "f32" };
    let joined = match cut.joined() {
        0 => String::new(),
        fours => format!("var<workgroup> tile_c: array<vec4<f32>, {fours}>;\n"),
    };
    format!(
        "var<workgroup> tile_a: array<vec4<{number}>, {left}>;
var<workgroup> tile_b: array<vec4<{number}>, {right}>;
{joined}"
    )
}

struct Operands {
    left: Left,
    gradient: Gradient,
}

impl Operands {
    /// Statements that find what a thread stages of a strip.
    fn places(&self, cut: &Weights, task: &str) -> String {
        format!("let tile = {task};\n{}", places(&cut.strip))
            + &self.left.places()
            + &self.gradient.places()
    }

    /// All strips of a workgroup.
    fn body(&self, it: &Contraction, cut: &Weights) -> String {
        let fetch = |declare| self.left.fetch(declare, "k") + &self.gradient.fetch(declare);
        let put = self.left.put() + &self.gradient.put();
        let products = products::products(it, cut);
        let several = cut.blocking.each > 1;
        let mut out = zeros(cut);
        let early = cut.blocking.ahead && several;
        if early {
            out += &(self.left.declared() + &self.gradient.declared());
            out += &format!("{{\n{}{}}}\n", self.places(cut, "split"), fetch(false));
        }
        if several {
            out += "for (var task = split; task < TASKS; task += SPLITS) {\n";
        }
        let task = if several { "task" } else { "split" };
        let asked = if early { String::new() } else { fetch(true) };
        out += &format!("{{\n{}{asked}{put}}}\n", self.places(cut, task));
        out += "workgroupBarrier();\n";
        if early {
            let next = "min(task + SPLITS, TASKS - 1u)";
            out += &format!("{{\n{}{}}}\n", self.places(cut, next), fetch(false));
        }
        out += &products;
        if several {
            out += "workgroupBarrier();\n}\n";
        }
        out
    }
}

/// Zeros where nothing is staged that is read: no gradient meets it, and it has to be a number.
fn zeros(cut: &Weights) -> String {
    if cut.is_filled() {
        return String::new();
    }
    let zero = if cut.strip.by_matrices() { "vec4<f16>()" } else { "vec4<f32>()" };
    format!(
        "for (var e = thread; e < {}u; e += {}u) {{
    tile_a[e] = {zero};
}}
workgroupBarrier();
",
        cut.strip.left().len * cut.strip.parts,
        cut.threads()
    )
}
