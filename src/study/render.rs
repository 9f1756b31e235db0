//! A table as text, CSV, JSON, Markdown and HTML.

use std::fmt::Write;

use serde::Serialize;

use super::{State, Study, Summary, Unfinished};
use crate::text::escape;

const HEADINGS: [&str; 6] = ["row", "median", "mean ± std", "lowest", "runs", "paper"];

/// A study with what its runs gave.
pub struct Table {
    title: String,
    note: String,
    rows: Vec<[String; 6]>,
    /// The same in numbers.
    results: Vec<RowResult>,
}

/// The table for programs.
#[derive(Serialize)]
struct Numbers<'a> {
    title: &'a str,
    note: &'a str,
    rows: &'a [RowResult],
}

/// A row for programs.
#[derive(Serialize)]
struct RowResult {
    row: String,
    /// Runs that are asked for.
    seeds: usize,
    test_error_percent: Option<Summary>,
    lowest_test_error_percent: Option<f64>,
    /// As the study's file has it.
    paper: String,
    runs: Vec<RunResult>,
    unfinished: Vec<Open>,
}

/// A run that is over.
#[derive(Serialize)]
struct RunResult {
    seed: u32,
    /// Null where the loss was no number.
    test_error_percent: Option<f64>,
}

/// A run that is not over.
#[derive(Serialize)]
struct Open {
    seed: u32,
    #[serde(flatten)]
    state: Unfinished,
}

impl RowResult {
    fn of(row: &super::Row, states: &[(u32, State)]) -> Self {
        let errors = errors(states);
        let run = |(seed, state): &(u32, State)| {
            Some(RunResult { seed: *seed, test_error_percent: state.result()? })
        };
        let open = |(seed, state): &(u32, State)| {
            Some(Open { seed: *seed, state: state.unfinished()?.clone() })
        };
        Self {
            row: row.label.clone(),
            seeds: states.len(),
            test_error_percent: Summary::of(&errors),
            lowest_test_error_percent: errors.iter().copied().min_by(f64::total_cmp),
            paper: row.paper.clone(),
            runs: states.iter().filter_map(run).collect(),
            unfinished: states.iter().filter_map(open).collect(),
        }
    }
}

/// Test errors of the runs that came to one.
fn errors(states: &[(u32, State)]) -> Vec<f64> {
    states.iter().filter_map(|(_, state)| state.result().flatten()).collect()
}

impl Table {
    /// From each row's seeds, with how far their runs are.
    pub fn new(study: &Study, states: &[Vec<(u32, State)>]) -> Self {
        let paper = match study.paper.as_str() {
            "" => String::new(),
            paper => format!("Paper: {paper}."),
        };
        let parts = [paper, study.note.split_whitespace().collect::<Vec<_>>().join(" ")];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let rows = study.rows.iter().zip(states);
        Self {
            title: study.title.clone(),
            note: parts.join(" "),
            results: rows.clone().map(|(row, states)| RowResult::of(row, states)).collect(),
            rows: rows.map(|(row, states)| cells(&row.label, &row.paper, states)).collect(),
        }
    }

    /// Aligned columns for a terminal.
    pub fn text(&self) -> String {
        let cells = |column: usize| self.rows.iter().map(move |row| row[column].as_str());
        let width = |column: usize| {
            cells(column).chain([HEADINGS[column]]).map(|cell| cell.chars().count()).max()
        };
        let widths: [usize; 6] = std::array::from_fn(|column| width(column).unwrap_or(0));
        let line = |cells: [&str; 6]| -> String {
            let cell = |(column, text): (usize, &str)| {
                let space = " ".repeat(widths[column].saturating_sub(text.chars().count()));
                if column == 0 { format!("{text}{space}") } else { format!("  {space}{text}") }
            };
            cells.into_iter().enumerate().map(cell).collect::<String>().trim_end().to_owned() + "\n"
        };
        let mut out = format!("{}\ntest error, %\n\n{}", self.title, line(HEADINGS));
        for row in &self.rows {
            out += &line(std::array::from_fn(|column| row[column].as_str()));
        }
        if !self.note.is_empty() {
            out += &format!("\n{}\n", self.note);
        }
        out
    }

    /// A line a run.
    pub fn csv(&self) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut out = "row,seed,test_error_percent\n".to_string();
        for (row, run) in self.results.iter().flat_map(|row| row.runs.iter().map(move |r| (row, r)))
        {
            let error = run.test_error_percent.map_or(String::new(), |error| error.to_string());
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{},{},{error}", quoted(&row.row), run.seed);
        }
        out
    }

    /// One object for programs, with each row and its runs.
    pub fn json(&self) -> String {
        let Self { title, note, results, rows: _ } = self;
        // Nothing in it can fail to be JSON: strings, numbers, lists.
        serde_json::to_string(&Numbers { title, note, rows: results }).unwrap_or_default() + "\n"
    }

    /// A table for GitHub and its like.
    pub fn markdown(&self) -> String {
        let line = |cells: [&str; 6]| {
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            format!("| {} |\n", cells.join(" | "))
        };
        let mut out = format!("## {}\n\nTest error, %.\n\n{}", self.title, line(HEADINGS));
        out += "|---|--:|--:|--:|--:|--:|\n";
        for row in &self.rows {
            out += &line(std::array::from_fn(|column| row[column].as_str()));
        }
        format!("{out}\n{}\n", self.note)
    }

    /// A page.
    pub fn html(&self) -> String {
        let line = |tag: &str, cells: [&str; 6]| {
            let cell = |text: &str| format!("<{tag}>{}</{tag}>", escape(text));
            format!("<tr>{}</tr>\n", cells.map(cell).concat())
        };
        let mut rows = line("th", HEADINGS);
        for row in &self.rows {
            rows += &line("td", std::array::from_fn(|column| row[column].as_str()));
        }
        let (title, note) = (escape(&self.title), escape(&self.note));
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
             <style>body{{font:15px/1.45 system-ui,sans-serif;max-width:60em;margin:2em auto}}\
             table{{border-collapse:collapse}}th,td{{padding:.25em .8em;text-align:right;\
             border-bottom:1px solid #ddd}}th:first-child,td:first-child{{text-align:left}}</style>\
             </head>\n<body><h1>{title}</h1>\n<p>Test error, %.</p>\n<table>\n{rows}</table>\n\
             <p>{note}</p></body></html>\n"
        )
    }
}

