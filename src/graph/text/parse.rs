//! Reading.

use std::str::FromStr;

use crate::graph::verify::verify;
use crate::graph::{
    Average, Axes, AxisMap, Binary, ConvGeometry, EndId, Input, InputId, Node, NodeId, Number, Op,
    Origin, Output, OutputKind, PoolGeometry, PoolKind, ProbeId, Program, QuantityId, ReduceKind,
    RegionId, Remap, Role, Shape, Slot, Type, Unary,
};
use crate::source::Span;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

type Parsed<T> = Result<T, String>;

impl FromStr for Program {
    type Err = ParseError;

    /// Reads a program, and verifies it.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut program = Program::default();
        let mut lines = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let said = text.trim();
            if said.is_empty() || said.starts_with('#') {
                continue;
            }
            statement(&mut program, said).map_err(|reason| ParseError { line, reason })?;
            lines.resize(program.graph.nodes.len(), line);
        }
        verify(&program).map_err(|broken| ParseError {
            line: lines.get(broken.node.index()).copied().unwrap_or_default(),
            reason: broken.reason,
        })?;
        Ok(program)
    }
}

fn statement(program: &mut Program, text: &str) -> Parsed<()> {
    let mut at = Cursor { rest: text };
    let graph = &mut program.graph;
    if at.skips("batch ") {
        program.batch = at.number()?;
    } else if at.skips("output ") {
        let kind = output(&mut at)?;
        at.expect("=")?;
        program.outputs.push(Output { kind, node: NodeId(at.id("%")?) });
    } else if at.skips("update ") {
        let input = InputId(at.id("in")?);
        at.expect("=")?;
        program.updates.push((input, NodeId(at.id("%")?)));
    } else if text.starts_with("in") {
        at.next_id("in", graph.inputs.len())?;
        let ty = at.ty()?;
        at.expect("=")?;
        let role = role(&mut at)?;
        graph.inputs.push(Input { name: at.name()?, role, ty });
    } else {
        at.next_id("%", graph.nodes.len())?;
        let node = node(program, &mut at)?;
        program.graph.nodes.push(node);
    }
    at.end()
}

fn output(at: &mut Cursor) -> Parsed<OutputKind> {
    Ok(match at.word() {
        "loss" => OutputKind::Loss,
        "logits" => OutputKind::Logits,
        "finite" => OutputKind::Finite,
        "gradient" => OutputKind::Gradient(InputId(at.id("in")?)),
        "cut" => OutputKind::Cut,
        "quantity" => OutputKind::Quantity(QuantityId(at.id("q")?)),
        other => return Err(format!("no output is called `{other}`")),
    })
}

fn role(at: &mut Cursor) -> Parsed<Role> {
    Ok(match at.word() {
        "images" => Role::Images,
        "targets" => Role::Targets,
        "learning_rate" => Role::LearningRate,
        "open" => Role::Open(EndId(at.id("e")?)),
        "seed" => Role::Seed,
        "parameter" => Role::Parameter,
        "filled" => Role::Filled(slot(at.word())?),
        "statistic" => Role::Statistic,
        "lookahead_share" => Role::LookaheadShare,
        "ema_decay" => Role::EmaDecay,
        "loss_scale" => Role::LossScale,
        "good_steps" => Role::GoodSteps,
        "probe" => Role::Probe(ProbeId(at.id("p")?)),
        "cut" => Role::Cut,
        other => match (Slot::named(other), Average::named(other)) {
            (Some(slot), _) => Role::Slot(slot, InputId(at.id("in")?)),
            (None, Some(average)) => Role::Average(average, InputId(at.id("in")?)),
            (None, None) => return Err(format!("no role is called `{other}`")),
        },
    })
}

fn slot(name: &str) -> Parsed<Slot> {
    Slot::named(name).ok_or_else(|| format!("no optimiser keeps a `{name}`"))
}

