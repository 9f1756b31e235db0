//! Figures as programs read them.

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
