//! The refresh machine against a model that was written apart from it: random interleavings of theft, tabs, lost answers
//! and time, on both databases.

use std::io::Write as _;

use chairside::access::permission::SignIn as SignInPermission;
use chairside::access::permit::{Origin, Permit, Scope};
use chairside::access::token::{Claims, SignIn, Tokens};
use chairside::access::token_key::KeySet;
use chairside::domain::id::LoginSessionId;
use chairside::store::{Device, NewSignIn, NextTokens, Once, Proved, Refreshed, Reply, StoreError};

use crate::schema::catalogue::Database;
use crate::support::{Clinic, Kind};

/// Interleavings on each database.
fn rounds() -> u64 {
    if std::env::var("CHAIRSIDE_TEST_SCALE").as_deref() == Ok("long") { 10_000 } else { 500 }
}

/// What came of presenting a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Given,
    Raced,
    Theft,
    Refused,
}

/// A pair of tokens as the model knows it.
#[derive(Debug, Clone, Default)]
struct Pair {
    parent: Option<usize>,
    issued_at: i64,
    spent: bool,
    replaced: bool,
    access_used: bool,
    successor: Option<usize>,
}

/// One sign-in as security.md 2.4 describes it, in words of its own.
#[derive(Debug, Default)]
struct Model {
    pairs: Vec<Pair>,
    began_at: i64,
    ended: bool,
}

impl Model {
    fn present(&mut self, which: usize, now: i64) -> Outcome {
        if self.ended || now - self.began_at >= 30 * 60_000 {
            return Outcome::Refused;
        }
        if !self.pairs[which].spent && !self.pairs[which].replaced {
            self.pairs[which].spent = true;
            return self.give(which, now);
        }
        let from = if self.pairs[which].replaced { self.pairs[which].parent.unwrap() } else { which };
        let counts = self.pairs[from].successor.unwrap();
        let (used, age) =
            (self.pairs[counts].spent || self.pairs[counts].access_used, now - self.pairs[counts].issued_at);
        match (used, age) {
            (false, 2001..) => {
                self.pairs[counts].replaced = true;
                self.give(from, now)
            }
            (true, 10_001..) => {
                self.ended = true;
                Outcome::Theft
            }
            _ => Outcome::Raced,
        }
    }

    fn give(&mut self, from: usize, now: i64) -> Outcome {
        self.pairs[from].successor = Some(self.pairs.len());
        self.pairs.push(Pair { parent: Some(from), issued_at: now, ..Pair::default() });
        Outcome::Given
    }

    /// Whether a request with this access token is let in.
    fn knock(&mut self, which: usize, now: i64) -> bool {
        let in_force = !self.ended && now - self.began_at < 30 * 60_000;
        if !in_force || self.pairs[which].replaced {
            return false;
        }
        self.pairs[which].access_used = true;
        true
    }
}

/// One interleaving on a real store.
struct Play<'c> {
    clinic: &'c Clinic,
    runtime: &'c actix_web::rt::SystemRunner,
    tokens: &'c Tokens,
    model: Model,
    /// The tokens themselves, in the order of the model's pairs.
    refresh: Vec<String>,
    access: Vec<Claims>,
    login_session: LoginSessionId,
    history: Vec<String>,
}

impl<'c> Play<'c> {
    fn begin(clinic: &'c Clinic, runtime: &'c actix_web::rt::SystemRunner, tokens: &'c Tokens) -> Self {
        let next = pair(clinic);
        let login = clinic.login("nurse");
        let staff = clinic.staff_id("nurse");
        let (send, receive) = std::sync::mpsc::channel();
        let new = next.clone();
        let unit = clinic.store().write(stranger(clinic), Once::default(), move |tx| {
            let found = tx.credentials(&login)?.unwrap();
            let new: NewSignIn = found.sign_in(staff, new, Device::default());
            let (id, events) = tx.begin_sign_in(&new)?;
            send.send((id, new.account)).unwrap();
            Ok(tx.record(events, Reply::default()))
        });
        runtime.block_on(unit).unwrap();
        let (login_session, account) = receive.recv().unwrap();
        let now = clinic.clock.now();
        let model = Model {
            pairs: vec![Pair { issued_at: now.millis(), ..Pair::default() }],
            began_at: now.millis(),
            ended: false,
        };
        let (clinic_id, token_id) = (clinic.id, next.access);
        let sign_in = SignIn { account, login_session, clinic: clinic_id, token_id, auth_time: now, factor: false };
        let claims = tokens.verify(&tokens.mint(&sign_in, now).unwrap(), now, 0).unwrap().claims;
        Self {
            clinic,
            runtime,
            tokens,
            model,
            refresh: vec![next.refresh],
            access: vec![claims],
            login_session,
            history: Vec::new(),
        }
    }