fn node(program: &Program, at: &mut Cursor) -> Parsed<Node> {
    let ty = at.ty()?;
    at.expect("=")?;
    let mut op = operation(at)?;
    let mut args: Vec<NodeId> = Vec::new();
    while at.rest.starts_with('%') {
        let arg = NodeId(at.id("%")?);
        if arg.index() >= program.graph.nodes.len() {
            return Err(format!("{arg} does not come before"));
        }
        args.push(arg);
        if !at.skips(",") {
            break;
        }
    }
    let mut origin = Origin::default();
    if at.skips("@") {
        let start = at.id("")?;
        at.expect("..")?;
        origin.span = Span { start, end: at.id("")? };
    }
    if at.rest.starts_with('r') {
        origin.region = Some(RegionId(at.id("r")?));
    }
    let first = args.first().map_or(ty, |&arg| program.graph.node(arg).ty);
    complete(&mut op, ty.shape, first.shape);
    Ok(Node { op, args, ty, origin })
}

/// Adds to an operation what its text leaves to the types of the node and of its first argument.
fn complete(op: &mut Op, own: Shape, first: Shape) {
    let image = |shape: Shape| [shape.0[1], shape.0[2]];
    match op {
        Op::Conv(geometry) | Op::ConvDw(geometry) => geometry.input = image(first),
        Op::ConvDx(geometry) => geometry.input = image(own),
        Op::Pool(geometry) | Op::PoolDx(geometry) => geometry.input = image(first),
        Op::Remap(remap) => {
            remap.axes.iter_mut().zip(own.0).for_each(|(axis, len)| axis.len = len);
        }
        Op::Input(_)
        | Op::Const(_)
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Broadcast
        | Op::Random { .. }
        | Op::Index
        | Op::Reduce(..)
        | Op::Reshape
        | Op::Total
        | Op::Detach
        | Op::After => {}
    }
}

fn operation(at: &mut Cursor) -> Parsed<Op> {
    let word = at.word();
    Ok(match word {
        "input" => Op::Input(InputId(at.id("in")?)),
        "const" => Op::Const(constant(at.word())?),
        "broadcast" => Op::Broadcast,
        "random" => Op::Random { stream: at.id("")? },
        "index" => Op::Index,
        "conv" => Op::Conv(convolution(at)?),
        "conv_dx" => Op::ConvDx(convolution(at)?),
        "conv_dw" => Op::ConvDw(convolution(at)?),
        "reduce" => Op::Reduce(named(at.word(), ReduceKind::named)?, axes(at.word())?),
        "pool" => Op::Pool(pooling(at)?),
        "pool_dx" => Op::PoolDx(pooling(at)?),
        "remap" => Op::Remap(remap(at)?),
        "reshape" => Op::Reshape,
        "total" => Op::Total,
        "detach" => Op::Detach,
        "after" => Op::After,
        other => match (Unary::named(other), Binary::named(other)) {
            (Some(function), _) => Op::Unary(function),
            (None, Some(function)) => Op::Binary(function),
            (None, None) => return Err(format!("no operation is called `{other}`")),
        },
    })
}

fn named<T>(word: &str, find: impl Fn(&str) -> Option<T>) -> Parsed<T> {
    find(word).ok_or_else(|| format!("nothing here is called `{word}`"))
}

fn constant(word: &str) -> Parsed<Number> {
    let value = match word.strip_prefix("0x") {
        Some(bits) => u64::from_str_radix(bits, 16).ok().map(f64::from_bits),
        None => word.parse().ok(),
    };
    value.map(Number).ok_or_else(|| format!("`{word}` is not a number"))
}

fn axes(word: &str) -> Parsed<Axes> {
    let axes = Axes(['n', 'h', 'w', 'c'].map(|letter| word != "none" && word.contains(letter)));
    let complete = word == "none" || axes.letters() == word;
    complete.then_some(axes).ok_or_else(|| format!("`{word}` is not a choice of `nhwc`"))
}

fn convolution(at: &mut Cursor) -> Parsed<ConvGeometry> {
    let kernel = at.extents()?;
    at.expect("/")?;
    let stride = at.number()?;
    let padding = if at.skips("pad ") { at.pair()? } else { [0, 0] };
    let groups = if at.skips("groups ") { at.number()? } else { 1 };
    Ok(ConvGeometry { input: [0, 0], kernel, stride, padding, groups })
}

