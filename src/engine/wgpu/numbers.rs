//! Of what numbers buffers are.

/// How a number is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NumberFormat {
    /// Single precision.
    #[default]
    F32,
    /// Half precision.
    F16,
}

impl NumberFormat {
    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            NumberFormat::F32 => 4,
            NumberFormat::F16 => 2,
        }
    }
}
