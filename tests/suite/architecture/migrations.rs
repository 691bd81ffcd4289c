//! What a migration may hold, read from its text: both databases in step, no inexact column, no foreign word.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, Token, root, rust_files};

const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// Column types that would round an amount.
const INEXACT: [&str; 7] = ["REAL", "DOUBLE", "FLOAT", "FLOAT4", "FLOAT8", "NUMERIC", "DECIMAL"];

/// Columns whose words are the store's own and no clinical vocabulary.
const STORE_WORDS: [(&str, &str); 2] = [("clinic_counters", "name"), ("timers", "kind")];

/// The words of each list `CHECK (column IN (...))`, by table and column.
type Lists = BTreeMap<(String, String), BTreeSet<String>>;

fn folders(database: &str) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(root().join("migrations").join(database))
        .expect("a folder of migrations")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn migration(database: &str, folder: &str, file: &str) -> String {
    let path = root().join("migrations").join(database).join(folder).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words and punctuation of an SQL text outside comments; quoted text keeps its quotes.
fn tokens(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in sql.lines() {
        let mut rest = line.split("--").next().unwrap_or_default().trim_start();
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
                c if c.is_alphanumeric() || c == '_' => {
                    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
                }
                c => c.len_utf8(),
            };
            found.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    found
}

fn lists(database: &str) -> Lists {
    let mut found = Lists::new();
    for folder in folders(database) {
        let tokens = tokens(&migration(database, &folder, "up.sql"));
        let mut table = String::new();
        for at in 0..tokens.len() {
            let word = |offset: usize| tokens.get(at + offset).map_or("", String::as_str);
            if matches!(word(0), "CREATE" | "ALTER") && word(1) == "TABLE" {
                table = word(2).into();
            } else if [word(0), word(1), word(3), word(4)] == ["CHECK", "(", "IN", "("] {
                // Only `CHECK (column IN (...))` is a column's vocabulary; `CHECK (column IN (...) OR ...)` is a rule.
                let list: Vec<_> = tokens[at + 5..].iter().take_while(|token| *token != ")").collect();
                if word(5).starts_with('\'') && word(5 + list.len() + 1) == ")" {
                    let words =
                        list.into_iter().filter(|token| *token != ",").map(|token| token.trim_matches('\'').to_owned());
                    // A later migration says the list anew.
                    found.insert((table.clone(), word(2).into()), words.collect());
                }
            }
        }
    }
    found
}

/// The words of every enum that the domain declares with `words!`.
fn vocabularies() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for file in rust_files("src/domain").into_iter().chain(rust_files("src/access")) {
        read_vocabularies(&file, &mut found);
    }
    found
}

/// Two modules may have an enum of one name, so each is known by its path.
fn read_vocabularies(file: &Source, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut current: Option<String> = None;
    for at in 0..file.tokens.len() {
        match &file.tokens[at..] {
            [Token::Word(key), Token::Word(name), Token::Mark('{'), ..] if key == "enum" => {
                current = Some(format!("{}::{name}", file.module.join("::")));
            }
            [Token::Word(_), Token::Mark('='), Token::Text(word), ..] => {
                if let Some(name) = &current {
                    found.entry(name.clone()).or_default().insert(word.clone());
                }
            }
            [Token::Mark('}'), ..] => current = None,
            _ => {}
        }
    }
}

#[test]
fn both_databases_have_the_same_migrations_each_with_a_way_back() {
    let [sqlite, postgres] = DATABASES.map(folders);
    assert_eq!(sqlite, postgres);
    let number = |folder: &str| folder.split('_').next().and_then(|digits| digits.parse::<u32>().ok());
    for pair in sqlite.windows(2) {
        assert!(number(&pair[0]) < number(&pair[1]), "{pair:?}: each migration has its own number");
    }
    for folder in &sqlite {
        for database in DATABASES {
            for file in ["up.sql", "down.sql"] {
                assert!(!tokens(&migration(database, folder, file)).is_empty(), "{database}/{folder}/{file} is empty");
            }
        }
    }
}

#[test]
fn no_column_can_round_an_amount() {
    for database in DATABASES {
        for folder in folders(database) {
            for token in tokens(&migration(database, &folder, "up.sql")) {
                let inexact = INEXACT.contains(&token.to_uppercase().as_str());
                assert!(!inexact, "{database}/{folder}: {token} is inexact; use whole numbers in a named unit");
            }
        }
    }
}

#[test]
fn every_table_says_whether_it_is_a_fact_or_a_head() {
    for database in DATABASES {
        for folder in folders(database) {
            let sql = migration(database, &folder, "up.sql");
            let lines: Vec<_> = sql.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("CREATE TABLE ")) {
                let above = at.checked_sub(1).and_then(|above| lines.get(above)).copied().unwrap_or_default();
                let said = above.starts_with("-- fact") || above.starts_with("-- head");
                assert!(said, "{database}/{folder}: `{line}` needs `-- fact` or `-- head` on the line above it");
            }
        }
    }
}

#[test]
fn the_words_of_a_column_are_the_same_on_both_databases() {
    let [sqlite, postgres] = DATABASES.map(lists);
    assert_eq!(sqlite, postgres);
}

#[test]
fn every_list_of_words_in_a_check_is_one_vocabulary_of_the_domain() {
    let vocabularies = vocabularies();
    let mut strange = Vec::new();
    for ((table, column), words) in lists("sqlite") {
        if STORE_WORDS.contains(&(&table, &column)) {
            continue;
        }
        if !vocabularies.values().any(|vocabulary| *vocabulary == words) {
            let nearest = vocabularies.iter().max_by_key(|(_, vocabulary)| vocabulary.intersection(&words).count());
            let hint = nearest.map(|(name, vocabulary)| {
                let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
                format!("nearest {name}: missing {:?}, extra {:?}", only(vocabulary, &words), only(&words, vocabulary))
            });
            strange.push(format!("{table}.{column}: {}", hint.unwrap_or_default()));
        }
    }
    assert!(strange.is_empty(), "CHECK lists that are no vocabulary of the domain:\n{}", strange.join("\n"));
}
