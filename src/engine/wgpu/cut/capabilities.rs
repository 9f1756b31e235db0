//! What a device has beyond WebGPU's core.

/// What kernels may use of a device; by default what every implementation of WebGPU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// Threads of a subgroup add up their sums without workgroup memory.
    pub subgroups: bool,
    /// Contractions as products of matrices that subgroups hold together.
    pub matrices: Option<Matrices>,
    /// Bytes of memory of a workgroup.
    pub memory: usize,
    /// Threads of a workgroup.
    pub threads: usize,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self { subgroups: false, matrices: None, memory: 16 << 10, threads: 256 }
    }
}

/// What a device multiplies: matrices of `edge` × `edge`, each by the `subgroup` threads of one
/// subgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Matrices {
    /// Rows and columns of every matrix.
    pub edge: usize,
    /// Threads of every subgroup.
    pub subgroup: usize,
}
