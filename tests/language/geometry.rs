//! Where things are in drawings: of every bundled spec, and of units drawn at random.

use super::{network, spec};
use rnetc::drawing::{self, unravel};
use rnetc::network::Network;
use rnetc::picture::{Paint, Picture, Shape, Text};

type At = [f64; 2];

/// A rectangle by its upper left and lower right corner.
#[derive(Clone, Copy, Debug)]
struct Area([At; 2]);

impl Area {
    fn inside(self, other: Area) -> bool {
        (0..2).all(|k| self.0[0][k] >= other.0[0][k] - 0.01 && self.0[1][k] <= other.0[1][k] + 0.01)
    }

    fn meets(self, other: Area) -> bool {
        (0..2).all(|k| self.0[0][k] < other.0[1][k] - 0.01 && other.0[0][k] < self.0[1][k] - 0.01)
    }

    /// The same, smaller on all sides.
    fn within(self, by: f64) -> Area {
        let [[x0, y0], [x1, y1]] = self.0;
        Area([[x0 + by, y0 + by], [x1 - by, y1 - by]])
    }

    fn of(from: At, to: At) -> Area {
        let low = [0, 1].map(|k| from[k].min(to[k]));
        let high = [0, 1].map(|k| from[k].max(to[k]));
        Area([low, high])
    }
}

struct Wire {
    points: Vec<At>,
}

impl Wire {
    fn pieces(&self) -> impl Iterator<Item = Area> + '_ {
        self.points.windows(2).map(|pair| Area::of(pair[0], pair[1]))
    }

    /// What its tip covers.
    fn tip(&self) -> Area {
        let [.., from, to] = self.points[..] else { panic!("a wire of one point") };
        let back = |k: usize| (from[k] - to[k]).signum() * 8.0 * f64::from(from[k] != to[k]);
        let across = |k: usize| 3.6 * f64::from(from[k] == to[k]);
        Area::of(
            [to[0] - across(0), to[1] - across(1)],
            [to[0] + back(0) + across(0), to[1] + back(1) + across(1)],
        )
    }
}

/// A drawing, taken apart.
struct Parts {
    frame: Area,
    boxes: Vec<Area>,
    groups: Vec<Area>,
    texts: Vec<(Area, String)>,
    wires: Vec<Wire>,
}

impl Parts {
    fn of(picture: &Picture) -> Self {
        let mut parts = Self {
            frame: Area([[0.0; 2], picture.size]),
            boxes: Vec::new(),
            groups: Vec::new(),
            texts: Vec::new(),
            wires: Vec::new(),
        };
        for shape in &picture.shapes {
            match shape {
                Shape::Rect { at, size, fill, .. } => {
                    let area = Area([*at, [at[0] + size[0], at[1] + size[1]]]);
                    match fill {
                        Some(Paint::Group) => parts.groups.push(area),
                        _ => parts.boxes.push(area),
                    }
                }
                Shape::Circle { at: [x, y], radius: r, .. } => {
                    parts.boxes.push(Area([[x - r, y - r], [x + r, y + r]]));
                }
                Shape::Line { points, tip: true, .. } => {
                    parts.wires.push(Wire { points: points.clone() });
                }
                Shape::Line { .. } => {}
                Shape::Text(text) => parts.texts.push((bounds(text), text.words.clone())),
            }
        }
        parts
    }

    /// All that is wrong.
    fn faults(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut fault = |what: &str, area: Area, more: &str| {
            found.push(format!("{what} at {:.0?} {more}", area.0));
        };
        let all = self.boxes.iter().chain(&self.groups).chain(self.texts.iter().map(|t| &t.0));
        for &area in all.filter(|area| !area.inside(self.frame)) {
            fault("outside the frame", area, "");
        }
        for (k, &area) in self.boxes.iter().enumerate() {
            for &other in self.boxes[k + 1..].iter().filter(|other| other.meets(area)) {
                fault("two boxes overlap", area, &format!("{:.0?}", other.0));
            }
        }
        for (k, &area) in self.groups.iter().enumerate() {
            self.groups[k + 1..]
                .iter()
                .filter(|o| o.meets(area))
                .for_each(|_| fault("groups", area, ""));
            let cut = |b: &&Area| b.meets(area) && !b.inside(area);
            self.boxes.iter().filter(cut).for_each(|b| fault("cut by its group", *b, ""));
        }
        for (k, (area, words)) in self.texts.iter().enumerate() {
            // A text is inside one box, with a little room at its sides, or outside of all.
            let of: Vec<&Area> = self.boxes.iter().filter(|b| b.meets(*area)).collect();
            if of.len() > 1 || of.iter().any(|b| !area.inside(b.within(2.0))) {
                fault("a text that its box does not hold", *area, words);
            }
            for (other, more) in &self.texts[k + 1..] {
                if other.meets(*area) {
                    fault("two texts overlap", *area, &format!("{words} {more}"));
                }
            }
            if self.wires.iter().any(|w| w.pieces().any(|p| line(p).meets(*area))) {
                fault("a wire through a text", *area, words);
            }
        }
        for (k, wire) in self.wires.iter().enumerate() {
            for piece in wire.pieces() {
                if !piece.inside(self.frame) {
                    fault("a wire outside", piece, "");
                }
                for b in self.boxes.iter().filter(|b| line(piece).meets(b.within(1.0))) {
                    fault("a wire through a box", piece, &format!("{:.0?}", b.0));
                }
            }
            for (j, other) in self.wires.iter().enumerate().filter(|(j, _)| *j != k) {
                if other.pieces().any(|piece| line(piece).meets(wire.tip())) {
                    fault("a wire through another's tip", wire.tip(), "");
                }
                let same_net = wire.points[0] == other.points[0];
                let along = |a: Area, b: Area| {
                    (0..2).any(|k| {
                        let level = [a, b].iter().all(|p| p.0[0][k] == p.0[1][k]);
                        let o = 1 - k;
                        level
                            && (a.0[0][k] - b.0[0][k]).abs() < 2.0
                            && a.0[0][o] < b.0[1][o] - 0.5
                            && b.0[0][o] < a.0[1][o] - 0.5
                    })
                };
                let together = wire.pieces().any(|a| other.pieces().any(|b| along(a, b)));
                if j > k && !same_net && together {
                    fault("two wires on one line", wire.tip(), "");
                }
            }
        }
        found
    }
}

