//! Operands into workgroup memory. A thread asks for all that it stages before it makes any of it, and
//! for the next channels before these are multiplied. What lies outside is loaded from where
//! something is, and replaced by zero: no load stands behind a branch.

use crate::engine::wgpu::cut::{Contraction, ContractionKind, Strip, StripBlocking};
use crate::graph::Shape;

use super::super::ahead::Ahead;
use super::super::writer::{At, Writer};
use super::left::Left;
use super::products::{RIGHT_SCALE, products};

/// How a strip's operands are staged.
pub(super) struct Operands {
    strip: Strip,
    threads: usize,
    pub left: Left,
    right: Right,
}

/// The weights: units of neighbouring channels of what they are staged along.
struct Right {
    ahead: Ahead,
    units: usize,
}

impl Operands {
    pub fn new(writer: &Writer, it: &Contraction, strip: &Strip) -> Self {
        let left = Left::new(writer, it, strip);
        let shape = writer.program.graph.node(it.operands[1]).ty.shape;
        let indices: Vec<_> = right_indices(it, strip).iter().map(|at| at.within(shape)).collect();
        let each = if strip.by_matrices() { 4 } else { strip.width };
        let right = Right {
            ahead: Ahead::of(writer, "right", &[it.operands[1]], &indices),
            units: strip.places * left.filled * strip.blocking.channels / each,
        };
        Self { strip: *strip, threads: writer.cut.threads(), left, right }
    }

    /// The functions that fetch and make a unit of the weights.
    pub fn right_functions(&self, writer: &mut Writer, it: &Contraction) -> String {
        let ahead = &self.right.ahead;
        let shape = writer.program.graph.node(it.operands[1]).ty.shape;
        let indices = right_indices(it, &self.strip);
        let before = right_channels(it, &self.strip);
        let arguments = "i: u32, j: u32, k: u32, col: u32";
        let mut out = ahead.declaration(writer, arguments, &before);
        ahead.know(writer);
        let names: Vec<_> =
            indices.iter().map(|at| writer.value(it.operands[1], &at.within(shape))).collect();
        let body = writer.take();
        let four = self.strip.by_matrices() || self.strip.width == 4;
        let ty = if four { "vec4<f32>" } else { "f32" };
        let value = match (&names[..], four) {
            ([one], _) => one.clone(),
            (parts, _) => {
                let along = if self.strip.turned() { "k" } else { "col" };
                let end = if self.strip.turned() { "INNER" } else { "COLS" };
                let part = |(at, name): (usize, &String)| {
                    format!("select(0.0, {name}, {along} + {at}u < {end})")
                };
                format!(
                    "vec4<f32>({})",
                    parts.iter().enumerate().map(part).collect::<Vec<_>>().join(", ")
                )
            }
        };
        let asked = ahead.parameter();
        out += &format!(
            "fn right({arguments}{asked}) -> {ty} {{\n{before}{body}    return select({ty}(0.0), {value}, k < INNER && col < COLS);\n}}\n"
        );
        out + &put(&self.strip, "right", "tile_b", self.strip.right().len)
    }

    fn right_turns(&self) -> usize {
        self.right.units.div_ceil(self.threads)
    }

    /// Where the weights of a unit come from and go, as statements: `i`, `j`, `depth`, `column` and `at`.
    fn right_place(&self, turn: usize, row: Option<usize>, across: usize) -> String {
        let StripBlocking { channels, chunk, .. } = self.strip.blocking;
        let (filled, stride) = (self.left.filled, self.strip.right().stride);
        let first = turn * self.threads;
        let last = self.right.units - 1;
        let place = |name: &str| match row {
            Some(row) => format!("let i = {row}u;\nlet j = {name};\n"),
            None => format!("let i = {name} / {across}u;\nlet j = {name} % {across}u;\n"),
        };
        let unit = format!("let unit = min(thread + {first}u, {last}u);\n");
        let width = self.strip.width;
        if self.strip.turned() {
            let each = filled / 4;
            return format!(
                "{unit}let place = unit / {}u;\n{}let depth = unit % {each}u * 4u;
let column = unit / {each}u % {channels}u;
let at = (place * {channels}u + column) * {stride}u + depth / 4u;
",
                each * channels,
                place("place")
            );
        }
        let each = channels / if self.strip.by_matrices() { 4 } else { width };
        let (of, column) = if self.is_turned_by_threads() {
            // Neighbouring threads read neighbouring channels.
            (format!("unit % {filled}u"), format!("unit / {filled}u % {each}u"))
        } else {
            (format!("unit / {each}u % {filled}u"), format!("unit % {each}u"))
        };
        format!(
            "{unit}let place = unit / {}u;\n{}let depth = {of};
let column = {column} * {}u;
let at = (place * {chunk}u + depth) * {stride}u + column / {}u;
",
            each * filled,
            place("place"),
            channels / each,
            channels / each
        )
    }