fn pooling(at: &mut Cursor) -> Parsed<PoolGeometry> {
    let kind = named(at.word(), PoolKind::named)?;
    let window = at.pair()?;
    at.expect("/")?;
    let stride = at.pair()?;
    let first = if at.skips("pad ") { at.pair()? } else { [0, 0] };
    let padding = if at.skips(",") { [first, at.pair()?] } else { first.map(|side| [side, side]) };
    Ok(PoolGeometry { kind, input: [0, 0], window, stride, padding })
}

fn remap(at: &mut Cursor) -> Parsed<Remap> {
    let mut axes = [AxisMap::identity(0); 4];
    for (position, axis) in axes.iter_mut().enumerate() {
        at.expect(if position == 0 { "[" } else { "," })?;
        *axis = axis_map(at)?;
    }
    at.expect("]")?;
    Ok(Remap { axes })
}

fn axis_map(at: &mut Cursor) -> Parsed<AxisMap> {
    let divided = at.skips("(");
    let mul = if at.rest.starts_with('i') { 1 } else { at.number()? };
    at.expect("i")?;
    let sign = if at.skips("+") { 1 } else { -isize::from(at.skips("-")) };
    let offset = if sign == 0 { 0 } else { sign * at.number()? as isize };
    let div = if divided {
        at.expect(")")?;
        at.expect("/")?;
        at.number()?
    } else {
        1
    };
    Ok(AxisMap { len: 0, mul, offset, div })
}

/// What is left of a line; spaces are skipped after each thing read.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest.trim_start();
        taken
    }

    fn skips(&mut self, text: &str) -> bool {
        let there = self.rest.starts_with(text);
        if there {
            self.take(text.len());
        }
        there
    }

    fn expect(&mut self, text: &str) -> Parsed<()> {
        if self.skips(text) {
            Ok(())
        } else {
            Err(format!("`{text}` should stand {}", self.here()))
        }
    }

    fn here(&self) -> String {
        if self.rest.is_empty() { "at the end".into() } else { format!("at `{}`", self.rest) }
    }

    fn end(&self) -> Parsed<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("`{}` is too much", self.rest)) }
    }

    /// Up to the next space or comma.
    fn word(&mut self) -> &'a str {
        self.take(self.rest.find([' ', ',']).unwrap_or(self.rest.len()))
    }

    /// The number of an id, below 2³².
    fn id(&mut self, prefix: &str) -> Parsed<u32> {
        let bare = self.rest.strip_prefix(prefix).unwrap_or_default();
        let digits = bare.find(|c: char| !c.is_ascii_digit()).unwrap_or(bare.len());
        let number = bare[..digits].parse();
        let number =
            number.map_err(|_| format!("`{prefix}` and a number should stand {}", self.here()))?;
        self.take(prefix.len() + digits);
        Ok(number)
    }

    /// An extent or the like. Below 2³², so that twice one and another add up.
    fn number(&mut self) -> Parsed<usize> {
        self.id("").map(|number| number as usize)
    }

    /// `prefix` with `next`, and a colon.
    fn next_id(&mut self, prefix: &str, next: usize) -> Parsed<()> {
        match self.id(prefix)? as usize {
            id if id == next => self.expect(":"),
            id => Err(format!("{prefix}{id} should be {prefix}{next}")),
        }
    }

    /// `a×b×…`
    fn extents<const N: usize>(&mut self) -> Parsed<[usize; N]> {
        let mut extents = [self.number()?; N];
        for extent in &mut extents[1..] {
            self.expect("×")?;
            *extent = self.number()?;
        }
        Ok(extents)
    }

    /// `a` for twice the same, or `a×b`.
    fn pair(&mut self) -> Parsed<[usize; 2]> {
        let first = self.number()?;
        Ok([first, if self.skips("×") { self.number()? } else { first }])
    }

    fn ty(&mut self) -> Parsed<Type> {
        let extents = self.extents()?;
        let elements = extents.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
        if elements.is_none_or(|elements| elements > isize::MAX as usize) {
            return Err("has too many elements".into());
        }
        Ok(Type { shape: Shape(extents), batched: self.skips("batched") })
    }

    fn name(&mut self) -> Parsed<String> {
        let quoted = self.take(self.rest.len());
        serde_json::from_str(quoted).map_err(|_| format!("`{quoted}` is not a name in quotes"))
    }
}
