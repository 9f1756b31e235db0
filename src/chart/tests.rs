use super::svg::INSET;
use super::*;
use crate::picture::{Face, Paint, Picture, Shape, Text};

/// The places of each curve, in order; those of the legend come last.
fn lines(picture: &Picture) -> Vec<Vec<[f64; 2]>> {
    let line = |shape: &Shape| match shape {
        Shape::Line { points, stroke, .. } if matches!(stroke.paint, Paint::Series(_)) => {
            Some(points.clone())
        }
        _ => None,
    };
    picture.shapes.iter().filter_map(line).collect()
}

fn texts(picture: &Picture) -> impl Iterator<Item = &Text> {
    picture.shapes.iter().filter_map(|shape| match shape {
        Shape::Text(text) => Some(text),
        _ => None,
    })
}

fn count(picture: &Picture, of: fn(&Shape) -> bool) -> usize {
    picture.shapes.iter().filter(|shape| of(shape)).count()
}

/// The frame of a figure's only panel.
fn frame(picture: &Picture) -> [[f64; 2]; 2] {
    let frame = |shape: &Shape| match shape {
        Shape::Rect { at, size, fill: None, .. } => Some([*at, [at[0] + size[0], at[1] + size[1]]]),
        _ => None,
    };
    picture.shapes.iter().find_map(frame).expect("a frame")
}

fn two_axes(left: Vec<[f64; 2]>, right: Vec<[f64; 2]>) -> Panel {
    let right = Mark::Line {
        points: right,
        stroke: Stroke::solid(0),
        side: Side::Right,
        label: "error".into(),
    };
    Panel {
        title: String::new(),
        x: Axis::linear("x").exact(),
        y: Axis::log("loss"),
        right: Some(Axis::linear("error").from_zero()),
        marks: vec![Mark::line("a & b", Stroke::dashed(0), left), right],
    }
}

fn all_marks() -> Panel {
    let five = Five::of(&[1.0, 2.0, 3.0]).unwrap();
    let points = vec![[1.0, 1.0], [2.0, 0.0], [3.0, f64::NAN]];
    Panel {
        title: "a < b & c".into(),
        x: Axis::linear("x"),
        y: Axis::log("y"),
        right: None,
        marks: vec![
            Mark::Dots { points, colour: 0, label: String::new(), hollow: false },
            Mark::line("l", Stroke::dashed(1), vec![[1.0, 1.0], [2.0, 10.0]]),
            Mark::Box { x: 2.0, width: 0.5, five, colour: None, label: String::new() },
            Mark::Level { y: 5.0, colour: None, label: "base".into() },
        ],
    }
}

#[test]
fn every_mark_is_there_and_what_has_no_place_is_not() {
    let picture = picture(&[all_marks(), all_marks()], Size::PANEL);
    // One dot has a place; a dot without a label is not in the legend, a line is.
    assert_eq!(count(&picture, |s| matches!(s, Shape::Circle { .. })), 2);
    // The line, its sample, and the box's median.
    assert_eq!(lines(&picture).len(), 6);
    let boxed = |s: &Shape| matches!(s, Shape::Rect { fill: Some(Paint::Quartiles), .. });
    assert_eq!(count(&picture, boxed), 2);
    assert_eq!(texts(&picture).filter(|text| text.words == "base").count(), 2);
    let text = svg(&[all_marks()], Size::PANEL);
    assert!(text.contains("a &lt; b &amp; c") && text.contains("prefers-color-scheme:dark"));
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}

#[test]
fn a_line_goes_through_its_points_on_its_axis_and_breaks_at_holes() {
    let loss = vec![[0.0, 1.0], [10.0, 0.1], [20.0, 0.0], [30.0, 0.2], [40.0, 0.01]];
    let picture = picture(&[two_axes(loss, vec![[0.0, 90.0], [40.0, 45.0]])], Size::PAGE);
    let lines = lines(&picture);
    // Two parts of the first, the second, and two of the legend.
    assert_eq!(lines.len(), 5);
    let (first, second, right) = (&lines[0], &lines[1], &lines[2]);
    let [wide, high] = [Size::PAGE.width, Size::PAGE.height].map(|side| side - 2.0 * INSET);
    // Ten steps are a quarter of the width; a factor of ten is as high each time.
    assert!((first[1][0] - first[0][0] - wide / 4.0).abs() < 1e-9);
    let decade = first[1][1] - first[0][1];
    assert!((second[1][1] - second[0][1] - decade * 20f64.log10()).abs() < 1e-9);
    // The right axis begins at zero: twice the error is twice the height.
    let zero = frame(&picture)[0][1] + INSET + high;
    let [twice, once] = [right[0][1], right[1][1]].map(|y| zero - y);
    assert!((twice - 2.0 * once).abs() < 1e-9, "{right:?}");
}

