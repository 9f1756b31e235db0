//! The buffers that a kernel's text uses, in order of first use.

use std::fmt::Write as _;

use crate::engine::wgpu::memory::{BufferPlace, MemoryPlan, SlotId};
use crate::engine::wgpu::numbers::NumberFormat;

use super::scalar::type_name;

/// A buffer as the runtime knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Buffer {
    /// A slot of the memory plan.
    Slot(SlotId),
    /// All per-channel vectors and scalars.
    Vectors,
    /// Where in a buffer that values share those of this dispatch start, and what else its instances
    /// differ in; a uniform, so that equal kernels have equal text.
    Starts,
}

impl std::fmt::Display for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Buffer::Slot(slot) => write!(f, "slot{}", slot.0),
            Buffer::Vectors => f.write_str("vectors"),
            Buffer::Starts => f.write_str("starts"),
        }
    }
}

/// One binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// What is bound.
    pub buffer: Buffer,
    /// Whether the kernel writes it.
    pub writes: bool,
}

pub(super) struct Bindings<'a> {
    memory: &'a MemoryPlan,
    uses: Vec<Use>,
    /// The contents of [`Buffer::Starts`].
    numbers: Vec<Number>,
    /// Whether the numbers are those of one instance of several.
    instance: bool,
}

/// What [`Buffer::Starts`] holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    /// Where a value starts in the buffer of a binding.
    Start(usize, usize),
    /// Anything else.
    Own(u32),
}

struct Use {
    binding: Binding,
    /// Whether some access is of one element.
    scalar: bool,
    format: NumberFormat,
}

impl<'a> Bindings<'a> {
    pub fn new(memory: &'a MemoryPlan) -> Self {
        Self { memory, uses: Vec::new(), numbers: Vec::new(), instance: false }
    }

    /// Has all numbers be those of an instance, these first.
    pub fn instance(&mut self, numbers: [u32; 3]) {
        self.instance = true;
        self.numbers = numbers.map(Number::Own).to_vec();
    }

    /// A number that instances may differ in, as an expression; none where there are no instances.
    pub fn number(&mut self, bits: u32) -> Option<String> {
        self.instance.then(|| {
            self.numbers.push(Number::Own(bits));
            self.numbered(self.numbers.len() - 1)
        })
    }

    fn numbered(&self, at: usize) -> String {
        let component = ["x", "y", "z", "w"][at % 4];
        let own = if self.instance { "instance * STRIDE + " } else { "" };
        let unsigned = if self.instance { "u" } else { "" };
        format!("starts[{own}{}{unsigned}].{component}", at / 4)
    }

    fn index(&mut self, place: BufferPlace) -> usize {
        let (buffer, format) = match place {
            BufferPlace::Slot(slot) | BufferPlace::Part(slot, _) => {
                (Buffer::Slot(slot), self.memory.slot(slot).format)
            }
            BufferPlace::Vector(_) => (Buffer::Vectors, NumberFormat::F32),
        };
        let known = self.uses.iter().position(|u| u.binding.buffer == buffer);
        known.unwrap_or_else(|| {
            let binding = Binding { buffer, writes: false };
            self.uses.push(Use { binding, scalar: false, format });
            self.uses.len() - 1
        })
    }

    /// The binding of a place, and its address there.
    fn reach(&mut self, place: BufferPlace, address: &str, width: usize) -> (usize, String) {
        let index = self.index(place);
        self.uses[index].scalar |= width == 1;
        match place {
            BufferPlace::Slot(_) => (index, address.to_owned()),
            BufferPlace::Part(_, start) | BufferPlace::Vector(start) => {
                let start = Number::Start(index, start);
                let at = self.numbers.iter().position(|s| *s == start).unwrap_or_else(|| {
                    self.numbers.push(start);
                    self.numbers.len() - 1
                });
                (index, format!("{} + {address}", self.numbered(at)))
            }
        }
    }

    /// The expression that reads `width` elements from `address` on.
    pub fn load(&mut self, place: BufferPlace, address: &str, width: usize) -> String {
        let (index, address) = self.reach(place, address, width);
        format!("read{width}_b{index}({address})")
    }

    /// The expression that reads them as they are stored, and its type.
    pub fn load_stored(
        &mut self,
        place: BufferPlace,
        address: &str,
        width: usize,
    ) -> (String, &'static str) {
        let (index, address) = self.reach(place, address, width);
        let ty = element(self.uses[index].format, width);
        (format!("stored{width}_b{index}({address})"), ty)
    }

    /// What was read as it is stored, as what is computed with.
    pub fn widened(&mut self, place: BufferPlace, stored: &str, width: usize) -> String {
        let index = self.index(place);
        wide(self.uses[index].format, width, stored)
    }

