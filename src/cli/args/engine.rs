//! On what to compute.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::running::Format;
use super::values::threads;
use crate::api::EngineKind;
use crate::engine::Precision;
use crate::engine::wgpu::{DeviceLimits, Tune};

/// `rnetc devices`.
#[derive(Debug, Args)]
pub struct DevicesArgs {
    /// How to print them
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// On what to compute.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// Where to compute; auto takes a GPU if there is one
    #[arg(long, value_enum, default_value = "auto")]
    pub engine: EngineKind,
    /// In what precision to multiply [default: the recipe's, else f32]
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,
    /// Threads of the CPU engine [default: one a core]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Which GPU: the number that rnetc devices gives it [default: the best]
    #[arg(long, value_name = "N")]
    pub adapter: Option<usize>,
    /// What the GPU engine may ask its device for
    #[arg(long, value_enum, default_value = "adapter")]
    pub limits: DeviceLimits,
    /// Whether a GPU times its contractions in several forms to find the fastest [default: cached]
    #[arg(long, value_enum)]
    pub tune: Option<Tune>,
}

impl EngineArgs {
    /// In what precision to multiply.
    pub fn precision(&self) -> Precision {
        self.precision.unwrap_or_default()
    }

    /// What is said of GPUs alone, as flags with their values.
    pub fn of_gpus(&self) -> Vec<(&'static str, String)> {
        let limits = Some(self.limits).filter(|limits| *limits != DeviceLimits::default());
        let name = |value: Option<PossibleValue>| Some(value?.get_name().to_owned());
        [
            ("--adapter", self.adapter.map(|number| number.to_string())),
            ("--limits", name(limits.and_then(|limits| limits.to_possible_value()))),
            ("--tune", name(self.tune.and_then(|tune| tune.to_possible_value()))),
        ]
        .into_iter()
        .filter_map(|(flag, value)| Some((flag, value?)))
        .collect()
    }
}

impl ValueEnum for EngineKind {
    fn value_variants<'a>() -> &'a [Self] {
        &[EngineKind::Best, EngineKind::Cpu, EngineKind::Gpu]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            EngineKind::Best => ("auto", "A GPU if there is one, else the CPU"),
            EngineKind::Cpu => ("cpu", "The CPU engine"),
            EngineKind::Gpu => ("wgpu", "The GPU engine, on whatever adapter there is"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for Precision {
    fn value_variants<'a>() -> &'a [Self] {
        &Precision::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Precision::F32 => "32 bits throughout",
            Precision::Bf16x3 => {
                "Operands of contractions as sums of two bf16 numbers, three products for one; \
                 tensors in f32"
            }
            Precision::Bf16 => "Operands of contractions and activations in bf16",
            Precision::F16x3 => {
                "Operands of contractions as sums of two f16 numbers, three products for one, where \
                 the GPU multiplies matrices; tensors in f32"
            }
            Precision::F16 => {
                "Activations and their gradients stored in half precision, computed with in f32; \
                 on GPUs"
            }
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl ValueEnum for DeviceLimits {
    fn value_variants<'a>() -> &'a [Self] {
        &[DeviceLimits::Adapter, DeviceLimits::WebGpuDefault]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            DeviceLimits::Adapter => ("adapter", "Buffers as large as the adapter has them"),
            DeviceLimits::WebGpuDefault => (
                "webgpu-default",
                "Nothing beyond WebGPU's default limits: what every implementation offers",
            ),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for Tune {
    fn value_variants<'a>() -> &'a [Self] {
        &[Tune::Off, Tune::Cached, Tune::Full]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Tune::Off => ("off", "Take the forms that suit most"),
            Tune::Cached => ("cached", "Time what has not been timed on this adapter and driver"),
            Tune::Full => ("full", "Time all again"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}
