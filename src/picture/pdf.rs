//! A picture as PDF: one page as large as it, with its font inside, so that text stays text.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Chunk, Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use ttf_parser::GlyphId;

use super::outline::{Step, outlines};
use super::{Face, Paint, Picture, Shape, Stroke, Text, Theme, font};

/// Points of 1/72 inch for one of the picture's pixels.
const SCALE: f64 = 0.75;
/// Longest side of a page (ISO 32000-1, annex C).
const LONGEST: f64 = 14_400.0;

const SYSTEM: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Draws a picture.
pub fn pdf(picture: &Picture, theme: Theme) -> Vec<u8> {
    let [width, height] = picture.size;
    let scale = SCALE.min(LONGEST / width.max(height));
    let mut page =
        Page { content: Content::new(), dark: theme == Theme::Dark, used: BTreeMap::new() };
    // PDF counts upwards.
    let [s, top] = [scale, height * scale].map(|v| v as f32);
    page.content.transform([s, 0.0, 0.0, -s, 0.0, top]);
    let paper = Shape::Rect {
        at: [0.0; 2],
        size: picture.size,
        round: 0.0,
        fill: Some(Paint::Paper),
        stroke: None,
    };
    [&paper].into_iter().chain(&picture.shapes).for_each(|shape| page.shape(shape));

    let mut next = 1;
    let mut id = || {
        next += 1;
        Ref::new(next - 1)
    };
    let [catalog, pages, only, content, info] = std::array::from_fn(|_| id());
    let mut file = Pdf::new();
    file.catalog(catalog).pages(pages);
    file.document_info(info).title(TextStr(&picture.title));
    file.pages(pages).kids([only]).count(1);
    let fonts: Vec<(Face, Ref)> = page.used.keys().map(|&face| (face, id())).collect();
    let mut written = file.page(only);
    written.media_box(Rect::new(0.0, 0.0, (width * scale) as f32, top));
    written.parent(pages).contents(content);
    let mut resources = written.resources();
    let mut names = resources.fonts();
    for (face, font) in &fonts {
        names.pair(name(*face), font);
    }
    names.finish();
    resources.finish();
    written.finish();
    stream(&mut file, content, page.content.finish().as_slice());
    for (face, font) in fonts {
        embed(&mut file, face, &page.used[&face], font, [id(), id(), id(), id()]);
    }
    file.finish()
}

fn name(face: Face) -> Name<'static> {
    match face {
        Face::Regular => Name(b"Regular"),
        Face::Bold => Name(b"Bold"),
        Face::Italic => Name(b"Italic"),
    }
}

/// Writes a compressed stream.
fn stream(file: &mut Chunk, id: Ref, bytes: &[u8]) {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(packed) => file.stream(id, &packed).filter(Filter::FlateDecode).finish(),
        Err(_) => file.stream(id, bytes).finish(),
    }
}

/// Glyphs of a face that are shown, with what they stand for.
type Glyphs = BTreeMap<u16, char>;

/// A face as a font of the file: texts in it are numbers of glyphs.
fn embed(file: &mut Pdf, face: Face, glyphs: &Glyphs, font: Ref, ids: [Ref; 4]) {
    let Some(parsed) = face.parsed() else { return };
    let [descendant, descriptor, program, unicode] = ids;
    let base = Name(match face {
        Face::Regular => b"Arimo",
        Face::Bold => b"Arimo-Bold",
        Face::Italic => b"Arimo-Italic",
    });
    file.type0_font(font)
        .base_font(base)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(descendant)
        .to_unicode(unicode);
    let per_mille = 1000.0 / f32::from(parsed.units_per_em());
    let mut cid = file.cid_font(descendant);
    cid.subtype(CidFontType::Type2).base_font(base).system_info(SYSTEM);
    cid.font_descriptor(descriptor).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid.widths();
    for &glyph in glyphs.keys() {
        let width = parsed.glyph_hor_advance(GlyphId(glyph)).unwrap_or(0);
        widths.consecutive(glyph, [f32::from(width) * per_mille]);
    }
    widths.finish();
    cid.finish();
    let bounds = parsed.global_bounding_box();
    let [x0, y0, x1, y1] =
        [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|v| f32::from(v) * per_mille);
    let slanted = if face == Face::Italic { FontFlags::ITALIC } else { FontFlags::empty() };
    file.font_descriptor(descriptor)
        .name(base)
        .flags(FontFlags::NON_SYMBOLIC | slanted)
        .bbox(Rect::new(x0, y0, x1, y1))
        .italic_angle(parsed.italic_angle())
        .ascent(f32::from(parsed.ascender()) * per_mille)
        .descent(f32::from(parsed.descender()) * per_mille)
        .cap_height((font::ASCENT * 1000.0) as f32)
        .stem_v(if face == Face::Bold { 140.0 } else { 80.0 })
        .font_file2(program);
    stream(file, program, face.file());
    let mut map = UnicodeCmap::new(Name(b"Custom"), SYSTEM);
    glyphs.iter().for_each(|(&glyph, &c)| map.pair(glyph, c));
    file.cmap(unicode, map.finish().as_slice());
}

struct Page {
    content: Content,
    dark: bool,
    used: BTreeMap<Face, Glyphs>,
}

impl Page {
    fn shape(&mut self, shape: &Shape) {
        if let Shape::Text(text) = shape {
            self.text(text);
        }
        for outline in outlines(shape) {
            if let Some(paint) = outline.fill {
                self.colour(paint);
                self.path(&outline.steps);
                self.content.fill_nonzero();
            }
            if let Some(stroke) = outline.stroke {
                self.look(stroke);
                self.path(&outline.steps);
                self.content.stroke();
            }
        }
    }

    fn path(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Move([x, y]) => self.content.move_to(*x as f32, *y as f32),
                Step::Line([x, y]) => self.content.line_to(*x as f32, *y as f32),
                Step::Cubic([ax, ay], [bx, by], [x, y]) => {
                    let [ax, ay, bx, by, x, y] = [ax, ay, bx, by, x, y].map(|v| *v as f32);
                    self.content.cubic_to(ax, ay, bx, by, x, y)
                }
                Step::Close => self.content.close_path(),
            };
        }
    }

    fn rgb(&self, paint: Paint) -> [f32; 3] {
        paint.rgb(self.dark).map(|v| f32::from(v) / 255.0)
    }

    fn colour(&mut self, paint: Paint) {
        let [r, g, b] = self.rgb(paint);
        self.content.set_fill_rgb(r, g, b);
    }

    fn look(&mut self, stroke: Stroke) {
        let [r, g, b] = self.rgb(stroke.paint);
        self.content.set_stroke_rgb(r, g, b).set_line_width(stroke.width as f32);
        self.content.set_dash_pattern(stroke.dash.iter().flatten().map(|v| *v as f32), 0.0);
    }

    fn text(&mut self, text: &Text) {
        self.colour(text.paint);
        let [x, y] = text.start().map(|v| v as f32);
        let (sin, cos) = (text.turn.to_radians() as f32).sin_cos();
        let used = self.used.entry(text.face).or_default();
        let mut numbers = Vec::new();
        for (c, GlyphId(glyph), _) in text.face.glyphs(&text.words) {
            used.entry(glyph).or_insert(c);
            numbers.extend(glyph.to_be_bytes());
        }
        self.content.begin_text().set_font(name(text.face), text.size as f32);
        // Upright again, where the page counts downwards.
        self.content.set_text_matrix([cos, sin, sin, -cos, x, y]);
        self.content.show(Str(&numbers)).end_text();
    }
}
