//! Printable pages: what a page says is described once, and spoken as HTML and as PDF.
//!
//! Both are made from the same words and nothing else: no time of printing, no random number. The same record gives the
//! same bytes.

mod font;
mod html;
mod layout;
mod pdf;

pub use html::{html, policy};
pub use pdf::pdf;

/// A drawing as it is printed: one byte a pixel, 0 for ink and 255 for paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Row by row from the top.
    pub grey: Vec<u8>,
    /// The picture as it came, for a browser.
    pub png: Vec<u8>,
}

/// A signature as it is printed: the name, what it means, and when (21 CFR 11.50).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The printed name.
    pub name: String,
    /// What the signature means.
    pub meaning: String,
    /// Everything else that is said about it, a label and its words each.
    pub facts: Vec<(String, String)>,
    /// What was drawn.
    pub drawing: Option<Drawing>,
}

/// One part of a page, from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The beginning of a section.
    Section(String),
    /// A line that stands out.
    Heading(String),
    /// Words, as they are.
    Paragraph(String),
    /// Labels and their words.
    Facts(Vec<(String, String)>),
    /// A signature.
    Signature(Signed),
    /// What a reader must not overlook.
    Warning(String),
}

/// Everything a printed record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The language of its words.
    pub language: String,
    /// What it is.
    pub title: String,
    /// Whose it is.
    pub subtitle: String,
    /// At the foot of each page.
    pub foot: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

#[cfg(test)]
mod tests;
