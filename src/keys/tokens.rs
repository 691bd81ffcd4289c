//! The keys of access tokens: a list, and one file with the key that signs.
//!
//! `tokens/list` has a line for each key: its id, its public half, when it was made and when it was replaced.
//! `tokens/<id>.der` is the private half of the one that was not. `chairside keys rotate` puts a new list in place; a
//! running server reads it again within seconds, and at once when it meets a token of a key it does not know.

use super::{file, missing};
use crate::access::token::Tokens;
use crate::access::token_key::{self, KeySet, PublicKey, RetiredKey, key_id};
use crate::domain::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A key that was replaced is listed for as long as the mark of a device can name it.
const LISTED_SECONDS: i64 = 31 * 24 * 60 * 60;
/// How often a token of an unknown key can make the server read the list, in milliseconds.
const READ_EVERY_MILLIS: i64 = 1000;
const HEADING: &str = "# id, public half, made at, replaced at or active; written by chairside, not by hand\n";

/// One key, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenKey {
    /// Its public half.
    pub public: PublicKey,
    /// When it was made.
    pub made_at: Timestamp,
    /// When another took its place; none for the one that signs.
    pub retired_at: Option<Timestamp>,
}

impl TokenKey {
    /// Its name in tokens.
    pub fn id(&self) -> String {
        key_id(&self.public)
    }

    fn line(&self) -> String {
        let end = self.retired_at.map_or_else(|| "active".to_owned(), |at| at.to_string());
        format!("{} {} {} {end}\n", self.id(), URL_SAFE_NO_PAD.encode(self.public), self.made_at)
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (id, public) = (words.next()?, URL_SAFE_NO_PAD.decode(words.next()?).ok()?);
        let made_at = Timestamp::parse(words.next()?)?;
        let retired_at = match words.next()? {
            "active" => None,
            at => Some(Timestamp::parse(at)?),
        };
        let key = Self { public: public.try_into().ok()?, made_at, retired_at };
        (words.next().is_none() && key.id() == id).then_some(key)
    }
}

/// The keys of a folder that a server uses, followed while it runs.
pub struct TokenKeys {
    /// Sign and verify.
    pub tokens: Arc<Tokens>,
    folder: PathBuf,
    known: Mutex<Known>,
}

struct Known {
    list: Vec<u8>,
    asked_at: Timestamp,
}

impl TokenKeys {
    /// Reads them.
    ///
    /// # Errors
    /// When there are none, or others can read them.
    pub(super) fn open(folder: &Path, instance: &str) -> io::Result<Self> {
        adopt(folder)?;
        let list = file::read(&list_path(folder))?.ok_or_else(|| missing(folder, "token key"))?;
        let tokens = Arc::new(Tokens::new(instance, key_set(folder, &list)?));
        let known = Mutex::new(Known { list, asked_at: Timestamp::from_millis(0) });
        Ok(Self { tokens, folder: folder.to_owned(), known })
    }

    /// Reads the list again and uses what it says now. Gives back whether it says something else than before.
    ///
    /// # Errors
    /// When it cannot be read; then what was read before stays in use.
    pub fn reread(&self) -> io::Result<bool> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let list = file::read(&list_path(&self.folder))?.ok_or_else(|| missing(&self.folder, "token key"))?;
        if list == known.list {
            return Ok(false);
        }
        self.tokens.replace_keys(key_set(&self.folder, &list)?);
        known.list = list;
        Ok(true)
    }

    /// The same because of a token whose key is not known, at most once a second: a stranger makes such tokens for
    /// nothing. Gives back whether it is worth looking at the token again.
    pub fn reread_for_unknown(&self, now: Timestamp) -> bool {
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if (0..READ_EVERY_MILLIS).contains(&now.since(known.asked_at)) {
                return false;
            }
            known.asked_at = now;
        }
        self.reread().unwrap_or_else(|error| {
            tracing::error!(%error, "the token keys could not be read again; those of before stay in use");
            false
        })
    }

    /// When the key that signs was made.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn active_since(&self) -> io::Result<Timestamp> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        active(&parse(&known.list)?).map(|key| key.made_at)
    }
}

/// The keys of a folder, the one that signs last.
///
/// # Errors
/// When there are none, or others can read them.
pub fn list(folder: &Path) -> io::Result<Vec<TokenKey>> {
    parse(&file::read(&list_path(folder))?.ok_or_else(|| missing(folder, "token key"))?)
}

