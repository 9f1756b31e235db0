//! An operand in fours of neighbouring channels of a pixel: the functions that fetch and make a unit
//! of one or two fours.

use crate::engine::wgpu::kernel::Moment;
use crate::graph::NodeId;

use super::super::ahead::Ahead;
use super::super::writer::{At, Writer};

/// How an operand is made.
pub(in crate::engine::wgpu::text) struct Fours {
    pub node: NodeId,
    /// Of the functions, and of what they return.
    pub names: [&'static str; 2],
    /// Its channels, and the constant that says how many.
    pub channels: (usize, &'static str),
    /// Fours of a unit.
    pub count: usize,
    /// Whether a unit may reach beyond the channels.
    pub ragged: bool,
    /// Neighbouring channels that are loaded at once.
    pub width: usize,
    /// Whether these are the channels of one group of several, the first of which is told.
    pub grouped: bool,
}

impl Fours {
    /// What the functions are told: a pixel, a unit's first channel, and the group's.
    fn parameters(&self) -> &'static str {
        if self.grouped {
            "n: u32, y: u32, x: u32, c: u32, group_channel: u32"
        } else {
            "n: u32, y: u32, x: u32, c: u32"
        }
    }

    /// What is loaded at a unit's indices.
    pub fn ahead(&self, writer: &Writer) -> Ahead {
        Ahead::of(writer, self.names[0], &[self.node], &self.indices(writer))
    }

    /// The structure of a unit and its functions; `stores` says whether a value is stored on the way.
    pub fn functions(&self, writer: &mut Writer, ahead: &Ahead, stores: bool) -> String {
        let before = self.clamped();
        let parameters = self.parameters();
        let out = ahead.declaration(writer, parameters, &before);
        ahead.know(writer);
        let at = self.indices(writer);
        let made: Vec<_> = at.iter().map(|at| writer.value(self.node, at)).collect();
        if stores {
            self.store_on_the_way(writer, &at);
        }
        let values: Vec<_> = (0..self.count).map(|four| self.four(&made, four)).collect();
        let body = writer.take();
        let fields: String =
            (0..self.count).map(|four| format!("    v{four}: vec4<f32>,\n")).collect();
        let asked = ahead.parameter();
        let own = if stores { ", own: bool" } else { "" };
        let [name, unit] = self.names;
        out + &format!(
            "struct {unit} {{\n{fields}}}\n\nfn {name}({parameters}{own}{asked}) -> {unit} {{\n{before}{body}    return {unit}({});\n}}\n",
            values.join(", ")
        )
    }

    /// The indices of a unit: a four each, or a channel each where fours do not divide.
    fn indices(&self, writer: &Writer) -> Vec<At> {
        let shape = writer.program.graph.node(self.node).ty.shape;
        let (count, width) = if self.width == 4 { (self.count, 4) } else { (4, 1) };
        let index = |at: usize| At::new(["n", "y", "x", &format!("c{at}")], width).within(shape);
        (0..count).map(index).collect()
    }

    /// The names that these indices use: channels that there are.
    fn clamped(&self) -> String {
        let (count, width) = if self.width == 4 { (self.count, 4) } else { (4, 1) };
        let last = self.channels.0 - width;
        let first = if self.grouped { "group_channel + " } else { "" };
        (0..count)
            .map(|at| format!("    let c{at} = {first}min(c + {}u, {last}u);\n", width * at))
            .collect()
    }

    /// A four, zero where there are no channels.
    fn four(&self, made: &[String], four: usize) -> String {
        let end = self.channels.1;
        if self.width == 1 {
            let part =
                |(at, name): (usize, &String)| format!("select(0.0, {name}, c + {at}u < {end})");
            let parts: Vec<_> = made.iter().enumerate().map(part).collect();
            return format!("vec4<f32>({})", parts.join(", "));
        }
        if self.ragged {
            format!("select(vec4<f32>(0.0), {}, c + {}u < {end})", made[four], 4 * four)
        } else {
            made[four].clone()
        }
    }

    /// Stores what no earlier kernel has stored of what the operand is made of: the workgroup of the
    /// first channels does, where a pixel of its own strip is staged.
    fn store_on_the_way(&self, writer: &mut Writer, indices: &[At]) {
        let kernel = writer.kernel;
        let stores = kernel.stores.iter().filter(|s| s.at == Moment::Prologue).map(|s| s.value);
        for value in stores.collect::<Vec<_>>() {
            let Some(place) = writer.place(value) else { continue };
            let shape = writer.program.graph.node(value).ty.shape;
            for (number, at) in indices.iter().enumerate() {
                let known = writer.value(value, at);
                let end = self.channels.1;
                writer.open(format!("if (own && c + {}u < {end})", number * at.width));
                writer.store(place, shape, at, &known);
                writer.close();
            }
        }
    }
}

/// How threads stage an operand, a unit a turn: statements that name what belongs to a turn by a
/// letter and its number.
pub(in crate::engine::wgpu::text) struct Turns<'a> {
    pub operand: &'a Fours,
    pub ahead: &'a Ahead,
    pub letter: char,
    pub count: usize,
}

impl Turns<'_> {
    fn each(&self, one: impl Fn(String) -> String) -> String {
        (0..self.count).map(|turn| one(format!("{}{turn}", self.letter))).collect()
    }

    /// The pixel of a unit, and its first channel from `first` on.
    fn index(&self, turn: &str, first: &str) -> String {
        let from = ["x", "y", "z"].map(|axis| format!("from_{turn}.{axis}")).join(", ");
        let group = if self.operand.grouped { ", group_channel" } else { "" };
        format!("{from}, {first} + channel_{turn}{group}")
    }

    /// Declares what is asked for.
    pub fn declared(&self) -> String {
        if self.ahead.is_empty() {
            return String::new();
        }
        self.each(|turn| format!("var ahead_{turn}: {};\n", self.ahead.type_name()))
    }

    /// Asks for channels from `first` on.
    pub fn fetch(&self, declare: bool, first: &str) -> String {
        if self.ahead.is_empty() {
            return String::new();
        }
        let (word, name) = (if declare { "var " } else { "" }, self.operand.names[0]);
        self.each(|turn| {
            format!("{word}ahead_{turn} = fetch_{name}({});\n", self.index(&turn, first))
        })
    }

    /// Makes channels from `first` on; `stores` says whether a value is stored on the way.
    pub fn put(&self, first: &str, stores: bool) -> String {
        let name = self.operand.names[0];
        self.each(|turn| {
            let own = if stores { format!(", own_{turn}") } else { String::new() };
            let asked = self.ahead.argument(&format!("ahead_{turn}"));
            let put = |four| {
                format!(
                    "    put_{name}(at_{turn} + {four}u, select(vec4<f32>(0.0), made.v{four}, in_{turn}));\n"
                )
            };
            format!(
                "if (some_{turn}) {{\n    let made = {name}({}{own}{asked});\n{}}}\n",
                self.index(&turn, first),
                (0..self.operand.count).map(put).collect::<String>()
            )
        })
    }
}
