//! Proving presence for one act: alone, or as the second person at the same device.
//!
//! Presence is proved for a text: `subject_sha256` is the `record_sha256` of the record as it was read, and the act is
//! refused when the stored record is another one by then. What answers with `record_sha256` can be signed.

use super::attempts;
use super::given_here::Asked;
use super::passwords::Passwords;
use super::secrets::{Owner, Secret};
use crate::access::factor::FactorRule;
use crate::access::permission::{self, Flag, ProvePresence};
use crate::access::permit::{Actor, Permit};
use crate::access::role::Roles;
use crate::api::extract::Act;
use crate::api::guard;
use crate::api::problem::{Problem, ProblemKind};
use crate::api::reply::{self, Answer};
use crate::clock;
use crate::domain::digest::Sha256;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::StaffId;
use crate::domain::route::Person;
use crate::domain::signature::{ProofMethod, SignatureMeaning};
use crate::store::{
    Change, GivenFactor, NewSigningToken, Once, OwnCredentials, SIGNING_LIFE_SECONDS, SecretAttempt, Store, StoreError,
    Written,
};
use actix_web::HttpRequest;
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

/// What is about to be signed, and a secret: the password, or the signing PIN where the act takes one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReauth, example = json!({"pin": "824160", "act": "session.close", "subject_id": "0190a5c0-0000-7000-8000-000000000010",
    "subject_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}))]
pub struct ReauthBody {
    /// One's own password.
    #[schema(max_length = 1024, format = Password)]
    password: Option<String>,
    /// One's own signing PIN; not for an act whose `x-reauth` is `password`.
    #[schema(max_length = 1024, format = Password)]
    pin: Option<String>,
    /// The code of one's second factor, where it was not given on this device in the last twelve hours.
    #[schema(max_length = 6, pattern = "^[0-9]{6}$")]
    code: Option<String>,
    /// The permission of the act: `x-permission` of its operation.
    #[schema(schema_with = acts)]
    act: String,
    /// The id of the record that is signed.
    subject_id: Uuid,
    /// The `record_sha256` of that record as it is on the screen (of a consent: its `document_sha256`).
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    subject_sha256: Option<String>,
    /// What the signature stands for; `author` when absent.
    meaning: Option<SignatureMeaning>,
}

/// The same for a second person at the same device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCosignature, example = json!({"login": "dr.okafor", "password": "correct horse battery", "act": "visit.prepare", "subject_id": "0190a5c0-0000-7000-8000-000000000010",
    "subject_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "meaning": "verifier"}))]
pub struct CosignatureBody {
    /// The second person's name to sign in with.
    #[schema(max_length = 200)]
    login: String,
    /// The second person's password.
    #[schema(max_length = 1024, format = Password)]
    password: Option<String>,
    /// The second person's signing PIN.
    #[schema(max_length = 1024, format = Password)]
    pin: Option<String>,
    /// The code of the second person's second factor, the first time in twelve hours on this device.
    #[schema(max_length = 6, pattern = "^[0-9]{6}$")]
    code: Option<String>,
    /// The permission of the act.
    #[schema(schema_with = acts)]
    act: String,
    /// The id of the record that is signed.
    subject_id: Uuid,
    /// The `record_sha256` of that record as it is on the screen (of a consent: its `document_sha256`).
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    subject_sha256: Option<String>,
    /// What the signature stands for; `witness` when absent.
    meaning: Option<SignatureMeaning>,
}

/// A proof of presence: good once, for five minutes, for one act about one record on this device.
#[derive(Serialize, ToSchema)]
#[schema(as = SigningToken)]
pub struct SigningTokenView {
    /// Send it in the body of the act.
    signing_token: String,
    /// Who proved presence.
    staff_id: StaffId,
    /// How long it is good for.
    #[schema(example = 300)]
    expires_in_s: i64,
}

/// Proves presence for one act with one's own password or signing PIN. The third wrong one in a row ends the sign-in.
#[utoipa::path(post, path = "/api/v1/auth/reauth", tag = "auth", operation_id = "auth_reauth", summary = "Prove presence for one act",
    request_body = ReauthBody, responses((status = 200, description = "A signing token", body = SigningTokenView)))]
pub async fn reauth(
    act: Act<ProvePresence, ReauthBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let ReauthBody { password, pin, code, act: about, subject_id, subject_sha256, meaning } = act.body;
    let secret = Secret::of(password, pin)?;
    let about = About::parse(about, subject_id, subject_sha256)?
        .signed_as(meaning.unwrap_or(SignatureMeaning::Author), secret.method())?;
    let mut own = Own::read(&request).await?;
    let asked = Asked::of(own.actor.account(), own.factor.take(), code)?;
    let proven = own.prove(secret, asked, &passwords, &request).await?;
    issue(act.permit, &store, about, proven).await
}

