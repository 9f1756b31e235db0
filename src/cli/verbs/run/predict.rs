//! `rnetc run --predict`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::advice::Advice;
use crate::cli::args::{ResultFormat, RunArgs};
use crate::cli::session::signals::Signals;
use crate::cli::session::{engine, weights};
use crate::cli::show::output;
use crate::data::folder;
use crate::data::picture::{self, Picture};
use crate::data::views::Views;
use crate::text::{counted, csv_cell};
use crate::train::TrainError;
use crate::train::evaluate::MOST_BATCH;

/// Classes named for each picture.
const SHOWN: u16 = 3;

/// Names what pictures show. What cannot be read is said, and the others are named.
pub fn predict(args: &RunArgs, path: &Path, signals: &Signals) -> Result<(), Failure> {
    let mut model = weights::load(args, path)?;
    model.views = args.views.unwrap_or(model.views);
    if !model.views.is_one() {
        let views = model.views.name();
        output::note(format_args!("probabilities are of the mean scores of views: {views}"));
    }
    let (Some(_), Some(classes)) = (model.normalisation(), model.classes()) else {
        let told = TrainError::Undescribed.told();
        return Err(Failure::Wrong(format!("{}: {told}", path.display())));
    };
    let engine = engine::open(&args.engine)?;
    let asked = Asked::find(&args.predict);
    let mut predictor = model.predictor(&engine, asked.pictures.len().min(MOST_BATCH))?;
    let (named, bad) = (RefCell::new(VecDeque::new()), RefCell::new(asked.bad));
    let sizing = model.sizing();
    let pictures = asked.pictures.iter().filter_map(|path| {
        if let Some(failure) = signals.failure() {
            return Some(Err(failure));
        }
        match picture::load(path, sizing) {
            Ok(picture) => {
                remark(path, &picture);
                named.borrow_mut().push_back(path);
                Some(Ok(picture.pixels))
            }
            Err(error) => {
                bad.borrow_mut().push(error.into());
                None
            }
        }
    });
    let (form, views) = (args.format, model.views);
    let top = usize::from(args.top.unwrap_or(SHOWN)).min(classes.len());
    if form == ResultFormat::Csv {
        output::say(csv_head(top));
    }
    let mut none = 0;
    predictor.classify_each(pictures, &mut |probabilities| {
        let path =
            named.borrow_mut().pop_front().map_or(String::new(), |p| p.display().to_string());
        none += usize::from(probabilities.iter().any(|p| p.is_nan()));
        let best = best(&probabilities, classes, top);
        output::say(match form {
            ResultFormat::Text => text(&path, &best),
            ResultFormat::Csv => csv(&path, &best),
            ResultFormat::Json => json(&path, &best, views),
        });
    })?;
    ended(bad.into_inner(), asked.pictures.len(), none)
}

/// How it ends: with what could not be read, told already but for the only one, or with numbers
/// that are none.
fn ended(mut bad: Vec<Failure>, asked: usize, none: usize) -> Result<(), Failure> {
    if let ([_], true) = (bad.as_slice(), asked <= 1) {
        return bad.pop().map_or(Ok(()), Err);
    }
    bad.iter().filter_map(Failure::text).for_each(output::error);
    match (bad.len(), none) {
        (0, 0) => Ok(()),
        (0, none) => Err(Failure::Numbers(format!(
            "the net's answer to {} is not a number; do the weights hold some that are none?",
            counted(none, "picture")
        ))),
        (bad, _) => {
            Err(Failure::Wrong(format!("{} of {asked} not named", counted(bad, "picture"))))
        }
    }
}

/// The pictures that are asked about.
struct Asked {
    pictures: Vec<PathBuf>,
    /// Folders that hold none.
    bad: Vec<Failure>,
}

impl Asked {
    /// Files as they are named; of folders, the pictures in them and in their own folders.
    fn find(paths: &[PathBuf]) -> Self {
        let mut asked = Self { pictures: Vec::new(), bad: Vec::new() };
        for path in paths {
            if !path.is_dir() {
                asked.pictures.push(path.clone());
                continue;
            }
            match folder::pictures(path) {
                Ok((pictures, _)) if pictures.is_empty() => asked.bad.push(Failure::Wrong(
                    format!("{}: there are no PNG or JPEG files in it", path.display()),
                )),
                Ok((pictures, others)) => {
                    if others > 0 {
                        let (others, path) = (counted(others, "file"), path.display());
                        output::note(format_args!("{path}: {others} passed over: no PNG or JPEG"));
                    }
                    asked.pictures.extend(pictures);
                }
                Err(error) => asked.bad.push(error.into()),
            }
        }
        asked
    }
}

fn remark(path: &Path, picture: &Picture) {
    let path = path.display();
    if let Some(doubt) = picture.doubt {
        output::note(format_args!("{path}: {doubt}; read as it is"));
    }
    if picture.transparent {
        output::note(format_args!("{path}: its opacity is left out"));
    }
}

/// A class and its probability.
#[derive(Serialize)]
struct Named<'a> {
    class: &'a str,
    probability: f64,
}

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    /// Those whose scores are averaged, where there are several.
    #[serde(skip_serializing_if = "Views::is_one")]
    views: Views,
    classes: &'a [Named<'a>],
}

/// The most probable classes, in order.
fn best<'a>(probabilities: &[f64], classes: &'a [String], top: usize) -> Vec<Named<'a>> {
    let named = |(&probability, class): (&f64, &'a String)| Named { class, probability };
    let mut ranked: Vec<Named> = probabilities.iter().zip(classes).map(named).collect();
    ranked.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    ranked.truncate(top);
    ranked
}

/// `a.png: ship 93.1 %, boat 4.0 %, …`.
fn text(path: &str, best: &[Named]) -> String {
    let shown = best.iter().map(|n| format!("{} {:.1} %", n.class, 100.0 * n.probability));
    format!("{path}: {}", shown.collect::<Vec<_>>().join(", "))
}

fn csv_head(top: usize) -> String {
    let pair = |rank| format!(",class{rank},probability{rank}");
    format!("path{}", (1..=top).map(pair).collect::<String>())
}

fn csv(path: &str, best: &[Named]) -> String {
    let pair = |n: &Named| format!(",{},{:.6}", csv_cell(n.class), n.probability);
    csv_cell(path) + &best.iter().map(pair).collect::<String>()
}

fn json(path: &str, best: &[Named], views: Views) -> String {
    // Nothing in it can fail to be JSON: strings, numbers, lists.
    serde_json::to_string(&Line { path, views, classes: best }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_classes_are_named_in_order() {
        let classes = ["a", "green, frog", "c", "d"].map(String::from);
        let best = best(&[0.125, 0.5, 0.25, 0.125], &classes, 3);
        assert_eq!(text("x", &best), "x: green, frog 50.0 %, c 25.0 %, a 12.5 %");
        assert_eq!(csv_head(2), "path,class1,probability1,class2,probability2");
        let line = "\"my \"\"x\"\"\",\"green, frog\",0.500000,c,0.250000,a,0.125000";
        assert_eq!(csv("my \"x\"", &best), line);
        let line = r#"{"path":"x\"","classes":[{"class":"green, frog","probability":0.5}]}"#;
        assert_eq!(json("x\"", &best[..1], Views::One), line);
        let line = json("x", &[], Views::TenCrop);
        assert_eq!(line, r#"{"path":"x","views":"10-crop","classes":[]}"#);
    }
}
