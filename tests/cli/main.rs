//! The program as a user or a script meets it: arguments, messages, exit codes, files.

mod averages;
mod begin;
#[cfg(unix)]
mod cluster;
mod data;
mod ends;
mod folder;
mod half;
mod hostile;
mod interchange;
mod json;
mod kill;
mod lesion;
mod muon;
#[path = "../support/nets.rs"]
mod nets;
mod own_pictures;
mod pictures;
mod ranks;
mod rates;
mod report;
mod resume;
mod run;
mod sizes;
mod stages;
mod study;
mod usage;
mod validation;
mod weights;
mod written;
