//! What is printed, whoever the patient is called after.

use super::*;
use base64::Engine as _;
use flate2::read::ZlibDecoder;
use sha2::Digest as _;
use std::io::Read as _;

const NAMES: [&str; 5] = ["Łukasz Żółć", "Nguyễn Thị Hồng", "李小龍", "Σοφία Ωμέγα", "Đặng Šimůnek"];

fn sheet(names: &[&str]) -> Sheet {
    let fact = |name: &&str| ("Name".to_owned(), (*name).to_owned());
    let signature = |name: &&str| {
        Block::Signature(Signed {
            name: (*name).to_owned(),
            meaning: "consents".to_owned(),
            facts: vec![("Signed".to_owned(), "2026-03-02T15:00:00.000Z".to_owned())],
            drawing: Some(Drawing { width: 4, height: 2, grey: vec![0, 255, 255, 0, 255, 0, 0, 255], png: vec![1, 2] }),
        })
    };
    let mut blocks = vec![
        Block::Section("Who".to_owned()),
        Block::Facts(names.iter().map(fact).collect()),
        Block::Heading("1. Heading".to_owned()),
        Block::Paragraph("word ".repeat(400)),
        Block::Warning("The stored document no longer has the hash that was signed.".to_owned()),
    ];
    blocks.extend(names.iter().map(signature));
    Sheet {
        language: "en".to_owned(),
        title: "Consent to treatment".to_owned(),
        subtitle: names.join(", "),
        foot: "SHA-256 0f".to_owned(),
        blocks,
    }
}

/// Every compressed stream of a PDF, opened.
fn streams(pdf: &[u8]) -> Vec<Vec<u8>> {
    let begin = b"stream\n";
    let starts =
        pdf.windows(begin.len()).enumerate().filter(|(at, window)| *window == begin && pdf[at - 3..*at] != *b"end");
    starts
        .map(|(at, _)| {
            let mut opened = Vec::new();
            ZlibDecoder::new(&pdf[at + begin.len()..]).read_to_end(&mut opened).expect("a whole stream");
            opened
        })
        .collect()
}

/// Everything that can be read from the maps of letters in a PDF.
fn letters(pdf: &[u8]) -> String {
    let maps = streams(pdf)
        .into_iter()
        .filter_map(|stream| String::from_utf8(stream).ok())
        .filter(|map| map.contains("beginbfchar"));
    let mut found = String::new();
    for line in maps.flat_map(|map| map.lines().map(str::to_owned).collect::<Vec<_>>()) {
        if let Some((_, letter)) = line.strip_prefix('<').and_then(|line| line.split_once("> <")) {
            let units = letter.trim_end_matches('>').as_bytes().chunks(4);
            let units: Vec<u16> =
                units.map(|hex| u16::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap()).collect();
            found.push_str(&String::from_utf16(&units).unwrap());
        }
    }
    found
}

#[test]
fn the_same_sheet_gives_the_same_bytes() {
    assert_eq!(pdf(&sheet(&NAMES)), pdf(&sheet(&NAMES)));
    assert_ne!(pdf(&sheet(&NAMES)), pdf(&sheet(&NAMES[1..])));
    assert_eq!(html(&sheet(&NAMES)), html(&sheet(&NAMES)));
}

#[test]
fn every_letter_of_a_name_is_carried_with_the_page_and_can_be_searched() {
    for name in NAMES {
        let file = pdf(&sheet(&[name]));
        assert!(file.starts_with(b"%PDF-"));
        let found = letters(&file);
        for letter in name.chars().filter(|letter| *letter != ' ') {
            assert!(found.contains(letter), "{letter} of {name} in {found}");
        }
        assert!(file.len() < 150_000, "only what is used is carried: {} bytes", file.len());
    }
}

#[test]
fn a_letter_that_no_face_has_is_printed_as_its_number() {
    let found = letters(&pdf(&sheet(&["\u{1f600}"])));
    for letter in "[U+1F600]".chars() {
        assert!(found.contains(letter), "{letter} in {found}");
    }
}

#[test]
fn a_long_text_goes_on_on_the_next_page_and_nothing_is_below_the_foot() {
    let mut long = sheet(&NAMES);
    long.blocks.extend((0..300).map(|number| Block::Paragraph(format!("Line {number}: {}", "x".repeat(number)))));
    let laid = layout::set(&long);
    assert!(laid.pages.len() > 5, "{} pages", laid.pages.len());
    for mark in laid.pages.iter().flatten() {
        let (x, y, right) = match mark {
            layout::Mark::Line { x, y, size, letters, .. } => {
                (*x, *y, i64::from(*x) + layout::length(letters, *size) / 1000)
            }
            layout::Mark::Bar { x, y, width, .. } | layout::Mark::Picture { x, y, width, .. } => {
                (*x, *y, i64::from(x + width))
            }
        };
        assert!(x >= 62 && (10..740).contains(&y) && right <= 552, "{mark:?}");
    }
}

#[test]
fn hostile_names_stay_names() {
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'; DROP TABLE patients; --",
        "</style><b>",
        "&lt;i&gt;",
        "\u{202e}evil\u{2028}new line",
        "javascript:alert(1)",
    ];
    let page = html(&sheet(&hostile));
    let names_of_tags: Vec<&str> =
        page.split('<').skip(1).map(|rest| rest.split([' ', '>', '\n']).next().unwrap()).collect();
    let plain = html(&sheet(&["A"; 7]));
    let expected: Vec<&str> =
        plain.split('<').skip(1).map(|rest| rest.split([' ', '>', '\n']).next().unwrap()).collect();
    assert_eq!(names_of_tags, expected, "no name makes a tag");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("&amp;lt;i&amp;gt;"), "what was escaped already is shown as it was typed");
    assert!(!page.contains(['\u{202e}', '\u{2028}']));
    assert!(!pdf(&sheet(&hostile)).is_empty());
}

#[test]
fn the_policy_lets_in_the_one_style_and_nothing_else() {
    let page = html(&sheet(&["A"]));
    let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(policy().contains(&format!("style-src 'sha256-{hash}'")), "{}", policy());
    assert!(policy().starts_with("default-src 'none'") && !policy().contains("unsafe"));
    assert!(!page.contains("<script") && !page.contains("http"));
}
