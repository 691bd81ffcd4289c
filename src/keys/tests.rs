use super::*;
use crate::access::token::{SignIn, Tokens};
use crate::access::token_key::KeySet;
use crate::domain::id::{AccountId, ClinicId, LoginSessionId};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use uuid::Uuid;

/// A folder of this test's own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("chairside-keys-{}", Uuid::from_bytes(clock::random()))))
    }

    fn with_keys(at: Timestamp) -> Self {
        let folder = Self::new();
        make_missing(&folder.0, at).unwrap();
        folder
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.join("tokens")).unwrap();
        let mut names: Vec<_> = names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn refusal(&self) -> String {
        load(&self.0, "a").err().expect("the folder must be refused").to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn token(tokens: &Tokens, at: Timestamp) -> String {
    let sign_in = SignIn {
        account: AccountId(Uuid::from_u128(1)),
        login_session: LoginSessionId(Uuid::from_u128(2)),
        clinic: ClinicId(Uuid::from_u128(3)),
        token_id: Uuid::from_u128(4),
        auth_time: at,
        factor: false,
    };
    tokens.mint(&sign_in, at).unwrap()
}

#[test]
fn a_folder_without_keys_is_refused_and_nothing_is_made_in_it() {
    let folder = Folder::new();
    assert!(folder.refusal().contains("chairside init"), "{}", folder.refusal());
    assert!(!folder.0.exists());
    make_missing(&folder.0, now()).unwrap();
    load(&folder.0, "a").unwrap();
    fs::remove_file(folder.0.join(TRAIL)).unwrap();
    assert!(folder.refusal().contains(TRAIL), "{}", folder.refusal());
    let kept = list(&folder.0).unwrap();
    make_missing(&folder.0, now().plus_minutes(1)).unwrap();
    assert_eq!(list(&folder.0).unwrap(), kept, "what was there is kept");
}

#[test]
fn a_key_that_others_can_read_is_refused_by_its_name() {
    let folder = Folder::with_keys(now());
    let id = list(&folder.0).unwrap()[0].id();
    for name in ["tokens/list".to_owned(), format!("tokens/{id}.der"), TRAIL.into(), CURSORS.into()] {
        let path = folder.0.join(&name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        for open in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let file = name.rsplit('/').next().unwrap();
            assert!(folder.refusal().contains(file), "{}", folder.refusal());
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    load(&folder.0, "a").unwrap();
}

#[test]
fn a_key_of_another_user_is_refused() {
    let folder = Folder::with_keys(now());
    if !rustix::process::geteuid().is_root() {
        // Only root can give a file away; the check itself is then met from the other side.
        assert!(file::refuse_shared(Path::new("/etc/hostname"), &fs::File::open("/etc/hostname").unwrap()).is_err());
        return;
    }
    std::os::unix::fs::chown(folder.0.join(TRAIL), Some(65_534), None).unwrap();
    assert!(folder.refusal().contains("another user"), "{}", folder.refusal());
}

#[test]
fn rotating_keeps_one_private_half_and_lists_the_keys_that_were_replaced() {
    let folder = Folder::with_keys(now());
    let running = load(&folder.0, "a").unwrap().tokens;
    let before = token(&running.tokens, now());
    assert!(!running.reread().unwrap(), "nothing changed");
    let mut ids = vec![list(&folder.0).unwrap()[0].id()];
    for round in 1..=3 {
        ids.push(rotate(&folder.0, now().plus_seconds(round)).unwrap().id());
        assert!(running.reread().unwrap());
        assert!(running.tokens.verify(&before, now().plus_seconds(round), 0).is_ok());
        let listed: Vec<_> = list(&folder.0).unwrap().iter().map(TokenKey::id).collect();
        assert_eq!(listed, ids);
        assert_eq!(folder.files(), [format!("{}.der", ids.last().unwrap()), "list".into()]);
    }
    let after = token(&running.tokens, now());
    assert_eq!(&running.tokens.verify(&after, now(), 0).unwrap().key_id, ids.last().unwrap());
    assert_eq!(running.active_since().unwrap(), now().plus_seconds(3));
    rotate(&folder.0, now().plus_minutes(40 * 24 * 60)).unwrap();
    assert_eq!(list(&folder.0).unwrap().len(), 2, "the others are older than any mark of a device");
}

#[test]
fn an_unknown_key_makes_the_server_look_once_a_second() {
    let folder = Folder::with_keys(now());
    let running = load(&folder.0, "a").unwrap().tokens;
    assert!(!running.reread_for_unknown(now()), "nothing new");
    rotate(&folder.0, now()).unwrap();
    assert!(!running.reread_for_unknown(now().plus_millis(999)), "it looked a moment ago");
    assert!(running.reread_for_unknown(now().plus_millis(1000)));
    assert!(!running.reread_for_unknown(now().plus_millis(2000)), "nothing new");
}

#[test]
fn the_one_key_of_earlier_versions_is_taken_over() {
    let folder = Folder::with_keys(now());
    let old = list(&folder.0).unwrap()[0].clone();
    let der = fs::read(folder.0.join(format!("tokens/{}.der", old.id()))).unwrap();
    fs::remove_dir_all(folder.0.join("tokens")).unwrap();
    file::write(&folder.0.join("tokens.der"), &der).unwrap();
    let token = token(&Tokens::new("a", KeySet::of(&der).unwrap()), now());

    let keys = load(&folder.0, "a").unwrap();
    assert!(keys.tokens.tokens.verify(&token, now(), 0).is_ok(), "nobody signs in again");
    assert_eq!(list(&folder.0).unwrap()[0].id(), old.id());
    assert!(!folder.0.join("tokens.der").exists());
    // A crash between the list and the end of the old file.
    file::write(&folder.0.join("tokens.der"), &der).unwrap();
    rotate(&folder.0, now()).unwrap();
    assert_eq!(list(&folder.0).unwrap().len(), 2);
    assert!(!folder.0.join("tokens.der").exists());
}

#[test]
fn a_list_that_was_written_by_hand_is_refused() {
    let folder = Folder::with_keys(now());
    let path = folder.0.join("tokens/list");
    let list = fs::read_to_string(&path).unwrap();
    let line = list.lines().last().unwrap().to_owned();
    let foreign = Folder::with_keys(now());
    let other = fs::read_to_string(foreign.0.join("tokens/list")).unwrap();
    let none_active = list.replace("active", "2027-01-01T00:00:00Z");
    let two_active = format!("{list}{}\n", other.lines().last().unwrap());
    let wrong_id = list.replacen(&line[..16], "AAAAAAAAAAAAAAAA", 1);
    for text in [none_active, two_active, wrong_id, list.replace(" active", ""), format!("{list}x\n"), other] {
        fs::write(&path, &text).unwrap();
        assert!(load(&folder.0, "a").is_err(), "{text}");
    }
    fs::write(&path, &list).unwrap();
    load(&folder.0, "a").unwrap();
}
