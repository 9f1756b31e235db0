//! Small networks that between them use every layer and every kind of unit.

use rnetc::network::{Activation, Affine, BinaryOp, Layer, Network, Over, Per, PoolKind};

use super::draft::Draft;

const CLASSES: usize = 3;

/// A name and a network, for each.
pub fn all() -> Vec<(&'static str, Network)> {
    vec![
        ("original", original()),
        ("preact", preact()),
        ("exclusive gate", exclusive_gate()),
        ("dropout", dropout()),
        ("drop path", drop_path()),
        ("shared module", shared_module()),
        ("linear over an image", linear_over_image()),
        ("pools", pools()),
        ("pooled gate", pooled_gate()),
        ("arithmetic", arithmetic()),
        ("activations", activations()),
        ("learned numbers", learned_numbers()),
        ("joined", joined()),
        ("norms of images", norms()),
        ("norms of parts of the batch", ghosts()),
    ]
}

/// Post-activation with a 1×1 projection where the shape changes.
pub fn original() -> Network {
    let (mut d, x) = Draft::new(2, 5, 6);
    let a = d.conv("F.conv1", x, 3, 4, 2);
    let a = d.bn("F.bn1", a);
    let a = d.relu(a);
    let a = d.conv("F.conv2", a, 3, 4, 1);
    let a = d.bn("F.bn2", a);
    let h = d.conv("h.conv", x, 1, 4, 2);
    let h = d.bn("h.bn", h);
    let y = d.add(h, a);
    let y = d.relu(y);
    d.classify(y, CLASSES)
}

/// Batch norms of two images each, and of one; what is left of a batch of three is one.
pub fn ghosts() -> Network {
    let (mut d, x) = Draft::new(2, 4, 3);
    let a = d.conv("conv", x, 3, 3, 1);
    let a = d.ghost_bn("bn1", a, 2);
    let a = d.same(Layer::Activation(Activation::Tanh), a);
    let a = d.conv("conv2", a, 3, 4, 2);
    let a = d.ghost_bn("bn2", a, 1);
    d.classify(a, CLASSES)
}

/// Several values that become one: joined channels, maxima and minima, a map of all channels.
pub fn joined() -> Network {
    let (mut d, x) = Draft::new(2, 4, 5);
    let x = d.conv("conv", x, 3, 3, 1);
    let f = d.conv("F.conv", x, 3, 2, 1);
    let y = d.concat(&[x, f, x]);
    let a = d.conv("a.conv", y, 1, 4, 1);
    let b = d.conv("b.conv", y, 1, 4, 1);
    let half = d.number(0.5);
    let (larger, smaller) = (d.binary(BinaryOp::Max, a, b), d.binary(BinaryOp::Min, a, half));
    let pools = [PoolKind::Max, PoolKind::Avg].map(|kind| d.channel_pool(kind, y));
    let maps = d.concat(&pools);
    let map = d.conv("map.conv", maps, 3, 1, 1);
    let map = d.same(Layer::Activation(Activation::Sigmoid), map);
    let gated = d.binary(BinaryOp::Mul, larger, map);
    let y = d.add(gated, smaller);
    d.classify(y, CLASSES)
}

/// Every activation function, on numbers that have a logarithm where they need one.
pub fn activations() -> Network {
    let (mut d, x) = Draft::new(2, 4, 3);
    let mut sum = d.conv("conv", x, 3, 4, 1);
    for (index, function) in Activation::ALL.into_iter().enumerate() {
        let a = d.conv(&format!("conv{index}"), x, 1, 4, 1);
        let a = match function {
            Activation::Log | Activation::Sqrt => {
                let positive = d.same(Layer::Activation(Activation::Exp), a);
                let one = d.number(1.0);
                d.add(positive, one)
            }
            _ => a,
        };
        let a = d.same(Layer::Activation(function), a);
        sum = d.add(sum, a);
    }
    d.classify(sum, CLASSES)
}

