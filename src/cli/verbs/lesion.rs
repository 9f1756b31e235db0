//! `rnetc lesion`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::advice::Advice;
use crate::cli::args::{Delete, LesionArgs, ResultFormat};
use crate::cli::session::signals::Signals;
use crate::cli::session::trained::{self, Basis, Trained};
use crate::cli::show::output;
use crate::cli::show::study_progress::StudyProgress;
use crate::dissect::journal::Journal;
use crate::dissect::lesion::figure::{self, Found};
use crate::dissect::lesion::measure::{Observer, Subject, Tally};
use crate::dissect::lesion::plan::{self, Item, Study};
use crate::dissect::lesion::summary::{self, Outcome, Recorded, Row, Unit};
use crate::network::anatomy::Site;
use crate::train::TrainError;
use crate::train::record::atomic;

/// What a journal begins with: two studies with the same are the same.
#[derive(Serialize)]
struct Header {
    study: String,
    amounts: String,
    samples: u32,
    #[serde(flatten)]
    basis: Basis,
}

/// Lesions a trained net.
pub fn lesion(args: &LesionArgs) -> Result<(), Failure> {
    let signals = Signals::catch()?;
    let trained = trained::open(&args.run, &args.study, &signals)?;
    let study = study(args, &trained);
    let items = plan::plan(&trained.network, &trained.sites, &study, args.study.seed)
        .map_err(|error| Failure::Usage(error.told()))?;
    say_what_stays(&trained, &study);
    let subject = Subject {
        engine: trained.opened.engine.as_ref(),
        network: &trained.network,
        values: &trained.values,
        sites: &trained.sites,
        loading: trained.loading(args.batch),
    };
    let (folder, _lock) = trained.subfolder("lesion")?;
    let others = beside(args, &study)?;
    let path = folder.join(format!("{}.jsonl", name(&study)));
    let header = header(args, &study, &trained, subject.loading.batch);
    let (journal, found) = Journal::open::<Tally>(&path, &header, args.study.again)?;
    trained::tell_unreadable(&journal);
    let done: HashMap<(usize, usize), Tally> =
        found.into_iter().map(|tally| ((tally.lesion, tally.block), tally)).collect();
    let total = items.len() * subject.blocks();
    output::note(format_args!(
        "{total} lesions{}",
        if done.is_empty() { String::new() } else { format!(", {} done before", done.len()) }
    ));
    let progress = StudyProgress::new(total, done.len());
    let before = done.clone();
    let mut watch = Watch { journal, done, progress, items: &items, signals: &signals };
    let start = Instant::now();
    let finished = subject.measure(&items, &before, &mut watch);
    watch.progress.end();
    let measured = watch.done.len() - before.len();
    if !finished? {
        output::note(format_args!(
            "stopped after {} of {total} lesions; the same command goes on",
            watch.done.len()
        ));
        return Err(signals.failure().unwrap_or(Failure::Signal(2)));
    }
    let outcomes = summary::outcomes(&items, &watch.done);
    if measured > 0 {
        let seconds = start.elapsed().as_secs_f64();
        let speed = measured as f64 / seconds;
        output::note(format_args!("{measured} lesions in {seconds:.1} s, {speed:.2} a second"));
    }
    let report = Report {
        run: trained::called(&args.run),
        net: &trained.network.name,
        params: trained.network.parameters(),
        units: units(&trained),
        study: &header,
        baseline_error_percent: summary::baseline(&outcomes),
        rows: summary::rows(&outcomes),
        lesions: &outcomes,
    };
    write(&folder, &study, &report)?;
    let alone = others.is_empty();
    let mut runs = vec![Found {
        name: if alone { trained.title() } else { trained::called(&args.run) },
        outcomes: &outcomes,
        reshaping: summary::reshaping(&report.units),
    }];
    runs.extend(others.iter().map(|(name, found)| Found {
        name: name.clone(),
        outcomes: &found.lesions,
        reshaping: summary::reshaping(&found.units),
    }));
    // Of what was chosen there is a number, and no figure.
    let drawn = !matches!(study, Study::Chosen(_));
    if drawn {
        let figure = figure::draw(&study, &runs);
        atomic::write(&folder.join(format!("{}.svg", name(&study))), figure.as_bytes())?;
    }
    match args.study.format {
        ResultFormat::Text => print(&study, &outcomes, &trained),
        ResultFormat::Csv => output::say(summary::csv(&outcomes).trim_end()),
        ResultFormat::Json => output::json(&report)?,
    }
    output::note(format_args!(
        "written: {}/{}.{{csv,json{}}}",
        folder.display(),
        name(&study),
        if drawn { ",svg" } else { "" }
    ));
    Ok(())
}

