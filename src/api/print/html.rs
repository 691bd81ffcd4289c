//! A sheet as a page of HTML: everything escaped, no script, nothing loaded from anywhere.

use super::{Block, Sheet, Signed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The only style there is; the policy names its hash.
const STYLE: &str = include_str!("style.css");

/// The page.
pub fn html(sheet: &Sheet) -> String {
    let mut out = String::with_capacity(16_384);
    let (language, title) = (text(&sheet.language), text(&sheet.title));
    let _ = write!(out, "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n");
    let _ = write!(out, "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n");
    let _ = write!(out, "<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n");
    let _ = write!(out, "<p>{}</p>\n</header>\n<main>\n", text(&sheet.subtitle));
    for block in &sheet.blocks {
        speak(block, &mut out);
    }
    let _ = write!(out, "</main>\n<footer>{}</footer>\n</body>\n</html>\n", text(&sheet.foot));
    out
}

/// The content security policy of the page: its own style, pictures that are part of it, and nothing else.
pub fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

fn speak(block: &Block, out: &mut String) {
    let _ = match block {
        Block::Section(words) => writeln!(out, "<h2>{}</h2>", text(words)),
        Block::Heading(words) => writeln!(out, "<h3>{}</h3>", text(words)),
        Block::Paragraph(words) => writeln!(out, "<p>{}</p>", text(words)),
        Block::Warning(words) => writeln!(out, "<p class=\"warning\">{}</p>", text(words)),
        Block::Facts(facts) => writeln!(out, "{}", table(facts)),
        Block::Signature(signed) => writeln!(out, "{}", signature(signed)),
    };
}

fn table(facts: &[(String, String)]) -> String {
    let row = |(label, words): &(String, String)| format!("<dt>{}</dt><dd>{}</dd>\n", text(label), text(words));
    format!("<dl>\n{}</dl>", facts.iter().map(row).collect::<String>())
}

fn signature(signed: &Signed) -> String {
    let drawing = signed.drawing.as_ref().map(|drawing| {
        let picture = STANDARD.encode(&drawing.png);
        format!("<img alt=\"drawn signature\" src=\"data:image/png;base64,{picture}\">\n")
    });
    format!(
        "<section class=\"signature\">\n{}<h3>{}</h3>\n<p>{}</p>\n{}\n</section>",
        drawing.unwrap_or_default(),
        text(&signed.name),
        text(&signed.meaning),
        table(&signed.facts)
    )
}

/// Words that stay words, whatever they are, between tags and between quotes.
fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A name cannot turn the words after it around, or end a line of its own.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => out.push('\u{fffd}'),
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
