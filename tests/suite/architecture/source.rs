//! Rust source as tokens: enough of the language to know which paths a file names, without being fooled by comments,
//! strings, a `use` over many lines, groups, or `super::super::`.

use std::path::{Path, PathBuf};

/// One token of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// An identifier or keyword.
    Word(String),
    /// The contents of a string literal.
    Text(String),
    /// `::`
    Colons,
    /// Any other single character of punctuation, and literals of no interest as `'`.
    Mark(char),
}

/// One file of the project.
pub struct Source {
    /// Its path from the project's root, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
    /// The tokens outside comments.
    pub tokens: Vec<Token>,
    /// Its module path below the crate's root: `["store", "patients"]` for `src/store/patients.rs`.
    pub module: Vec<String>,
}

impl Source {
    /// Makes a source of a text, as if it stood in `src/` at this path.
    pub fn new(path: &str, text: &str) -> Self {
        let inner = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let module =
            if matches!(inner, "lib" | "main") { Vec::new() } else { inner.split('/').map(Into::into).collect() };
        Self { path: path.into(), text: text.into(), tokens: tokens(text), module }
    }

    /// The top-level module it belongs to: a layer, or `server`, `config`, `main`, ...
    pub fn layer(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// Whether the identifier stands anywhere outside comments and strings.
    pub fn names(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Word(w) if w == word))
    }

    /// Every path of this crate that the file names, from the crate's root: `crate::a::{b, c}` is `a::b` and `a::c`.
    pub fn own_paths(&self) -> Vec<Vec<String>> {
        let (mut found, mut braces) = (Vec::new(), Vec::new());
        for (at, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Mark('{') => braces.push(self.inline_module_before(at)),
                Token::Mark('}') => drop(braces.pop()),
                Token::Word(word) if at == 0 || self.tokens[at - 1] != Token::Colons => {
                    let here = || self.module.iter().chain(braces.iter().flatten()).cloned().collect::<Vec<_>>();
                    let base = match word.as_str() {
                        "crate" | "chairside" => Vec::new(),
                        "self" => here(),
                        "super" => parent(here()),
                        _ => continue,
                    };
                    if self.tokens.get(at + 1) == Some(&Token::Colons) {
                        self.follow(base, at + 2, &mut found);
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn inline_module_before(&self, brace: usize) -> Option<String> {
        match (brace.checked_sub(2).map(|at| &self.tokens[at]), brace.checked_sub(1).map(|at| &self.tokens[at])) {
            (Some(Token::Word(keyword)), Some(Token::Word(name))) if keyword == "mod" => Some(name.clone()),
            _ => None,
        }
    }

    /// Follows a path from `at`, collecting its ends; returns the first token after it.
    fn follow(&self, mut base: Vec<String>, mut at: usize, found: &mut Vec<Vec<String>>) -> usize {
        loop {
            match self.tokens.get(at) {
                Some(Token::Word(word)) if word == "super" => base = parent(base),
                Some(Token::Word(word)) if word == "self" => {}
                Some(Token::Word(word)) => base.push(word.clone()),
                Some(Token::Mark('{')) => {
                    at += 1;
                    while !matches!(self.tokens.get(at), None | Some(Token::Mark('}'))) {
                        at = self.follow(base.clone(), at, found);
                        if self.tokens.get(at) == Some(&Token::Mark(',')) {
                            at += 1;
                        }
                    }
                    return at + 1;
                }
                _ => {}
            }
            at += 1;
            if self.tokens.get(at) != Some(&Token::Colons) {
                break;
            }
            at += 1;
        }
        found.push(base);
        if matches!(self.tokens.get(at), Some(Token::Word(word)) if word == "as") {
            at += 2;
        }
        at
    }
}

fn parent(mut module: Vec<String>) -> Vec<String> {
    module.pop();
    module
}

/// Every Rust file below a folder of the project, in the order of their paths; none when there is no such folder.
pub fn rust_files(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    if root().join(folder).is_dir() {
        walk(&root().join(folder), &mut paths);
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    paths
        .iter()
        .map(|path| Source::new(&relative(path), &std::fs::read_to_string(path).expect("a readable file")))
        .collect()
}

/// The folder that holds `Cargo.toml`.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() && entry.file_name().is_some_and(|name| name != "target") {
            walk(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        rest = if first.is_whitespace() {
            rest.trim_start()
        } else if rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if rest.starts_with("/*") {
            after_block_comment(rest)
        } else if let Some((body, after)) = raw_string(rest).or_else(|| string(rest)) {
            found.push(Token::Text(body));
            after
        } else if first == '\'' {
            found.push(Token::Mark('\''));
            after_quote(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(Token::Word(rest[..end].into()));
            &rest[end..]
        } else if let Some(after) = rest.strip_prefix("::") {
            found.push(Token::Colons);
            after
        } else {
            found.push(Token::Mark(first));
            &rest[first.len_utf8()..]
        };
    }
    found
}

fn after_block_comment(text: &str) -> &str {
    let (mut depth, mut at) = (0_u32, 0);
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return &text[at..];
            }
        } else {
            match rest.chars().next() {
                Some(c) => at += c.len_utf8(),
                None => return "",
            }
        }
    }
}

/// `r"..."`, `r#"..."#`, and the same with a leading `b`.
fn raw_string(text: &str) -> Option<(String, &str)> {
    let after_r = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after_r.len() - after_r.trim_start_matches('#').len();
    let body = after_r[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close)?;
    Some((body[..end].into(), &body[end + close.len()..]))
}

fn string(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix('"').or_else(|| text.strip_prefix("b\""))?;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((body[..at].into(), &body[at + 1..])),
            _ => {}
        }
    }
    None
}

/// What follows a character literal, or the quote alone of a lifetime.
fn after_quote(text: &str) -> &str {
    let mut chars = text[1..].char_indices();
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => text[3..].find('\'').map_or("", |end| &text[3 + end + 1..]),
        (Some(_), Some((second, '\''))) => &text[1 + second + 1..],
        _ => &text[1..],
    }
}
