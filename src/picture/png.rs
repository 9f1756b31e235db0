//! A picture as PNG, two pixels for each of its own.

use tiny_skia::{FillRule, LineCap, PathBuilder, Pixmap, StrokeDash, Transform};

use super::outline::{Step, outlines};
use super::{At, Paint, Picture, Shape, Stroke, Text, Theme};

/// Pixels of the file for one of the picture.
const SCALE: f64 = 2.0;
/// Most pixels of a file; more would take more than 256 MiB.
const MOST: f64 = 64e6;
/// Longest side, which viewers still open.
const LONGEST: f64 = 32_000.0;

/// Why there is no PNG.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The picture is too large.
    #[error("the drawing is {:.0}×{:.0} pixels, too large for PNG", .0[0], .0[1])]
    TooLarge(At),
    /// The encoder failed.
    #[error("PNG cannot be written: {0}")]
    Encoder(#[from] image::ImageError),
}

/// Draws a picture, coarser than twice its size only where it would be too large.
///
/// # Errors
/// It is too large even at its own size.
pub fn png(picture: &Picture, theme: Theme) -> Result<Vec<u8>, PngError> {
    let too_large = || PngError::TooLarge(picture.size);
    let [width, height] = picture.size;
    let scale = SCALE.min((MOST / (width * height)).sqrt()).min(LONGEST / width.max(height));
    if scale < 1.0 {
        return Err(too_large());
    }
    let [wide, high] = [width, height].map(|side| (side * scale).ceil().max(1.0) as u32);
    let mut canvas = Canvas {
        pixels: Pixmap::new(wide, high).ok_or_else(too_large)?,
        at: Transform::from_scale(scale as f32, scale as f32),
        dark: theme == Theme::Dark,
    };
    let [r, g, b] = Paint::Paper.rgb(canvas.dark);
    canvas.pixels.fill(tiny_skia::Color::from_rgba8(r, g, b, 255));
    for shape in &picture.shapes {
        canvas.shape(shape);
    }
    // Nothing is transparent, so what is stored is the colour itself.
    let rgb: Vec<u8> =
        canvas.pixels.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    image::ImageEncoder::write_image(encoder, &rgb, wide, high, image::ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

struct Canvas {
    pixels: Pixmap,
    at: Transform,
    dark: bool,
}

impl Canvas {
    fn shape(&mut self, shape: &Shape) {
        if let Shape::Text(text) = shape {
            self.text(text);
        }
        for outline in outlines(shape) {
            let mut path = PathBuilder::new();
            for step in outline.steps {
                match step {
                    Step::Move([x, y]) => path.move_to(x as f32, y as f32),
                    Step::Line([x, y]) => path.line_to(x as f32, y as f32),
                    Step::Cubic([ax, ay], [bx, by], [x, y]) => {
                        let [ax, ay, bx, by, x, y] = [ax, ay, bx, by, x, y].map(|v| v as f32);
                        path.cubic_to(ax, ay, bx, by, x, y);
                    }
                    Step::Close => path.close(),
                }
            }
            let Some(path) = path.finish() else { continue };
            if let Some(paint) = outline.fill {
                self.fill(&path, paint, self.at);
            }
            if let Some(stroke) = outline.stroke {
                self.stroke(&path, stroke);
            }
        }
    }

    fn paint(&self, paint: Paint) -> tiny_skia::Paint<'static> {
        let mut found = tiny_skia::Paint { anti_alias: true, ..Default::default() };
        let [r, g, b] = paint.rgb(self.dark);
        found.set_color_rgba8(r, g, b, 255);
        found
    }

    fn fill(&mut self, path: &tiny_skia::Path, paint: Paint, at: Transform) {
        let paint = self.paint(paint);
        self.pixels.fill_path(path, &paint, FillRule::Winding, at, None);
    }

    fn stroke(&mut self, path: &tiny_skia::Path, stroke: Stroke) {
        let dash = stroke.dash.and_then(|d| StrokeDash::new(d.map(|v| v as f32).to_vec(), 0.0));
        let look = tiny_skia::Stroke {
            width: stroke.width as f32,
            line_cap: LineCap::Butt,
            dash,
            ..Default::default()
        };
        let paint = self.paint(stroke.paint);
        self.pixels.stroke_path(path, &paint, &look, self.at, None);
    }

    fn text(&mut self, text: &Text) {
        let Some(face) = text.face.parsed() else { return };
        let [x, y] = text.start();
        let size = text.size as f32 / f32::from(face.units_per_em());
        let start = self
            .at
            .pre_concat(Transform::from_translate(x as f32, y as f32))
            .pre_concat(Transform::from_rotate(text.turn as f32));
        let mut along = 0.0;
        for (_, glyph, width) in text.face.glyphs(&text.words) {
            let mut outline = Glyph(PathBuilder::new());
            if face.outline_glyph(glyph, &mut outline).is_some()
                && let Some(path) = outline.0.finish()
            {
                let at = start
                    .pre_concat(Transform::from_translate(along, 0.0))
                    .pre_concat(Transform::from_scale(size, -size));
                self.fill(&path, text.paint, at);
            }
            along += (width * text.size) as f32;
        }
    }
}

/// A glyph's outline, upwards as fonts have it.
struct Glyph(PathBuilder);

impl ttf_parser::OutlineBuilder for Glyph {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }
    fn close(&mut self) {
        self.0.close();
    }
}
