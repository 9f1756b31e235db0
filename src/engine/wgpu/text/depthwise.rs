//! Contractions whose groups are single channels (see [`Depthwise`]): a thread's block of pixels, and
//! what it sees, in registers.

use crate::engine::wgpu::cut::{Contraction, ContractionKind, Depthwise, Style, WindowReach};
use crate::engine::wgpu::kernel::Moment;

use super::columns::{columns, workgroup_memory};
use super::epilogue::{elements, epilogue, raw_arguments};
use super::map::constants;
use super::seen::Seen;
use super::template::{DEPTHWISE, fill, rolled, threads};
use super::writer::{At, Writer};

/// The module of a convolution, or of its gradient with respect to the pictures.
pub(super) fn depthwise(writer: &mut Writer, it: &Contraction, cut: &Depthwise) -> String {
    let products = products(writer, it, cut);
    let raw = raw_arguments(&[it.node], writer.cut.width);
    let epilogue = epilogue(writer, &raw, &mut |_, _| {});
    let blocks = format!("const BLOCKS = {}u;\n", cut.all_blocks());
    let mut hooks = vec![
        ("constants", constants(writer) + &blocks),
        ("functions", workgroup_memory(writer)),
        ("epilogue", epilogue),
        ("products", products),
        ("rows", rows(cut)),
        ("elements", elements(writer, &|r| format!(", acc{r}"))),
        ("columns", columns(writer)),
    ];
    hooks.extend(threads(writer));
    fill(DEPTHWISE, &hooks)
}

/// Names for a block's image, and its first row and column.
pub(super) fn place(writer: &mut Writer, cut: &Depthwise) -> [String; 3] {
    let [down, across] = cut.blocks();
    [
        writer.bind(format!("block / {}u", down * across)),
        writer.bind(format!("block / {across}u % {down}u * {}u", cut.rows())),
        writer.bind(format!("block % {across}u * {}u", cut.blocking.columns)),
    ]
}

/// The rows of the domain that a thread's pixels are.
fn rows(cut: &Depthwise) -> String {
    let [_, h, w] = cut.pixels;
    let [down, across] = cut.blocks();
    let columns = cut.blocking.columns;
    let first = format!(
        "let first_row = (block / {}u * {h}u + block / {across}u % {down}u * {}u) * {w}u + block % {across}u * {columns}u;\n",
        down * across,
        cut.rows()
    );
    let one = |at: usize| {
        let row = at / columns * w + at % columns;
        format!("let row{at} = select(ROWS, first_row + {row}u, has);\n")
    };
    first + &(0..cut.rows() * columns).map(one).collect::<String>()
}

/// What a block sees along one axis.
pub(super) struct Axis {
    /// Rows or columns of the left operand.
    pub seen: Vec<Seen>,
    /// Pixels of the block with the places of the kernel that they meet, and which of these is there.
    met: Vec<[usize; 3]>,
}

impl Axis {
    /// Of rows (0) or columns (1), for so many pixels from `first` on.
    pub fn of(
        writer: &mut Writer,
        it: &Contraction,
        axis: usize,
        first: &str,
        pixels: usize,
    ) -> Self {
        let kernel = it.geometry.kernel[axis];
        if it.kind == ContractionKind::PictureGradient && !pixels.is_multiple_of(it.geometry.stride)
        {
            return Self::of_one(writer, it, axis, first);
        }
        let reach = WindowReach::along(it, axis, pixels);
        let offsets = reach.columns(pixels);
        let from = reach.first(writer, first);
        let always = Seen { index: String::new(), inside: ALWAYS.to_owned() };
        let seen = offsets.iter().map(|offset| reach.pixel(writer, &from, *offset, &always));
        let seen = seen.collect();
        let pairs = (0..pixels).flat_map(|pixel| (0..kernel).map(move |place| (pixel, place)));
        let met = pairs.filter_map(|(pixel, place)| {
            let offset = reach.column(pixel, place)?;
            let at = offsets.iter().position(|known| *known == offset)?;
            Some([pixel, place, at])
        });
        Self { met: met.collect(), seen }
    }

    /// Of one pixel, of which only the device knows between which strides it lies.
    fn of_one(writer: &mut Writer, it: &Contraction, axis: usize, first: &str) -> Self {
        // Along the other axis, whose rows these are.
        let reach = WindowReach::along(it, 1 - axis, 1);
        let kernel = it.geometry.kernel[axis];
        let seen = (0..kernel).map(|place| reach.row(writer, first, &format!("{place}u")));
        Self { seen: seen.collect(), met: (0..kernel).map(|place| [0, place, place]).collect() }
    }

    /// Pixels and places that meet one that is seen.
    fn meeting(&self, seen: usize) -> impl Iterator<Item = [usize; 2]> {
        let here = self.met.iter().filter(move |[_, _, at]| *at == seen);
        here.map(|[pixel, place, _]| [*pixel, *place])
    }

