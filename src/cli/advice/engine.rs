//! About engines.

use super::Advice;
use crate::engine::{EngineError, Shortage};
use crate::text::series;

impl Advice for EngineError {
    fn advice(&self) -> Option<String> {
        let advice = match self {
            EngineError::UnsupportedPrecision { engine, offered, .. } => {
                let other = if *engine == "cpu" { "wgpu" } else { "cpu" };
                format!("say --precision {}, or take --engine {other}", series(offered, "or"))
            }
            EngineError::NoRanks { .. } => "say --engine cpu, or start it once".to_owned(),
            EngineError::Lost(_) => "start again with --resume".to_owned(),
            EngineError::NoInstructionSet { variable, .. } => {
                format!("set {variable} to one of these or unset it")
            }
            EngineError::NoAdapter => "install a Vulkan driver (in software: the package \
                 mesa-vulkan-drivers) or use --engine cpu"
                .to_owned(),
            EngineError::NoSuchAdapter { .. } => {
                "rnetc devices lists them; leave out --adapter to take the first".to_owned()
            }
            EngineError::Unusable { .. } | EngineError::NoResult { .. } => {
                "use --engine cpu".to_owned()
            }
            EngineError::NoHalf { .. } => {
                "use --precision f32, or --engine cpu --precision bf16".to_owned()
            }
            EngineError::NoHardware { software, .. } => {
                let other = "say --precision f32, bf16x3 or bf16";
                match software {
                    Some((_, true)) => format!("{other}; --engine wgpu takes it"),
                    Some((_, false)) | None => other.to_owned(),
                }
            }
            EngineError::OutOfMemory { shortage, fits } => smaller(shortage, *fits),
            EngineError::DeviceLost { .. } => {
                "start again with --resume, or use --engine cpu".to_owned()
            }
            EngineError::NoAnswer { .. } => "use a smaller --batch, or --engine cpu".to_owned(),
            EngineError::Refused { .. } => "use --engine cpu, and please report this".to_owned(),
            EngineError::NoStep { .. } => "use --engine wgpu".to_owned(),
            EngineError::TooManyTensors { .. } => {
                "name an intermediate value in the unit and use it twice".to_owned()
            }
            EngineError::NoOutput { .. } => "give it a kernel that fits its input".to_owned(),
            EngineError::Internal(_) => "please report this spec".to_owned(),
            EngineError::NoThreads(_)
            | EngineError::WrongLength { .. }
            | EngineError::NotRead(_)
            | EngineError::NotAsked(_) => return None,
        };
        Some(advice)
    }
}

fn smaller(shortage: &Shortage, fits: Option<usize>) -> String {
    match (shortage, fits) {
        (Shortage::Main { .. }, _) => "use a smaller --batch".to_owned(),
        (Shortage::Convolution { .. }, _) => "make it smaller".to_owned(),
        (_, None) => "use a smaller --batch, or --engine cpu".to_owned(),
        (_, Some(0)) => "not even one picture fits: use --engine cpu".to_owned(),
        (_, Some(fits)) => format!("use --batch {fits} or less, or --engine cpu"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Precision;

    #[test]
    fn what_went_wrong_and_what_to_do_make_a_sentence() {
        let told = |error: EngineError| error.told();
        assert_eq!(
            told(EngineError::UnsupportedPrecision {
                engine: "wgpu",
                precision: Precision::Bf16,
                offered: &[Precision::F32, Precision::F16],
            }),
            "the wgpu engine computes in f32 and f16, not in bf16; say --precision f32 or f16, or \
             take --engine cpu"
        );
        let shortage = Shortage::Gpu { batch: 8, wanted: 9 << 20, given: 3 << 20 };
        let lacking = |fits| EngineError::OutOfMemory { shortage: shortage.clone(), fits };
        assert_eq!(
            told(lacking(Some(2))),
            "the GPU is out of memory: of 9 MiB for batch 8 it gave 3 MiB; use --batch 2 or less, \
             or --engine cpu"
        );
        assert!(told(lacking(Some(0))).ends_with("; not even one picture fits: use --engine cpu"));
        assert_eq!(
            told(EngineError::DeviceLost { how: "gone".to_owned() }),
            "the GPU was lost (gone); start again with --resume, or use --engine cpu"
        );
    }
}
