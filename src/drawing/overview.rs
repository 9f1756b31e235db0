//! The whole net, stage by stage: a stage is what has one size of pixels. Stages stand side by side,
//! in rows as wide as the page; what repeats is drawn once, with how often.

use super::label::label;
use super::parts::{self, Block, FONT, HEIGHT};
use crate::network::{Chw, Layer, Network};
use crate::picture::{Anchor, At, Face, Paint, Shape, Stroke};
use crate::text::thousands;

/// Most boxes under each other; a longer stage goes on beside.
const MOST: usize = 14;
/// Longest sequence of boxes whose repeats are found.
const PERIOD: usize = 6;
/// Between the tops of two boxes.
const ROW: f64 = 44.0;
/// From a stage's frame to its boxes.
const INSET: f64 = 12.0;
/// Above the first box: the caption, and the wire that comes in.
const HEAD: f64 = 48.0;
/// Where that wire comes in.
const ENTRY: f64 = 29.0;
/// Below the last box: the wire that goes out.
const FOOT: f64 = 22.0;
/// Where that wire turns.
const EXIT: f64 = 12.0;
/// Between stages.
const APART: f64 = 22.0;
/// Between rows.
const BETWEEN: f64 = 30.0;

/// A layer, or a unit, in the net.
#[derive(Clone, PartialEq)]
struct Entry {
    words: String,
    shape: Chw,
    /// The kind of the unit.
    kind: Option<usize>,
}

/// Entries that come several times, one after the other.
struct Run {
    entries: Vec<Entry>,
    times: usize,
}

/// Draws a net; `kinds` has each unit's.
pub fn overview(network: &Network, kinds: &[usize], width: f64) -> Block {
    let stages: Vec<Stage> = chunks(entries(network, kinds)).into_iter().map(Stage::new).collect();
    let mut shapes = Vec::new();
    let lane =
        if stages.iter().map(|s| s.size[0] + APART).sum::<f64>() > width { APART } else { 0.0 };
    let (mut x, mut y, mut tallest, mut size) = (lane, 0f64, 0f64, [0f64; 2]);
    // Where the wire out of the stage before is.
    let mut out: Option<[f64; 3]> = None;
    for stage in &stages {
        let mut turn = None;
        if x > lane && x + stage.size[0] > width {
            turn = Some(y + tallest + BETWEEN / 2.0);
            (x, y, tallest) = (lane, y + tallest + BETWEEN, 0.0);
        }
        let [first, last] = stage.ends().map(|[dx, dy]| [x + dx, y + dy]);
        if let Some([from_x, from_y, right]) = out {
            let entry = y + ENTRY;
            let points = match turn {
                None => {
                    let between = right + APART / 2.0;
                    vec![
                        [from_x, from_y],
                        [from_x, from_y + EXIT],
                        [between, from_y + EXIT],
                        [between, entry],
                        [first[0], entry],
                        first,
                    ]
                }
                Some(turn) => vec![
                    [from_x, from_y],
                    [from_x, turn],
                    [lane / 2.0, turn],
                    [lane / 2.0, entry],
                    [first[0], entry],
                    first,
                ],
            };
            shapes.push(parts::wire(points));
        }
        let drawn = stage.shapes.iter().map(|shape| shape.clone().moved([x, y]));
        // Frames lie under the wires between them.
        let (frames, rest): (Vec<Shape>, Vec<Shape>) = drawn.partition(is_frame);
        shapes.splice(0..0, frames);
        shapes.extend(rest);
        out = Some([last[0], last[1], x + stage.size[0]]);
        tallest = tallest.max(stage.size[1]);
        size = [size[0].max(x + stage.size[0]), size[1].max(y + tallest)];
        x += stage.size[0] + APART;
    }
    Block { size, shapes }
}

fn is_frame(shape: &Shape) -> bool {
    matches!(shape, Shape::Rect { fill: Some(Paint::Group), .. })
}

fn entries(network: &Network, kinds: &[usize]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut seen = None;
    for value in &network.values {
        match value.unit {
            Some(unit) if seen != Some(unit) => {
                seen = Some(unit);
                let Some(instance) = network.units.get(unit.index()) else { continue };
                entries.push(Entry {
                    words: instance.definition.clone(),
                    shape: network.value(instance.output).shape,
                    kind: kinds.get(unit.index()).copied(),
                });
            }
            Some(_) => {}
            None if matches!(value.layer, Layer::Const(_)) => {}
            None => {
                entries.push(Entry { words: label(network, value), shape: value.shape, kind: None })
            }
        }
    }
    entries
}

/// Stages, in parts that are not too long, as runs.
fn chunks(entries: Vec<Entry>) -> Vec<Vec<Run>> {
    let mut chunks: Vec<Vec<Run>> = Vec::new();
    for stage in entries.chunk_by(|a, b| [a.shape.h, a.shape.w] == [b.shape.h, b.shape.w]) {
        let mut boxes = MOST;
        for run in runs(stage) {
            if boxes + run.entries.len() > MOST {
                boxes = 0;
                chunks.push(Vec::new());
            }
            boxes += run.entries.len();
            if let Some(chunk) = chunks.last_mut() {
                chunk.push(run);
            }
        }
    }
    chunks
}

