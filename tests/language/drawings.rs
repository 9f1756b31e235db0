//! Drawings: what the papers' figures show, of every spec.

use super::spec;
use rnetc::drawing::{self, dot, unravel};
use rnetc::network::Network;
use rnetc::picture::{Paint, Picture, Shape, Text};

fn words(picture: &Picture) -> Vec<&str> {
    let text = |shape| match shape {
        &Shape::Text(Text { ref words, .. }) => Some(words.as_str()),
        _ => None,
    };
    picture.shapes.iter().filter_map(text).collect()
}

fn has(network: &Network, wanted: &[&str]) {
    let picture = drawing::picture(network);
    let there = words(&picture);
    for text in wanted {
        assert!(there.contains(text), "{text} is none of {there:?}");
    }
}

#[test]
fn layers_units_and_counts_stand_there() {
    let network = spec("original", &[("depth", "20")]);
    has(&network, &["original_resnet: 269,722 parameters", "original × 2", "16×16", "F"]);
    has(&network, &["3×3 conv, 32 /2", "pad to 32", "ReLU", "16×32×32 → 32×16×16", "32×16×16"]);
    // A net without units has its repeats in brackets.
    has(&spec("vgg", &[]), &["× 2", "× 3", "2×2 max pool, /2", "linear, 10"]);
    let layers = format!("conv(3x3, 4) -> {}", "conv(3x3, 4) -> bn -> relu -> ".repeat(1200));
    let text = format!("net n {{ input(4, 8, 8) -> {layers}global_avg_pool -> linear(2) }}");
    has(&super::network(&text), &["3×3 conv, 4", "× 1,200"]);
    let svg = drawing::svg(&network);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains(">F</text>"));
}

#[test]
fn numbers_stand_there_as_they_are() {
    let text = "unit u { F = conv(3x3, 8)  y = 1e-4 * x + slice_channels(2, 3)(F(x)) * F(x) / 3 }";
    let net = "net n { input(8, 8, 8) -> u -> pad_pixels(1, -1, 1, -1) -> slice_channels(5) -> linear(2) }";
    let network = super::network(&format!("// allow W0003: for a test\n{text}\n{net}"));
    let wanted =
        ["1e-4 × ·", "channel 2", "· ÷ 3", "pad and cut pixels +1 -1, +1 -1", "channels 5 to 7"];
    has(&network, &wanted);
}

#[test]
fn the_shortcut_is_the_spine_and_f_stands_beside_it() {
    let picture = drawing::picture(&spec("original", &[("depth", "20")]));
    let middles = |wanted: Paint| -> Vec<f64> {
        let middle = |shape: &Shape| match shape {
            Shape::Rect { at, size, fill: Some(fill), .. } if *fill == wanted => {
                Some(at[0] + size[0] / 2.0)
            }
            Shape::Circle { at, fill: Some(fill), .. } if *fill == wanted => Some(at[0]),
            _ => None,
        };
        picture.shapes.iter().filter_map(middle).collect()
    };
    assert_eq!(middles(Paint::Input), middles(Paint::Sum), "the additions stand under x");
    assert_eq!(middles(Paint::Input).len(), 5);
}

/// A number stands by the tip of each wire whose operand would give something else in another place.
#[test]
fn operands_whose_order_matters_are_numbered() {
    let unit = |y: &str| {
        let text = format!("unit u {{ F = conv(3x3, 8) -> bn  {y} }}");
        let net = "net n { input(8, 8, 8) -> u -> linear(2) }";
        super::network(&format!("// allow W0003: for a test\n{text}\n{net}"))
    };
    // What stands nearest to the end of a wire that comes from x, of how many.
    let of_x = |y: &str| -> (Option<String>, usize) {
        let picture = drawing::one(&unit(y), rnetc::network::UnitId(0));
        let (mut numbers, mut wires, mut x) = (Vec::new(), Vec::new(), [0.0; 2]);
        for shape in &picture.shapes {
            match shape {
                Shape::Text(Text { size: 9.0, words, at, .. }) => numbers.push((words, *at)),
                Shape::Line { points, tip: true, .. } => wires.push(points),
                Shape::Rect { at, size, fill: Some(Paint::Input), .. } => {
                    x = [at[0] + size[0] / 2.0, at[1] + size[1]];
                }
                _ => {}
            }
        }
        let ends = wires.iter().filter(|points| points[0] == x).filter_map(|points| points.last());
        let distance = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        let pairs = ends.flat_map(|end| numbers.iter().map(move |(w, at)| (distance(end, at), w)));
        let nearest = pairs.min_by(|a, b| a.0.total_cmp(&b.0));
        (nearest.map(|(_, words)| words.to_string()), numbers.len())
    };
    for y in ["y = x + F(x)", "y = max(x, F(x))", "y = (1 - F(x)) * x"] {
        assert_eq!(of_x(y), (None, 0), "{y}");
    }
    for (y, place) in [
        ("y = x - F(x)", "1"),
        ("y = F(x) - x", "2"),
        ("y = x / F(x)", "1"),
        ("y = F(x) / x", "2"),
        ("y = concat(x, F(x))", "1"),
        ("y = concat(F(x), x)", "2"),
    ] {
        assert_eq!(of_x(y), (Some(place.to_owned()), 2), "{y}");
    }
    // All operands of many are told, some together.
    let six = "G = conv(1x1, 8)  H = conv(1x1, 8)  K = conv(1x1, 8)  y = concat(F(x), x, G(x), H(x), x, K(x))";
    let picture = drawing::one(&unit(six), rnetc::network::UnitId(0));
    let mut told = Vec::new();
    for shape in &picture.shapes {
        let Shape::Text(Text { size: 9.0, words, .. }) = shape else { continue };
        let number = |text: &str| text.parse::<usize>().expect("an operand");
        match words.split_once('…') {
            Some((first, last)) => told.extend(number(first)..=number(last)),
            None => told.extend(words.split(',').map(number)),
        }
    }
    told.sort_unstable();
    assert_eq!(told, [1, 2, 3, 4, 5, 6]);
    let dot = dot::dot(&unit("y = F(x) - x"));
    let labels: Vec<&str> = dot.lines().filter(|line| line.contains("headlabel")).collect();
    let [first, second] = labels[..] else { panic!("{labels:?}") };
    assert!(first.ends_with("[headlabel=1];") && second.ends_with("[headlabel=2];"));
    assert!(second.trim().starts_with("v0 ->"), "x is what is taken off: {second}");
}

