//! One fused loop nest over the rows, columns and channels of one image (or over a tensor
//! outside the batch): loads, scalar operations, stores and reductions.

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

/// How an element lies in memory; in a register it is always an f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// 32 bits.
    #[default]
    F32,
    /// The upper 16 bits of an f32, rounded to nearest even.
    Bf16,
    /// Written only: a bf16, and `distance` elements further the bf16 of what it leaves.
    Split {
        /// Elements from one half to the other.
        distance: usize,
    },
}

impl Format {
    /// Bytes from one element to the next.
    pub fn bytes(self) -> usize {
        match self {
            Format::F32 => 4,
            Format::Bf16 | Format::Split { .. } => 2,
        }
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
    pub format: Format,
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
        /// Elements between rows, columns, channels; zero broadcasts.
        strides: [usize; 3],
        /// Elements of one image.
        image: usize,
    },
}

/// Writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Store {
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

/// A loop nest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LoopSpec {
    /// Rows, columns, channels.
    pub extent: [usize; 3],
    /// Scalar operations in order.
    pub insts: Vec<Inst>,
    /// What is written.
    pub stores: Vec<Store>,
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
}
