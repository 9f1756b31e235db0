//! How a run looks on a terminal: a function of its state and the terminal's size.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Gauge, Paragraph, Wrap};

use super::plot::{Along, Curve, plot};
use super::state::State;
use crate::chart::Axis;

/// Lines said that are shown.
const SAID: usize = 4;
/// Fewer rows than these show no more than they must.
const LOW: u16 = 18;
/// Fewer columns than these have one plot above the other,
const NARROW: u16 = 64;
/// if they are so high, and only one if not.
const HIGH: u16 = 12;

/// Draws everything.
pub fn draw(frame: &mut Frame, state: &State) {
    let Rect { width, height, .. } = frame.area();
    let low = height < LOW;
    let said = if low { 0 } else { state.said.len().min(SAID) };
    let rows = [1, u16::from(!low), 1].map(Constraint::Length);
    let figures_rows = if width < NARROW && !low { 4 } else { 2 };
    let below = [figures_rows, said as u16, 1].map(Constraint::Length);
    let [title, place, progress, curves, figures, lines, help] =
        Layout::vertical(rows.into_iter().chain([Constraint::Fill(1)]).chain(below))
            .areas(frame.area());
    frame.render_widget(Line::from(state.title.as_str()).bold(), title);
    frame.render_widget(Line::from(state.place.as_str()).dim(), place);
    frame.render_widget(gauge(state), progress);
    self::curves(frame, curves, state);
    let text = self::figures(state).join("  ");
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), figures);
    let newest = state.said[state.said.len() - said..].iter().map(|line| Line::from(line.as_str()));
    frame.render_widget(Paragraph::new(newest.collect::<Vec<_>>()), lines);
    frame.render_widget(Line::from("q, Ctrl-C: finish the step, save and stop").dim(), help);
}

fn gauge(state: &State) -> Gauge<'_> {
    let total = state.figures.total.max(1);
    let doing = match (state.testing, state.figures.recent) {
        (true, _) => "testing".to_string(),
        (false, Some([_, _, speed])) => state.figures.left(state.step, speed),
        (false, None) => "first step".to_string(),
    };
    Gauge::default()
        .gauge_style(Color::Blue)
        .ratio((state.step as f64 / total as f64).clamp(0.0, 1.0))
        .label(format!(
            "step {}/{total}  epoch {}/{}  {doing}",
            state.step, state.epoch, state.figures.epochs
        ))
}

/// The newest figures, the first ones first where room is short.
fn figures(state: &State) -> Vec<String> {
    let mut figures = Vec::new();
    if let Some([loss, error, speed]) = state.figures.recent {
        figures.push(format!("loss {loss:.4}"));
        figures.push(format!("training error {error:.2} %"));
        figures.push(format!("{speed:.0} images/s"));
        figures.extend(state.figures.waiting.map(|share| format!("{share:.0} % waiting")));
    }
    if let (Some([_, last]), Some([step, lowest])) = (state.test.last(), state.lowest()) {
        let lowest = format!("lowest {lowest:.2} % after step {step:.0}");
        figures.push(format!("{} error {last:.2} % ({lowest})", state.part));
    }
    figures.push(match state.rate {
        rate if rate == 0.0 || rate >= 1e-3 => format!("rate {rate:.4}"),
        rate => format!("rate {rate:.1e}"),
    });
    figures.extend(state.figures.size().map(|[rows, columns]| format!("{rows}×{columns} pixels")));
    figures.push(match state.saved {
        Some(step) => format!("saved after step {step}"),
        None => "not saved yet".to_string(),
    });
    figures
}