/// What the same study found on other runs.
fn beside(args: &LesionArgs, study: &Study) -> Result<Vec<(String, Recorded)>, Failure> {
    let recorded = |run: &PathBuf| {
        let path = run.join("lesion").join(format!("{}.json", name(study)));
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::Usage(format!(
                "{}: this study was not made on this run yet; first: rnetc lesion {} with the same \
                 options",
                path.display(),
                run.display()
            )),
            _ => Failure::io("reading", &path, error),
        })?;
        let found = serde_json::from_str(&text)
            .map_err(|error| Failure::File(format!("{}: {error}", path.display())))?;
        Ok((trained::called(run), found))
    };
    args.beside.iter().map(recorded).collect()
}

fn study(args: &LesionArgs, trained: &Trained) -> Study {
    let samples = args.samples as usize;
    let free = trained.sites.len() - plan::left_alone(&trained.sites).len();
    match &args.delete {
        Some(Delete::Each) => Study::Each,
        Some(Delete::Chosen(units)) => Study::Chosen(units.iter().map(|unit| unit - 1).collect()),
        Some(Delete::Random) => {
            let counts = args.counts.clone().unwrap_or(1..=free.clamp(1, 20));
            Study::Random { counts, samples }
        }
        None => {
            let swaps = args.swaps.clone().unwrap_or(1..=(free / 2).clamp(1, 10));
            Study::Reorder { swaps, samples }
        }
    }
}

fn name(study: &Study) -> String {
    match study {
        Study::Each => "delete-each".to_owned(),
        Study::Chosen(sites) => {
            sites.iter().fold("delete".to_owned(), |name, site| format!("{name}-{}", site + 1))
        }
        Study::Random { .. } => "delete-random".to_owned(),
        Study::Reorder { .. } => "reorder".to_owned(),
    }
}

fn header(args: &LesionArgs, study: &Study, trained: &Trained, batch: usize) -> Header {
    let (amounts, samples) = match study {
        Study::Each => ("1".to_string(), 1),
        Study::Chosen(sites) => (sites.len().to_string(), 1),
        Study::Random { counts: n, .. } | Study::Reorder { swaps: n, .. } => {
            (format!("{}..{}", n.start(), n.end()), args.samples)
        }
    };
    Header { study: name(study), amounts, samples, basis: trained.basis(&args.study, batch) }
}

/// Which units the study does not touch, and why.
fn say_what_stays(trained: &Trained, study: &Study) {
    let (network, sites) = (&trained.network, &trained.sites);
    let list = |sites: &[usize]| {
        sites.iter().map(|site| (site + 1).to_string()).collect::<Vec<_>>().join(", ")
    };
    let fixed: Vec<usize> = (0..sites.len()).filter(|&at| !sites[at].deletable(network)).collect();
    if let (Study::Each | Study::Random { .. }, [first, ..]) = (study, fixed.as_slice()) {
        let [from, to] = sites[*first].shapes;
        output::note(format_args!(
            "units that cannot be deleted, as they have no shortcut and change the shape: {} \
             ({}: {from} → {to})",
            list(&fixed),
            sites[*first].name
        ));
    }
    if let Study::Random { .. } | Study::Reorder { .. } = study {
        let alone = list(&plan::left_alone(sites));
        output::note(format_args!("units left alone, each stage's first: {alone}"));
    }
}

/// Writes down what is found as it is found.
struct Watch<'a> {
    journal: Journal,
    done: HashMap<(usize, usize), Tally>,
    progress: StudyProgress,
    items: &'a [Item],
    signals: &'a Signals,
}

