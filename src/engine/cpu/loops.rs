//! One fused loop nest over the rows, columns and channels of one image (or over a tensor
//! outside the batch): loads, scalar operations, stores and reductions.

use super::operand::NumberFormat;
use crate::graph::{Binary, Unary};

/// An instruction's position in [`LoopSpec::insts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scalar(pub u32);

impl Scalar {
    /// Position.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a loop's iteration finds its element: `offset + row·s₀ + column·s₁ + channel·s₂`
/// elements from the start of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// Which pointer.
    pub slot: usize,
    /// Elements to skip.
    pub offset: usize,
    /// Elements from one row, column and channel to the next; zero broadcasts.
    pub strides: [usize; 3],
    /// How the elements lie there.
    pub format: NumberFormat,
}

/// A scalar operation; operands are earlier instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inst {
    /// Reads memory.
    Load(Access),
    /// A number, by its bits.
    Const(u32),
    /// One operand.
    Unary(Unary, Scalar),
    /// Two operands.
    Binary(Binary, Scalar, Scalar),
    /// A uniform number for this element's linear index in the whole tensor.
    Random {
        /// Which draw.
        stream: u32,
        /// This step's seed.
        seed: Scalar,
        /// Where the element stands.
        index: Index,
    },
    /// This element's linear index in the whole tensor, as a number.
    Index(Index),
}

/// An element's linear index in the whole tensor, by where the loop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Index {
    /// Elements between rows, columns, channels; zero broadcasts.
    pub strides: [usize; 3],
    /// Elements of one image; none where nothing is batched.
    pub image: usize,
}

/// Writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LoopStore {
    /// Where.
    pub access: Access,
    /// What.
    pub value: Scalar,
}

/// How a loop accumulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accumulate {
    /// Σ v
    Sum,
    /// max v
    Max,
    /// Moments about the first element: three vectors, the shift s, Σ (v − s) and Σ (v − s)²,
    /// `pitch` elements apart. Shifting keeps f32 from cancelling where the mean is large.
    Moments {
        /// Distance between the three vectors, in elements.
        pitch: usize,
    },
}

/// Accumulates a value; the access has stride zero along the reduced axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reduction {
    /// How.
    pub kind: Accumulate,
    /// Where the accumulator lives; it is initialised by the loop.
    pub access: Access,
    /// What.
    pub value: Scalar,
}

/// Most pointers that a loop takes.
pub const MAX_SLOTS: usize = 64;

/// A loop nest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LoopSpec {
    /// Rows, columns, channels.
    pub extent: [usize; 3],
    /// Scalar operations in order.
    pub insts: Vec<Inst>,
    /// What is written.
    pub stores: Vec<LoopStore>,
    /// What is accumulated.
    pub reductions: Vec<Reduction>,
    /// Number of pointers.
    pub slots: usize,
}

impl LoopSpec {
    /// Appends an instruction, sharing equal ones.
    pub fn push(&mut self, inst: Inst) -> Scalar {
        let at = self.insts.iter().position(|&i| i == inst).unwrap_or_else(|| {
            self.insts.push(inst);
            self.insts.len() - 1
        });
        Scalar(at as u32)
    }

    /// What it reads.
    pub fn loads(&self) -> impl Iterator<Item = &Access> {
        self.insts.iter().filter_map(|inst| match inst {
            Inst::Load(access) => Some(access),
            Inst::Const(_)
            | Inst::Unary(..)
            | Inst::Binary(..)
            | Inst::Random { .. }
            | Inst::Index(_) => None,
        })
    }

    /// What it does, and the bytes that it reads and stores.
    pub fn describe(&self) -> (String, usize) {
        let [rows, columns, channels] = self.extent;
        let text = format!(
            "loop {rows}×{columns}×{channels}: {} operations, {} stores, {} reductions",
            self.insts.len(),
            self.stores.len(),
            self.reductions.len()
        );
        let moved = |a: &Access| {
            let along = |axis: usize| if a.strides[axis] == 0 { 1 } else { self.extent[axis] };
            a.format.bytes() * along(0) * along(1) * along(2)
        };
        (text, self.loads().chain(self.stores.iter().map(|s| &s.access)).map(moved).sum())
    }
}

impl std::fmt::Display for Access {
    /// `2[64 + 512·row + 16·column + channel] bf16`: slot, element, format.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut terms: Vec<String> =
            (self.offset > 0).then(|| self.offset.to_string()).into_iter().collect();
        for (name, stride) in ["row", "column", "channel"].iter().zip(self.strides) {
            match stride {
                0 => {}
                1 => terms.push((*name).to_owned()),
                stride => terms.push(format!("{stride}·{name}")),
            }
        }
        let at = if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") };
        write!(f, "{}[{at}] {}", self.slot, self.format)
    }
}

impl std::fmt::Display for LoopSpec {
    /// Its extent, and a line for each instruction, store and reduction.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [rows, columns, channels] = self.extent;
        writeln!(f, "{rows}×{columns}×{channels}")?;
        let v = |scalar: &Scalar| format!("v{}", scalar.0);
        for (number, inst) in self.insts.iter().enumerate() {
            write!(f, "  v{number} = ")?;
            match inst {
                Inst::Load(access) => writeln!(f, "load {access}"),
                Inst::Const(bits) => writeln!(f, "{:?}", f32::from_bits(*bits)),
                Inst::Unary(op, a) => writeln!(f, "{} {}", op.name(), v(a)),
                Inst::Binary(op, a, b) => writeln!(f, "{} {}, {}", op.name(), v(a), v(b)),
                Inst::Random { stream, seed, .. } => writeln!(f, "random {stream}, {}", v(seed)),
                Inst::Index(_) => writeln!(f, "index"),
            }?;
        }
        for LoopStore { access, value } in &self.stores {
            writeln!(f, "  store {access} = {}", v(value))?;
        }
        for Reduction { kind, access, value } in &self.reductions {
            let kind = match kind {
                Accumulate::Sum => "sum",
                Accumulate::Max => "max",
                Accumulate::Moments { .. } => "moments",
            };
            writeln!(f, "  {kind} {access} of {}", v(value))?;
        }
        Ok(())
    }
}
