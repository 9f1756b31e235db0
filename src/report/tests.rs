//! Pages and figures as programs read them.

use super::plot::{Curve, Plot, Scale, Side};

fn curve(side: Side, dashed: bool, points: &[(f64, f64)]) -> Curve {
    Curve { label: "a & b".into(), colour: 0, dashed, side, points: points.to_vec() }
}

#[test]
fn a_curve_goes_through_its_points_and_breaks_at_holes() {
    let plot = Plot {
        x: "x".into(),
        left: ("left".into(), Scale::Log),
        right: Some("right".into()),
        curves: vec![
            curve(
                Side::Left,
                true,
                &[(0.0, 1.0), (10.0, 0.1), (20.0, 0.0), (30.0, 0.2), (40.0, 0.01)],
            ),
            curve(Side::Right, false, &[(0.0, 90.0), (40.0, 45.0)]),
        ],
    };
    let svg = plot.svg();
    let lines: Vec<&str> = svg.lines().filter(|line| line.starts_with("<polyline")).collect();
    // Two parts of the first curve, the second, and two lines of the legend.
    assert_eq!(lines.len(), 5, "{svg}");
    assert_eq!(lines.iter().filter(|line| line.contains("stroke-dasharray")).count(), 3);
    let points = |line: &str| -> Vec<[f64; 2]> {
        let text = line.split('"').nth(1).unwrap();
        let pair = |p: &str| {
            let (x, y) = p.split_once(',').unwrap();
            [x.parse().unwrap(), y.parse().unwrap()]
        };
        text.split(' ').map(pair).collect()
    };
    let (first, second, right) = (points(lines[0]), points(lines[1]), points(lines[2]));
    // Ten steps are a quarter of the width; a factor of ten is as high each time.
    assert!((first[1][0] - first[0][0] - (right[1][0] - right[0][0]) / 4.0).abs() < 0.11);
    let decade = first[1][1] - first[0][1];
    assert!((second[1][1] - first[1][1] - decade).abs() < 0.21, "{first:?} {second:?}");
    // The right axis begins at zero: twice the error is twice the height.
    let bottom = 380.0 - 48.0;
    let (high, low) = (bottom - right[0][1], bottom - right[1][1]);
    assert!((high - 2.0 * low).abs() < 0.21, "{right:?}");
    assert!(svg.contains("a &amp; b") && !svg.contains("a & b"));
}

#[test]
fn a_figure_of_nothing_is_still_one() {
    let empty = Plot {
        x: "x".into(),
        left: ("left".into(), Scale::Linear),
        right: None,
        curves: vec![curve(Side::Left, false, &[]), curve(Side::Left, false, &[(1.0, f64::NAN)])],
    };
    let svg = empty.svg();
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let text = Plot { curves: Vec::new(), ..empty }.svg();
    assert!(text.starts_with("<svg") && !text.contains("NaN"));
}

#[test]
fn confusion_counts_stand_in_their_cells() {
    let classes = ["cat", "<dog>"].map(String::from);
    let svg = super::confusion::svg(&classes, &[7, 1, 0, 9]);
    for text in [">7<", ">1<", ">9<", "&lt;dog&gt;"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(!svg.contains(">0<"));
    let many: Vec<String> = (0..100).map(|k| k.to_string()).collect();
    assert_eq!(super::confusion::svg(&many, &vec![1; 10_000]).matches("<rect").count(), 10_000);
}
