use super::*;

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

/// The places of each line, in order; those of the legend come last.
fn lines(svg: &str) -> Vec<Vec<[f64; 2]>> {
    let pair = |p: &str| {
        let (x, y) = p.split_once(',').unwrap();
        [x.parse().unwrap(), y.parse().unwrap()]
    };
    let lines = svg.lines().filter(|line| line.starts_with("<polyline"));
    lines.map(|line| line.split('"').nth(1).unwrap().split(' ').map(pair).collect()).collect()
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

#[test]
fn every_mark_is_there_and_what_has_no_place_is_not() {
    let five = Five::of(&[1.0, 2.0, 3.0]).unwrap();
    let points = vec![[1.0, 1.0], [2.0, 0.0], [3.0, f64::NAN]];
    let panel = Panel {
        title: "a < b & c".into(),
        x: Axis::linear("x"),
        y: Axis::log("y"),
        right: None,
        marks: vec![
            Mark::Dots { points, colour: 0, label: String::new() },
            Mark::line("l", Stroke::dashed(1), vec![[1.0, 1.0], [2.0, 10.0]]),
            Mark::Box { x: 2.0, width: 0.5, five },
            Mark::Level { y: 5.0, label: "base".into() },
        ],
    };
    let text = svg(&[panel.clone(), panel], Size::PANEL);
    // One dot has a place; a dot without a label is not in the legend, a line is.
    assert_eq!(count(&text, "<circle"), 2);
    assert_eq!(count(&text, "<polyline"), 4);
    assert_eq!(count(&text, "#cfdef3"), 2);
    assert_eq!(count(&text, ">base<"), 2);
    assert_eq!(count(&text, "a &lt; b &amp; c"), 2);
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}

#[test]
fn a_line_goes_through_its_points_on_its_axis_and_breaks_at_holes() {
    let loss = vec![[0.0, 1.0], [10.0, 0.1], [20.0, 0.0], [30.0, 0.2], [40.0, 0.01]];
    let svg = svg(&[two_axes(loss, vec![[0.0, 90.0], [40.0, 45.0]])], Size::PAGE);
    let lines = lines(&svg);
    // Two parts of the first, the second, and two of the legend.
    assert_eq!(lines.len(), 5, "{svg}");
    assert_eq!(count(&svg, "stroke-dasharray"), 3);
    let (first, second, right) = (&lines[0], &lines[1], &lines[2]);
    // Ten steps are a quarter of the width; a factor of ten is as high each time.
    assert!((first[1][0] - first[0][0] - Size::PAGE.width / 4.0).abs() < 0.11);
    let decade = first[1][1] - first[0][1];
    assert!((second[1][1] - first[1][1] - decade).abs() < 0.21, "{first:?} {second:?}");
    // The right axis begins at zero: twice the error is twice the height.
    let (high, low) = (Size::PAGE.height - right[0][1], Size::PAGE.height - right[1][1]);
    assert!((high - 2.0 * low).abs() < 0.21, "{right:?}");
    assert!(svg.contains("a &amp; b") && !svg.contains("a & b"));
}

#[test]
fn the_legend_stands_below_and_inside_the_figure() {
    let mut panel = two_axes(vec![[0.0, 1.0], [1.0, 2.0]], vec![[0.0, 1.0], [1.0, 2.0]]);
    for k in 0..9 {
        let label = format!("run {k} {}", "name ".repeat(k * k));
        panel.marks.push(Mark::line(&label, Stroke::solid(k), vec![[0.0, 1.0], [1.0, 2.0]]));
    }
    let svg = svg(&[panel], Size::PAGE);
    let height: f64 =
        svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let samples = lines(&svg).split_off(11);
    assert_eq!(samples.len(), 11);
    for [from, to] in samples.iter().map(|line| [line[0], line[1]]) {
        assert!(from[1] > Size::PAGE.height && from[1] < height - 34.0, "{from:?}");
        assert!(from[0] >= 0.0 && to[0] < Size::PAGE.width);
    }
    assert!(svg.contains("…<"), "a long name is shortened");
}

#[test]
fn a_figure_of_nothing_is_still_one() {
    let text = svg(&[two_axes(vec![[1.0, f64::NAN]], Vec::new())], Size::PAGE);
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    assert!(svg(&[], Size::PANEL).starts_with("<svg"));
}