    /// Whether threads multiply weights that lie along the other channels.
    fn is_turned_by_threads(&self) -> bool {
        !self.strip.by_matrices() && self.strip.adjoint
    }

    fn fetch_right(&self, it: &Contraction, row: Option<usize>, declare: bool, k: &str) -> String {
        if self.right.ahead.is_empty() {
            return String::new();
        }
        let ty = self.right.ahead.type_name();
        let one = |turn: usize| {
            let place = self.right_place(turn, row, it.geometry.kernel[1]);
            let declared =
                if declare { format!("var ahead_b{turn}: {ty};\n") } else { String::new() };
            format!(
                "{declared}{{\n{place}ahead_b{turn} = fetch_right(i, j, {k} + depth, first_col + column);\n}}\n"
            )
        };
        (0..self.right_turns()).map(one).collect()
    }

    fn put_right(&self, it: &Contraction, row: Option<usize>) -> String {
        let one = |turn: usize| {
            let place = self.right_place(turn, row, it.geometry.kernel[1]);
            let [first, all] = [turn * self.threads, self.right.units];
            let some = if first + self.threads > all {
                format!("if (thread + {first}u < {all}u) ")
            } else {
                String::new()
            };
            let asked = self.right.ahead.argument(&format!("ahead_b{turn}"));
            let value = format!("right(i, j, k + depth, first_col + column{asked})");
            format!("{some}{{\n{place}put_right(at, {value});\n}}\n")
        };
        (0..self.right_turns()).map(one).collect()
    }

    /// All chunks; `results` asks for what the epilogue reads.
    pub fn body(&self, it: &Contraction, results: &str) -> String {
        let StripBlocking { chunk, whole, ahead, .. } = self.strip.blocking;
        let rows: Vec<Option<usize>> =
            if whole { vec![None] } else { (0..it.geometry.kernel[0]).map(Some).collect() };
        let several = it.inner > chunk;
        let mut out = self.zeros(chunk);
        let early = ahead && several;
        if early {
            out += &self.left.fetch(true, "0u");
            out += &self.fetch_right(it, rows[0], true, "0u");
        }
        if several {
            out += "for (var k = 0u; k < INNER; k += CHUNK) {\n";
        } else {
            out += "let k = 0u;\n";
        }
        if !early {
            out += &self.left.fetch(true, "k");
            out += &self.fetch_right(it, rows[0], true, "k");
        }
        out += &self.left.put();
        for (at, &row) in rows.iter().enumerate() {
            if at > 0 {
                out += "workgroupBarrier();\n";
                out += &self.fetch_right(it, row, false, "k");
            }
            out += &self.put_right(it, row);
            out += "workgroupBarrier();\n";
            let last = at + 1 == rows.len();
            if last && early {
                let next = "min(k + CHUNK, (INNER - 1u) / CHUNK * CHUNK)";
                out += &format!("let next = {next};\n");
                out += &self.left.fetch(false, "next");
                out += &self.fetch_right(it, rows[0], false, "next");
            }
            if last && !several {
                out += results;
            }
            out += &products(it, &self.strip, row);
        }
        if several {
            out += "workgroupBarrier();\n}\n";
            out += results;
        }
        out
    }

    /// Zeros where a chunk has no channels.
    fn zeros(&self, chunk: usize) -> String {
        if self.left.filled == chunk {
            return String::new();
        }
        let threads = self.threads;
        let all = |tile: &str, len: usize, zero: &str| {
            format!(
                "for (var e = thread; e < {len}u; e += {threads}u) {{\n    {tile}[e] = {zero};\n}}\n"
            )
        };
        let parts = self.strip.parts;
        let [a, b] =
            if self.strip.by_matrices() { ["vec4<f16>()"; 2] } else { ["vec4<f32>()", "V()"] };
        all("tile_a", self.strip.left().len * parts, a)
            + &all("tile_b", self.strip.right().len * parts, b)
            + "workgroupBarrier();\n"
    }
}

