//! `rnetc study`: the runs of a table, each a process of its own, and the table.

mod child;
mod job;

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::{StudyArgs, TableFormat};
use crate::cli::session::signals::Signals;
use crate::cli::session::spec::{self, NamedSpec};
use crate::cli::session::{RUNS, recipe};
use crate::cli::show::output;
use crate::data::locate::Found;
use crate::study::{Study, Table};
use crate::train::TrainError;
use crate::train::recipe::Recipe;
use crate::train::record::atomic;
use crate::train::record::lock::Lock;
use job::{Job, State};

/// Runs what is missing and prints the table.
pub fn study(args: &StudyArgs) -> Result<(), Failure> {
    let study = Study::parse(&args.study.to_string_lossy(), &spec::read(&args.study)?)?;
    let name = spec::stem(&args.study);
    let out = args.out.clone();
    let out = out.unwrap_or_else(|| Path::new(RUNS).join(format!("study-{name}")));
    let jobs = jobs(args, &study, &out)?;
    let ended = if args.table { Ok(()) } else { run(args, &out, &jobs) };
    // What a stopped study has is shown too.
    let table = table(&study, &jobs)?;
    let forms = [
        ("txt", table.text(), TableFormat::Text),
        ("csv", table.csv(), TableFormat::Csv),
        ("json", table.json(), TableFormat::Json),
        ("md", table.markdown(), TableFormat::Markdown),
        ("html", table.html(), TableFormat::Html),
    ];
    if out.is_dir() {
        for (ending, text, _) in &forms {
            atomic::write(&out.join(format!("{name}.{ending}")), text.as_bytes())?;
        }
    }
    if let Some((_, text, _)) = forms.iter().find(|(_, _, form)| *form == args.format) {
        output::say(text.trim_end());
    }
    ended
}

/// Every run of the study, row by row; specs and recipe are checked before anything begins.
fn jobs(args: &StudyArgs, study: &Study, out: &Path) -> Result<Vec<Vec<Job>>, Failure> {
    let folder = args.study.parent().unwrap_or(Path::new("."));
    let beside = folder.join(&study.recipe);
    let recipe = if beside.is_file() { beside } else { PathBuf::from(&study.recipe) };
    let text = recipe::named(&recipe)?;
    let precision = args.engine.precision.or(study.precision);
    let mut rows = Vec::new();
    for row in &study.rows {
        let spec = folder.join(&row.spec);
        let data = study.data(row, folder);
        let data =
            data.map_err(|text| Failure::Wrong(format!("{}: {text}", args.study.display())))?;
        let classes = Found::find(&data, None, None)?.classes();
        let (compiled, _) = NamedSpec::file(&spec, &row.settings())?.compile_for(classes)?;
        let job = |seed: &u32| Job {
            label: format!("{}, seed {seed}", row.label),
            folder: out.join(format!("{}-seed{seed}", row.slug())),
            spec: spec.clone(),
            settings: row.settings(),
            data: data.clone(),
            resolved: compiled.spec.settings.clone(),
            recipe: recipe.clone(),
            asked: Recipe { batch: row.batch.unwrap_or(text.batch), seed: *seed, ..text.clone() },
            length: study.length(),
            batch: row.batch,
            seed: *seed,
            precision,
        };
        rows.push(study.seeds.iter().map(job).collect());
    }
    Ok(rows)
}

fn run(args: &StudyArgs, out: &Path, jobs: &[Vec<Job>]) -> Result<(), Failure> {
    std::fs::create_dir_all(out).map_err(|error| TrainError::writing(out, error))?;
    let _lock = Lock::take(out)?;
    // Seed by seed: every row has its first figure early.
    let seeds = jobs.first().map_or(0, Vec::len);
    let all: Vec<&Job> =
        (0..seeds).flat_map(|seed| jobs.iter().map(move |row| &row[seed])).collect();
    let mut missing = Vec::new();
    for job in &all {
        if !job.state()?.is_over() {
            missing.push(*job);
        }
    }
    let (total, rest) = (all.len(), missing.len());
    output::note(format_args!(
        "{total} runs, {} done, {rest} to do, in {}",
        total - rest,
        out.display()
    ));
    child::all(args, &missing, &Signals::catch()?)
}

fn table(study: &Study, jobs: &[Vec<Job>]) -> Result<Table, Failure> {
    let mut results = Vec::new();
    for row in jobs {
        let mut errors = Vec::new();
        for job in row {
            match job.state()? {
                State::Done(error) => errors.push((job.seed, Some(error))),
                State::NoNumbers => errors.push((job.seed, None)),
                State::Missing | State::Begun => {}
            }
        }
        results.push(errors);
    }
    Ok(Table::new(study, &results))
}
