//! Figures as programs read them.

#[test]
fn confusion_counts_stand_in_their_cells() {
    let classes = ["cat", "<dog>"].map(String::from);
    let svg = super::confusion::svg(&classes, &[7, 1, 0, 9]);
    for text in [">7<", ">1<", ">9<", "&lt;dog&gt;"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(!svg.contains(">0<"));
    // A long name makes room for itself, and a longer one is cut.
    let width = |name: &str| -> f64 {
        let svg = super::confusion::svg(&["a".into(), name.into()], &[1; 4]);
        svg.split("width=\"").nth(1).and_then(|t| t.split('"').next()).unwrap().parse().unwrap()
    };
    assert!(width("dragon fruit") > width("cat") + 50.0);
    assert_eq!(width(&"w".repeat(40)), width(&"w".repeat(80)));
    let many: Vec<String> = (0..100).map(|k| k.to_string()).collect();
    assert_eq!(super::confusion::svg(&many, &vec![1; 10_000]).matches("<rect").count(), 10_000);
}

#[test]
fn each_class_has_a_row_and_a_dash_where_there_is_nothing_to_divide_by() {
    let classes = ["cat", "<dog>", "cow"].map(String::from);
    let mut tally = crate::train::tally::Tally::new(3);
    let [cat, dog] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    // Of four cats one is taken for a dog; both dogs are right; there is no cow.
    tally.add(&[cat, cat, cat, dog, dog, dog].concat(), &[0, 0, 0, 0, 1, 1]);
    let table = super::classes::table(&classes, &tally);
    let cells = |row: usize| -> Vec<String> {
        let row = table.split("<tr>").nth(row + 2).expect("a row");
        let cells = row.split("<td").skip(1).map(|cell| cell.split(['>', '<']).nth(1));
        cells.map(|cell| cell.expect("text").to_owned()).collect()
    };
    assert_eq!(cells(0), ["cat", "4", "100.0", "75.0"]);
    assert_eq!(cells(1), ["&lt;dog&gt;", "2", "66.7", "100.0"]);
    assert_eq!(cells(2), ["cow", "0", "–", "–"]);
}