/// Constants of what a strip sees.
pub(in crate::engine::wgpu::text) fn constants(
    writer: &Writer,
    it: &Contraction,
    strip: &Strip,
) -> String {
    let Shape([n, h, w, _]) = writer.program.graph.node(it.operands[0]).ty.shape;
    let (inner, chunk) = (it.inner, strip.blocking.chunk);
    format!(
        "const INNER = {inner}u;
const CHUNK = {chunk}u;
const IMAGES = {n}u;
const SOURCE_ROWS = {h}u;
const SOURCE_COLUMNS = {w}u;
"
    )
}

/// The indices of a unit of the weights.
fn right_indices(it: &Contraction, strip: &Strip) -> Vec<At> {
    let one = |at: usize, width| match it.kind {
        ContractionKind::PictureGradient if strip.turned() => {
            At::new(["i", "j", "col0", &format!("k{at}")], width)
        }
        ContractionKind::PictureGradient => At::new(["i", "j", &format!("col{at}"), "k0"], 1),
        ContractionKind::Forward | ContractionKind::WeightGradient => {
            At::new(["i", "j", "k0", &format!("col{at}")], width)
        }
    };
    let along = if strip.turned() { it.inner } else { it.channels };
    let adjoint = it.kind == ContractionKind::PictureGradient;
    let (count, width) = match (strip.by_matrices(), adjoint) {
        (true, _) if along.is_multiple_of(4) => (1, 4),
        (true, _) => (4, 1),
        (false, true) => (strip.width, 1),
        (false, false) => (1, strip.width),
    };
    (0..count).map(|at| one(at, width)).collect()
}

/// The names that these indices use: rows and channels that there are.
fn right_channels(it: &Contraction, strip: &Strip) -> String {
    let several = right_indices(it, strip);
    let (count, width) = (several.len(), several[0].width);
    let names = |name: &str, extent: usize, count: usize, width: usize| -> String {
        let one =
            |at: usize| format!("    let {name}{at} = min({name} + {at}u, {}u);\n", extent - width);
        (0..count).map(one).collect()
    };
    if it.groups > 1 && strip.adjoint {
        return adjoint_channels(it, strip, [count, width]);
    }
    if strip.turned() {
        names("col", it.channels, 1, 1) + &names("k", it.inner, count, width)
    } else {
        names("k", it.inner, 1, 1) + &names("col", it.all_channels(), count, width)
    }
}

/// The same of weights whose inputs are those of a group, and whose outputs those of all.
fn adjoint_channels(it: &Contraction, strip: &Strip, [count, width]: [usize; 2]) -> String {
    let (channels, inner, last) = (it.channels, it.inner, it.all_channels() - 1);
    let (cols, ks) = if strip.turned() { (1, count) } else { (count, 1) };
    let col = |at| format!("    let col{at} = min(col + {at}u, {last}u) % {channels}u;\n");
    let k = |at| {
        let most = inner - if strip.turned() { width } else { 1 };
        format!("    let k{at} = first + min(k + {at}u, {most}u);\n")
    };
    let first = format!("    let first = min(col, {last}u) / {channels}u * {inner}u;\n");
    first + &(0..cols).map(col).collect::<String>() + &(0..ks).map(k).collect::<String>()
}

/// The function that writes a four, or a number, of an operand.
pub(in crate::engine::wgpu::text) fn put(
    strip: &Strip,
    name: &str,
    tile: &str,
    len: usize,
) -> String {
    if !strip.by_matrices() {
        let ty = if name == "left" { "vec4<f32>" } else { "V" };
        return format!("\nfn put_{name}(at: u32, v: {ty}) {{\n    {tile}[at] = v;\n}}\n");
    }
    let second = if strip.parts == 2 {
        format!("    {tile}[{len}u + at] = vec4<f16>(v - vec4<f32>(high));\n")
    } else {
        String::new()
    };
    let (argument, scaled) = match (name, strip.parts) {
        ("right", 2) => ("plain", format!("    let v = plain * {RIGHT_SCALE}.0;\n")),
        _ => ("v", String::new()),
    };
    format!(
        "\nfn put_{name}(at: u32, {argument}: vec4<f32>) {{\n{scaled}    let high = narrow4(v);\n    {tile}[at] = high;\n{second}}}\n"
    )
}