    /// Which is seen by a pixel at a place.
    pub fn at(&self, pixel: usize, place: usize) -> Option<usize> {
        self.met.iter().find(|[p, j, _]| [*p, *j] == [pixel, place]).map(|[_, _, at]| *at)
    }
}

/// The condition that holds.
const ALWAYS: &str = "true";

/// A condition of two.
fn both(a: &str, b: &str) -> String {
    match (a, b) {
        (ALWAYS, one) | (one, ALWAYS) => one.to_owned(),
        (a, b) => format!("{a} && {b}"),
    }
}

/// What is seen of an operand at an index: zero outside.
pub(super) fn load(
    writer: &mut Writer,
    it: &Contraction,
    n: &str,
    [row, column]: [&Seen; 2],
) -> String {
    let at = At::new([n, &row.index, &column.index, "channel"], writer.cut.width);
    let value = writer.value(it.operands[0], &at);
    match both(&row.inside, &column.inside).as_str() {
        ALWAYS => value,
        inside => writer.bind(format!("select(V(0.0), {value}, {inside})")),
    }
}

/// The sums of a block.
fn products(writer: &mut Writer, it: &Contraction, cut: &Depthwise) -> String {
    let [rows, columns] = [cut.rows(), cut.blocking.columns];
    (0..rows * columns).for_each(|at| writer.line(format!("var acc{at} = V(0.0);")));
    let [n, y, x] = place(writer, cut);
    let across = Axis::of(writer, it, 1, &x, columns);
    let kernel = it.geometry.kernel[0];
    if rows == 1 {
        let bound = match writer.plan.target.style {
            Style::Staged => format!("{kernel}u"),
            Style::Sliding => rolled(&format!("{kernel}u"), ["block", "BLOCKS"]),
        };
        writer.open(format!("for (var i = 0u; i < {bound}; i++)"));
        let seen = WindowReach::along(it, 1, 1).row(writer, &y, "i");
        let row = Row { n: &n, seen: &seen, met: vec![(0, "i".to_owned())] };
        row.add(writer, it, &across, columns);
        writer.close();
        return writer.take();
    }
    let down = Axis::of(writer, it, 0, &y, rows);
    for (at, seen) in down.seen.iter().enumerate() {
        let met = down.meeting(at).map(|[pixel, place]| (pixel, format!("{place}u")));
        let row = Row { n: &n, seen, met: met.collect() };
        row.add(writer, it, &across, columns);
    }
    writer.take()
}

/// A row of the left operand that a block sees.
struct Row<'a> {
    n: &'a str,
    seen: &'a Seen,
    /// Rows of the block, and the rows of the kernel that meet it there.
    met: Vec<(usize, String)>,
}

impl Row<'_> {
    /// Loads what the block sees of it, once, and adds it to all sums that take it in.
    fn add(&self, writer: &mut Writer, it: &Contraction, across: &Axis, columns: usize) {
        let left: Vec<_> = across
            .seen
            .iter()
            .map(|column| load(writer, it, self.n, [self.seen, column]))
            .collect();
        for (row, place) in &self.met {
            self.store_on_the_way(writer, it, across, place);
            for column in 0..columns {
                let sum = format!("acc{}", row * columns + column);
                let mut terms = String::new();
                for j in 0..it.geometry.kernel[1] {
                    let Some(at) = across.at(column, j) else { continue };
                    let weight =
                        At::new([place, &format!("{j}u"), "0u", "channel"], writer.cut.width);
                    let weight = writer.value(it.operands[1], &weight);
                    terms += &format!(" + {} * {weight}", left[at]);
                }
                if !terms.is_empty() {
                    writer.line(format!("{sum} = {sum}{terms};"));
                }
            }
        }
    }

    /// Stores what no earlier kernel has stored of what the left operand is made of, where the middle
    /// of a pixel's window stands on an element.
    fn store_on_the_way(&self, writer: &mut Writer, it: &Contraction, across: &Axis, place: &str) {
        let [middle, column_middle] = it.geometry.padding;
        let stores = writer.kernel.stores.iter().filter(|s| s.at == Moment::Prologue);
        let values: Vec<_> = stores.map(|s| s.value).collect();
        let known = place.strip_suffix('u').and_then(|place| place.parse::<usize>().ok());
        if values.is_empty() || known.is_some_and(|place| place != middle) {
            return;
        }
        for [_, _, at] in across.met.iter().filter(|[_, place, _]| *place == column_middle) {
            let column = &across.seen[*at];
            let at = [self.n, &self.seen.index, &column.index, "channel"];
            let at = At::new(at, writer.cut.width);
            let mut own = both("has", &both(&self.seen.inside, &column.inside));
            if known.is_none() {
                own += &format!(" && {place} == {middle}u");
            }
            for &value in &values {
                let Some(to) = writer.place(value) else { continue };
                let shape = writer.program.graph.node(value).ty.shape;
                let stored = writer.value(value, &at);
                writer.open(format!("if ({own})"));
                writer.store(to, shape, &at, &stored);
                writer.close();
            }
        }
    }
}
