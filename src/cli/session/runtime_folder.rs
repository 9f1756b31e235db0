//! A folder for what drivers of Linux look for at run time.
//!
//! Mesa's Vulkan driver asks Wayland's library for a display. Without XDG_RUNTIME_DIR, as over SSH, in a
//! container or in CI, that library prints two lines that begin with "error:" and mean nothing here. A
//! program may not set a variable of its own safely once it could have threads, so it begins again with one.

use std::ffi::OsStr;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::api::EngineKind;
use crate::cli::args::{PathsVerb, Verb};
use crate::data::locate;

const VARIABLE: &str = "XDG_RUNTIME_DIR";

/// Begins the program again with a private, empty folder under that variable, where it is unset and the
/// verb may ask for a GPU. Where that cannot be, the program goes on as it is.
pub fn provide(verb: &Verb) {
    if std::env::var_os(VARIABLE).is_some_and(|folder| !folder.is_empty())
        || !may_ask_for_a_gpu(verb)
    {
        return;
    }
    let Ok(cache) = locate::cache() else { return };
    let folder = cache.join("runtime");
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    let (Ok(()), Ok(program)) = (made, std::env::current_exe()) else { return };
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    let mut again = Command::new(program);
    again
        .arg0(name.as_deref().unwrap_or(OsStr::new("rnetc")))
        .args(arguments)
        .env(VARIABLE, folder);
    // It returns only where it failed.
    let _ = again.exec();
}

fn may_ask_for_a_gpu(verb: &Verb) -> bool {
    let engine = match verb {
        Verb::Devices(_) => return true,
        Verb::Run(args) => &args.engine,
        Verb::Bench(args) => &args.engine,
        Verb::Report(args) => &args.engine,
        Verb::Study(args) => &args.engine,
        Verb::Lesion(args) => &args.study.engine,
        Verb::Paths(args) => match &args.verb {
            Some(PathsVerb::Check(args)) => &args.study.engine,
            None => &args.study.engine,
        },
        Verb::Import(_)
        | Verb::Build(_)
        | Verb::Check(_)
        | Verb::Fmt(_)
        | Verb::Lsp
        | Verb::Explain(_)
        | Verb::Graph(_)
        | Verb::Gradcheck(_)
        | Verb::Data(_)
        | Verb::Export(_)
        | Verb::Completions(_)
        | Verb::Man(_) => return false,
    };
    engine.engine != EngineKind::Cpu
}
