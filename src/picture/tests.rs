use super::*;

fn text(words: &str, anchor: Anchor, turn: f64) -> Text {
    Text {
        at: [100.0, 50.0],
        anchor,
        turn,
        words: words.into(),
        face: Face::Regular,
        size: 10.0,
        paint: Paint::Ink,
    }
}

#[test]
fn every_face_is_a_font_with_the_signs_that_are_used() {
    for face in Face::ALL {
        let parsed = face.parsed().expect("a font");
        assert!(parsed.glyph_index('F').is_some(), "{face:?}");
    }
    for sign in "‖∂Σ∏λτσ×÷·→−…±⁰⁵⁻²³ⁿ–≤½éЖ".chars() {
        assert!(Face::Regular.parsed().unwrap().glyph_index(sign).is_some(), "{sign}");
    }
    // Arial's widths, in 1/2048.
    let width = |c: &str| (Face::Regular.width(2048.0, c)).round();
    assert_eq!([width("F"), width("i"), width("×")], [1251.0, 455.0, 1196.0]);
}

#[test]
fn a_text_reaches_as_far_as_its_letters() {
    let [from, to] = text("Fi", Anchor::End, 0.0).bounds();
    let width = 10.0 * (1251.0 + 455.0) / 2048.0;
    assert!((to[0] - 100.0).abs() < 1e-9 && (from[0] - (100.0 - width)).abs() < 1e-9);
    assert!((from[1] - 42.6).abs() < 1e-9 && (to[1] - 52.2).abs() < 1e-9);
    // Turned upwards around its middle.
    let [from, to] = text("Fi", Anchor::Middle, -90.0).bounds();
    assert!((to[1] - from[1] - width).abs() < 1e-9 && (to[1] - 50.0 - width / 2.0).abs() < 1e-9);
    assert!((from[0] - 92.6).abs() < 1e-9);
}

fn picture() -> Picture {
    let stroke = Stroke::new(Paint::Edge, 2.0);
    let shapes = vec![
        Shape::Rect {
            at: [10.0, 10.0],
            size: [20.0, 20.0],
            round: 0.0,
            fill: Some(Paint::Unit),
            stroke: None,
        },
        Shape::Line {
            points: vec![[50.0, 5.0], [50.0, 35.0], [80.0, 35.0]],
            stroke,
            bend: 5.0,
            tip: true,
        },
        Shape::Text(Text { at: [60.0, 20.0], ..text("<é>", Anchor::Start, 0.0) }),
    ];
    Picture { size: [100.0, 40.0], title: "a & b".into(), shapes }
}

#[test]
fn svg_says_colours_twice_only_where_the_screen_decides() {
    let [auto, light, dark] =
        [Theme::Auto, Theme::Light, Theme::Dark].map(|theme| svg::svg(&picture(), theme));
    assert!(auto.contains("fill=\"#dfeaf7\"") && auto.contains(".rnetc .f-unit{fill:#1f3a57}"));
    assert!(light.contains("fill=\"#dfeaf7\"") && !light.contains("#1f3a57"));
    assert!(dark.contains("fill=\"#1f3a57\"") && !dark.contains("<style>"));
    assert!(auto.contains("&lt;é&gt;</text>") && auto.contains("<title>a &amp; b</title>"));
}

#[cfg(feature = "cli")]
#[test]
fn png_has_what_is_drawn_where_it_is_drawn() {
    let read = |theme| {
        let bytes = png::png(&picture(), theme).expect("a picture");
        image::load_from_memory(&bytes).expect("a PNG").into_rgb8()
    };
    let (light, dark) = (read(Theme::Auto), read(Theme::Dark));
    assert_eq!(light.dimensions(), (200, 80));
    let at = |x: u32, y: u32| light.get_pixel(2 * x, 2 * y).0;
    assert_eq!([at(20, 20), at(5, 5)], [[0xdf, 0xea, 0xf7], [255; 3]]);
    assert_eq!([at(50, 20), at(78, 35), at(90, 35)], [[0x44; 3], [0x44; 3], [255; 3]]);
    // The tip is wider than its line, and letters are where there are any.
    assert_ne!(at(73, 37), [255; 3]);
    let ink = light.enumerate_pixels().filter(|(_, _, p)| p.0[0] < 0x30).map(|(x, y, _)| (x, y));
    let (left, right) = ink.fold((200, 0), |(a, b), (x, _)| (a.min(x), b.max(x)));
    assert!((120..124).contains(&left) && right < 2 * 78, "{left} {right}");
    assert_eq!(dark.get_pixel(40, 40).0, [0x1f, 0x3a, 0x57]);
}

#[cfg(feature = "cli")]
#[test]
fn a_picture_too_large_for_png_is_refused_and_a_large_one_coarser() {
    let of =
        |size| png::png(&Picture { size, title: String::new(), shapes: Vec::new() }, Theme::Light);
    assert!(of([9000.0, 9000.0]).unwrap_err().to_string().contains("9000×9000"));
    assert!(of([10.0, 40_000.0]).is_err());
    let bytes = of([20.0, 20_000.0]).unwrap();
    assert_eq!(image::load_from_memory(&bytes).unwrap().height(), 32_000);
}

#[cfg(feature = "cli")]
#[test]
fn pdf_has_its_page_its_fonts_and_nothing_else() {
    let file = pdf::pdf(&picture(), Theme::Light);
    let text = String::from_utf8_lossy(&file);
    assert!(text.starts_with("%PDF-1.7") && text.trim_end().ends_with("%%EOF"));
    assert!(text.contains("/MediaBox [0 0 75 30]") && text.contains("/Identity-H"));
    assert_eq!(text.matches("/FontFile2").count(), 1);
}
