//! Words set into lines, and lines onto pages. Everything is counted in whole points and thousandths of them.

use super::font::{Fonts, Letter, Weight};
use super::{Block, Drawing, Sheet, Signed};

/// A letter page, in points: a quarter of an inch is 18.
pub const PAGE: (i16, i16) = (612, 792);
const MARGIN: i16 = 62;
const TOP: i16 = 734;
const BOTTOM: i16 = 74;
/// Where the words beside a label begin.
const BESIDE: i16 = 168;
const WIDE: i16 = PAGE.0 - 2 * MARGIN;

/// A colour, in 255ths of red, green and blue.
pub type Colour = [u8; 3];
const INK: Colour = [27, 36, 48];
const QUIET: Colour = [81, 96, 110];
const ACCENT: Colour = [31, 95, 107];
const RULE: Colour = [205, 214, 221];
const ALARM: Colour = [179, 38, 30];

/// One mark on a page; its place is its lower left corner.
#[derive(Debug)]
pub enum Mark<'a> {
    /// Letters on a line.
    Line { x: i16, y: i16, size: u8, colour: Colour, letters: Vec<Letter> },
    /// A filled bar.
    Bar { x: i16, y: i16, width: i16, height: i16, colour: Colour },
    /// A picture.
    Picture { x: i16, y: i16, width: i16, height: i16, drawing: &'a Drawing },
}

/// How words look.
#[derive(Debug, Clone, Copy)]
struct Look {
    weight: Weight,
    size: u8,
    leading: i16,
    colour: Colour,
}

const BODY: Look = Look { weight: Weight::Regular, size: 10, leading: 15, colour: INK };
const LABEL: Look = Look { colour: QUIET, ..BODY };
const HEADING: Look = Look { weight: Weight::Semibold, ..BODY };
const SECTION: Look = Look { weight: Weight::Semibold, size: 12, leading: 17, colour: ACCENT };
const TITLE: Look = Look { weight: Weight::Semibold, size: 17, leading: 23, colour: ACCENT };
const WARNING: Look = Look { colour: ALARM, ..HEADING };
const FOOT: Look = Look { size: 7, leading: 10, colour: QUIET, ..BODY };

/// The pages of a sheet.
pub struct Layout<'a> {
    /// What is on each.
    pub pages: Vec<Vec<Mark<'a>>>,
    /// The letters that were used.
    pub fonts: Fonts,
    y: i16,
}

/// Sets a sheet.
pub fn set(sheet: &Sheet) -> Layout<'_> {
    let mut layout = Layout { pages: vec![Vec::new()], fonts: Fonts::new(), y: TOP };
    layout.words(&sheet.title, TITLE, (MARGIN, WIDE));
    layout.words(&sheet.subtitle, LABEL, (MARGIN, WIDE));
    layout.gap(6);
    layout.bar(2, ACCENT);
    layout.gap(10);
    for block in &sheet.blocks {
        layout.block(block);
    }
    layout.feet(&sheet.foot);
    layout
}

impl<'a> Layout<'a> {
    fn block(&mut self, block: &'a Block) {
        match block {
            Block::Section(words) => {
                self.gap(14);
                self.room(SECTION.leading + 3 * BODY.leading);
                self.words(words, SECTION, (MARGIN, WIDE));
                self.bar(1, RULE);
                self.gap(6);
            }
            Block::Heading(words) => {
                self.gap(5);
                self.room(3 * BODY.leading);
                self.words(words, HEADING, (MARGIN, WIDE));
            }
            Block::Paragraph(words) => self.paragraph(words, BODY),
            Block::Warning(words) => self.paragraph(words, WARNING),
            Block::Facts(facts) => self.facts(facts, MARGIN),
            Block::Signature(signed) => self.signature(signed),
        }
    }

    fn paragraph(&mut self, words: &str, look: Look) {
        self.words(words, look, (MARGIN, WIDE));
        self.gap(3);
    }

    fn facts(&mut self, facts: &[(String, String)], left: i16) {
        for (label, words) in facts {
            let beside = (MARGIN + BESIDE, WIDE - BESIDE);
            let labels = self.lines(label, LABEL, (BESIDE - 12 - (left - MARGIN)).max(40));
            let lines = self.lines(words, BODY, beside.1);
            for number in 0..labels.len().max(lines.len()) {
                self.room(BODY.leading);
                self.y -= BODY.leading;
                for (found, x, look) in [(&labels, left, LABEL), (&lines, beside.0, BODY)] {
                    if let Some(letters) = found.get(number) {
                        self.line(letters.clone(), look, x);
                    }
                }
            }
        }
        self.gap(4);
    }