#[test]
fn what_is_drawn_lies_inside_the_frame_its_ends_too() {
    let ends = vec![[0.0, 0.0], [54.0, 100.0]];
    let panel = Panel {
        title: String::new(),
        x: Axis::count("path length").between(0.0, 54.0),
        y: Axis::linear("test error, %").between(0.0, 100.0),
        right: None,
        marks: vec![Mark::Dots { points: ends, colour: 0, label: String::new(), hollow: false }],
    };
    let picture = picture(&[panel], Size::PANEL);
    let [low, high] = frame(&picture);
    let mut dots = 0;
    for shape in &picture.shapes {
        let Shape::Circle { at, radius, .. } = shape else { continue };
        dots += 1;
        for k in 0..2 {
            assert!(at[k] - radius > low[k] && at[k] + radius < high[k], "{at:?}");
        }
    }
    assert_eq!(dots, 2);
}

#[test]
fn the_legend_stands_below_and_inside_the_figure() {
    let mut panel = two_axes(vec![[0.0, 1.0], [1.0, 2.0]], vec![[0.0, 1.0], [1.0, 2.0]]);
    for k in 0..9 {
        let label = format!("run {k} {}", "name ".repeat(k * k));
        panel.marks.push(Mark::line(&label, Stroke::solid(k), vec![[0.0, 1.0], [1.0, 2.0]]));
    }
    let picture = picture(&[panel], Size::PAGE);
    let [low, high] = frame(&picture);
    let samples = lines(&picture).split_off(11);
    assert_eq!(samples.len(), 11);
    for [from, to] in samples.iter().map(|line| [line[0], line[1]]) {
        assert!(from[1] > high[1] && from[1] < picture.size[1], "{from:?}");
        assert!(from[0] >= low[0] && to[0] < high[0]);
    }
    assert!(texts(&picture).any(|text| text.words.ends_with('…')), "a long name is shortened");
}

#[test]
fn words_never_lie_on_each_other_nor_leave_the_figure() {
    let long = "a_net_with_a_very_long_name_of_which_the_end_says_nothing, 1001 layers".repeat(2);
    let panel = |x: Axis, y: Axis, values: [f64; 2]| Panel {
        title: long.clone(),
        x,
        y,
        right: Some(Axis::linear(&long)),
        marks: vec![
            Mark::line(
                &long,
                Stroke::solid(0),
                vec![[values[0], values[0]], [values[1], values[1]]],
            ),
            Mark::line("b", Stroke::solid(1), vec![[values[0], values[0]]]),
        ],
    };
    let axes: [fn(&str) -> Axis; 3] = [Axis::linear, Axis::log, Axis::count];
    let ranges = [[1e-9, 1e-8], [1.0, 1.5], [3.0, 4e6], [1e-30, 1e20], [999_999.0, 1_000_001.0]];
    for x in axes {
        for y in axes {
            let panels = ranges.map(|range| panel(x(&long), y("y"), range));
            let picture = picture(&panels, Size::PANEL);
            let areas: Vec<(&str, [[f64; 2]; 2])> = texts(&picture)
                .filter(|text| !text.words.is_empty())
                .map(|text| (text.words.as_str(), text.bounds()))
                .collect();
            for (k, (words, [from, to])) in areas.iter().enumerate() {
                let inside = (0..2).all(|k| from[k] >= 0.0 && to[k] <= picture.size[k]);
                assert!(inside, "{words}: {from:?} {to:?} of {:?}", picture.size);
                for (other, [a, b]) in &areas[k + 1..] {
                    let apart = (0..2).any(|k| b[k] <= from[k] + 0.01 || to[k] <= a[k] + 0.01);
                    assert!(apart, "{words} and {other}: {from:?} {to:?} {a:?} {b:?}");
                }
            }
        }
    }
    assert!(Face::Bold.width(13.0, &long) > Size::PANEL.width, "long enough to tell");
}

#[test]
fn a_figure_of_nothing_is_still_one() {
    let text = svg(&[two_axes(vec![[1.0, f64::NAN]], Vec::new())], Size::PAGE);
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    assert!(svg(&[], Size::PANEL).starts_with("<svg"));
}