/// Who is signed in, with what their secret and their second factor are held against.
pub(super) struct Own {
    actor: Actor,
    credentials: OwnCredentials,
    /// The sealed secret of the second factor, when it is asked for on this device.
    factor: Option<Vec<u8>>,
}

impl Own {
    pub(super) async fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let permit = guard::permit::<ProvePresence>(request).await?;
        let own = guard::data::<Store>(request)?.read(permit, |tx| {
            let actor = tx.actor().cloned().ok_or(StoreError::Unauthenticated)?;
            let credentials = tx.own_credentials(actor.account())?.ok_or(StoreError::Unauthenticated)?;
            let factor = tx.factor_asked(actor.login_session(), actor.staff(), actor.account())?;
            Ok(Self { actor, credentials, factor })
        });
        Ok(own.await?)
    }

    /// Takes their secret and, where it is asked for, the code. A wrong one counts, and the third in a row ends the
    /// sign-in.
    pub(super) async fn prove(
        self,
        secret: Secret,
        asked: Option<Asked>,
        passwords: &Passwords,
        request: &HttpRequest,
    ) -> Result<Proven, Problem> {
        let Self { actor, credentials: own, .. } = self;
        let attempt = attempts::of_member(request, actor.account(), &own, actor.login_session().uuid());
        let permit = guard::permit::<ProvePresence>(request).await?;
        let failures = attempts::take(request, permit, &attempt).await?;
        let (cred_version, counted) = (own.cred_version, failures.unwrap_or(i64::MAX));
        let password_hash = failures.map(|_| own.password_hash);
        let owner = Owner { staff: Some(actor.staff()), cred_version, password_hash };
        if !secret.is_of(owner, passwords, request).await? {
            return Err(attempts::wrong_secret(request, counted).await);
        }
        let factor = match asked.map(|asked| asked.judge(request)).transpose()? {
            Some(None) => return Err(attempts::wrong_secret(request, counted).await),
            given => given.flatten(),
        };
        let person = Person { staff: actor.staff(), account: actor.account() };
        Ok(Proven { person, cred_version, attempt, factor })
    }
}

/// Proves a second person's presence at this device; it neither opens nor ends a sign-in.
#[utoipa::path(post, path = "/api/v1/cosignatures", tag = "auth", operation_id = "cosignatures_create", summary = "A second person proves presence",
    request_body = CosignatureBody, responses((status = 200, description = "A signing token", body = SigningTokenView)))]
pub async fn cosign(
    act: Act<ProvePresence, CosignatureBody>,
    store: Data<Store>,
    passwords: Data<Passwords>,
    request: HttpRequest,
) -> Answer<Written> {
    let CosignatureBody { login, password, pin, code, act: about, subject_id, subject_sha256, meaning } = act.body;
    let secret = Secret::of(password, pin)?;
    let about = About::parse(about, subject_id, subject_sha256)?
        .signed_as(meaning.unwrap_or(SignatureMeaning::Witness), secret.method())?;
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let name = login.clone();
    let found = store.read(permit, move |tx| {
        let (clinic, actor) = (tx.clinic(), tx.actor().cloned().ok_or(StoreError::Unauthenticated)?);
        let found = tx.credentials(&name)?;
        let here = found.iter().flat_map(|found| &found.memberships).find(|(id, ..)| *id == clinic);
        let person =
            found.as_ref().zip(here).map(|(found, (.., staff))| Person { staff: *staff, account: found.account });
        let asked = match person {
            Some(Person { staff, account }) => tx.factor_asked(actor.login_session(), staff, account)?,
            None => None,
        };
        let enrolled = found.as_ref().is_some_and(|found| found.has_factor);
        let roles = person.map(|person| tx.member(person.staff)).transpose()?.map(|member| member.roles);
        Ok((actor.login_session(), found, Second { person, roles, enrolled, asked }))
    });
    let (login_session, found, second) = found.await?;
    let asked = second.asked(&request, code)?;
    // The device is one that a colleague is signed in on: strangers who guess this name elsewhere do not slow it down.
    let attempt = SecretAttempt {
        device: Some(login_session.uuid()),
        ..attempts::of_stranger(&request, &login, found.as_ref(), None)?
    };
    let permit = guard::permit::<ProvePresence>(&request).await?;
    let counted = attempts::take(&request, permit, &attempt).await?;
    let owner = Owner {
        staff: second.person.map(|person| person.staff),
        cred_version: found.as_ref().map_or(0, |found| found.cred_version),
        password_hash: found.as_ref().filter(|_| counted.is_some()).map(|found| found.password_hash.clone()),
    };
    let right = secret.is_of(owner, &passwords, &request).await?;
    let wrong =
        |what: &str| Problem::new(ProblemKind::ReauthRequired).because(format!("{what} of the second person is wrong"));
    let (Some(found), Some(person)) = (found.filter(|_| right), second.person) else {
        return Err(wrong("name or secret"));
    };
    let factor = match asked.map(|asked| asked.judge(&request)).transpose()? {
        Some(None) => return Err(wrong("the code")),
        given => given.flatten(),
    };
    issue(act.permit, &store, about, Proven { person, cred_version: found.cred_version, attempt, factor }).await
}

