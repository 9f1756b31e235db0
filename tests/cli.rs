//! The program as a user or a script meets it: arguments, messages, exit codes, files.

#[path = "cli/data.rs"]
mod data;
#[path = "cli/folder.rs"]
mod folder;
#[path = "cli/half.rs"]
mod half;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/interchange.rs"]
mod interchange;
#[path = "cli/kill.rs"]
mod kill;
#[path = "cli/lesion.rs"]
mod lesion;
#[path = "cli/pictures.rs"]
mod pictures;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/study.rs"]
mod study;
#[path = "cli/usage.rs"]
mod usage;