/// Two full pre-activation units, one of them with an option-A shortcut.
pub fn preact() -> Network {
    let (mut d, x) = Draft::new(2, 6, 6);
    let mut x = d.conv("conv", x, 3, 3, 1);
    for (unit, width, stride) in [("u1", 3, 1), ("u2", 5, 2)] {
        let a = d.bn(&format!("{unit}.bn1"), x);
        let a = d.relu(a);
        let a = d.conv(&format!("{unit}.conv1"), a, 3, width, stride);
        let a = d.bn(&format!("{unit}.bn2"), a);
        let a = d.relu(a);
        let a = d.conv(&format!("{unit}.conv2"), a, 3, width, 1);
        let h = d.option_a(x, width, stride);
        x = d.add(h, a);
    }
    let x = d.bn("bn", x);
    let x = d.relu(x);
    d.classify(x, CLASSES)
}

/// y = (1 − g)·h + g·F.
pub fn exclusive_gate() -> Network {
    let (mut d, x) = Draft::new(3, 4, 4);
    let f = d.conv("F.conv", x, 3, 4, 2);
    let f = d.bn("F.bn", f);
    let g = d.conv_with("g.conv", x, [1, 1], 4, 2, Some(-1.0));
    let g = d.same(Layer::Activation(Activation::Sigmoid), g);
    let h = d.option_a(x, 4, 2);
    let one = d.number(1.0);
    let rest = d.binary(BinaryOp::Sub, one, g);
    let kept = d.binary(BinaryOp::Mul, rest, h);
    let taken = d.binary(BinaryOp::Mul, g, f);
    let y = d.add(kept, taken);
    let y = d.relu(y);
    d.classify(y, CLASSES)
}

/// Dropout of both kinds.
pub fn dropout() -> Network {
    let (mut d, x) = Draft::new(3, 4, 4);
    let a = d.conv("conv", x, 3, 3, 1);
    let a = d.same(Layer::Dropout { p: 0.3, inverted: true }, a);
    let h = d.same(Layer::Dropout { p: 0.5, inverted: false }, x);
    let y = d.add(h, a);
    let y = d.bn("bn", y);
    d.classify(y, CLASSES)
}

/// Stochastic depth: enough units that some are kept and some dropped.
pub fn drop_path() -> Network {
    let (mut d, mut x) = Draft::new(3, 3, 3);
    for unit in 0..6 {
        let a = d.conv(&format!("conv{unit}"), x, 3, 3, 1);
        let a = d.same(Layer::Activation(Activation::Tanh), a);
        let a = d.same(Layer::DropPath { p: 0.5, per: Per::Batch, inverted: false }, a);
        x = d.add(x, a);
    }
    d.classify(x, CLASSES)
}

/// One chain applied twice, batch norm included.
pub fn shared_module() -> Network {
    let (mut d, x) = Draft::new(3, 4, 4);
    let mut x = x;
    for _ in 0..2 {
        let a = d.conv("F.conv", x, 3, 3, 1);
        let a = d.bn("F.bn", a);
        let a = d.relu(a);
        x = d.add(x, a);
    }
    d.classify(x, CLASSES)
}

/// No global pooling: the linear layer reads rows, columns and channels.
pub fn linear_over_image() -> Network {
    let (mut d, x) = Draft::new(2, 3, 4);
    let a = d.conv_with("conv", x, [1, 3], 2, 1, Some(0.1));
    let a = d.same(Layer::Activation(Activation::Tanh), a);
    let logits = d.linear("linear", a, CLASSES);
    d.finish(logits)
}

/// Overlapping windows with padding, maximum and mean.
pub fn pools() -> Network {
    let (mut d, x) = Draft::new(2, 7, 6);
    let a = d.conv("conv", x, 3, 3, 1);
    let a = d.pool(PoolKind::Max, a, 3, 2, 1);
    let b = d.pool(PoolKind::Avg, a, 2, 1, 1);
    d.classify(b, CLASSES)
}

