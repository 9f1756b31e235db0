//! What other tools call the keys of a recipe.

/// Keys in lower case without `_`, and what to write.
const KEYS: &[(&[&str], &str)] = &[
    (&["lr", "learningrate", "baselr", "initiallr", "maxlr"], "write schedule: { lr: 0.1 }"),
    (&["momentum", "nesterov"], "write optimiser: { momentum: 0.9, weight_decay: 0.0001 }"),
    (&["weightdecay", "wd", "l2"], "write optimiser: { momentum: 0.9, weight_decay: 0.0001 }"),
    (
        &["optimizer", "optim"],
        "write optimiser: { momentum: 0.9, weight_decay: 0.0001 }, which is SGD, or optimiser: { kind: adamw, weight_decay: 0.01 }",
    ),
    (
        &["adam", "adamw", "betas", "eps", "sgd", "rmsprop", "lion"],
        "write optimiser: { kind: adamw, weight_decay: 0.01 }; there are sgd, adamw, lion and muon",
    ),
    (
        &["adjustlr", "adjustlrfn"],
        "write adjust_lr in an optimiser of kind muon: original, match_rms_adamw, spectral_unclamped or none",
    ),
    (
        &["muon", "nssteps", "nscoefficients", "newtonschulz", "auxadam"],
        "write optimiser: { kind: muon, weight_decay: 0.1, otherwise: { kind: adamw, lr: 0.001, weight_decay: 0.01 } }",
    ),
    (
        &["gradclip", "clipgrad", "maxnorm", "maxgradnorm", "gradientclipping", "clipnorm"],
        "write clip: { norm: 1 }, or clip: { value: 0.5 }",
    ),
    (
        &["frozen", "freezelayers", "requiresgrad", "trainable"],
        "write freeze: [stem, stage1], with names, stages or patterns",
    ),
    (
        &["paramgroups", "parameters", "layerwise", "layerwiselr", "llrd"],
        "write groups: [{ match: norms, weight_decay: 0 }], or layer_decay: 0.8 in optimiser",
    ),
    (
        &["modelema", "emadecay", "averagemodel", "averagedmodel", "swa", "polyak"],
        "write ema: 0.999, what a moving average of the weights keeps of itself at each step",
    ),
    (&["slowweights", "lookaheadalpha", "lookaheadk"], "write lookahead: { every: 5, alpha: 0.5 }"),
    (&["scheduler", "lrscheduler", "lrschedule"], "write schedule: { lr: 0.1, … }"),
    (
        &["milestones", "steplr", "multisteplr", "stepsize"],
        "write schedule: { lr: 0.1, divide: { by: 10, at: [32000, 48000] } }",
    ),
    (
        &["gamma", "factor", "decayrate"],
        "write divide: { by: 10, … }: the rate is divided by it, so 10 for 0.1",
    ),
    (&["cosineannealing", "tmax", "etamin"], "write schedule: { lr: 0.1, cosine: { to: 0 } }"),
    (
        &["onecyclelr", "pctstart"],
        "write schedule: { lr: 0.4, one_cycle: { rise: 0.3, from: 0, to: 0 } }",
    ),
    (
        &["warmup", "warmupepochs", "warmupsteps", "warmupiters", "warmuplr", "linearlr"],
        "write schedule: { … warmup: { epochs: 5, lr: 0.001, curve: linear } }",
    ),
    (
        &["piecewise", "piecewiselinear", "lambdalr", "triangle"],
        "write schedule: { … points: [[0, 0.2], [0.23, 1], [1, 0.07]] }, shares of the run and of lr",
    ),
    (&["batchsize", "trainbatchsize", "bs"], "write batch: 128"),
    (&["numepochs", "nepochs", "maxepochs"], "write epochs: 30"),
    (&["steps", "maxsteps", "numsteps", "maxiter"], "write iterations: 64000"),
    (
        &["mixup", "cutmix", "mixupalpha", "cutmixalpha"],
        "write augmentation: { … mixup: 0.2 }, the α of its Beta distribution",
    ),
    (
        &["randomresizedcrop", "rrc", "resizedcrop"],
        "write augmentation: { pad: 0, crop: { scale: [0.08, 1] }, … }",
    ),
    (
        &["randaugment", "ra", "raug", "autoaugment", "aa", "trivialaugment"],
        "write augmentation: { … rand_augment: { operations: 2, magnitude: 9 } }",
    ),
    (
        &["colorjitter", "colourjitter", "jitter", "brightness", "contrast", "saturation", "hue"],
        "write augmentation: { … jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4 } }",
    ),
    (
        &["erasing", "randomerasing", "reprob", "randomerase"],
        "write erasing: { probability: 0.5 } in augmentation",
    ),
    (
        &[
            "imagesize",
            "imgsize",
            "cropsize",
            "centercrop",
            "valresize",
            "valresizesize",
            "croppct",
        ],
        "write resize: 256, the shorter side of pictures, whose middle is as large as the net reads",
    ),
    (
        &[
            "imagesizes",
            "imgsizes",
            "progressiveresizing",
            "progressive",
            "resolutions",
            "resolution",
        ],
        "write sizes: [{ size: 24, until: 10 }], epochs at another size than the net's own",
    ),
    (
        &["classweight", "lossweight", "lossweights", "posweight"],
        "write class_weights: balanced, or a list of a number for each class",
    ),
    (
        &["sampler", "weightedsampler", "oversample", "weightedrandomsampler"],
        "write sampling: balanced",
    ),
    (
        &["augment", "augmentations", "transforms", "crop", "flip", "pad", "cutout"],
        "write augmentation: { pad: 4, flip: true, cutout: 0 }",
    ),
    (
        &["mean", "std", "normalize", "normalization"],
        "write normalise: per_channel, which measures mean and deviation, or normalise: imagenet",
    ),
    (
        &["valsplit", "validationsplit", "valsize", "valfraction", "holdout", "val"],
        "write validation: 0.1, a share of the training pictures, or a number of them",
    ),
    (
        &["earlystopping", "earlystop", "patience"],
        "write stop: { after: 10 }, epochs without a lower error",
    ),
    (&["tta", "testtimeaugmentation", "tencrop"], "write views: flip, or views: translate"),
    (&["monitor", "savebest"], "write best: validation, or best: test"),
    (&["amp", "fp16", "dtype", "mixedprecision"], "write precision: f16 on a GPU, bf16 on a CPU"),
    (&["dropout", "depth", "width", "model", "arch"], "that is the net's: it stands in the spec"),
    (
        &["workers", "numworkers", "threads", "device", "gpu"],
        "that is not of a recipe: name it where the run is begun",
    ),
];