/// A second person of this clinic, if the name is one's.
struct Second {
    person: Option<Person>,
    roles: Option<Roles>,
    /// Whether they have a second factor, and its sealed secret when it is asked for here.
    enrolled: bool,
    asked: Option<Vec<u8>>,
}

impl Second {
    /// The factor that is asked for. Whoever must have one and has none yet signs nothing.
    fn asked(&self, request: &HttpRequest, code: Option<String>) -> Result<Option<Asked>, Problem> {
        let Some(person) = self.person else { return Ok(None) };
        let rule = guard::data::<FactorRule>(request)?;
        if !self.enrolled && self.roles.as_ref().is_some_and(|roles| rule.demands(roles)) {
            return Err(
                Problem::new(ProblemKind::FactorRequired).because("the second person has to set up a second factor")
            );
        }
        Asked::of(person.account, self.asked.clone(), code)
    }
}

/// The acts there are, in the words of the permission table.
fn acts() -> utoipa::openapi::schema::Object {
    let ids = permission::TABLE.iter().map(|line| line.id);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(ids)).build()
}

/// What a signing token is about.
struct About {
    act: String,
    password_only: bool,
    subject: Uuid,
    subject_sha256: Option<Vec<u8>>,
}

/// And how it is signed.
struct Signing {
    about: About,
    meaning: SignatureMeaning,
    method: ProofMethod,
}

impl About {
    fn parse(act: String, subject: Uuid, sha256: Option<String>) -> Result<Self, Problem> {
        let bad = || Problem::malformed("/subject_sha256", "must be 64 hexadecimal digits");
        let digest = |text: String| Sha256::parse(&text).map(|digest| digest.0.to_vec());
        let subject_sha256 = sha256.map(|text| digest(text).ok_or_else(bad)).transpose()?;
        let Some(line) = permission::TABLE.iter().find(|line| line.id == act) else {
            return Err(Problem::malformed("/act", "there is no such act"));
        };
        Ok(Self { act, password_only: line.flags.contains(&Flag::Password), subject, subject_sha256 })
    }

    fn signed_as(self, meaning: SignatureMeaning, method: ProofMethod) -> Result<Signing, Problem> {
        if self.password_only && method == ProofMethod::Pin {
            return Err(
                Problem::from(StoreError::ReauthRequired).because("this act asks for the password, not the PIN")
            );
        }
        Ok(Signing { about: self, meaning, method })
    }
}

/// Somebody whose secret was right.
pub(super) struct Proven {
    person: Person,
    cred_version: i64,
    attempt: SecretAttempt,
    /// The second factor, where it was asked for.
    factor: Option<GivenFactor>,
}

impl Proven {
    /// What was counted against them is forgotten, and the code they gave opens nothing else.
    pub(super) fn succeed(&self, tx: &mut Change<'_>, method: ProofMethod) -> Result<(), StoreError> {
        let Person { staff, account } = self.person;
        if let Some(given) = &self.factor {
            let device = tx.actor().ok_or(StoreError::Unauthenticated)?.login_session();
            tx.use_factor(account, given)?;
            tx.note_factor(device, staff)?;
        }
        tx.attempt_succeeded(&self.attempt)?;
        if method == ProofMethod::Pin { tx.pin_succeeded(staff) } else { Ok(()) }
    }
}

async fn issue(permit: Permit<ProvePresence>, store: &Store, signing: Signing, proven: Proven) -> Answer<Written> {
    let token = format!("chsg_{}", URL_SAFE_NO_PAD.encode(clock::random::<32>()));
    let written = store.write(permit, Once::default(), move |tx| {
        let Signing { about: About { act, subject, subject_sha256, .. }, meaning, method } = signing;
        proven.succeed(tx, method)?;
        let Proven { person: Person { staff, .. }, cred_version, .. } = proven;
        let new = NewSigningToken { staff, cred_version, act, subject, subject_sha256, meaning, method };
        tx.keep_signing_token(&token, new)?;
        let event = Event::noted(EventKind::SigningTokenIssued, Subject::new("staff", staff, 1));
        let view = SigningTokenView { signing_token: token, staff_id: staff, expires_in_s: SIGNING_LIFE_SECONDS };
        let reply = reply::plain(&view)?;
        Ok(tx.record(vec![event], reply))
    });
    match written.await {
        // A 401 would sign the actor out; their sign-in is good.
        Err(StoreError::FactorRefused) => {
            Err(Problem::from(StoreError::ReauthRequired).because("the code was used already; wait for the next"))
        }
        other => Ok(other?),
    }
}
