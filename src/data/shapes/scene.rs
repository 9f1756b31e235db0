//! What a picture of the set shows.

use super::canvas::{Canvas, Colour, SIDE};
use super::distance::Shape;
use crate::data::random::Draws;

/// Smallest and largest radius of a shape, in pixels.
const RADIUS: [f32; 2] = [7.0, 12.0];
/// Least difference between a shape and its background, in at least one channel.
const CONTRAST: f32 = 0.35;
/// Smallest and largest standard deviation of the noise.
const NOISE: [f32; 2] = [0.02, 0.08];
/// Largest change of the background from side to side.
const SHADE: f32 = 0.25;
/// Most lines, and most specks, in a picture (the fewest are one and two).
const MOST: [usize; 2] = [3, 6];

/// Draws a picture of a shape.
pub fn draw(shape: Shape, draws: &mut Draws, bytes: &mut [u8]) {
    let back = colour(draws, 0.1, 0.9);
    let slope = [colour(draws, -SHADE, SHADE), colour(draws, -SHADE, SHADE)];
    let mut canvas = Canvas::shaded(back, slope);
    for _ in 0..1 + draws.below(MOST[0]) {
        line(&mut canvas, draws);
    }
    figure(&mut canvas, shape, contrasting(back, draws), draws);
    for _ in 0..2 + draws.below(MOST[1] - 1) {
        speck(&mut canvas, draws);
    }
    let noise = draws.range(NOISE[0], NOISE[1]);
    canvas.finish(noise, draws, bytes);
}

fn colour(draws: &mut Draws, low: f32, high: f32) -> Colour {
    [draws.range(low, high), draws.range(low, high), draws.range(low, high)]
}

/// A colour that differs from `back`, lighter or darker in each channel by itself, and by
/// [`CONTRAST`] at least in one of them.
fn contrasting(back: Colour, draws: &mut Draws) -> Colour {
    let strong = draws.below(3);
    let mut colour = back;
    for (channel, value) in colour.iter_mut().enumerate() {
        let least = if channel == strong { CONTRAST } else { 0.0 };
        let change = draws.range(least, 0.6);
        let change = if draws.coin() { change } else { -change };
        let inside = (0.0..=1.0).contains(&(*value + change));
        *value += if inside { change } else { -change };
    }
    colour
}

fn figure(canvas: &mut Canvas, shape: Shape, colour: Colour, draws: &mut Draws) {
    let radius = draws.range(RADIUS[0], RADIUS[1]);
    let side = SIDE as f32;
    let centre = [draws.range(radius, side - radius), draws.range(radius, side - radius)];
    let (sin, cos) = draws.range(0.0, std::f32::consts::TAU).sin_cos();
    // The L's far corner and the star's tips reach a little beyond the unit circle.
    canvas.cover(centre, 1.1 * radius, colour, |[x, y]| {
        let (x, y) = ((x - centre[0]) / radius, (y - centre[1]) / radius);
        shape.distance([cos * x + sin * y, cos * y - sin * x]) * radius
    });
}

fn speck(canvas: &mut Canvas, draws: &mut Draws) {
    let centre = [draws.range(0.0, SIDE as f32), draws.range(0.0, SIDE as f32)];
    let radius = draws.range(0.5, 1.4);
    let colour = colour(draws, 0.0, 1.0);
    canvas.cover(centre, radius, colour, |[x, y]| (x - centre[0]).hypot(y - centre[1]) - radius);
}

fn line(canvas: &mut Canvas, draws: &mut Draws) {
    let side = SIDE as f32;
    let centre = [draws.range(0.0, side), draws.range(0.0, side)];
    let half = draws.range(3.0, 20.0);
    let thickness = draws.range(0.4, 0.9);
    let (sin, cos) = draws.range(0.0, std::f32::consts::PI).sin_cos();
    let colour = colour(draws, 0.0, 1.0);
    canvas.cover(centre, half + thickness, colour, |[x, y]| {
        let (x, y) = (x - centre[0], y - centre[1]);
        let along = (cos * x + sin * y).clamp(-half, half);
        (x - cos * along).hypot(y - sin * along) - thickness
    });
}
