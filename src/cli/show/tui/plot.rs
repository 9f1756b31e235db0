//! A plot in characters, on the axes of the reports' figures.

use ratatui::backend::TestBackend;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;
use ratatui::widgets::canvas::{self, Canvas, Context};
use ratatui::{Frame, Terminal};

use crate::chart::{Axis, Fitted};

/// Narrowest drawing that is worth numbers beside it.
const NARROW: u16 = 12;

/// Points joined by a line.
pub struct Curve<'a> {
    /// In the title, in its colour.
    pub name: &'a str,
    /// Its colour.
    pub colour: Color,
    /// Steps and values.
    pub points: &'a [[f64; 2]],
}

/// What is along the bottom.
pub struct Along<'a> {
    /// Where it ends; it begins at 0.
    pub end: u64,
    /// What is told of it.
    pub label: &'a str,
}

/// Draws curves in a frame.
pub fn plot(frame: &mut Frame, area: Rect, axis: &Axis, along: &Along, curves: &[Curve]) {
    let mut title = vec![Span::from(axis.label.as_str())];
    for curve in curves {
        title.extend([" ".into(), Span::from(curve.name).fg(curve.colour)]);
    }
    let steps = Line::from(along.label).right_aligned();
    let block = Block::bordered().title(Line::from(title)).title_bottom(steps);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let values = curves.iter().flat_map(|curve| curve.points).map(|point| point[1]);
    let y = Fitted::new(axis, values);
    let x =
        Fitted::new(&Axis::linear("").between(0.0, along.end.max(1) as f64), std::iter::empty());
    let drawing = ticks(frame, inner, &y);
    let paint = |context: &mut Context| {
        for curve in curves {
            let places: Vec<[f64; 2]> =
                curve.points.iter().map(|p| [x.place(p[0]), y.place(p[1])]).collect();
            join(context, &places, curve.colour);
        }
    };
    let canvas = Canvas::default().marker(Marker::Braille).x_bounds([0.0, 1.0]);
    frame.render_widget(canvas.y_bounds([0.0, 1.0]).paint(paint), drawing);
}

/// The same as lines of text, so wide and high.
pub fn lines(
    (width, height): (u16, u16),
    axis: &Axis,
    along: &Along,
    curve: &Curve,
) -> Vec<String> {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(drawn) = terminal.draw(|frame| {
        plot(frame, frame.area(), axis, along, std::slice::from_ref(curve));
    });
    let symbols: Vec<&str> = drawn.buffer.content().iter().map(|cell| cell.symbol()).collect();
    symbols.chunks(usize::from(width)).map(|line| line.concat()).collect()
}

/// Writes an axis's numbers where they stand; what is left for the drawing.
fn ticks(frame: &mut Frame, area: Rect, y: &Fitted) -> Rect {
    let ticks = y.ticks();
    let widest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0) as u16 + 1;
    if area.height == 0 || area.width < widest + NARROW {
        return area;
    }
    let [left, drawing] =
        Layout::horizontal([Constraint::Length(widest), Constraint::Fill(1)]).areas(area);
    let last = f64::from(left.height - 1);
    let mut above = None;
    for (value, text) in ticks {
        let place = y.place(value);
        let row = ((1.0 - place.clamp(0.0, 1.0)) * last).round() as u16;
        // Where two fall on a row, the first is written.
        if above.replace(row) != Some(row) {
            let text = Line::from(text + " ").style(Style::new().dim()).right_aligned();
            frame.render_widget(text, Rect { y: left.y + row, height: 1, ..left });
        }
    }
    drawing
}

fn join(context: &mut Context, places: &[[f64; 2]], colour: Color) {
    // A single point is a line without length.
    let from = places.iter().take(1).chain(places);
    for ([x1, y1], [x2, y2]) in from.zip(places) {
        context.draw(&canvas::Line::new(*x1, *y1, *x2, *y2, colour));
    }
}
