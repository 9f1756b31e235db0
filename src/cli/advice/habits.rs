//! Flags and verbs of other tools: what they are here, told with clap's own message.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

const PARAMETER: &str = "a parameter of the net is set by --set, such as --set depth=20";
const RECIPE: &str =
    "`rnetc explain he2016 > mine.yaml` writes a recipe to change, and --recipe mine.yaml takes it";

/// Flags without their dashes, and what to say here.
const FLAGS: &[(&[&str], &str)] = &[
    (
        &["lr", "learning-rate", "base-lr"],
        "the learning rate is the recipe's: schedule: { lr: 0.1 }",
    ),
    (&["weight-decay", "wd"], "weight decay is the recipe's: optimiser: { weight_decay: 0.0001 }"),
    (&["momentum"], "momentum is the recipe's: optimiser: { momentum: 0.9 }"),
    (&["nesterov"], "Nesterov's form is the recipe's: optimiser: { nesterov: true }"),
    (
        &["optimizer", "optimiser", "optim", "opt"],
        "the optimiser is the recipe's: optimiser: { kind: adamw, weight_decay: 0.01 }, or sgd, lion or muon",
    ),
    (
        &["scheduler", "schedule", "sched", "lr-scheduler", "milestones", "gamma", "warmup"],
        "the learning rate's course is the recipe's: schedule: { … }",
    ),
    (&["label-smoothing", "smoothing"], "label smoothing is the recipe's: label_smoothing: 0.1"),
    (
        &["augment", "augmentation", "cutout", "flip", "crop"],
        "crops, flips and holes are the recipe's: augmentation: { … }",
    ),
    (&["mean", "std", "normalize"], "normalisation is the recipe's: normalise: per_channel"),
    (&["batch-size", "bs", "b"], "pictures a batch: --batch 128"),
    (
        &["num-epochs", "max-epochs", "n-epochs", "nepochs", "epoch"],
        "how long to train: --epochs 30",
    ),
    (
        &["max-steps", "num-steps", "iterations", "iters", "max-iters"],
        "how long to train: --steps 1000",
    ),
    (
        &["gpu", "gpus", "cuda", "use-cuda", "device", "gpu-id"],
        "where to compute: --engine wgpu takes a GPU of any vendor, --engine cpu the CPU",
    ),
    (&["cpu", "no-cuda"], "where to compute: --engine cpu"),
    (
        &["fp16", "half", "amp", "bf16", "mixed-precision", "dtype", "autocast"],
        "in what to multiply: --precision f16 on a GPU, --precision bf16 on a CPU",
    ),
    (&["workers", "num-workers", "jobs", "j"], "threads of the CPU engine: --threads 4"),
    (&["depth", "width", "classes", "num-classes", "layers", "dropout"], PARAMETER),
    (
        &["arch", "model", "net", "spec"],
        "the spec is named without a flag: rnetc run my.rnet --train cifar10",
    ),
    (
        &["checkpoint", "ckpt", "load", "model-path", "weight", "resume-from"],
        "weights are named by --weights FILE",
    ),
    (
        &["output", "output-dir", "save-dir", "logdir", "log-dir"],
        "the folder of the run is --out DIR",
    ),
    (
        &["dataset", "root", "data-dir", "train-dir"],
        "data is named by --train DATA, and its folder by --data DIR",
    ),
    (
        &["pretrained", "finetune", "fine-tune", "init-from", "initial-checkpoint"],
        "training begins with weights by --train DATA --weights FILE; rnetc import reads PyTorch's",
    ),
    (
        &["freeze", "freeze-layers", "frozen"],
        "what is frozen is the recipe's: freeze: [stem, stage1]",
    ),
    (
        &["test", "val", "validate", "evaluate"],
        "the error on test pictures: rnetc run --eval DATA --weights FILE",
    ),
    (
        &["image", "input", "infer", "classify"],
        "pictures are named by rnetc run --predict IMAGE… --weights FILE",
    ),
];

/// Flags whose value is the recipe's.
const OF_RECIPE: usize = 9;

