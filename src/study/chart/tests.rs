use super::*;

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

#[test]
fn every_mark_is_there_and_what_has_no_place_is_not() {
    let five = Five::of(&[1.0, 2.0, 3.0]).unwrap();
    let panel = Panel {
        title: "a < b & c".into(),
        x: Axis::linear("x"),
        y: Axis::log("y"),
        marks: vec![
            Mark::Dots {
                points: vec![[1.0, 1.0], [2.0, 0.0], [3.0, f64::NAN]],
                colour: 0,
                label: String::new(),
            },
            Mark::Line {
                points: vec![[1.0, 1.0], [2.0, 10.0]],
                stroke: Stroke::dashed(1),
                label: "l".into(),
            },
            Mark::Box { x: 2.0, width: 0.5, five },
            Mark::Level { y: 5.0, label: "base".into() },
        ],
    };
    let text = svg(&[panel.clone(), panel]);
    // One dot has a place; a dot without a label is not in the legend.
    assert_eq!(count(&text, "<circle"), 2);
    assert_eq!(count(&text, "<polyline"), 2);
    assert_eq!(count(&text, "class=\"box\""), 2);
    assert_eq!(count(&text, "class=\"median\""), 2);
    assert_eq!(count(&text, "a &lt; b &amp; c"), 2);
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}
