//! A sheet as a PDF: its pages, the letters they use, and the drawings.

use super::font::{Carried, Letter, Weight};
use super::layout::{Colour, Mark, PAGE, set};
use super::{Drawing, Sheet};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use std::collections::BTreeMap;
use std::io::Write as _;
use subsetter::GlyphRemapper;

/// How the letters of a face are numbered: as they are.
const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Numbers for the objects of the file, one after another.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

/// The file.
pub fn pdf(sheet: &Sheet) -> Vec<u8> {
    let layout = set(sheet);
    let mut numbers = Numbers(0);
    let (catalog, tree, info) = (numbers.next(), numbers.next(), numbers.next());
    let mut file = Pdf::new();
    file.catalog(catalog).pages(tree).lang(TextStr(&sheet.language));
    file.document_info(info)
        .title(TextStr(&sheet.title))
        .subject(TextStr(&sheet.subtitle))
        .producer(TextStr("Chairside"));
    let fonts: Vec<(Weight, Ref)> = Weight::ALL
        .into_iter()
        .filter_map(|weight| {
            let carried = layout.fonts.carried(weight)?;
            let reference = numbers.next();
            font(&mut file, &mut numbers, (weight, reference), &carried);
            Some((weight, reference))
        })
        .collect();
    let glyphs = Weight::ALL.map(|weight| (weight, layout.fonts.numbers(weight)));
    let mut pages = Vec::new();
    for marks in &layout.pages {
        let (page, content) = (numbers.next(), numbers.next());
        let mut pictures = BTreeMap::new();
        let drawn = marks.iter().filter_map(|mark| match mark {
            Mark::Picture { drawing, .. } => Some(*drawing),
            _ => None,
        });
        for (index, drawing) in drawn.enumerate() {
            let reference = numbers.next();
            picture(&mut file, reference, drawing);
            pictures.insert(index, (format!("P{index}"), reference));
        }
        file.stream(content, &squeezed(&marked(marks, &glyphs))).filter(Filter::FlateDecode);
        let mut sheet = file.page(page);
        sheet.media_box(Rect::new(0.0, 0.0, f32::from(PAGE.0), f32::from(PAGE.1))).parent(tree).contents(content);
        let mut resources = sheet.resources();
        let mut faces = resources.fonts();
        for (weight, reference) in &fonts {
            faces.pair(Name(weight.name()), *reference);
        }
        faces.finish();
        let mut objects = resources.x_objects();
        for (name, reference) in pictures.values() {
            objects.pair(Name(name.as_bytes()), *reference);
        }
        objects.finish();
        resources.finish();
        sheet.finish();
        pages.push(page);
    }
    file.pages(tree).count(i32::try_from(pages.len()).unwrap_or(1)).kids(pages);
    file.finish()
}

/// What is on a page, as it is drawn.
fn marked(marks: &[Mark<'_>], glyphs: &[(Weight, GlyphRemapper); 3]) -> Vec<u8> {
    let mut content = Content::new();
    let mut pictures = 0;
    for mark in marks {
        match mark {
            Mark::Line { x, y, size, colour, letters } => {
                fill(&mut content, *colour);
                content.begin_text();
                content.next_line(f32::from(*x), f32::from(*y));
                for run in letters.chunk_by(|one, other| one.weight == other.weight) {
                    let Some(first) = run.first() else { continue };
                    content.set_font(Name(first.weight.name()), f32::from(*size));
                    content.show(Str(&numbered(run, glyphs)));
                }
                content.end_text();
            }
            Mark::Bar { x, y, width, height, colour } => {
                fill(&mut content, *colour);
                content.rect(f32::from(*x), f32::from(*y), f32::from(*width), f32::from(*height)).fill_nonzero();
            }
            Mark::Picture { x, y, width, height, .. } => {
                let place = [f32::from(*width), 0.0, 0.0, f32::from(*height), f32::from(*x), f32::from(*y)];
                let name = format!("P{pictures}");
                content.save_state().transform(place).x_object(Name(name.as_bytes())).restore_state();
                pictures += 1;
            }
        }
    }
    content.finish().to_vec()
}

/// Letters as the two-byte numbers of their glyphs in the carried file.
fn numbered(letters: &[Letter], glyphs: &[(Weight, GlyphRemapper); 3]) -> Vec<u8> {
    let number = |letter: &Letter| {
        let of_face = glyphs.iter().find(|(weight, _)| *weight == letter.weight);
        of_face.and_then(|(_, numbers)| numbers.get(letter.glyph)).unwrap_or(0).to_be_bytes()
    };
    letters.iter().flat_map(number).collect()
}

fn fill(content: &mut Content, colour: Colour) {
    let [red, green, blue] = colour.map(share);
    content.set_fill_rgb(red, green, blue);
}

/// 255ths as the share of one that a PDF asks for, to three decimals.
fn share(part: u8) -> f32 {
    let thousandths = u16::from(part) * 200 / 51;
    format!("0.{thousandths:03}").parse().ok().filter(|_| thousandths < 1000).unwrap_or(1.0)
}

/// Carries a face: its file, how wide its letters are, and which letters they are, so that they can be searched.
fn font(file: &mut Pdf, numbers: &mut Numbers, (weight, reference): (Weight, Ref), carried: &Carried) {
    let [cid, descriptor, data, letters] = [numbers.next(), numbers.next(), numbers.next(), numbers.next()];
    let name = Name(weight.face_name());
    file.type0_font(reference)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(letters);
    let mut widths: Vec<(u16, f32)> = carried.glyphs.iter().map(|(glyph, wide, _)| (*glyph, whole(*wide))).collect();
    widths.sort_by_key(|(glyph, _)| *glyph);
    let mut face = file.cid_font(cid);
    face.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY).font_descriptor(descriptor);
    face.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
    face.widths().consecutive(1, widths.into_iter().map(|(_, wide)| wide));
    face.finish();
    let [left, low, right, high] = carried.bounds.map(f32::from);
    file.font_descriptor(descriptor)
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(left, low, right, high))
        .italic_angle(0.0)
        .ascent(f32::from(carried.ascent))
        .descent(f32::from(carried.descent))
        .cap_height(f32::from(carried.capital))
        .stem_v(80.0)
        .font_file2(data);
    let mut map = UnicodeCmap::new(Name(b"Letters"), IDENTITY);
    for (glyph, _, letter) in &carried.glyphs {
        map.pair(*glyph, *letter);
    }
    file.stream(letters, &squeezed(&map.finish())).filter(Filter::FlateDecode);
    file.stream(data, &squeezed(&carried.file)).filter(Filter::FlateDecode);
}

fn whole(number: i32) -> f32 {
    f32::from(i16::try_from(number).unwrap_or(i16::MAX))
}

fn picture(file: &mut Pdf, reference: Ref, drawing: &Drawing) {
    let (width, height) = (drawing.width, drawing.height);
    let squeezed = squeezed(&drawing.grey);
    let mut image = file.image_xobject(reference, &squeezed);
    image.filter(Filter::FlateDecode);
    image.width(i32::try_from(width).unwrap_or(1)).height(i32::try_from(height).unwrap_or(1));
    image.color_space().device_gray();
    image.bits_per_component(8);
}

fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    // Writing into memory does not fail; an empty stream would show as an empty page in the tests.
    match encoder.write_all(bytes) {
        Ok(()) => encoder.finish().unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}