    /// The statement that writes `width` elements from `address` on.
    pub fn store(
        &mut self,
        place: BufferPlace,
        address: &str,
        value: &str,
        width: usize,
    ) -> String {
        let (index, address) = self.reach(place, address, width);
        self.uses[index].binding.writes = true;
        format!("write{width}_b{index}({address}, {value});")
    }

    /// Declarations and accessors; `text` tells which accessors are used. A buffer is an array
    /// of vectors where every access is of four elements. How many numbers all instances have is
    /// not known here.
    pub fn declare(&self, text: &str) -> String {
        let mut out = String::new();
        for (index, used) in self.uses.iter().enumerate() {
            let access = if used.binding.writes { "read_write" } else { "read" };
            let element = element(used.format, if used.scalar { 1 } else { 4 });
            let _ = writeln!(
                out,
                "@group(0) @binding({index}) var<storage, {access}> b{index}: array<{element}>;"
            );
        }
        if !self.numbers.is_empty() && !self.instance {
            out += &starts(self.uses.len(), self.numbers.len().div_ceil(4));
        }
        for (index, used) in self.uses.iter().enumerate() {
            for accessor in accessors(index, used) {
                let name = accessor[3..].split('(').next().unwrap_or_default();
                if text.contains(&format!("{name}(")) {
                    out.push_str(&accessor);
                }
            }
        }
        out
    }

    /// Bindings and numbers.
    pub fn finish(self) -> (Vec<Binding>, Vec<u32>) {
        let mut bindings: Vec<_> = self.uses.into_iter().map(|u| u.binding).collect();
        if !self.numbers.is_empty() {
            bindings.push(Binding { buffer: Buffer::Starts, writes: false });
        }
        let number = |number| match number {
            Number::Start(_, start) => start as u32,
            Number::Own(bits) => bits,
        };
        (bindings, self.numbers.into_iter().map(number).collect())
    }
}

/// The declaration of so many groups of four numbers.
pub(super) fn starts(index: usize, groups: usize) -> String {
    format!("@group(0) @binding({index}) var<uniform> starts: array<vec4<u32>, {groups}>;\n")
}

/// The type of `width` elements in memory.
fn element(format: NumberFormat, width: usize) -> &'static str {
    match (format, width) {
        (NumberFormat::F32, width) => type_name(width),
        (NumberFormat::F16, 1) => "f16",
        (NumberFormat::F16, _) => "vec4<f16>",
    }
}

/// What is in memory as what is computed with, which is always f32.
fn wide(format: NumberFormat, width: usize, x: &str) -> String {
    match format {
        NumberFormat::F32 => x.to_owned(),
        NumberFormat::F16 => format!("{}({x})", type_name(width)),
    }
}

/// The other way round.
fn narrow(format: NumberFormat, width: usize, x: &str) -> String {
    match format {
        NumberFormat::F32 => x.to_owned(),
        NumberFormat::F16 => format!("narrow{width}({x})"),
    }
}

/// Functions that read and write one element or four, and read them as they are stored.
fn accessors(index: usize, used: &Use) -> [String; 6] {
    let b = format!("b{index}");
    let format = used.format;
    let four = element(format, 4);
    let [stored4, read4, write4] = if used.scalar {
        let part = |j: usize| if j == 0 { format!("{b}[i]") } else { format!("{b}[i + {j}u]") };
        let stored = [0, 1, 2, 3].map(part).join(", ");
        let reads = [0, 1, 2, 3].map(|j| wide(format, 1, &part(j))).join(", ");
        let write =
            |(j, c)| format!("    {} = {};\n", part(j), narrow(format, 1, &format!("v.{c}")));
        let writes: String = ["x", "y", "z", "w"].into_iter().enumerate().map(write).collect();
        let reads = format!("    return vec4<f32>({reads});\n");
        [format!("    return {four}({stored});\n"), reads, writes]
    } else {
        let whole = format!("{b}[i / 4u]");
        [
            format!("    return {whole};\n"),
            format!("    return {};\n", wide(format, 4, &whole)),
            format!("    {whole} = {};\n", narrow(format, 4, "v")),
        ]
    };
    let one = format!("{b}[i]");
    let (read, write) = (wide(format, 1, &one), narrow(format, 1, "v"));
    [
        format!("fn read1_{b}(i: u32) -> f32 {{\n    return {read};\n}}\n"),
        format!("fn write1_{b}(i: u32, v: f32) {{\n    {one} = {write};\n}}\n"),
        format!("fn read4_{b}(i: u32) -> vec4<f32> {{\n{read4}}}\n"),
        format!("fn stored1_{b}(i: u32) -> {} {{\n    return {one};\n}}\n", element(format, 1)),
        format!("fn stored4_{b}(i: u32) -> {four} {{\n{stored4}}}\n"),
        format!("fn write4_{b}(i: u32, v: vec4<f32>) {{\n{write4}}}\n"),
    ]
}