/// A piece of a wire with its width.
fn line(Area([[x0, y0], [x1, y1]]): Area) -> Area {
    Area([[x0 - 0.7, y0 - 0.7], [x1 + 0.7, y1 + 0.7]])
}

fn bounds(text: &Text) -> Area {
    Area(text.bounds())
}

fn right(name: &str, picture: &Picture) {
    let faults = Parts::of(picture).faults();
    assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));
}

fn every(name: &str, net: &Network) {
    right(name, &drawing::picture(net));
    for at in (0..net.units.len()).step_by(7) {
        let (unit, _) = drawing::find(net, &(at + 1).to_string()).expect("a unit");
        right(name, &drawing::one(net, unit));
    }
}

#[test]
fn nothing_lies_on_anything_in_the_drawings_of_all_specs() {
    let folder = format!("{}/specs", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("specs") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|ending| ending != "rnet") {
            continue;
        }
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        every(&name, &spec(&name, &[]));
        count += 1;
    }
    assert!(count > 25, "{count}");
    let picture = unravel::picture(&spec("preact", &[("depth", "14")])).expect("paths");
    let parts = Parts::of(&picture);
    assert_eq!(parts.faults(), [""; 0], "paths");
}

/// Numbers without any meaning, the same each time (Steele et al. 2014, SplitMix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// A unit of several bindings, each a chain or an expression over x and the bindings before it.
fn random_unit(draws: &mut Draws) -> String {
    const CHAINS: [&str; 5] = [
        "bn -> relu -> conv(3x3, 4)",
        "conv(1x1, 4) -> sigmoid",
        "conv(3x3, 4) -> bn",
        "relu",
        "conv(3x3, 4) -> bn -> relu -> conv(3x3, 4) -> bn -> dropout(0.5)",
    ];
    let mut lines = Vec::new();
    let mut values = vec!["x".to_owned()];
    for k in 0..1 + draws.below(4) {
        let name = ["a", "wide_name", "c", "d"][k];
        let chain = CHAINS[draws.below(CHAINS.len())];
        let from = values[draws.below(values.len())].clone();
        lines.push(format!("chain_{k} = {chain}"));
        let value = match draws.below(4) {
            0 => format!("chain_{k}({from}) + {}", values[draws.below(values.len())]),
            1 => format!("(1 - chain_{k}({from})) * {from}"),
            _ => format!("chain_{k}({from})"),
        };
        lines.push(format!("{name} = {value}"));
        values.push(name.to_owned());
    }
    let (first, last) = (draws.below(values.len()), values.len() - 1);
    let mut sum = format!("{} + {}", values[first], values[last]);
    for value in &values[1..last.max(1)] {
        let sign = ["+", "-", "*"][draws.below(3)];
        sum = format!("({sum}) {sign} {value}");
    }
    if draws.below(3) == 0 {
        sum = format!("concat({sum}, {}, {} / 2)", values[first], values[last]);
    }
    lines.push(format!("y = {sum}"));
    format!("unit u {{\n    {}\n}}\n", lines.join("\n    "))
}

#[test]
fn nothing_lies_on_anything_in_units_drawn_at_random() {
    let mut draws = Draws(17);
    let mut busy = 0;
    for k in 0..300 {
        let unit = random_unit(&mut draws);
        let stem = ["", "-> conv(3x3, 4) -> bn -> relu "][k % 2].repeat(1 + k % 9);
        let text =
            format!("{unit}net n {{ input(4, 8, 8) {stem}-> u -> global_avg_pool -> linear(2) }}");
        let net = network(&text);
        busy = busy.max(net.values.iter().filter(|value| value.unit.is_some()).count());
        let faults = Parts::of(&drawing::picture(&net)).faults();
        assert!(faults.is_empty(), "{text}\n{}", faults.join("\n"));
    }
    assert!(busy > 25, "{busy}");
}