impl Observer for Watch<'_> {
    fn tally(&mut self, tally: &Tally) -> Result<(), TrainError> {
        self.journal.add(tally)?;
        self.done.insert((tally.lesion, tally.block), *tally);
        let error = 100.0 * tally.wrong as f64 / tally.count.max(1) as f64;
        let amount = self.items.get(tally.lesion).map_or(0, |item| item.amount);
        self.progress.piece(&format!("{amount} changed: error {error:.2} %"));
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.signals.came()
    }
}

/// What was found, for programs.
#[derive(Serialize)]
struct Report<'a> {
    run: String,
    net: &'a str,
    params: usize,
    units: Vec<Unit>,
    study: &'a Header,
    baseline_error_percent: Option<f64>,
    rows: Vec<Row>,
    lesions: &'a [Outcome],
}

/// What can be deleted of the net.
fn units(trained: &Trained) -> Vec<Unit> {
    let unit = |(at, site): (usize, &Site)| Unit {
        unit: at + 1,
        name: site.name.clone(),
        reads: site.shapes[0].to_string(),
        writes: site.shapes[1].to_string(),
    };
    trained.sites.iter().enumerate().map(unit).collect()
}

fn write(folder: &Path, study: &Study, report: &Report) -> Result<(), Failure> {
    let file = |ending: &str| folder.join(format!("{}.{ending}", name(study)));
    let json = serde_json::to_string_pretty(report)
        .map_err(|error| Failure::io("writing", &file("json"), error))?;
    atomic::write(&file("json"), json.as_bytes())?;
    atomic::write(&file("csv"), summary::csv(report.lesions).as_bytes())?;
    Ok(())
}

fn print(study: &Study, outcomes: &[Outcome], trained: &Trained) {
    if let Some(baseline) = summary::baseline(outcomes) {
        output::say(format_args!("baseline          {baseline:6.2} % test error"));
    }
    if let Study::Chosen(sites) = study {
        for outcome in outcomes.iter().filter(|o| o.amount > 0) {
            let units: Vec<String> = sites.iter().map(|site| (site + 1).to_string()).collect();
            let names: Vec<&str> =
                sites.iter().map(|&site| trained.sites[site].name.as_str()).collect();
            output::say(format_args!(
                "without {:>4}      {:6.2} %  {}",
                units.join(","),
                outcome.test_error_percent,
                names.join(", ")
            ));
        }
        return;
    }
    if *study == Study::Each {
        for outcome in outcomes.iter().filter(|o| o.amount > 0) {
            let Some(&unit) = outcome.deleted.first() else { continue };
            let site = &trained.sites[unit - 1];
            let [from, to] = site.shapes;
            let shape = if from == to { String::new() } else { format!("  {from} → {to}") };
            output::say(format_args!(
                "without {unit:>4}      {:6.2} %  {}{shape}",
                outcome.test_error_percent, site.name
            ));
        }
    }
    let what = match study {
        Study::Each | Study::Chosen(_) | Study::Random { .. } => "deleted",
        Study::Reorder { .. } => "swaps",
    };
    output::say(format_args!(
        "{what:>8}  samples   median    q1     q3     min    max{}",
        match study {
            Study::Reorder { .. } => "    τ",
            Study::Each | Study::Chosen(_) | Study::Random { .. } => "",
        }
    ));
    for row in summary::rows(outcomes) {
        let five = row.test_error_percent;
        let tau = row.tau.map_or(String::new(), |tau| format!("  {tau:.3}"));
        output::say(format_args!(
            "{:>8}  {:>7}   {:6.2} {:6.2} {:6.2} {:6.2} {:6.2}{tau}",
            row.amount, row.samples, five.median, five.q1, five.q3, five.min, five.max
        ));
    }
    if let (Study::Each, Some(limit)) = (study, summary::baseline(outcomes)) {
        let worse = outcomes.iter().filter(|o| o.test_error_percent > 2.0 * limit).count();
        output::say(format_args!("{worse} single deletions more than double the error"));
    }
}