/// Verbs, and what to say here.
const VERBS: &[(&[&str], &str)] = &[
    (&["train", "fit"], "rnetc run [SPEC] --train DATA"),
    (
        &["test", "eval", "evaluate", "val", "validate", "score"],
        "rnetc run --eval DATA --weights FILE",
    ),
    (
        &["predict", "infer", "inference", "classify", "detect"],
        "rnetc run --predict IMAGE… --weights FILE",
    ),
    (&["resume", "continue"], "rnetc run --resume RUN"),
    (
        &["draw", "plot", "visualize", "visualise", "viz", "show", "diagram"],
        "rnetc graph SPEC -o net.svg",
    ),
    (&["compile", "make"], "rnetc build SPEC"),
    (&["format"], "rnetc fmt SPEC"),
    (&["lint", "validate-spec", "summary", "info", "inspect"], "rnetc check SPEC"),
    (&["benchmark", "time", "profile", "speed"], "rnetc bench SPEC --profile"),
    (&["convert", "onnx"], "rnetc export WEIGHTS --onnx FILE, or rnetc import SPEC STATE -o FILE"),
    (&["load"], "rnetc import SPEC STATE -o FILE"),
    (&["download", "fetch", "dataset", "datasets"], "rnetc data fetch cifar10"),
    (&["gpu", "gpus", "adapters", "cuda"], "rnetc devices"),
    (&["ablate", "ablation", "prune", "delete"], "rnetc lesion RUN --delete each"),
    (&["sweep", "experiment", "table"], "rnetc study FILE"),
    (&["server", "language-server"], "rnetc lsp"),
    (&["version"], "rnetc --version"),
];

/// The same error, with what a known flag or verb is here in place of clap's own guess.
pub fn told(mut error: clap::Error) -> clap::Error {
    let of = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let tips = match error.kind() {
        ErrorKind::UnknownArgument => of(ContextKind::InvalidArg).map(|flag| flag_tips(&flag)),
        ErrorKind::InvalidSubcommand => {
            of(ContextKind::InvalidSubcommand).map(|verb| verb_tips(&verb))
        }
        _ => None,
    };
    let tips = tips.unwrap_or_default();
    if !tips.is_empty() {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        let tips = tips.into_iter().map(StyledStr::from).collect();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

fn flag_tips(flag: &str) -> Vec<&'static str> {
    let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default().replace('_', "-");
    let row = FLAGS.iter().position(|(names, _)| names.contains(&name.as_str()));
    match row {
        Some(row) if row < OF_RECIPE => vec![FLAGS[row].1, RECIPE],
        Some(row) => vec![FLAGS[row].1],
        None => Vec::new(),
    }
}

fn verb_tips(verb: &str) -> Vec<&'static str> {
    let row = VERBS.iter().find(|(names, _)| names.contains(&verb));
    row.map_or_else(Vec::new, |(_, write)| vec![*write])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::CommandFactory;

    /// Each row goes when a flag or verb of its name comes.
    #[test]
    fn what_is_there_has_no_row() {
        let command = Cli::command();
        let verbs: Vec<&str> = command.get_subcommands().map(|verb| verb.get_name()).collect();
        for (names, write) in VERBS {
            assert!(names.iter().all(|name| !verbs.contains(name)), "{names:?} is a verb");
            let verb = write.split_whitespace().nth(1).expect("a verb");
            assert!(verbs.contains(&verb) || verb.starts_with("--"), "{write}");
        }
        let run = command.find_subcommand("run").expect("run");
        let flags: Vec<&str> = run.get_arguments().filter_map(|flag| flag.get_long()).collect();
        for (names, write) in FLAGS {
            assert!(names.iter().all(|name| !flags.contains(name)), "{names:?} is a flag");
            let named = write.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
            let named = named.filter_map(|word| word.strip_prefix("--"));
            named.for_each(|flag| assert!(flags.contains(&flag), "{write}: --{flag}"));
        }
        assert!(
            FLAGS[OF_RECIPE - 1].1.contains("recipe's") && !FLAGS[OF_RECIPE].1.contains("recipe's")
        );
    }
}
