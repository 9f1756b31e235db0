//! What means nothing together on the command line of a study.

use crate::cli::Failure;
use crate::cli::args::{On, StudyArgs, TableFormat};

/// Refuses it, and says what to leave out.
pub fn check(args: &StudyArgs) -> Result<(), Failure> {
    let wrong = match args.on {
        _ if args.run.is_some() => of_one(args),
        _ if args.table => of_table(args),
        Some(On::Slurm | On::Hyperqueue) => of_submission(args),
        Some(On::Local) | None => here(args),
    };
    wrong.map_or(Ok(()), |text| Err(Failure::Usage(text.to_owned())))
}

/// Of `--run`.
fn of_one(args: &StudyArgs) -> Option<&'static str> {
    if !args.options.is_empty() {
        return Some("--run trains one run in this process: leave out the options behind --");
    }
    (args.format != TableFormat::Text)
        .then_some("--run prints no table: leave out --format, or ask for the table by --table")
}

/// Of `--table`.
fn of_table(args: &StudyArgs) -> Option<&'static str> {
    if !args.options.is_empty() {
        return Some("--table submits nothing: leave out the options behind --");
    }
    if !args.before.is_empty() {
        return Some("--table submits nothing: leave out --before");
    }
    args.jobs.is_some().then_some("--table runs nothing: leave out --jobs")
}

/// Of tasks for a scheduler.
fn of_submission(args: &StudyArgs) -> Option<&'static str> {
    if args.on == Some(On::Hyperqueue) && args.jobs.is_some() {
        return Some(
            "--jobs is not HyperQueue's to keep: its workers run as many tasks as they have cores and \
             memory for; start fewer of them",
        );
    }
    if !is_for_messages(args.format) {
        return Some(
            "a submission has no table: leave out --format, or say --format json; --table prints what \
             there is, at any time",
        );
    }
    args.engine.adapter.is_some().then_some(
        "--adapter is the scheduler's to choose: each task takes the GPU that it is given",
    )
}

/// Of runs of this process.
fn here(args: &StudyArgs) -> Option<&'static str> {
    if !args.options.is_empty() {
        return Some(
            "options behind -- are a scheduler's: say --on slurm or --on hyperqueue, or leave them away",
        );
    }
    if !args.before.is_empty() {
        return Some(
            "--before is of a scheduler's tasks: say --on slurm or --on hyperqueue, or leave it away",
        );
    }
    (args.dry_run && !is_for_messages(args.format))
        .then_some("a dry run has no table: leave out --format, or say --format json")
}

/// Whether what is no table has this form too.
fn is_for_messages(format: TableFormat) -> bool {
    match format {
        TableFormat::Text | TableFormat::Json => true,
        TableFormat::Csv | TableFormat::Markdown | TableFormat::Html => false,
    }
}
