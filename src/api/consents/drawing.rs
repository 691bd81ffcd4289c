//! Drawn signatures: a small picture, checked to its last byte before it is kept.

use super::super::print::Drawing;
use crate::domain::consent::LARGEST_IMAGE;
use crate::domain::refusal::FieldError;
use png::{BitDepth, ColorType, Decoder, Limits, Transformations};
use std::io::Cursor;

/// The widest drawing, in pixels; its height is at most half of it.
const WIDEST: u32 = 1_600;
/// The tallest.
const TALLEST: u32 = 800;

/// Whether these bytes are a drawing: a PNG of a sensible size whose every row can be read.
///
/// # Errors
/// When they are not.
pub fn check(bytes: &[u8]) -> Result<(), FieldError> {
    let detail = || {
        format!(
            "must be a PNG of at most {LARGEST_IMAGE} bytes and {WIDEST} x {TALLEST} pixels, with something drawn on it"
        )
    };
    let drawn = (bytes.len() <= LARGEST_IMAGE).then(|| read(bytes)).flatten();
    match drawn.filter(|drawing| drawing.grey.iter().any(|pixel| *pixel < 128)) {
        Some(_) => Ok(()),
        None => Err(FieldError::new("/image_base64", "image", detail())),
    }
}

/// The drawing in these bytes, on white paper.
pub fn read(bytes: &[u8]) -> Option<Drawing> {
    let limits = Limits { bytes: 16_000_000 };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width == 0 || height == 0 || width > WIDEST || height > TALLEST {
        return None;
    }
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    reader.finish().ok()?;
    let channels = match (frame.color_type, frame.bit_depth) {
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => 2,
        (ColorType::Rgba, BitDepth::Eight) => 4,
        _ => return None,
    };
    let grey = pixels.get(..frame.buffer_size())?.chunks_exact(channels).map(on_paper).collect();
    Some(Drawing { width, height, grey, png: bytes.to_vec() })
}

/// How dark a pixel is on white paper: the darkest of its colours, as far as it is not seen through.
fn on_paper(pixel: &[u8]) -> u8 {
    let (alpha, colours) = pixel.split_last().map_or((255, pixel), |(alpha, colours)| (*alpha, colours));
    let darkest = colours.iter().copied().min().unwrap_or(0);
    let (ink, alpha) = (u32::from(255 - darkest), u32::from(alpha));
    255 - u8::try_from(ink * alpha / 255).unwrap_or(255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A PNG of this colour with one dark line.
    fn png(width: u32, height: u32, color: ColorType, ink: u8) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(color);
        let samples = usize::try_from(width).unwrap() * color.samples();
        let line = |row: u32| vec![if row == height / 2 { ink } else { 255 }; samples];
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&(0..height).flat_map(line).collect::<Vec<_>>()).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn a_drawing_is_a_small_picture_with_something_on_it() {
        for color in [ColorType::Grayscale, ColorType::Rgb] {
            assert_eq!(check(&png(300, 100, color, 0)), Ok(()), "{color:?}");
            assert!(check(&png(300, 100, color, 255)).is_err(), "an empty page");
        }
        assert!(check(&png(WIDEST + 1, 10, ColorType::Grayscale, 0)).is_err());
        assert!(check(&png(10, TALLEST + 1, ColorType::Grayscale, 0)).is_err());
        for text in [&b"<svg onload=alert(1)>"[..], b"", b"\x89PNG\r\n\x1a\n", b"GIF89a"] {
            assert!(check(text).is_err());
        }
    }

    #[test]
    fn ink_that_is_half_seen_through_is_grey_and_paper_that_is_not_there_is_white() {
        assert_eq!(on_paper(&[0, 0, 0, 255]), 0);
        assert_eq!(on_paper(&[0, 0, 0, 0]), 255);
        assert_eq!(on_paper(&[0, 0, 255, 255]), 0, "blue ink is ink");
        assert_eq!(on_paper(&[0, 0, 0, 128]), 127);
        assert_eq!(on_paper(&[200, 255]), 200);
    }

    proptest! {
        #[test]
        fn a_damaged_drawing_is_refused_or_still_a_drawing_and_never_breaks_anything(
            at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
        ) {
            let good = png(40, 20, ColorType::Rgb, 0);
            let mut damaged = good.clone();
            let at = at.index(good.len());
            damaged[at] = byte;
            // Every chunk has a check sum: what was changed is found, wherever it was.
            prop_assert_eq!(check(&damaged).is_ok(), damaged == good);
            let cut = cut.index(good.len());
            prop_assert!(check(&good[..cut]).is_err());
        }
    }
}