#[test]
fn one_unit_is_drawn_alone_by_its_name_or_number() {
    let network = spec("preact", &[("depth", "20")]);
    let (unit, kinds) = drawing::find(&network, "preact").expect("a unit");
    // Three kinds of that name, of two units each: the first of them.
    let (at, shape) = (unit.index(), network.value(network.units[unit.index()].output).shape);
    assert_eq!((at + 1, kinds, shape.c), (2, 3, 16));
    assert_eq!(drawing::find(&network, "9").expect("the last").0.index(), 8);
    let all = drawing::picture(&network);
    let one = drawing::one(&network, unit);
    assert!(one.size[0] < all.size[0] / 2.0 && words(&one).contains(&"F"));
    assert_eq!(words(&one).iter().filter(|word| word.starts_with("x, ")).count(), 1);
    for (wanted, said) in [("preakt", "is it preact?"), ("10", "1 to 9"), ("0", "preact")] {
        let error = drawing::find(&network, wanted).expect_err("no unit").to_string();
        assert!(error.contains(said), "{error}");
    }
    let nested = "unit inner { F = conv(3x3, 4)\n y = x + F(x) }\nunit outer { F = inner -> inner\n y = x + F(x) }\n\
        net n { input(4, 8, 8) -> outer * 2 -> global_avg_pool -> linear(2) }";
    let nested = rnetc::Spec::new("n", nested).compile().expect("a net");
    assert_eq!(nested.units[0].inner, ["inner"]);
    let error = drawing::find(&nested, "inner").expect_err("no unit of the net").to_string();
    assert!(
        error.contains("inner stands inside the unit outer") && error.ends_with("name outer"),
        "{error}"
    );
    let error = drawing::find(&spec("vgg", &[]), "vgg").expect_err("no units").to_string();
    assert!(error.contains("the net has none"), "{error}");
}

#[test]
fn a_unit_too_large_to_be_read_is_said_to_be() {
    let chain = "relu -> ".repeat(500);
    let text = format!(
        "unit u {{ F = {chain}conv(3x3, 4)\n y = x + F(x) }}\n\
         net n {{ input(4, 8, 8) -> u -> global_avg_pool -> linear(2) }}"
    );
    has(&super::network(&text), &["503 layers: too many to be drawn"]);
}

#[test]
fn dot_has_every_layer_and_balanced_clusters() {
    let network = spec("exclusive_gate", &[("depth", "8")]);
    let dot = dot::dot(&network);
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());
    assert_eq!(dot.matches("subgraph").count(), network.units.len());
    assert!(dot.contains("label=\"exclusive_gate 3\"") && dot.contains("sigmoid\\n16×32×32"));
    let ghosts = dot::dot(&spec("resnet9", &[("ghost", "32")]));
    assert_eq!(ghosts.matches("label=\"BN, ghosts of 32\\n").count(), 8);
    assert!(dot.contains("label=\"⊕\\n") && dot.contains("label=\"1 − ·\\n"));
    let edges: usize = network.values.iter().map(|value| value.args.len()).sum();
    // 1 − g(x) has a number as its left side, which is no node.
    assert_eq!(dot.matches(" -> ").count(), edges - network.units.len());
}

#[test]
fn small_nets_are_unravelled() {
    let picture = unravel::picture(&spec("preact", &[("depth", "8")])).expect("three units");
    let lines = picture.shapes.iter().filter(
        |shape| matches!(shape, Shape::Line { stroke, .. } if stroke.paint == Paint::Faint),
    );
    assert_eq!(lines.count(), 8);
    let count = |wanted: &str| words(&picture).iter().filter(|word| **word == wanted).count();
    // Each unit's F stands on half of the paths.
    assert_eq!(["F1", "F2", "F3"].map(count), [4; 3]);
    assert_eq!(count("length 2"), 3);
    assert!(unravel::picture(&spec("preact", &[])).is_none(), "2^54 paths");
    assert!(unravel::picture(&spec("vgg", &[])).is_none(), "no units");
}