/// Puts a new key in place of the one that signs; gives it back.
///
/// # Errors
/// When the folder has no keys, is in use by another rotation, or cannot be written.
pub fn rotate(folder: &Path, now: Timestamp) -> io::Result<TokenKey> {
    adopt(folder)?;
    let _alone = lock(folder)?;
    let before = list(folder)?;
    let old = active(&before)?.id();
    let new = make(folder, now)?;
    let mut after: Vec<TokenKey> = before.into_iter().map(|key| retire(key, now)).collect();
    after.retain(|key| key.retired_at.is_none_or(|at| now < at.plus_seconds(LISTED_SECONDS)));
    after.push(new.clone());
    write_list(folder, &after)?;
    // Nobody signs with it any more. A server that has not noticed yet has it in memory.
    file::remove(&key_path(folder, &old))?;
    Ok(new)
}

/// Makes the first key, unless there is one.
pub(super) fn make_missing(folder: &Path, now: Timestamp) -> io::Result<()> {
    file::make_folder(&folder.join("tokens"))?;
    adopt(folder)?;
    let _alone = lock(folder)?;
    if file::read(&list_path(folder))?.is_some() {
        return Ok(());
    }
    let key = make(folder, now)?;
    write_list(folder, &[key])
}

/// Takes over the one key of versions before there was a list.
fn adopt(folder: &Path) -> io::Result<()> {
    let before = folder.join("tokens.der");
    let Some(der) = file::read(&before)? else { return Ok(()) };
    file::make_folder(&folder.join("tokens"))?;
    let _alone = lock(folder)?;
    if file::read(&list_path(folder))?.is_none() {
        let public = KeySet::of(&der).map_err(io::Error::other)?.public();
        let key = TokenKey { public, made_at: changed_at(&before)?, retired_at: None };
        file::write(&key_path(folder, &key.id()), &der)?;
        write_list(folder, &[key])?;
    }
    file::remove(&before)
}

fn retire(key: TokenKey, now: Timestamp) -> TokenKey {
    let retired_at = key.retired_at.or(Some(now));
    TokenKey { retired_at, ..key }
}

/// A new key, its private half in its file.
fn make(folder: &Path, now: Timestamp) -> io::Result<TokenKey> {
    let der = token_key::new_signing_key().map_err(io::Error::other)?;
    let public = KeySet::of(&der).map_err(io::Error::other)?.public();
    let key = TokenKey { public, made_at: now, retired_at: None };
    file::write(&key_path(folder, &key.id()), &der)?;
    Ok(key)
}

/// What a list says, with the private half of the key that signs.
fn key_set(folder: &Path, list: &[u8]) -> io::Result<KeySet> {
    let keys = parse(list)?;
    let active = active(&keys)?;
    let der = file::read(&key_path(folder, &active.id()))?.ok_or_else(|| missing(folder, "token key"))?;
    let retired = keys.iter().filter_map(|key| Some(RetiredKey { public: key.public, retired_at: key.retired_at? }));
    let set = KeySet::new(&der, &retired.collect::<Vec<_>>()).map_err(io::Error::other)?;
    if set.public() == active.public { Ok(set) } else { Err(unreadable()) }
}

fn parse(list: &[u8]) -> io::Result<Vec<TokenKey>> {
    let text = std::str::from_utf8(list).map_err(|_| unreadable())?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| TokenKey::read(line).ok_or_else(unreadable)).collect()
}

/// The one key that signs.
fn active(keys: &[TokenKey]) -> io::Result<&TokenKey> {
    let mut active = keys.iter().filter(|key| key.retired_at.is_none());
    match (active.next(), active.next()) {
        (Some(key), None) => Ok(key),
        _ => Err(unreadable()),
    }
}

fn unreadable() -> io::Error {
    io::Error::other("tokens/list in the folder of keys is not as it was written: exactly one key must be active")
}

fn write_list(folder: &Path, keys: &[TokenKey]) -> io::Result<()> {
    let lines: String = keys.iter().map(TokenKey::line).collect();
    file::write(&list_path(folder), format!("{HEADING}{lines}").as_bytes())
}

fn list_path(folder: &Path) -> PathBuf {
    folder.join("tokens/list")
}

fn key_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("tokens/{id}.der"))
}

/// Keeps a second rotation out as long as it is held.
fn lock(folder: &Path) -> io::Result<File> {
    let file = File::open(folder.join("tokens"))?;
    file.try_lock().map_err(|_| io::Error::other("another command is changing the keys; try again"))?;
    Ok(file)
}

fn changed_at(path: &Path) -> io::Result<Timestamp> {
    let changed = std::fs::metadata(path)?.modified()?;
    let since = changed.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}
