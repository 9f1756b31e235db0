//! Graphs as text, one node a line: `%7: 128×32×32×16 = conv 3×3/1 %2, %5`.

use std::fmt;

use super::types::*;

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in self.ids() {
            let node = self.node(id);
            write!(f, "{id}: {} = {}", node.ty.shape, Name(self, &node.op))?;
            for (i, arg) in node.args.iter().enumerate() {
                write!(f, "{} {arg}", if i == 0 { "" } else { "," })?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

struct Name<'a>(&'a Graph, &'a Op);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conv = |f: &mut fmt::Formatter<'_>, name: &str, g: &ConvGeometry| {
            write!(f, "{name} {}×{}/{}", g.kernel[0], g.kernel[1], g.stride)
        };
        match self.1 {
            Op::Input(id) => write!(f, "input {:?}", self.0.input(*id).name),
            Op::Const(value) => write!(f, "const {value}"),
            Op::Unary(op) => f.write_str(op.name()),
            Op::Binary(op) => f.write_str(op.name()),
            Op::Broadcast => f.write_str("broadcast"),
            Op::Random { stream } => write!(f, "random {stream}"),
            Op::Conv(g) => conv(f, "conv", g),
            Op::ConvDx(g) => conv(f, "conv_dx", g),
            Op::ConvDw(g) => conv(f, "conv_dw", g),
            Op::Reduce(kind, axes) => write!(f, "{} over {}", kind.name(), axes.letters()),
            Op::Pool(g) => write!(f, "pool {}/{}", g.window, g.stride),
            Op::PoolDx(g) => write!(f, "pool_dx {}/{}", g.window, g.stride),
            Op::Remap(_) => f.write_str("remap"),
            Op::Detach => f.write_str("detach"),
            Op::After => f.write_str("after"),
        }
    }
}

impl Unary {
    /// Its name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Unary::Neg => "neg",
            Unary::Relu => "relu",
            Unary::Step => "step",
            Unary::Exp => "exp",
            Unary::Log => "log",
            Unary::Sqrt => "sqrt",
            Unary::Recip => "recip",
            Unary::Sigmoid => "sigmoid",
            Unary::Tanh => "tanh",
            Unary::Finite => "finite",
        }
    }
}

impl Binary {
    /// Its name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::Max => "max",
        }
    }
}

impl ReduceKind {
    /// Its name in listings.
    pub fn name(self) -> &'static str {
        match self {
            ReduceKind::Sum => "sum",
            ReduceKind::Max => "max",
            ReduceKind::M2 => "m2",
        }
    }
}

impl Axes {
    /// The reduced axes as letters of `nhwc`.
    pub fn letters(self) -> String {
        "nhwc".chars().zip(self.0).filter(|(_, reduced)| *reduced).map(|(c, _)| c).collect()
    }
}