/// Loss and errors beside each other, one above the other, or the loss alone.
fn curves(frame: &mut Frame, area: Rect, state: &State) {
    let loss = Curve { name: "training", colour: Color::Blue, points: state.loss.points() };
    let training = Curve { name: "training", colour: Color::Blue, points: state.error.points() };
    let test = Curve { name: state.part.name(), colour: Color::Red, points: &state.test };
    let (loss_axis, error_axis) = (Axis::log("loss"), Axis::linear("error, %").from_zero());
    let halves = [Constraint::Fill(1); 2];
    let [left, right] = match (area.width < NARROW, area.height < HIGH) {
        (false, _) => Layout::horizontal(halves).areas(area),
        (true, false) => Layout::vertical(halves).areas(area),
        (true, true) => [area, Rect::ZERO],
    };
    let label = format!("0 to step {}", state.step);
    let along = Along { end: state.step, label: &label };
    plot(frame, left, &loss_axis, &along, &[loss]);
    plot(frame, right, &error_axis, &along, &[training, test]);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::cli::show::progress::Figures;
    use crate::train::part::Part;
    use crate::train::recipe::Recipe;
    use crate::train::record::metrics::{Epoch, Evaluation, History, Measure, Step};
    use crate::train::schedule::{Length, StepPlan};

    fn new() -> State {
        let plan = StepPlan::new(&Recipe::he2016().unwrap(), Length::Steps(100), 20);
        State::new(
            "preact.rnet on cifar10".into(),
            "f32 on cpu; runs/x".into(),
            (&plan, Part::Test),
            Figures::new(&plan, 128, [32, 32]),
        )
    }

    fn record(step: u64) -> Step {
        let loss = 2.3 * (-0.05 * step as f32).exp();
        let epoch = step.div_ceil(20);
        Step {
            step,
            epoch,
            loss,
            error_percent: None,
            lr: 0.1,
            size: None,
            images_per_s: 640.0,
            waiting_percent: None,
        }
    }

    fn evaluation(step: u64) -> Evaluation {
        let measure = Measure { loss: Some(1.5), error_percent: 90.0 - step as f64 };
        Evaluation::at(step, step.div_ceil(20)).with(Part::Test, measure)
    }

    /// Forty-five of a hundred steps, two evaluations, a checkpoint.
    fn amid() -> State {
        let mut state = new();
        for step in 1..=45 {
            state.step(&record(step), 90.0 - 1.5 * step as f64);
            if step % 20 == 0 {
                let (epoch, train_error_percent) = (step / 20, 91.5 - step as f64);
                state.figures.epoch =
                    Some(Epoch { step, epoch, steps: 20, train_loss: 1.75, train_error_percent });
                state.evaluation(&evaluation(step));
            }
        }
        state.saved = Some(40);
        state
    }

    fn resumed() -> State {
        let steps = (1..=45).map(record).collect();
        let evaluations = vec![evaluation(20), evaluation(40)];
        new().after(40, &History { steps, evaluations, ..History::default() })
    }

    fn on(state: &State, width: u16, height: u16) -> TestBackend {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, state)).unwrap();
        terminal.backend().clone()
    }

    fn drawn(state: &State, width: u16, height: u16) -> String {
        on(state, width, height).to_string()
    }

    #[test]
    fn a_run_amid() {
        insta::assert_snapshot!(drawn(&amid(), 100, 24));
    }

    #[test]
    fn a_narrow_terminal_and_a_tiny_one() {
        insta::assert_snapshot!(drawn(&amid(), 50, 30) + &drawn(&amid(), 40, 10));
    }

    #[test]
    fn the_size_of_pictures_is_told_where_it_changes() {
        let mut state = amid();
        assert!(!drawn(&state, 120, 24).contains("pixels"));
        state.step(&Step { size: Some([24, 20]), ..record(46) }, 20.0);
        let shown = drawn(&state, 120, 24);
        assert!(shown.contains("  24×20"), "{shown}");
    }

    #[test]
    fn before_the_first_step() {
        insta::assert_snapshot!(drawn(&new(), 80, 18));
    }

    #[test]
    fn a_run_that_goes_on() {
        insta::assert_snapshot!(drawn(&resumed(), 80, 18));
    }

    #[test]
    fn every_state_fits_every_size() {
        let mut odd = resumed();
        for loss in [f32::NAN, f32::INFINITY, 0.0, -1.0, f32::MAX] {
            odd.step(&Step { loss, images_per_s: f64::INFINITY, ..record(41) }, f64::NAN);
        }
        let measure = Measure { loss: None, error_percent: f64::NAN };
        let no_number = evaluation(60).with(Part::Test, measure);
        odd.evaluation(&no_number);
        odd.testing = true;
        for state in [new(), amid(), odd] {
            for width in [0, 1, 2, 9, 16, 40, 63, 64, 90] {
                for height in (0..=12).chain([17, 18, 40]) {
                    on(&state, width, height);
                }
            }
            on(&state, 400, 120);
        }
    }
}
