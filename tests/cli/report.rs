//! Reports of runs.

use crate::folder::Folder;

const TRAIN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --epochs 2";

/// Tags that are opened and closed in pairs, in order.
fn well_nested(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let Some(end) = rest[at..].find('>') else { panic!("an open tag: {}", &rest[at..]) };
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "before {}", &rest[..rest.len().min(60)]);
        } else if !tag.ends_with('/') && !["!doctype", "meta", "img"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_report_is_one_page_with_everything_in_it() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --out r<1>"));
    folder.expect(0, &format!("{TRAIN} --out s --seed 1 --recipe fast --precision f32"));
    std::fs::create_dir(folder.at("r<1>/lesion")).unwrap();
    std::fs::write(folder.at("r<1>/lesion/delete-each.svg"), "<svg/>").unwrap();
    let said = folder.expect(0, "report r<1> s --data cifar --engine cpu");
    assert!(said.out.contains("report of 2 runs"), "{said:?}");
    let page = std::fs::read_to_string(folder.at("r<1>/report.html")).unwrap();
    well_nested(&page);
    for text in [
        "r&lt;1&gt;: training loss",
        "s: test error",
        "Confusion",
        "Surest mistakes",
        "recall, %",
        "prefers-color-scheme:dark",
        "Kernel times",
        "Test error without each unit.",
        "base64,PHN2Zy8+",
        "data:image/png;base64,",
        "data:image/svg+xml;base64,",
        "net tiny(width = 4",
        "label_smoothing: 0.1",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // Nothing is fetched.
    for other in ["http://", "https://", "<script", "<link"] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(other), "{other}");
    }
    // Twenty test pictures, in two matrices.
    let cells =
        page.split("<text").filter(|t| t.contains("text-anchor=\"middle\" fill=")).map(|t| {
            let text = t.split('>').nth(1).unwrap();
            text.split('<').next().unwrap().parse::<u32>().unwrap()
        });
    assert_eq!(cells.sum::<u32>(), 40);

    // What is fuller is not replaced by what has only curves, unless its name is said.
    for line in ["report r<1>", "report r<1> --recorded"] {
        let said = folder.expect(0, line);
        assert!(said.err.contains("it is kept"), "{said:?}");
        assert!(said.out.contains("report-recorded.html"), "{said:?}");
        assert_eq!(std::fs::read_to_string(folder.at("r<1>/report.html")).unwrap(), page);
    }
    let beside = std::fs::read_to_string(folder.at("r<1>/report-recorded.html")).unwrap();
    assert!(beside.contains("training loss") && !beside.contains("Confusion"));
    folder.expect(0, "report r<1> --recorded -o r<1>/report.html");
    assert!(!std::fs::read_to_string(folder.at("r<1>/report.html")).unwrap().contains("Confusion"));
}

/// What a device's instructions multiply in is said where the precision says another.
#[test]
fn products_are_told_as_they_are_computed() {
    let folder = Folder::new();
    let train = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --steps 1";
    let mut command = folder.command(&format!("{train} --precision bf16 --out r"));
    let said = crate::folder::outcome(&command.env("RNETC_CPU", "portable").output().unwrap());
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("engine: cpu (portable, "), "{said:?}");
    assert!(said.err.contains(", products in f32), as asked"), "{said:?}");
    folder.expect(0, "report r --recorded");
    let page = std::fs::read_to_string(folder.at("r/report.html")).unwrap();
    assert!(page.contains("<td>bf16, cpu (portable), products in f32</td>"));
    let plain = folder.expect(0, &format!("{train} --out s"));
    assert!(!plain.err.contains("products"), "{plain:?}");
    folder.expect(0, "report s --recorded");
    assert!(!std::fs::read_to_string(folder.at("s/report.html")).unwrap().contains("products in"));
}

/// The curves of one run differ by colour and by their lines, and the caption names each.
#[test]
fn curves_of_training_can_be_told_apart() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --out r"));
    folder.expect(0, "report r --recorded");
    let page = std::fs::read_to_string(folder.at("r/report.html")).unwrap();
    let figure = page.split("<h2>Training</h2>").nth(1).unwrap().split("</figure>").next().unwrap();
    let lines: Vec<&str> = figure
        .split("stroke-dasharray=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(lines.contains(&"5 3") && lines.contains(&"2 3"), "{lines:?}");
    for told in ["dashed", "dotted", "solid", "training error", "test error"] {
        assert!(figure.contains(told), "{told}");
    }
    for series in ["s-series0", "s-series1", "s-series2"] {
        assert!(figure.contains(&format!("class=\"{series}\"")), "{series}");
    }
}

#[test]
fn without_pictures_there_are_curves_and_without_a_run_a_message() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --out r"));
    std::fs::rename(folder.at("cifar"), folder.at("gone")).unwrap();
    let said = folder.expect(0, "report r -o only.html");
    assert!(said.err.contains("--data DIR"), "{said:?}");
    let page = std::fs::read_to_string(folder.at("only.html")).unwrap();
    assert!(page.contains("training loss") && !page.contains("Confusion"));
    folder.expect(0, "report r --recorded --data cifar -o only.html");
    assert!(folder.expect(3, "report cifar").err.contains("config.yaml"));
    std::fs::write(folder.at("r/metrics.jsonl"), "").unwrap();
    assert!(folder.expect(1, "report r --recorded").err.contains("no step"));
    folder.expect(2, "report");
}
