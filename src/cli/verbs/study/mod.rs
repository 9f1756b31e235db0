//! `rnetc study`: the runs of a table, each a process of its own, here or on a cluster, and the table.

mod check;
mod child;
mod cluster;
mod end;
mod job;
mod local;
mod quote;
mod task;

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::{On, StudyArgs, TableFormat};
use crate::cli::session::signals::Signals;
use crate::cli::session::spec::{self, NamedSpec};
use crate::cli::session::{RUNS, recipe};
use crate::cli::show::output;
use crate::data::locate::Found;
use crate::study::{Row, Study, Table, Unfinished};
use crate::text::{nearest, thousands};
use crate::train::recipe::Recipe;
use crate::train::record::atomic;
use cluster::Scheduler;
use job::Job;

/// Runs what is missing, or has it run, and prints the table.
pub fn study(args: &StudyArgs) -> Result<(), Failure> {
    check::check(args)?;
    // Before anything takes time: a task may be told to end at any moment.
    let signals = args.run.is_some().then(Signals::catch).transpose()?;
    let study = Study::parse(&args.study.to_string_lossy(), &spec::read(&args.study)?)?;
    let name = spec::stem(&args.study);
    let out = args.out.clone();
    let out = out.unwrap_or_else(|| Path::new(RUNS).join(format!("study-{name}")));
    let common = Common::new(args, &study, &out)?;
    if let (Some(name), Some(signals)) = (&args.run, &signals) {
        return common.one(name, signals);
    }
    let jobs = common.jobs()?;
    let on = |scheduler| cluster::submit(args, scheduler, &out, &in_order(&jobs));
    let ended = match args.on {
        Some(On::Slurm) => return on(Scheduler::Slurm),
        Some(On::Hyperqueue) => return on(Scheduler::HyperQueue),
        Some(On::Local) | None if args.table => Ok(()),
        Some(On::Local) | None => local::run(args, &out, &in_order(&jobs)),
    };
    if args.dry_run {
        return ended;
    }
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

/// What all runs of a study share.
struct Common<'a> {
    args: &'a StudyArgs,
    study: &'a Study,
    out: &'a Path,
    /// Where specs and folders of pictures count from.
    folder: &'a Path,
    recipe: (PathBuf, Recipe),
}

impl<'a> Common<'a> {
    /// The recipe is checked before anything begins.
    fn new(args: &'a StudyArgs, study: &'a Study, out: &'a Path) -> Result<Self, Failure> {
        let folder = args.study.parent().unwrap_or(Path::new("."));
        let beside = folder.join(&study.recipe);
        let path = if beside.is_file() { beside } else { PathBuf::from(&study.recipe) };
        let recipe = recipe::named(&path)?;
        Ok(Self { args, study, out, folder, recipe: (path, recipe) })
    }

    /// Every run of the study, row by row; all specs are checked before anything begins.
    fn jobs(&self) -> Result<Vec<Vec<Job>>, Failure> {
        self.study.rows.iter().map(|row| self.row(row, &self.study.seeds)).collect()
    }

    /// Runs of a row, whose spec alone is read.
    fn row(&self, row: &Row, seeds: &[u32]) -> Result<Vec<Job>, Failure> {
        let (recipe, text) = &self.recipe;
        let spec = self.folder.join(&row.spec);
        let data = self.study.data(row, self.folder);
        let data =
            data.map_err(|text| Failure::Wrong(format!("{}: {text}", self.args.study.display())))?;
        let classes = Found::find(&data, None, None)?.classes();
        let (compiled, _) = NamedSpec::file(&spec, &row.settings())?.compile_for(classes)?;
        // A table is of runs however they were trained.
        let asked = self.args.engine.precision.filter(|_| !self.args.table);
        let job = |seed: &u32| Job {
            label: format!("{}, seed {seed}", row.label),
            folder: self.out.join(row.run(*seed)),
            spec: spec.clone(),
            text: compiled.spec.source.text.to_string(),
            settings: row.settings(),
            data: data.clone(),
            resolved: compiled.spec.settings.clone(),
            recipe: recipe.clone(),
            asked: Recipe { batch: row.batch.unwrap_or(text.batch), seed: *seed, ..text.clone() },
            length: self.study.length(),
            batch: row.batch,
            seed: *seed,
            precision: asked.or(self.study.precision),
        };
        Ok(seeds.iter().map(job).collect())
    }

    /// Trains one run here, whoever asks for it.
    fn one(&self, name: &str, signals: &Signals) -> Result<(), Failure> {
        let Study { rows, seeds, .. } = self.study;
        let mut runs = rows.iter().flat_map(|row| seeds.iter().map(move |seed| (row, *seed)));
        let Some((row, seed)) = runs.clone().find(|(row, seed)| row.run(*seed) == name) else {
            let known: Vec<String> = runs.by_ref().map(|(row, seed)| row.run(seed)).collect();
            let meant = nearest(name, known.iter().map(String::as_str));
            let meant = meant.map_or(String::new(), |near| format!("; did you mean {near}?"));
            return Err(Failure::Usage(format!(
                "the study {} has no run {name}{meant}",
                self.args.study.display()
            )));
        };
        self.row(row, &[seed])?.iter().try_for_each(|job| task::train(self.args, job, signals))
    }
}

/// Seed by seed: every row has its first figure early.
fn in_order(jobs: &[Vec<Job>]) -> Vec<&Job> {
    let seeds = jobs.first().map_or(0, Vec::len);
    (0..seeds).flat_map(|seed| jobs.iter().map(move |row| &row[seed])).collect()
}

fn table(study: &Study, jobs: &[Vec<Job>]) -> Result<Table, Failure> {
    let mut states = Vec::new();
    for row in jobs {
        let states_of = row.iter().map(|job| Ok((job.seed, job.state()?)));
        states.push(states_of.collect::<Result<Vec<_>, Failure>>()?);
    }
    let unfinished = jobs.iter().flatten().zip(states.iter().flatten());
    for (job, (_, state)) in unfinished {
        match state.unfinished() {
            Some(Unfinished::Begun { step, steps }) => output::note(format_args!(
                "{}: {} of {} steps",
                job.label,
                thousands(*step as usize),
                thousands(*steps as usize)
            )),
            Some(Unfinished::Failed { error }) => {
                output::note(format_args!("{}: failed: {error}", job.label));
            }
            Some(Unfinished::Missing) | None => {}
        }
    }
    Ok(Table::new(study, &states))
}
