//! GPUs as their makers describe them, for estimates without one.

use crate::engine::Precision;

use super::cut::{Capabilities, Matrices, Target};
use super::numbers::NumberFormat;

/// What limits a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chip {
    /// How it is asked for.
    pub name: &'static str,
    /// What its maker calls it.
    pub title: &'static str,
    /// Multiply-adds in f32, in TFLOP/s (one is two operations).
    pub f32_tflops: f64,
    /// Products of f16 matrices added up in f32, dense, in TFLOP/s; of the shaders where there are no
    /// other units for them.
    pub matrix_tflops: f64,
    /// From memory, in GB/s.
    pub gbytes: f64,
    /// Multiprocessors, compute units, cores: what runs whole workgroups.
    pub multiprocessors: usize,
    /// Threads at a time on one of them.
    pub threads: usize,
    /// KiB of workgroup memory of one of them.
    pub memory: usize,
    /// What subgroups multiply.
    pub matrices: Matrices,
}

const fn matrices(edge: usize, subgroup: usize) -> Matrices {
    Matrices { edge, subgroup }
}

/// Clocks are the highest that the maker gives.
///
/// - H100 and H200, SXM: NVIDIA H100 Tensor Core GPU Architecture (2022), tables 1 and 2; NVIDIA H200
///   datasheet (2024).
/// - A100, SXM, 80 GB: NVIDIA A100 Tensor Core GPU Architecture (2020), tables 1 and 4; datasheet (2021).
/// - RTX 4090: NVIDIA Ada GPU Architecture (2022), appendix A. RTX 3090: NVIDIA Ampere GA102 GPU
///   Architecture (2020), table 2. L4, T4: their datasheets; Turing GPU Architecture (2018).
/// - RX 7900 XTX: AMD's product page; RDNA 3 Instruction Set Architecture (2023).
/// - M3 Max with 40 cores: Apple's newsroom (2023) for the bandwidth. Apple gives no FLOP/s: 40 cores of
///   128 multiply-adds at 1.4 GHz, as fast in f16, and matrices in the same units.
pub const CHIPS: [Chip; 9] = [
    Chip {
        name: "h200",
        title: "NVIDIA H200",
        f32_tflops: 67.0,
        matrix_tflops: 989.0,
        gbytes: 4800.0,
        multiprocessors: 132,
        threads: 2048,
        memory: 228,
        matrices: matrices(16, 32),
    },
    Chip {
        name: "h100",
        title: "NVIDIA H100",
        f32_tflops: 67.0,
        matrix_tflops: 989.0,
        gbytes: 3350.0,
        multiprocessors: 132,
        threads: 2048,
        memory: 228,
        matrices: matrices(16, 32),
    },
    Chip {
        name: "a100",
        title: "NVIDIA A100",
        f32_tflops: 19.5,
        matrix_tflops: 312.0,
        gbytes: 2039.0,
        multiprocessors: 108,
        threads: 2048,
        memory: 164,
        matrices: matrices(16, 32),
    },
    Chip {
        name: "rtx4090",
        title: "NVIDIA GeForce RTX 4090",
        f32_tflops: 82.6,
        matrix_tflops: 165.2,
        gbytes: 1008.0,
        multiprocessors: 128,
        threads: 1536,
        memory: 100,
        matrices: matrices(16, 32),
    },
    Chip {
        name: "rtx3090",
        title: "NVIDIA GeForce RTX 3090",
        f32_tflops: 35.6,
        matrix_tflops: 71.0,
        gbytes: 936.0,
        multiprocessors: 82,
        threads: 1536,
        memory: 100,
        matrices: matrices(16, 32),
    },
    Chip {
        name: "l4",
        title: "NVIDIA L4",
        f32_tflops: 30.3,
        matrix_tflops: 121.0,
        gbytes: 300.0,
        multiprocessors: 58,
        threads: 1536,
        memory: 100,
        matrices: matrices(16, 32),
    },
    Chip {
        name: "t4",
        title: "NVIDIA T4",
        f32_tflops: 8.1,
        matrix_tflops: 65.0,
        gbytes: 320.0,
        multiprocessors: 40,
        threads: 1024,
        memory: 64,
        matrices: matrices(16, 32),
    },
    Chip {
        name: "rx7900xtx",
        title: "AMD Radeon RX 7900 XTX",
        f32_tflops: 61.4,
        matrix_tflops: 122.8,
        gbytes: 960.0,
        multiprocessors: 96,
        threads: 1024,
        memory: 64,
        matrices: matrices(16, 32),
    },
    Chip {
        name: "m3-max",
        title: "Apple M3 Max",
        f32_tflops: 14.3,
        matrix_tflops: 14.3,
        gbytes: 400.0,
        multiprocessors: 40,
        threads: 1024,
        memory: 32,
        matrices: matrices(8, 32),
    },
];

impl Chip {
    /// For what kernels are written that run on it untuned.
    pub fn target(&self, precision: Precision) -> Target {
        let (activations, matrices) = match precision {
            Precision::F16 => (NumberFormat::F16, Some(self.matrices)),
            Precision::F16x3 => (NumberFormat::F32, Some(self.matrices)),
            Precision::F32 | Precision::Bf16x3 | Precision::Bf16 => (NumberFormat::F32, None),
        };
        let memory = self.memory.min(48) << 10;
        let threads = 512.min(self.threads);
        let capabilities = Capabilities { subgroups: true, matrices, memory, threads };
        Target { activations, capabilities, ..Target::default() }
    }
}