    /// Presents a token to the store and to the model; gives what both said.
    fn present(&mut self, which: usize) -> Outcome {
        let (token, next) = (self.refresh[which].clone(), pair(self.clinic));
        let (new, (send, receive)) = (next.clone(), std::sync::mpsc::channel());
        let unit = self.clinic.store().write(stranger(self.clinic), Once::default(), move |tx| {
            let (refreshed, events) = tx.refresh(&token, &new)?;
            send.send(refreshed).unwrap();
            Ok(tx.record(events, Reply::default()))
        });
        let outcome = match self.runtime.block_on(unit) {
            Ok(_) => match receive.recv().unwrap() {
                Refreshed::Given { account, login_session, began_at, proved } => {
                    assert_eq!((began_at.millis(), proved), (self.model.began_at, Proved::Password));
                    let (clinic, token_id, auth_time) = (self.clinic.id, next.access, began_at);
                    let sign_in = SignIn { account, login_session, clinic, token_id, auth_time, factor: false };
                    let now = self.clinic.clock.now();
                    let minted = self.tokens.mint(&sign_in, now).unwrap();
                    self.access.push(self.tokens.verify(&minted, now, 0).unwrap().claims);
                    self.refresh.push(next.refresh);
                    Outcome::Given
                }
                Refreshed::Theft => Outcome::Theft,
            },
            Err(StoreError::RefreshRaced) => Outcome::Raced,
            Err(StoreError::Unauthenticated | StoreError::SessionIdle) => Outcome::Refused,
            Err(other) => panic!("{other:?} after {:#?}", self.history),
        };
        let expected = self.model.present(which, self.clinic.clock.now().millis());
        self.history.push(format!("present {which}: {outcome:?}, the model says {expected:?}"));
        assert_eq!(outcome, expected, "{:#?}", self.history);
        outcome
    }

    /// A request with an access token.
    fn knock(&mut self, which: usize) {
        let asked = self.runtime.block_on(self.clinic.store().actor(self.access[which].clone(), false));
        let let_in = matches!(asked, Ok(Some(_)));
        let expected = self.model.knock(which, self.clinic.clock.now().millis());
        self.history.push(format!("request {which}: {let_in}, the model says {expected}"));
        assert_eq!(let_in, expected, "{asked:?} {:#?}", self.history);
    }

    fn wait(&mut self, millis: i64) {
        self.clinic.clock.advance_millis(millis);
        self.history.push(format!("{millis} ms pass"));
    }
}

fn pair(clinic: &Clinic) -> NextTokens {
    NextTokens {
        refresh: format!("chsr_{:032x}", u128::from_be_bytes(chairside::clock::random())),
        access: clinic.clock.new_id(),
    }
}

fn stranger(clinic: &Clinic) -> Permit<SignInPermission> {
    let origin = Origin { request: clinic.clock.new_id(), client_ip: None };
    Permit::stranger(Scope::Clinic(clinic.id), origin).unwrap()
}

/// A small generator, so that a failure can be played again from its number.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