fn cells(label: &str, paper: &str, states: &[(u32, State)]) -> [String; 6] {
    let errors = errors(states);
    let count = |is: &dyn Fn(&State) -> bool| states.iter().filter(|(_, state)| is(state)).count();
    let mut runs = format!("{} of {}", count(&State::is_over), states.len());
    for (number, what) in [
        (count(&|state| *state == State::NoNumbers), "without numbers"),
        (count(&|state| matches!(state.unfinished(), Some(Unfinished::Failed { .. }))), "failed"),
    ] {
        if number > 0 {
            runs += &format!(", {number} {what}");
        }
    }
    let lowest = errors.iter().copied().min_by(f64::total_cmp);
    let number =
        |value: Option<f64>| value.map_or("–".to_string(), |value| format!("{value:.2}"));
    let summary = Summary::of(&errors);
    let spread = summary.map(|s| match s.std {
        Some(std) => format!("{:.2} ± {std:.2}", s.mean),
        None => format!("{:.2}", s.mean),
    });
    [
        label.into(),
        number(summary.map(|s| s.median)),
        spread.unwrap_or("–".into()),
        number(lowest),
        runs,
        paper.into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let text = "title: T & t\nnote: short\npaper: median of 5\ndata: shapes10\nrecipe: fast\n\
            seeds: [0, 1]\nrows:\n- { label: a|b, spec: a, paper: '6.61' }\n\
            - { label: c, spec: c, paper: fail }\n- { label: d, spec: d }\n";
        let study = Study::parse("s", text).unwrap();
        let begun = State::Unfinished(Unfinished::Begun { step: 3, steps: 9 });
        let failed = State::Unfinished(Unfinished::Failed { error: "no room".to_owned() });
        let states = [
            vec![(0, State::Done(6.0)), (1, State::Done(7.0))],
            vec![(0, State::NoNumbers), (1, State::Done(80.0))],
            vec![(0, begun), (1, failed)],
        ];
        Table::new(&study, &states)
    }

    #[test]
    fn columns_are_aligned_and_hold_the_figures() {
        let text = table().text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[3].chars().count(), lines[4].chars().count());
        let cells: Vec<&str> = lines[4].split("  ").filter(|cell| !cell.is_empty()).collect();
        let cells: Vec<&str> = cells.into_iter().map(str::trim).collect();
        assert_eq!(cells, ["a|b", "6.50", "6.50 ± 0.71", "6.00", "2 of 2", "6.61"]);
        assert!(lines[5].contains("2 of 2, 1 without numbers") && lines[5].ends_with("fail"));
        assert!(lines[6].ends_with("0 of 2, 1 failed"));
        assert_eq!(lines[8], "Paper: median of 5. short");
    }

    #[test]
    fn the_other_forms_say_the_same() {
        let table = table();
        assert_eq!(
            table.csv(),
            "row,seed,test_error_percent\n\"a|b\",0,6\n\"a|b\",1,7\n\"c\",0,\n\"c\",1,80\n"
        );
        let json: serde_json::Value = serde_json::from_str(&table.json()).unwrap();
        let first = &json["rows"][0];
        assert_eq!((&first["row"], &first["paper"]), (&"a|b".into(), &"6.61".into()));
        assert_eq!(first["test_error_percent"]["median"], 6.5);
        assert_eq!(first["runs"][1], serde_json::json!({ "seed": 1, "test_error_percent": 7.0 }));
        assert!(json["rows"][1]["runs"][0]["test_error_percent"].is_null());
        assert!(json["rows"][2]["test_error_percent"].is_null());
        let unfinished = serde_json::json!([
            { "seed": 0, "state": "begun", "step": 3, "steps": 9 },
            { "seed": 1, "state": "failed", "error": "no room" },
        ]);
        assert_eq!(json["rows"][2]["unfinished"], unfinished);
        assert_eq!(json["rows"][0]["unfinished"], serde_json::json!([]));
        assert!(table.markdown().contains("| a\\|b | 6.50 | 6.50 ± 0.71 | 6.00 | 2 of 2 | 6.61 |"));
        let html = table.html();
        assert!(html.contains("<h1>T &amp; t</h1>") && html.contains("<td>6.50 ± 0.71</td>"));
    }
}