/// Channels scaled by what global pooling says, and pixels by a one-channel gate: an outer
/// product of two values that are both smaller than it.
pub fn pooled_gate() -> Network {
    let (mut d, x) = Draft::new(2, 4, 3);
    let a = d.conv("conv", x, 3, 3, 1);
    let channels = d.global_avg_pool(a);
    let channels = d.same(Layer::Activation(Activation::Sigmoid), channels);
    let pixels = d.conv("pixels", x, 1, 1, 1);
    let pixels = d.same(Layer::Activation(Activation::Sigmoid), pixels);
    let gate = d.binary(BinaryOp::Mul, channels, pixels);
    let y = d.binary(BinaryOp::Mul, gate, a);
    d.classify(y, CLASSES)
}

/// Every normalisation by an image's own moments.
pub fn norms() -> Network {
    let (mut d, x) = Draft::new(2, 4, 3);
    let a = d.conv("conv", x, 3, 6, 1);
    let a = d.norm("groups", a, Over::Groups(3), Affine::LEARNED);
    let a = d.relu(a);
    let a = d.conv("again", a, 3, 4, 1);
    let a = d.norm("image", a, Over::Groups(1), Affine { gamma: None, ..Affine::LEARNED });
    let b = d.norm("instance", a, Over::Groups(4), Affine { gamma: Some(0.5), beta: None });
    let b = d.same(Layer::Activation(Activation::Tanh), b);
    let b = d.norm("pixel", b, Over::Pixel, Affine::LEARNED);
    let y = d.add(a, b);
    let y = d.global_avg_pool(y);
    let y = d.norm("pooled", y, Over::Groups(2), Affine::LEARNED);
    let logits = d.linear("linear", y, CLASSES);
    d.finish(logits)
}

/// Factors and summands by channel and in all, a number by itself, batch norms that leave some out.
pub fn learned_numbers() -> Network {
    let (mut d, x) = Draft::new(2, 4, 3);
    let a = d.conv("conv", x, 3, 3, 1);
    let a = d.bn_with("without gamma", a, Affine { gamma: None, ..Affine::LEARNED }, [1e-3, 0.01]);
    let a = d.scale("scale", a, 3);
    let b = d.bn_with("bare", a, Affine::NONE, [1e-2, 0.5]);
    let b = d.shift("shift", b, 3);
    let b = d.shift("one", b, 1);
    let b = d.conv("again", b, 3, 3, 1);
    let b = d.bn_with("without beta", b, Affine { beta: None, gamma: Some(0.0) }, [1e-5, 0.1]);
    let alpha = d.scalar("alpha");
    let y = d.binary(BinaryOp::Mul, alpha, b);
    let y = d.add(a, y);
    let y = d.scale("all", y, 1);
    let gate = d.same(Layer::Activation(Activation::Sigmoid), alpha);
    let y = d.binary(BinaryOp::Mul, y, gate);
    d.classify(y, CLASSES)
}

/// Scalars, quotients and differences.
pub fn arithmetic() -> Network {
    let (mut d, x) = Draft::new(2, 3, 3);
    let a = d.conv("a", x, 3, 2, 1);
    let b = d.conv("b", x, 1, 2, 1);
    let b = d.same(Layer::Activation(Activation::Sigmoid), b);
    let half = d.number(0.5);
    let two = d.number(2.0);
    let factor = d.binary(BinaryOp::Mul, half, two);
    let shifted = d.binary(BinaryOp::Add, b, half);
    let quotient = d.binary(BinaryOp::Div, a, shifted);
    let scaled = d.binary(BinaryOp::Mul, two, quotient);
    let y = d.binary(BinaryOp::Sub, scaled, x);
    let y = d.binary(BinaryOp::Mul, factor, y);
    let y = d.binary(BinaryOp::Div, y, two);
    let y = d.same(Layer::Activation(Activation::Tanh), y);
    d.classify(y, CLASSES)
}
