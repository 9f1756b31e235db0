//! Drawings: what the papers' figures show, of every spec.

use super::spec;
use rnetc::drawing::{self, dot, unravel};

#[test]
fn the_shortcut_is_the_spine_and_f_stands_beside_it() {
    let svg = drawing::svg(&spec("original", &[("depth", "20")]));
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    for text in ["269722 parameters", "original × 2", "3×3 conv, 32 /2", "pad to 32", ">F<", "ReLU"]
    {
        assert!(svg.contains(text), "{text}");
    }
    let x = |class: &str, svg: &str| -> Vec<String> {
        let boxes = svg.lines().filter(|l| l.starts_with("<rect") && l.contains(class));
        boxes.map(|l| l.split('"').nth(1).expect("x").to_owned()).collect()
    };
    assert_eq!(x("\"input\"", &svg), x("\"sum\"", &svg), "the additions stand under x");
}

#[test]
fn boxes_do_not_lie_on_each_other() {
    for name in ["exclusive_gate", "highway", "bottleneck_preact", "stochastic_depth"] {
        let svg = drawing::svg(&spec(name, &[]));
        let mut boxes: Vec<_> = svg
            .lines()
            .filter(|line| line.starts_with("<rect") && line.contains("class"))
            .map(|line| line.split('"').collect::<Vec<_>>())
            .map(|parts| (parts[1].to_owned(), parts[3].to_owned()))
            .collect();
        let all = boxes.len();
        boxes.sort();
        boxes.dedup();
        assert_eq!(boxes.len(), all, "{name}");
    }
}

#[test]
fn dot_has_every_layer_and_balanced_clusters() {
    let network = spec("exclusive_gate", &[("depth", "8")]);
    let dot = dot::dot(&network);
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());
    assert_eq!(dot.matches("subgraph").count(), network.units.len());
    assert!(dot.contains("label=\"exclusive_gate 3\"") && dot.contains("sigmoid\\n16×32×32"));
    let edges: usize = network.values.iter().map(|value| value.args.len()).sum();
    // 1 − g(x) has a number as its left side, which is no node.
    assert_eq!(dot.matches(" -> ").count(), edges - network.units.len());
}

#[test]
fn small_nets_are_unravelled() {
    let svg = unravel::svg(&spec("preact", &[("depth", "8")])).expect("three units");
    assert_eq!(svg.matches("<polyline").count(), 8);
    // Each unit's F stands on half of the paths.
    for f in [">F1<", ">F2<", ">F3<"] {
        assert_eq!(svg.matches(f).count(), 4, "{f}");
    }
    assert_eq!(svg.matches("length 2").count(), 3);
    assert!(unravel::svg(&spec("preact", &[])).is_none(), "2^54 paths");
    assert!(unravel::svg(&spec("vgg", &[])).is_none(), "no units");
}