    fn signature(&mut self, signed: &'a Signed) {
        let (name, meaning) = (&signed.name, &signed.meaning);
        let height = 2 * BODY.leading + BODY.leading * i16::try_from(signed.facts.len()).unwrap_or(20) + 16;
        self.gap(6);
        self.room(height.min(300));
        let (top, page) = (self.y, self.pages.len());
        let mut drawn_to = self.y;
        if let Some(drawing) = &signed.drawing {
            let (width, height) = fitted(drawing, (150, 48));
            let (x, y) = (PAGE.0 - MARGIN - width, self.y - height - 2);
            drawn_to = y;
            self.put(Mark::Picture { x, y, width, height, drawing });
        }
        let text = (MARGIN + 12, WIDE - 180);
        self.words(name, Look { size: 11, ..HEADING }, text);
        self.words(meaning, BODY, text);
        // What is said beside the drawing stays beside it, what is said of it is below.
        self.y = self.y.min(drawn_to);
        self.facts(&signed.facts, MARGIN + 12);
        // The bar beside a signature is on the page where all of it is.
        if page == self.pages.len() {
            let (y, height) = (self.y + 4, top - self.y - 6);
            self.put(Mark::Bar { x: MARGIN, y, width: 2, height, colour: ACCENT });
        }
    }

    fn words(&mut self, words: &str, look: Look, (x, width): (i16, i16)) {
        for letters in self.lines(words, look, width) {
            self.room(look.leading);
            self.y -= look.leading;
            self.line(letters, look, x);
        }
    }

    fn line(&mut self, letters: Vec<Letter>, look: Look, x: i16) {
        // The line stands on its leading: a third of what is left over is below it.
        let y = self.y + (look.leading - i16::from(look.size)) / 2;
        self.put(Mark::Line { x, y, size: look.size, colour: look.colour, letters });
    }

    /// Breaks words into lines that fit: at spaces, inside a word that is wider than a line, and between ideographs.
    fn lines(&mut self, words: &str, look: Look, width: i16) -> Vec<Vec<Letter>> {
        let fits = i64::from(width) * 1000;
        let mut lines = Vec::new();
        for given in words.lines() {
            let mut rest = self.fonts.letters(given, look.weight);
            while let Some(end) = overflow(&rest, look.size, fits) {
                let free =
                    |at: &usize| rest.get(*at).is_some_and(|one| one.letter == ' ' || one.weight == Weight::Fallback);
                let cut = (1..=end).rev().find(free).unwrap_or(end.max(1));
                let mut next = rest.split_off(cut);
                if next.first().is_some_and(|one| one.letter == ' ') {
                    next.remove(0);
                }
                lines.push(std::mem::replace(&mut rest, next));
            }
            lines.push(rest);
        }
        lines
    }

    /// A foot on every page, now that it is known how many there are.
    fn feet(&mut self, foot: &str) {
        let many = self.pages.len();
        for number in 0..many {
            let count = self.fonts.letters(&format!("Page {} of {many}", number + 1), FOOT.weight);
            let far = i16::try_from(length(&count, FOOT.size) / 1000 + 1).unwrap_or(0);
            let lines = self.lines(foot, FOOT, WIDE - 70);
            let Some(page) = self.pages.get_mut(number) else { continue };
            let bar = Mark::Bar { x: MARGIN, y: BOTTOM - 16, width: WIDE, height: 1, colour: RULE };
            page.push(bar);
            let first = BOTTOM - 18 - FOOT.leading;
            let (x, size, colour) = (PAGE.0 - MARGIN - far, FOOT.size, FOOT.colour);
            page.push(Mark::Line { x, y: first, size, colour, letters: count });
            for (y, letters) in (0..4).map(|line| first - line * FOOT.leading).zip(lines) {
                page.push(Mark::Line { x: MARGIN, y, size, colour, letters });
            }
        }
    }

    fn bar(&mut self, height: i16, colour: Colour) {
        self.y -= height;
        self.put(Mark::Bar { x: MARGIN, y: self.y, width: WIDE, height, colour });
    }

    fn put(&mut self, mark: Mark<'a>) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    fn gap(&mut self, points: i16) {
        self.y -= points;
    }

    fn room(&mut self, points: i16) {
        if self.y - points < BOTTOM {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }
}

/// How long letters are, in thousandths of a point.
pub fn length(letters: &[Letter], size: u8) -> i64 {
    letters.iter().map(|letter| i64::from(letter.advance) * i64::from(size)).sum()
}

/// The first letter that does not fit.
fn overflow(letters: &[Letter], size: u8, fits: i64) -> Option<usize> {
    let mut sum = 0;
    letters.iter().position(|letter| {
        sum += i64::from(letter.advance) * i64::from(size);
        sum > fits && letter.letter != ' '
    })
}

/// The largest size of a drawing inside a box.
fn fitted(drawing: &Drawing, (most_wide, most_high): (i16, i16)) -> (i16, i16) {
    let (wide, high) = (i64::from(drawing.width.max(1)), i64::from(drawing.height.max(1)));
    let height = i64::from(most_high).min(i64::from(most_wide) * high / wide).max(1);
    let width = (height * wide / high).clamp(1, i64::from(most_wide));
    (i16::try_from(width).unwrap_or(most_wide), i16::try_from(height).unwrap_or(most_high))
}