/// What repeats, and what does not; of several ways the one that saves most boxes.
fn runs(entries: &[Entry]) -> Vec<Run> {
    let saved = |(period, times): (usize, usize)| period * (times - 1);
    let mut runs = Vec::new();
    let mut at = 0;
    while at < entries.len() {
        let here = repeat(&entries[at..]);
        // What begins one further on may save more.
        let next = entries.get(at + 1..).filter(|rest| !rest.is_empty()).map_or((1, 1), repeat);
        let (period, times) = if saved(next) > saved(here) { (1, 1) } else { here };
        runs.push(Run { entries: entries[at..at + period].to_vec(), times });
        at += period * times;
    }
    runs
}

/// How many entries come how often at the beginning.
fn repeat(entries: &[Entry]) -> (usize, usize) {
    let times = |period: usize| {
        let (first, more) = entries.split_at(period);
        1 + more.chunks_exact(period).take_while(|next| *next == first).count()
    };
    let ways = (1..=PERIOD.min(entries.len())).map(|period| (period, times(period)));
    // A bracket around two boxes twice says less than four boxes.
    let ways = ways.filter(|&(period, times)| period == 1 || period * (times - 1) > 2);
    ways.max_by_key(|&(period, times)| (period * (times - 1), PERIOD - period)).unwrap_or((1, 1))
}

/// A stage, or a part of one, as a column of boxes in a frame.
struct Stage {
    size: At,
    shapes: Vec<Shape>,
    /// Left edge and width of its boxes.
    boxes: [f64; 2],
    rows: usize,
}

impl Stage {
    fn new(runs: Vec<Run>) -> Self {
        let times = |run: &Run| format!("× {}", thousands(run.times));
        let alone = |run: &Run| run.times > 1 && run.entries.len() == 1;
        let words = |run: &Run, entry: &Entry| match alone(run) {
            true => format!("{} {}", entry.words, times(run)),
            false => entry.words.clone(),
        };
        let measured = |text: &str| Face::Regular.width(FONT, text);
        let width_of = |(run, entry): (&Run, &Entry)| {
            measured(&words(run, entry)) + 18.0 + measured(&entry.shape.to_string())
        };
        let all = || runs.iter().flat_map(|run| run.entries.iter().map(move |entry| (run, entry)));
        let width = 2.0 * parts::PAD + all().map(width_of).fold(80.0, f64::max);
        let bracket = |run: &Run| run.times > 1 && run.entries.len() > 1;
        let brackets =
            runs.iter().filter(|run| bracket(run)).map(|run| measured(&times(run)) + 14.0);
        let brackets = brackets.fold(0.0, f64::max);
        let rows = all().count();
        let size = [2.0 * INSET + width + brackets, HEAD + (rows - 1) as f64 * ROW + HEIGHT + FOOT];
        let frame =
            Shape::Rect { at: [0.0; 2], size, round: 8.0, fill: Some(Paint::Group), stroke: None };
        let [h, w] = all().next().map_or([0, 0], |(_, entry)| [entry.shape.h, entry.shape.w]);
        let caption = format!("{h}×{w}");
        let mut shapes = vec![
            frame,
            parts::text([INSET, 19.0], Anchor::Start, Face::Bold, Paint::Muted, &caption),
        ];
        let mut row = 0;
        let top = |row: usize| HEAD + row as f64 * ROW;
        for run in &runs {
            let first = row;
            for entry in &run.entries {
                let (x, y) = (INSET + width / 2.0, top(row));
                if row > 0 {
                    shapes.push(parts::wire(vec![[x, y - ROW + HEIGHT], [x, y]]));
                }
                let fill = if entry.kind.is_some() { Paint::Unit } else { Paint::Layer };
                let ends = [words(run, entry), entry.shape.to_string()];
                let ends = [ends[0].as_str(), ends[1].as_str()];
                shapes.extend(parts::two_ended([INSET, y], width, fill, ends));
                row += 1;
            }
            if bracket(run) {
                let (x, from, to) = (INSET + width + 4.0, top(first), top(row - 1) + HEIGHT);
                let points = vec![[x, from], [x + 4.0, from], [x + 4.0, to], [x, to]];
                let stroke = Stroke::new(Paint::Faint, 1.1);
                shapes.push(Shape::Line { points, stroke, bend: 0.0, tip: false });
                let at = [x + 9.0, (from + to) / 2.0 + 4.5];
                shapes.push(parts::text(
                    at,
                    Anchor::Start,
                    Face::Regular,
                    Paint::Muted,
                    &times(run),
                ));
            }
        }
        Self { size, shapes, boxes: [INSET, width], rows }
    }

    /// Where wires come in at the top of the first box, and go out below the last.
    fn ends(&self) -> [At; 2] {
        let x = self.boxes[0] + self.boxes[1] / 2.0;
        [[x, HEAD], [x, HEAD + (self.rows - 1) as f64 * ROW + HEIGHT]]
    }
}
