//! What other tools call things, and what they are here: asked before a name is taken for a misspelt one.
//!
//! A row falls when its word becomes a layer; a test in `sema` says so.

/// A word of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// It has this name here, and is written so.
    Called(&'static str, &'static str),
    /// There is no name of its own for it; it is written so.
    Written(&'static str),
    /// It is not in the language; a function of x computes it, which is this.
    Def(&'static str),
    /// It is not in the language; what to do instead.
    Absent(&'static str),
}

impl Here {
    /// What to write where `name` stands.
    pub fn hint(self, name: &str) -> String {
        match self {
            Here::Called(_, how) | Here::Written(how) => format!("here it is {how}"),
            Here::Def(y) => format!("write it as a function: def {name}(x) = {y}"),
            Here::Absent(instead) => instead.to_owned(),
        }
    }
}

const VALUES: &str = "values are added, subtracted, multiplied and divided: y = h(x) + F(x)";
const OTHER_NORMS: &str = "the normalisations are bn, group_norm, layer_norm and instance_norm";
const LOSS: &str =
    "leave it out: the loss contains it, and the net ends with one number for each class";
const WHOLE: &str = "leave it out: linear reads the whole value";

/// Names in lower case, without `_` and without `2d` at their end.
const WORDS: &[(&[&str], Here)] = &[
    (
        &["input", "inputs", "inputlayer", "inputshape"],
        Here::Called("input", "input(channels, rows, columns)"),
    ),
    (
        &["conv", "convolution", "convlayer"],
        Here::Called("conv", "conv(kernel, width), such as conv(3x3, 16)"),
    ),
    (
        &["linear", "fc", "dense", "fullyconnected", "affine", "innerproduct"],
        Here::Called("linear", "linear(classes), which reads the whole value"),
    ),
    (
        &["bn", "batchnorm", "batchnormalization", "batchnormalisation", "norm"],
        Here::Called("bn", "bn, which takes its width from what it reads"),
    ),
    (
        &["ghostbn", "ghostbatchnorm", "ghostbatchnormalization", "ghostnorm", "virtualbatchnorm"],
        Here::Called(
            "bn",
            "bn(ghost: n), where each n pictures of a batch are normalised by themselves",
        ),
    ),
    (
        &["scale", "layerscale", "scalelayer", "channelscale"],
        Here::Called("scale", "scale(init), a learned factor for each channel"),
    ),
    (&["shift", "biaslayer"], Here::Called("shift", "shift(init), which adds to each channel")),
    (
        &["scalar", "parameter", "skipinit", "rezero", "learnable"],
        Here::Called(
            "scalar",
            "scalar(init), a learned number in a unit: y = x + scalar(0) * F(x)",
        ),
    ),
    (&["relu", "rectifier"], Here::Called("relu", "relu")),
    (&["sigmoid", "logistic"], Here::Called("sigmoid", "sigmoid")),
    (&["tanh"], Here::Called("tanh", "tanh")),
    (&["dropout"], Here::Called("dropout", "dropout(p), p from 0 to 1")),
    (&["droppath", "stochasticdepth"], Here::Called("drop_path", "drop_path(p), p from 0 to 1")),
    (
        &["random", "rand", "uniformnoise", "noise"],
        Here::Called("random", "random(low, high), a number that is drawn for each image"),
    ),
    (
        &["bernoulli", "coin"],
        Here::Called("bernoulli", "bernoulli(p), 1 or 0 for each image, in a unit"),
    ),
    (&["detach", "stopgradient", "nograd"], Here::Called("detach", "detach(v)")),
    (
        &[
            "gap",
            "globalpool",
            "globalavgpool",
            "globalaveragepool",
            "globalaveragepooling",
            "adaptiveavgpool",
        ],
        Here::Called("global_avg_pool", "global_avg_pool"),
    ),
    (
        &["gmp", "globalmaxpool", "globalmaxpooling", "adaptivemaxpool"],
        Here::Called("global_max_pool", "global_max_pool"),
    ),
    (&["maxpool", "maxpooling"], Here::Called("max_pool", "max_pool(window), such as max_pool(2)")),
    (
        &["avgpool", "averagepool", "averagepooling", "meanpool"],
        Here::Called("avg_pool", "avg_pool(window), such as avg_pool(2)"),
    ),
    (&["subsample", "decimate"], Here::Called("subsample", "subsample(stride)")),
    (&["padchannels", "zeropadchannels"], Here::Called("pad_channels", "pad_channels(channels)")),
    (
        &["shortcut", "skip", "downsample", "skipconnection"],
        Here::Called("shortcut", "shortcut(width, stride: stride)"),
    ),
    (&["identity", "noop", "passthrough"], Here::Called("identity", "identity")),
    (&["gelu"], Here::Called("gelu", "gelu, or gelu(approximate: true) for the form with tanh")),
    (
        &["newgelu", "gelunew", "gelutanh", "gelupytorchtanh", "fastgelu"],
        Here::Called("gelu", "gelu(approximate: true)"),
    ),
    (&["silu", "swish"], Here::Called("silu", "silu")),
    (&["leakyrelu", "lrelu"], Here::Called("leaky_relu", "leaky_relu(slope), 0.01 unless given")),
    (&["elu"], Here::Called("elu", "elu(alpha), 1 unless given")),
    (&["softplus"], Here::Called("softplus", "softplus")),
    (&["relu6"], Here::Called("relu6", "relu6")),
    (&["hardsigmoid", "hsigmoid"], Here::Called("hard_sigmoid", "hard_sigmoid")),
    (&["hardswish", "hswish"], Here::Called("hard_swish", "hard_swish")),
    (&["exp", "exponential"], Here::Called("exp", "exp")),
    (&["log", "ln"], Here::Called("log", "log, the natural logarithm")),
    (&["sqrt"], Here::Called("sqrt", "sqrt")),
    (&["abs", "absolute"], Here::Called("abs", "abs")),
    (&["square"], Here::Called("square", "square")),
    (&["quickgelu"], Here::Def("x * sigmoid(1.702 * x)")),
    (&["mish"], Here::Def("x * tanh(softplus(x))")),
    (&["selu"], Here::Def("1.0507 * elu(x, 1.67326)")),
    (&["celu"], Here::Def("2 * elu(x / 2)")),
    (&["logsigmoid"], Here::Def("-softplus(-x)")),
    (&["softsign"], Here::Def("x / (1 + abs(x))")),
    (&["hardtanh"], Here::Def("relu6(3 * x + 3) / 3 - 1")),
    (&["tanhshrink"], Here::Def("x - tanh(x)")),
    (
        &["prelu"],
        Here::Absent("slopes are not learned here: leaky_relu(slope) has one that is given"),
    ),
    (&["maxout"], Here::Called("max", "max of branches: max(F(x), G(x))")),
    (&["max", "maximum", "amax", "elementwisemax"], Here::Called("max", "max(a, b, …)")),
    (&["min", "minimum", "amin", "elementwisemin"], Here::Called("min", "min(a, b, …)")),
    (&["floor", "int", "floordiv"], Here::Called("floor", "floor(a), a whole number")),
    (&["ceil", "ceiling"], Here::Called("ceil", "ceil(a), a whole number")),
    (&["round"], Here::Called("round", "round(a), a whole number")),
    (&["clip", "clamp", "clampmin"], Here::Called("max", "max(x, 0), min(x, 6), or both")),
    (
        &["mean", "reducemean", "avg", "average"],
        Here::Written(
            "channel_mean(x), the mean of each pixel's channels, or global_avg_pool(x), that of each channel's \
             pixels",
        ),
    ),
    (&["channelmax", "maxchannels"], Here::Called("channel_max", "channel_max")),
    (&["channelmean", "meanchannels", "channelavg"], Here::Called("channel_mean", "channel_mean")),
    (&["softmax", "logsoftmax", "crossentropy", "crossentropyloss", "loss"], Here::Absent(LOSS)),
    (&["flatten", "reshape", "view", "squeeze"], Here::Absent(WHOLE)),
    (
        &["concat", "concatenate", "cat", "stack", "hstack", "join"],
        Here::Called("concat", "concat(a, b, …), which joins channels"),
    ),
    (
        &[
            "slicechannels",
            "slice",
            "narrow",
            "chunk",
            "split",
            "tensorsplit",
            "indexselect",
            "getitem",
        ],
        Here::Called(
            "slice_channels",
            "slice_channels(start, end), some of the channels: one = slice_channels(0, 16)(x), \
             two = slice_channels(16)(x)",
        ),
    ),
    (&["add", "sum", "plus", "mul", "multiply"], Here::Absent(VALUES)),
    (
        &["depthwise", "depthwiseconv", "dwconv"],
        Here::Written("conv with as many groups as channels: conv(3x3, width, groups: width)"),
    ),
    (
        &["separableconv", "depthwiseseparableconv"],
        Here::Written(
            "two convolutions: conv(3x3, read, groups: read) -> conv(1x1, width), with `read` the \
             channels of what they read",
        ),
    ),
    (
        &["groupconv", "groupedconv", "groups", "cardinality"],
        Here::Written("an argument of conv: conv(3x3, 64, groups: 32)"),
    ),
    (
        &["groupnorm", "gn", "groupnormalization"],
        Here::Called("group_norm", "group_norm(groups), such as group_norm(32)"),
    ),
    (
        &["layernorm", "layernormalization", "ln"],
        Here::Called(
            "layer_norm",
            "layer_norm(over: channels), of each pixel as in ConvNeXt, or layer_norm(over: image)",
        ),
    ),
    (
        &["instancenorm", "instancenormalization"],
        Here::Called(
            "instance_norm",
            "instance_norm, or as PyTorch has it instance_norm(affine: false)",
        ),
    ),
    (&["rmsnorm", "lrn"], Here::Absent(OTHER_NORMS)),
    (
        &["convtranspose", "deconv", "pixelshuffle", "unpool"],
        Here::Written(
            "upsample and a convolution: upsample(2, kind: bilinear) -> conv(3x3, width)",
        ),
    ),
    (
        &["upsample", "upsampling", "interpolate", "resize"],
        Here::Called("upsample", "upsample(factor), or upsample(factor, kind: bilinear)"),
    ),
    (
        &["blurpool", "antialias", "antialiased", "maxblurpool"],
        Here::Called(
            "blur_pool",
            "blur_pool(stride), behind max_pool(2, stride: 1) in place of max_pool(2)",
        ),
    ),
    (
        &[
            "attention",
            "multiheadattention",
            "selfattention",
            "transformer",
            "embedding",
            "lstm",
            "gru",
            "rnn",
        ],
        Here::Absent("nets here are made of convolutions, gates and sums"),
    ),
    (
        &["shakeshake"],
        Here::Absent(
            "write its numbers: alpha = random(0, 1), beta = random(0, 1), and v = beta * a + (1 - beta) * b \
             goes back where y = v + detach(alpha * a + (1 - alpha) * b - v)",
        ),
    ),
    (
        &["shakedrop"],
        Here::Absent(
            "write its numbers, as specs/shakedrop.rnet does: b = bernoulli(0.5, per: batch), v = (b + (1 - b) * \
             random(0, 1)) * F(x) goes back where y = x + v + detach((b + (1 - b) * random(-1, 1)) * F(x) - v)",
        ),
    ),
    (
        &["se", "seblock", "squeezeexcite", "squeezeexcitation"],
        Here::Absent(
            "write it as a unit: unit se(width) { y = x * (global_avg_pool -> linear(width / 4) -> relu -> \
             linear(width) -> sigmoid)(x) }",
        ),
    ),
    (
        &["cbam"],
        Here::Absent(
            "write it as a unit, as specs/cbam.rnet does: a chain with a name has one set of weights, however often \
             it is applied",
        ),
    ),
    (
        &["sequential", "compose", "pipeline"],
        Here::Absent("stages are joined with `->`: conv(3x3, 16) -> bn -> relu"),
    ),
    (
        &["activation", "act", "nonlinearity"],
        Here::Absent("an activation is a stage of its own: conv(3x3, 16) -> relu"),
    ),
    (
        &["padpixels", "zeropad", "zeropadding", "crop", "centercrop", "cropping"],
        Here::Called(
            "pad_pixels",
            "pad_pixels(top, bottom, left, right), where -1 cuts one off, or an argument: conv(3x3, 16, padding: 1)",
        ),
    ),
    (
        &["reflectionpad", "replicationpad", "circularpad"],
        Here::Absent("what stands around a picture is zero: pad_pixels(top, bottom, left, right)"),
    ),
    (&["lambda", "func"], Here::Absent("a chain is a function already: F = bn -> relu")),
];

/// Arguments: the layer's own name for it, and names of it elsewhere, written as in [`WORDS`].
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("kernel", &["kernelsize", "ksize", "filtersize", "size", "window"]),
    ("window", &["kernelsize", "poolsize", "size", "kernel"]),
    (
        "width",
        &["outchannels", "filters", "channels", "planes", "outplanes", "outputs", "features"],
    ),
    ("classes", &["outfeatures", "units", "numclasses", "outputs", "width"]),
    ("channels", &["width", "outchannels"]),
    ("stride", &["strides", "step", "factor"]),
    ("padding", &["pad", "pads"]),
    ("bias", &["usebias"]),
    ("groups", &["group", "cardinality", "numgroups", "numg"]),
    ("dilation", &["dilationrate", "atrous", "rate"]),
    ("ceil", &["ceilmode"]),
    ("count_padding", &["countincludepad"]),
    ("factor", &["scale", "scalefactor", "size"]),
    (
        "ghost",
        &["virtualbatchsize", "ghostbatchsize", "ghostsize", "chunksize", "split", "splitsize"],
    ),
    ("size", &["filtsize", "kernelsize", "kernel"]),
    ("eps", &["epsilon", "varianceepsilon"]),
    ("over", &["normalizedshape", "axis", "axes", "dim"]),
    ("gamma", &["scale", "gammainitializer"]),
    ("beta", &["betainitializer"]),
    (
        "init",
        &[
            "kernelinitializer",
            "weightinit",
            "initializer",
            "initvalue",
            "initvalues",
            "value",
            "layerscaleinitvalue",
        ],
    ),
    ("p", &["rate", "prob", "probability", "dropprob"]),
    ("kind", &["option", "type", "mode"]),
    ("slope", &["negativeslope", "alpha", "leak"]),
    ("approximate", &["tanh", "form"]),
];

/// Arguments that no layer takes, and what to do instead.
const NO_ARGUMENTS: &[(&[&str], &str)] = &[
    (
        &["inchannels", "infeatures", "numfeatures", "inplanes", "inputs", "inputchannels"],
        "leave it out: what it reads says how many",
    ),
    (
        &["trackrunningstats", "axis"],
        "leave it out: bn normalises channels, and keeps running statistics for evaluation",
    ),
    (
        &["zeroinitresidual", "zeroinitlast", "zerogamma"],
        "F's last batch norm says it: bn(gamma: 0)",
    ),
    (&["elementwiseaffine", "learnable"], "that is affine: true or false"),
    (&["center", "usebeta"], "without a shift it is beta: none"),
    (&["usegamma"], "without a scale it is gamma: none"),
    (
        &["numsplits", "nsplits", "splits", "chunks", "numchunks"],
        "ghost has the pictures of a part: ghost: 32 of a batch of 512 are 16 parts",
    ),
    (&["inplace", "dataformat", "device", "dtype"], "leave it out: the compiler decides that"),
    (&["activation", "act"], "an activation is a stage of its own: conv(3x3, 16) -> relu"),
    (&["paddingmode"], "leave it out: what stands around a picture is zero"),
    (&["name"], "a binding gives a name: F = conv(3x3, 16)"),
];

/// Values of an argument: the argument, names of the value elsewhere, the word here, if there is one,
/// and what to write.
const VALUES_OF: &[(&str, &[&str], Option<&str>, &str)] = &[
    (
        "kind",
        &["a", "optiona", "zeropad", "zeropadding"],
        Some("pad"),
        "option A is kind: pad, the default",
    ),
    (
        "kind",
        &["b", "optionb", "projection", "proj", "conv", "convolution"],
        Some("project"),
        "option B is kind: project",
    ),
    ("approximate", &["tanh"], Some("true"), "that is approximate: true"),
    ("approximate", &["erf", "none"], Some("false"), "that is approximate: false, the default"),
    ("padding", &["half"], None, "leave padding out: it is half the kernel unless given"),
    ("kind", &["linear"], Some("bilinear"), "that is kind: bilinear"),
    ("padding", &["valid"], Some("0"), "that is padding: 0"),
    (
        "init",
        &["he", "kaiming", "kaimingnormal", "henormal", "msra"],
        Some("fan_out"),
        "He's draw is init: fan_out, the default of conv, or fan_in",
    ),
    ("init", &["zeros", "zeroinit"], Some("zero"), "that is init: zero"),
    (
        "init",
        &["identity", "delta", "deltaorthogonal"],
        Some("dirac"),
        "identity kernels are init: dirac",
    ),
    ("init", &["whitening", "zca", "pca"], Some("whiten"), "patches are whitened by init: whiten"),
    ("init", &["normal", "gaussian"], None, "a standard deviation says it: init: 0.01"),
    ("bias", &["no", "off"], Some("none"), "that is bias: none"),
    ("bias", &["yes", "on"], Some("0"), "a bias is given by its first value: bias: 0"),
];

/// What a name of another tool is here.
pub fn word(name: &str) -> Option<Here> {
    let plain = plain(name);
    WORDS.iter().find(|(names, _)| names.contains(&plain.as_str())).map(|(_, here)| *here)
}

/// What an argument of another tool is called among those that a layer takes, or what to do without it.
pub fn argument<'s>(
    name: &str,
    mut slots: impl Iterator<Item = &'s str>,
) -> Result<&'s str, Option<&'static str>> {
    let plain = plain(name);
    let knows = |slot: &&str| {
        ARGUMENTS.iter().any(|(own, names)| own == slot && names.contains(&plain.as_str()))
    };
    let instead = || NO_ARGUMENTS.iter().find(|(names, _)| names.contains(&plain.as_str()));
    slots.find(knows).ok_or_else(|| instead().map(|(_, instead)| *instead))
}

/// What a value of an argument is here, if it has a word, and what to write.
pub fn value(argument: &str, name: &str) -> Option<(Option<&'static str>, &'static str)> {
    let plain = plain(name);
    let row = VALUES_OF.iter().find(|row| row.0 == argument && row.1.contains(&plain.as_str()))?;
    Some((row.2, row.3))
}

/// Whether other tools call so which axis of a tensor something is along.
pub fn is_axis(name: &str) -> bool {
    ["dim", "axis", "concataxis"].contains(&plain(name).as_str())
}

fn plain(name: &str) -> String {
    let plain: String = name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
    match plain.strip_suffix("2d") {
        Some(short) => short.to_owned(),
        None => plain,
    }
}

/// Every word with what it is here, for tests of the whole table.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = (&'static str, Here)> {
    WORDS.iter().flat_map(|(names, here)| names.iter().map(move |name| (*name, *here)))
}

/// The layers' own names of arguments in the table.
#[cfg(test)]
pub fn slots() -> impl Iterator<Item = &'static str> {
    ARGUMENTS.iter().map(|(slot, _)| *slot)
}
