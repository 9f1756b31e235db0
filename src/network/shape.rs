//! Shapes of values.

/// Shape of one image's value: channels × height × width, written as the papers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chw {
    /// Channels.
    pub c: usize,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
}

impl Chw {
    /// Elements of one image.
    pub fn len(self) -> usize {
        self.c * self.h * self.w
    }

    /// Whether there is no element; never true in a checked network.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Display for Chw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}×{}", self.c, self.h, self.w)
    }
}
