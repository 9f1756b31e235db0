//! Printing.

use std::fmt::{Display, Formatter, Result};

use crate::graph::{
    AxisMap, ConvGeometry, InputId, Node, Number, Op, Origin, PoolGeometry, Program, Role, Type,
};
use crate::source::Span;

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "batch {}", self.batch)?;
        for (id, input) in (0..).map(InputId).zip(&self.graph.inputs) {
            let name = serde_json::Value::from(input.name.as_str());
            writeln!(f, "{id}: {} = {} {name}", input.ty, input.role)?;
        }
        for id in self.graph.ids() {
            writeln!(f, "{id}: {}", self.graph.node(id))?;
        }
        for output in &self.outputs {
            writeln!(f, "output {} = {}", output.kind, output.node)?;
        }
        self.updates.iter().try_for_each(|(input, node)| writeln!(f, "update {input} = {node}"))
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} = {}", self.ty, self.op)?;
        for (i, arg) in self.args.iter().enumerate() {
            write!(f, "{} {arg}", if i == 0 { "" } else { "," })?;
        }
        write!(f, "{}", self.origin)
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if *self != Origin::default() {
            write!(f, " ")?;
        }
        if self.span != Span::default() {
            write!(f, " @{}..{}", self.span.start, self.span.end)?;
        }
        self.region.iter().try_for_each(|region| write!(f, " {region}"))
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}{}", self.shape, if self.batched { " batched" } else { "" })
    }
}

impl Display for Role {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Role::Images => f.write_str("images"),
            Role::Targets => f.write_str("targets"),
            Role::LearningRate => f.write_str("learning_rate"),
            Role::Open(end) => write!(f, "open {end}"),
            Role::Seed => f.write_str("seed"),
            Role::Parameter => f.write_str("parameter"),
            Role::Slot(slot, of) => write!(f, "{} {of}", slot.name()),
            Role::Filled(slot) => write!(f, "filled {}", slot.name()),
            Role::Statistic => f.write_str("statistic"),
            Role::Average(average, of) => write!(f, "{} {of}", average.name()),
            Role::LookaheadShare => f.write_str("lookahead_share"),
            Role::EmaDecay => f.write_str("ema_decay"),
            Role::LossScale => f.write_str("loss_scale"),
            Role::GoodSteps => f.write_str("good_steps"),
            Role::Probe(id) => write!(f, "probe {id}"),
            Role::Cut => f.write_str("cut"),
        }
    }
}

impl Display for Op {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.name())?;
        match self {
            Op::Input(id) => write!(f, " {id}"),
            Op::Const(number) => write!(f, " {number}"),
            Op::Random { stream } => write!(f, " {stream}"),
            Op::Conv(geometry) | Op::ConvDx(geometry) | Op::ConvDw(geometry) => geometry.fmt(f),
            Op::Reduce(kind, axes) => {
                let letters = axes.letters();
                let axes = if letters.is_empty() { "none" } else { &letters };
                write!(f, " {} {axes}", kind.name())
            }
            Op::Pool(geometry) | Op::PoolDx(geometry) => geometry.fmt(f),
            Op::Remap(remap) => {
                let [n, h, w, c] = remap.axes;
                write!(f, " [{n}, {h}, {w}, {c}]")
            }
            Op::Unary(_)
            | Op::Binary(_)
            | Op::Broadcast
            | Op::Index
            | Op::Reshape
            | Op::Total
            | Op::Detach
            | Op::After => Ok(()),
        }
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        // The shortest decimal that reads as the same number; which NaN, only bits tell.
        if self.0.is_nan() {
            write!(f, "{:#x}", self.0.to_bits())
        } else {
            write!(f, "{:?}", self.0)
        }
    }
}

impl Display for ConvGeometry {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let [rows, columns] = self.kernel;
        write!(f, " {rows}×{columns}/{}", self.stride)?;
        match self.padding {
            [0, 0] => Ok(()),
            [rows, columns] if rows == columns => write!(f, " pad {rows}"),
            [rows, columns] => write!(f, " pad {rows}×{columns}"),
        }?;
        if self.groups == 1 { Ok(()) } else { write!(f, " groups {}", self.groups) }
    }
}

impl Display for PoolGeometry {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let [window, stride] = [Pair(self.window), Pair(self.stride)];
        write!(f, " {} {window}/{stride}", self.kind.name())?;
        let [rows, columns] = self.padding.map(Pair);
        match self.padding {
            [[0, 0], [0, 0]] => Ok(()),
            [[above, below], [left, right]] if above == below && left == right => {
                write!(f, " pad {}", Pair([above, left]))
            }
            _ => write!(f, " pad {rows},{columns}"),
        }
    }
}

/// Two extents; one where they are equal.
struct Pair([usize; 2]);

impl Display for Pair {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            [a, b] if a == b => write!(f, "{a}"),
            [a, b] => write!(f, "{a}×{b}"),
        }
    }
}

impl Display for AxisMap {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let factor = if self.mul == 1 { String::new() } else { self.mul.to_string() };
        let offset = if self.offset == 0 { String::new() } else { format!("{:+}", self.offset) };
        match self.div {
            1 => write!(f, "{factor}i{offset}"),
            div => write!(f, "({factor}i{offset})/{div}"),
        }
    }
}
