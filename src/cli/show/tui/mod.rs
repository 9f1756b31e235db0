//! `run --train --tui`: live curves on the terminal.
//!
//! A thread of its own draws and reads keys, so that a resize or a key is seen during long steps
//! too; the training thread only notes what has happened. The first `q`, Ctrl-C or signal leaves
//! the screen, and all goes on as it does without one.

mod draw;
mod plot;
mod screen;
mod series;
mod state;

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::chart::Axis;
use crate::cli::Failure;
use crate::cli::session::signals::Signals;
use crate::cli::show::output;
use crate::cli::show::progress::{Figures, resized};
use crate::train::record::metrics::{self, Epoch, Evaluation, Step};
use crate::train::record::run_folder::RunFolder;
use crate::train::trainer::{Observer, Session};
use plot::{Along, Curve};
use ratatui::style::Color;
use screen::Screen;
use state::State;

/// A curve over steps as lines of text, so wide and high. `along` is the last step, and what is told of
/// the steps.
pub fn curve(
    label: &str,
    (end, told): &(u64, String),
    points: &[[f64; 2]],
    size: (u16, u16),
) -> Vec<String> {
    let along = Along { end: *end, label: told };
    let curve = Curve { name: "", colour: Color::Reset, points };
    plot::lines(size, &Axis::linear(label), &along, &curve)
}

/// Refuses where nothing can be drawn, before anything is begun.
pub fn check() -> Result<(), Failure> {
    match std::io::stdout().is_terminal() {
        true => Ok(()),
        false => Err(Failure::Usage(
            "--tui draws on the terminal, and standard output is none; leave out --tui for plain \
             lines"
                .into(),
        )),
    }
}

/// What both threads know.
struct Shared {
    state: Mutex<State>,
    /// Whether there is nothing more to show.
    over: AtomicBool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints what would have been printed without a screen.
    fn say(&self) {
        let said = std::mem::take(&mut self.state().said);
        said.iter().for_each(output::note);
    }
}

/// Shows a run until it is dropped.
pub struct Dashboard {
    shared: Arc<Shared>,
    signals: Signals,
    thread: Option<JoinHandle<()>>,
}

impl Dashboard {
    /// Takes the terminal; a run that goes on after `done` steps shows its past.
    pub fn open(
        session: &Session,
        folder: &RunFolder,
        done: u64,
        signals: &Signals,
    ) -> Result<Self, Failure> {
        let past = metrics::read(&folder.metrics())?;
        let (config, folder) = (&session.config, folder.path().display());
        let title = format!("{} on {}", config.spec, config.data);
        let place = format!("{} on {}; {folder}", config.precision, config.device);
        let figures = Figures::of(session);
        let state = State::new(title, place, (&session.plan, session.choice.part), figures);
        let state = state.after(done, &past);
        let shared = Arc::new(Shared { state: Mutex::new(state), over: AtomicBool::new(false) });
        let screen = Screen::open(signals)?;
        let thread = std::thread::Builder::new()
            .spawn({
                let shared = shared.clone();
                move || show(screen, &shared)
            })
            .map_err(|error| Failure::File(format!("beginning to draw: {error}")))?;
        Ok(Self { shared, signals: signals.clone(), thread: Some(thread) })
    }
}

/// Draws until the run is over or is to end.
fn show(mut screen: Screen, shared: &Shared) {
    while !shared.over.load(Ordering::Relaxed) && !screen.is_end_asked() {
        screen.draw(&shared.state());
        screen.wait();
    }
    let asked = screen.is_end_asked();
    drop(screen);
    shared.say();
    if asked {
        output::note("finishing the step and saving; once more stops at once");
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // If drawing failed, the run did not.
            let _ = thread.join();
        }
        self.shared.say();
    }
}

impl Observer for Dashboard {
    fn step(&mut self, step: &Step, error_percent: f64) {
        self.shared.state().step(step, error_percent);
    }

    fn epoch(&mut self, epoch: &Epoch) {
        self.shared.state().figures.epoch = Some(*epoch);
    }

    fn resized(&mut self, step: u64, sides: [usize; 2]) {
        self.shared.state().said.push(resized(step, sides));
    }

    fn evaluating(&mut self, _step: u64) {
        self.shared.state().testing = true;
    }

    fn evaluation(&mut self, evaluation: &Evaluation) {
        self.shared.state().evaluation(evaluation);
    }

    fn saved(&mut self, step: u64) {
        self.shared.state().saved = Some(step);
    }

    fn interrupted(&self) -> bool {
        self.signals.came()
    }
}