/// The owner's devices and, perhaps, a thief. Each holds the number of the pair it was given last.
fn play(round: u64, play: &mut Play<'_>, tally: &mut [u64; 4]) {
    let chance = &mut Chance(round.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 7);
    let with_thief = round.is_multiple_of(2);
    let (mut owner, mut thief) = (0, None::<usize>);
    let mut slept = false;
    for _ in 0..6 + chance.below(if with_thief { 24 } else { 12 }) {
        let outcome = match chance.below(if with_thief { 14 } else { 8 }) {
            0..=1 => {
                let outcome = play.present(owner);
                if outcome == Outcome::Given {
                    owner = play.refresh.len() - 1;
                }
                Some(outcome)
            }
            // The answer is lost on the way: the owner keeps the old pair.
            2 => Some(play.present(owner)),
            // Three tabs at once, all with what the owner's cookie holds now.
            3 => {
                let outcomes = [(); 3].map(|()| play.present(owner));
                if let Some(given) = outcomes.iter().rposition(|outcome| *outcome == Outcome::Given) {
                    owner = play.refresh.len() - 1;
                    assert_eq!(given, 0, "a later tab was given another pair: {:#?}", play.history);
                }
                Some(outcomes[0])
            }
            4..=5 => {
                play.knock(owner);
                None
            }
            6..=7 => {
                let waits =
                    [500, 1_500, 2_001, 3_000, 9_000, 10_000, 10_001, 11_000, 30_000, 60_000, 5 * 60_000, 31 * 60_000];
                let millis = waits[usize::try_from(chance.below(waits.len() as u64)).unwrap()];
                slept |= play.clinic.clock.now().millis() + millis - play.model.began_at >= 30 * 60_000;
                play.wait(millis);
                None
            }
            8 => {
                thief = Some(owner);
                None
            }
            9..=11 => thief.map(|which| {
                let outcome = play.present(which);
                if outcome == Outcome::Given {
                    thief = Some(play.refresh.len() - 1);
                }
                outcome
            }),
            12 => {
                if let Some(which) = thief {
                    play.knock(which);
                }
                None
            }
            // Any token that was ever given, from a log or a backup.
            _ => Some(play.present(usize::try_from(chance.below(play.refresh.len() as u64)).unwrap())),
        };
        if let Some(outcome) = outcome {
            tally[outcome as usize] += 1;
            assert!(with_thief || outcome != Outcome::Theft, "an honest owner was accused: {:#?}", play.history);
            assert!(with_thief || slept || outcome != Outcome::Refused, "signed out for nothing: {:#?}", play.history);
        }
    }
}

fn plays(kind: Kind) {
    let clinic = Clinic::open(kind);
    let runtime = actix_web::rt::System::new();
    let tokens = Tokens::new("test", KeySet::of(&clinic.token_key()).unwrap());
    let mut database = Database::of(&clinic.url);
    let mut tally = [0; 4];
    for round in 0..rounds() {
        let mut one = Play::begin(&clinic, &runtime, &tokens);
        play(round, &mut one, &mut tally);
        let id = match kind {
            Kind::Sqlite => format!("x'{}'", one.login_session.uuid().simple()),
            Kind::Postgres => format!("'{}'", one.login_session),
        };
        let live = format!(
            "SELECT CAST(count(*) AS TEXT) AS line FROM refresh_tokens WHERE login_session_id = {id} AND consumed_at IS NULL AND revoked_at IS NULL"
        );
        let live = &database.lines(&live)[0][0];
        assert_eq!(live, "1", "one pair can be refreshed, whatever happened: {:#?}", one.history);
    }
    let [given, raced, theft, refused] = tally;
    let _ = writeln!(
        std::io::stderr(),
        "refresh on {kind:?}: {} interleavings; {given} given, {raced} raced, {theft} thefts, {refused} refused",
        rounds()
    );
    assert!(tally.iter().all(|count| *count > 40), "hardly anything was tried: {tally:?}");
}

#[test]
fn random_interleavings_of_theft_tabs_and_lost_answers_follow_the_model_on_sqlite() {
    plays(Kind::Sqlite);
}

#[test]
fn random_interleavings_of_theft_tabs_and_lost_answers_follow_the_model_on_postgresql() {
    plays(Kind::Postgres);
}