/// The same of keys that are written otherwise in one place: below the key that they stand under.
const KEYS_BELOW: &[(&str, &[&str], &str)] = &[
    (
        "groups",
        &["lr", "learningrate", "lrscale", "lrmult"],
        "write lr_factor: 10, what the rate of the schedule is multiplied by",
    ),
    (
        "groups",
        &["params", "parameters", "names", "pattern", "patterns", "modules", "layers"],
        "write match: [norms, biases], with names, stages or patterns",
    ),
];

/// What to write for a key of another tool, below so many of a recipe's.
pub fn key(path: &str, name: &str) -> Option<&'static str> {
    let plain: String =
        name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect();
    let (above, _) = path.split_once('[').unwrap_or((path, ""));
    let below = KEYS_BELOW.iter().filter(|(place, ..)| *place == above);
    let all = KEYS.iter().map(|(names, write)| (*names, *write));
    let mut all = below.map(|(_, names, write)| (*names, *write)).chain(all);
    all.find(|(names, _)| names.contains(&plain.as_str())).map(|(_, write)| write)
}

/// Keys of a recipe that hold keys, or one word, and how they are written.
const WRITTEN: &[(&str, &str)] = &[
    (
        "optimiser",
        "write optimiser: { momentum: 0.9, weight_decay: 0.0001 }, which is SGD, or optimiser: { kind: adamw, weight_decay: 0.01 }",
    ),
    ("schedule", "write schedule: { lr: 0.1 }"),
    ("augmentation", "write augmentation: { pad: 4, flip: true }"),
    ("normalise", "write normalise: per_channel, which measures mean and deviation"),
    ("sizes", "write sizes: [{ size: 24, until: 10 }], epochs at another size than the net's own"),
    ("stop", "write stop: { after: 10 }, epochs without a lower error"),
    ("evaluate", "write evaluate: { epochs: 1 }"),
    ("checkpoint", "write checkpoint: { epochs: 1, keep: 5 }"),
];

/// How a key of a recipe is written.
pub fn example(path: &str) -> Option<&'static str> {
    WRITTEN.iter().find(|(key, _)| *key == path).map(|(_, write)| *write)
}
