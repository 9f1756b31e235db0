//! The terminal while it is ours, and its keys.

use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::draw::draw;
use super::state::State;
use crate::cli::Failure;
use crate::cli::session::signals::{self, Signals};

/// Time between two drawings.
const PAUSE: Duration = Duration::from_millis(100);

/// The terminal with our screen on it; dropping it puts everything back.
pub struct Screen {
    terminal: DefaultTerminal,
    held: Held,
}

/// Puts the terminal back, and lets a second signal end the program at once again.
struct Held(Signals);

impl Drop for Held {
    fn drop(&mut self) {
        ratatui::restore();
        self.0.release();
    }
}

impl Screen {
    /// Takes the terminal.
    pub fn open(signals: &Signals) -> Result<Self, Failure> {
        signals.hold();
        let held = Held(signals.clone());
        let terminal = ratatui::try_init().map_err(|error| {
            Failure::File(format!("taking the terminal: {error}; leave out --tui for plain lines"))
        })?;
        Ok(Self { terminal, held })
    }

    /// Draws, to the terminal's size of now.
    pub fn draw(&mut self, state: &State) {
        // A terminal that went away does not stop the run.
        let _ = self.terminal.draw(|frame| draw(frame, state));
    }

    /// Waits a moment, or for a key or a new size. In raw mode Ctrl-C is a key; it and `q` become
    /// the signal that they stand for.
    pub fn wait(&self) {
        match event::poll(PAUSE).and_then(|is_there| is_there.then(event::read).transpose()) {
            Ok(Some(Event::Key(key))) if ends(key) => signals::raise(),
            Ok(_) => {}
            Err(_) => std::thread::sleep(PAUSE),
        }
    }

    /// Whether a signal has come.
    pub fn is_end_asked(&self) -> bool {
        self.held.0.came()
    }
}

fn ends(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && match key.code {
            KeyCode::Char('q') => true,
            KeyCode::Char('c') => control,
            _ => false,
        }
}
