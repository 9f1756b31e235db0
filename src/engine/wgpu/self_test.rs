//! Whether a device's cooperative matrices are trusted: they are new in drivers and in wgpu.
//!
//! A convolution and its gradients are computed by matrices and by plain kernels. Their numbers are
//! small integers, which are exact in f16 and in f32 in any order: the results are equal or wrong.

use std::sync::Arc;

use crate::engine::{EngineError, Executable};
use crate::graph::builder::Builder;
use crate::graph::{ConvGeometry, InputId, Output, Program, Role, Shape, Type};

use super::cut::{Capabilities, Matrices, Target};
use super::device::adapter::Gpu;
use super::executable::GpuProgram;
use super::kernel::{Body, Kernel};
use super::lowered::Lowered;
use super::numbers::NumberFormat;

/// What a device is opened with beyond what [`Gpu::open`] asks for.
const NEEDED: wgpu::Features = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX
    .union(wgpu::Features::SUBGROUP)
    .union(wgpu::Features::SHADER_F16);

/// A device of its own whose matrices are right, else why there is none.
pub(super) fn with_matrices(
    gpu: &Gpu,
    activations: NumberFormat,
) -> Result<(Arc<Gpu>, Matrices), String> {
    let matrices = offered(gpu)?;
    let features = gpu.device.features() | NEEDED;
    let gpu = Arc::new(gpu.another(features).map_err(failed)?);
    let capabilities = Capabilities { matrices: Some(matrices), ..Capabilities::default() };
    let results = |capabilities| results(&gpu, activations, capabilities);
    if results(capabilities)? != results(Capabilities::default())? {
        return Err("the self-test failed: its results are not those of plain kernels".to_owned());
    }
    Ok((gpu, matrices))
}

fn failed(error: EngineError) -> String {
    format!("the self-test failed: {error}")
}

/// The matrices that an adapter's subgroups multiply.
fn offered(gpu: &Gpu) -> Result<Matrices, String> {
    if !gpu.adapter.features().contains(NEEDED) {
        return Err("the adapter has none".to_owned());
    }
    let edge = edge(&gpu.adapter.cooperative_matrix_properties())
        .ok_or("the adapter has none that multiply f16 and add up in f32")?;
    let info = gpu.adapter.get_info();
    let [least, most] = [info.subgroup_min_size, info.subgroup_max_size];
    if least != most || !(2..=64).contains(&most) || !most.is_power_of_two() {
        return Err(format!("the adapter's subgroups have {least} to {most} threads"));
    }
    Ok(Matrices { edge, subgroup: most as usize })
}

/// The largest square matrices of those that multiply f16 and add up in f32.
fn edge(offered: &[wgpu::CooperativeMatrixProperties]) -> Option<usize> {
    use wgpu::CooperativeScalarType::{F16, F32};
    let fit = offered.iter().filter(|p| (p.ab_type, p.cr_type) == (F16, F32));
    let square =
        fit.filter(|p| !p.saturating_accumulation && [p.n_size, p.k_size] == [p.m_size; 2]);
    square.map(|p| p.m_size as usize).filter(|edge| [8, 16].contains(edge)).max()
}

/// What the test's program computes.
fn results(
    gpu: &Arc<Gpu>,
    activations: NumberFormat,
    capabilities: Capabilities,
) -> Result<Vec<Vec<f32>>, String> {
    let program = program();
    let capabilities = gpu.capabilities(capabilities);
    let target = Target { activations, capabilities, ..Target::default() };
    let lowered = Lowered::untuned(&program, target).map_err(failed)?;
    let kernels = lowered.plan.kernels.list.iter().zip(&lowered.plan.cuts);
    let contracts = |kernel: &Kernel| matches!(kernel.body, Body::Contract(_));
    let mut plain = kernels.filter(|(kernel, cut)| contracts(kernel) && !cut.by_matrices());
    if capabilities.matrices.is_some() && plain.next().is_some() {
        return Err("the subgroups of a workgroup cannot share its tile in whole matrices".into());
    }
    run(gpu, &program, lowered).map_err(failed)
}

fn run(gpu: &Arc<Gpu>, program: &Program, lowered: Lowered) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut executable = GpuProgram::new(gpu.clone(), program, lowered, Vec::new(), None)?;
    for (at, input) in program.graph.inputs.iter().enumerate() {
        executable.write(InputId(at as u32), &integers(at, input.ty.shape.len()))?;
    }
    executable.run()?;
    (0..program.outputs.len()).map(|at| executable.output(at)).collect()
}

/// A convolution of pictures to more channels, with both gradients. No sum exceeds 1,152.
fn program() -> Program {
    let geometry = ConvGeometry {
        input: [8, 8],
        kernel: [3, 3],
        stride: 1,
        padding: [1, 1],
        ..ConvGeometry::POINT
    };
    let mut b = Builder::new();
    let batched = |channels| Type { shape: Shape([4, 8, 8, channels]), batched: true };
    let x = b.input("images", Role::Images, batched(16));
    let ty = Type { shape: Shape([3, 3, 16, 32]), batched: false };
    let weight = b.input("weight", Role::Parameter, ty);
    let g = b.input("gradient", Role::Images, batched(32));
    let nodes =
        [b.conv(geometry, x, weight), b.conv_dx(geometry, g, weight), b.conv_dw(geometry, x, g)];
    Program { graph: b.finish(), outputs: Output::quantities(nodes), updates: Vec::new(), batch: 4 }
}

/// From -2 to 2, in no order that a wrong index would keep.
fn integers(input: usize, len: usize) -> Vec<f32> {
    let mix = |at: usize| (at + 1) * (2 * input + 7_919) % 10_007 * 31 % 5;
    (0..len).map(|at| mix(at) as f32 - 2.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgpu::CooperativeScalarType::{F16, F32};

    #[test]
    fn only_square_matrices_of_f16_added_up_in_f32_are_taken() {
        let of = |[m_size, n_size, k_size]: [u32; 3], ab_type, cr_type| {
            let saturating_accumulation = false;
            wgpu::CooperativeMatrixProperties {
                m_size,
                n_size,
                k_size,
                ab_type,
                cr_type,
                saturating_accumulation,
            }
        };
        let strange = [of([16, 8, 16], F16, F32), of([16; 3], F16, F16), of([8; 3], F32, F32)];
        assert_eq!(edge(&strange), None);
        assert_eq!(edge(&[of([8; 3], F16, F32), of([16; 3], F16, F32)]), Some(16));
        assert_eq!(edge(&[of([8; 3], F16, F32), strange[0]]), Some(8));
    }

    #[test]
    fn the_test_has_small_integers_of_every_kind() {
        for input in 0..3 {
            let numbers = integers(input, 1000);
            for n in -2i8..=2 {
                assert!(numbers.contains(&f32::from(n)), "{n} in input {input}");
            }
        }
    }
}
