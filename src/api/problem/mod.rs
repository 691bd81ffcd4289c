//! Every error this API answers: RFC 9457 problem+json, one table of codes.
//!
//! A problem has words a clinician can act on and a stable `code`; it never holds patient data, SQL or a cause that
//! only the operator can act on. Those go to the log.

mod view;

pub use view::{FieldErrorView, FixView, ProblemView, UnmetView};

use crate::domain::refusal::{Clash, FieldError, Refusal};
use crate::store::StoreError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value, json};

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $code:literal $status:literal $title:literal;)+) => {
        /// What went wrong; a closed list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ProblemKind { $($(#[$doc])* $name),+ }

        impl ProblemKind {
            /// Every problem.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The stable code.
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code),+ } }
            /// The HTTP status.
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status),+ } }
            /// The title, the same for every occurrence.
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title),+ } }
        }
    };
}

problems! {
    /// JSON, a header or a query that cannot be read.
    MalformedRequest = "malformed_request" 400 "The request cannot be read";
    /// No token, or one that does not count.
    Unauthenticated = "unauthenticated" 401 "Sign in to do this";
    /// The sign-in was left alone too long.
    SessionIdle = "session_idle" 401 "You were away; sign in again";
    /// The name and password do not belong together.
    InvalidCredentials = "invalid_credentials" 401 "Name or password is wrong";
    /// The second factor is not right, or was used.
    InvalidFactor = "invalid_factor" 401 "The code is wrong, or was used already";
    /// A link to a password leads nowhere any more.
    LinkEnded = "link_ended" 401 "This link was used or has run out; ask for another";
    /// The role does not allow it.
    Forbidden = "forbidden" 403 "Your role does not allow this";
    /// A page of another origin, or one that does not say where it is from.
    ForeignOrigin = "foreign_origin" 403 "This page may not use the sign-in of this browser";
    /// Nothing is open before the second factor that the role asks for is set up.
    FactorRequired = "factor_required" 403 "Set up your second factor first";
    /// The second factor was not given on this device yet.
    FactorCodeRequired = "factor_code_required" 403 "Send the code of the second factor as well";
    /// A fresh proof of presence is needed.
    ReauthRequired = "reauth_required" 403 "Confirm with your password to do this";
    /// An entry of somebody else, corrected by somebody who is not in charge of the patient.
    NotAuthor = "not_author" 403 "An entry is corrected by its author, the nurse in charge or a prescriber";
    /// Not there, or another clinic's.
    NotFound = "not_found" 404 "There is nothing here";
    /// The path is there, the method is not.
    MethodNotAllowed = "method_not_allowed" 405 "This method is not available here";
    /// The body came too slowly.
    RequestTimeout = "request_timeout" 408 "The request took too long to arrive";
    /// A clash with what is there.
    Duplicate = "duplicate" 409 "This is there already";
    /// The record's state does not allow it.
    WrongState = "wrong_state" 409 "The record is in a state that does not allow this";
    /// The state table has no such arrow.
    InvalidTransition = "invalid_transition" 409 "The session is in a state that does not allow this";
    /// A chair, patient or member of staff is taken.
    SlotOverlap = "slot_overlap" 409 "This time is taken";
    /// The body names another patient than the session.
    PatientMismatch = "patient_mismatch" 409 "This is another patient's session";
    /// What was signed is not what is stored.
    ChangedSinceDisplay = "changed_since_display" 409 "The record changed since it was shown";
    /// Two signatures of one person.
    SamePerson = "same_person" 409 "The second person must be somebody else";
    /// The clinic needs one.
    LastAdministrator = "last_administrator" 409 "The clinic needs an administrator";
    /// Another tab was faster with the same refresh token.
    RefreshRaced = "refresh_raced" 409 "Another request was faster; use what it was given, or come again";
    /// It was answered or settled already.
    AlreadyDone = "already_done" 409 "This was done already";
    /// Several memberships: the sign-in must name a clinic.
    ClinicChoiceRequired = "clinic_choice_required" 409 "Choose a clinic";
    /// Somebody changed it since.
    StaleVersion = "stale_version" 412 "Somebody changed this since you read it";
    /// The body is too large.
    TooLarge = "too_large" 413 "The request is too large";
    /// Not JSON.
    UnsupportedMediaType = "unsupported_media_type" 415 "Send application/json";
    /// Values that cannot be right.
    ValidationFailed = "validation_failed" 422 "Some values were refused";
    /// A clinical limit.
    ClinicalRule = "clinical_rule" 422 "A clinical limit stands in the way";
    /// Conditions that are not met.
    Blocked = "blocked" 422 "Something has to be done first";
    /// One key, two requests.
    IdempotencyKeyReused = "idempotency_key_reused" 422 "This key was used for another request";
    /// If-Match is missing.
    PreconditionRequired = "precondition_required" 428 "Say which version you are changing";
    /// Too many requests.
    RateLimited = "rate_limited" 429 "Too many requests";
    /// A fault of ours.
    Internal = "internal" 500 "Something failed on the server";
    /// Overloaded, locked or starting.
    Unavailable = "unavailable" 503 "The server cannot do this right now; nothing was changed";
}

impl ProblemKind {
    /// `/problems/slot-overlap`: a relative URI that the documentation serves.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.code().replace('_', "-"))
    }
}

/// The member that says in how many seconds to come again.
const RETRY_AFTER: &str = "retry_after_s";

/// One error, ready to be answered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", kind.code())]
pub struct Problem {
    kind: ProblemKind,
    detail: Option<String>,
    members: Map<String, Value>,
}

impl Problem {
    /// Too often: come again in so many milliseconds.
    pub fn rate_limited(millis: i64) -> Self {
        Self::new(ProblemKind::RateLimited).with(RETRY_AFTER, millis.saturating_add(999).div_euclid(1000).max(1))
    }

    /// A problem without particulars.
    pub fn new(kind: ProblemKind) -> Self {
        Self { kind, detail: None, members: Map::new() }
    }

    /// Adds words for this occurrence.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a member of its own, such as `current_version`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// A request whose field cannot be read: 400.
    pub fn malformed(pointer: &str, detail: impl Into<String>) -> Self {
        let errors = vec![FieldError::new(pointer, "malformed", detail)];
        Self::new(ProblemKind::MalformedRequest).with("errors", field_errors(&errors))
    }

    /// What it is.
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The members of the wire form, naming the request where it is an answer of its own.
    pub(super) fn members_of(&self, request: Option<uuid::Uuid>) -> Map<String, Value> {
        let mut body = self.members.clone();
        body.insert("type".into(), self.kind.type_uri().into());
        body.insert("title".into(), self.kind.title().into());
        body.insert("status".into(), self.kind.status().into());
        body.insert("code".into(), self.kind.code().into());
        if let Some(detail) = &self.detail {
            body.insert("detail".into(), detail.clone().into());
        }
        if let Some(request) = request {
            body.insert("instance".into(), format!("urn:uuid:{request}").into());
        }
        body
    }

    /// The response, naming the request.
    pub fn respond(&self, request: Option<uuid::Uuid>) -> HttpResponse {
        let body = self.members_of(request);
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        match self.kind {
            ProblemKind::Unavailable => {
                response.insert_header((header::RETRY_AFTER, "2"));
            }
            ProblemKind::RefreshRaced => {
                response.insert_header((header::RETRY_AFTER, "3"));
            }
            ProblemKind::RateLimited => {
                let seconds = self.members.get(RETRY_AFTER).and_then(Value::as_i64).unwrap_or(2);
                response.insert_header((header::RETRY_AFTER, seconds));
            }
            ProblemKind::Unauthenticated | ProblemKind::SessionIdle => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            _ => {}
        }
        response.body(Value::Object(body).to_string())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.respond(None);
        // The outermost middleware answers it again, with the id of the request.
        response.extensions_mut().insert(self.clone());
        response
    }
}

fn field_errors(errors: &[FieldError]) -> Value {
    let view = |error: &FieldError| json!({"pointer": error.pointer, "code": error.code, "detail": error.detail});
    errors.iter().map(view).collect()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(errors) => Self::new(ProblemKind::ValidationFailed).with("errors", field_errors(&errors)),
            Refusal::InvalidTransition { state, event, allowed } => Self::new(ProblemKind::InvalidTransition)
                .with("state", state)
                .with("event", event)
                .with("allowed", allowed),
            Refusal::Blocked { event, by } => {
                let by: Vec<UnmetView> = by.iter().map(UnmetView::of).collect();
                Self::new(ProblemKind::Blocked).with("event", event).with("blocked_by", json!(by))
            }
            Refusal::ClinicalRule { rule, limit, actual, override_allowed, detail } => {
                Self::new(ProblemKind::ClinicalRule)
                    .because(detail)
                    .with("rule", rule)
                    .with("limit", limit)
                    .with("actual", actual)
                    .with("override_allowed", override_allowed)
            }
            Refusal::Clash { clash, detail } => Self::new(clash_kind(clash)).because(detail),
            Refusal::NotAuthor => Self::new(ProblemKind::NotAuthor),
            Refusal::SlotTaken { conflicts_with, next_start_at } => Self::new(ProblemKind::SlotOverlap)
                .with("conflicts_with", json!(conflicts_with))
                .with("next_start_at", json!(next_start_at)),
            Refusal::StaleInfusion { current_version, current_rate } => Self::new(ProblemKind::StaleVersion)
                .because("the pump's rate was changed since you read it")
                .with("current_infusion_version", current_version)
                .with("current_rate_ml_per_h", json!(current_rate.map(|rate| rate.to_string()))),
        }
    }
}

fn clash_kind(clash: Clash) -> ProblemKind {
    match clash {
        Clash::Duplicate => ProblemKind::Duplicate,
        Clash::WrongState => ProblemKind::WrongState,
        Clash::PatientMismatch => ProblemKind::PatientMismatch,
        Clash::ChangedSinceDisplay => ProblemKind::ChangedSinceDisplay,
        Clash::SamePerson => ProblemKind::SamePerson,
        Clash::LastAdministrator => ProblemKind::LastAdministrator,
        Clash::AlreadyDone => ProblemKind::AlreadyDone,
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::NotFound => Self::new(ProblemKind::NotFound),
            StoreError::Stale { current_version } => {
                Self::new(ProblemKind::StaleVersion).with("current_version", current_version)
            }
            StoreError::Duplicate(_) => Self::new(ProblemKind::Duplicate),
            StoreError::SlotOverlap => Self::new(ProblemKind::SlotOverlap),
            StoreError::KeyReused => Self::new(ProblemKind::IdempotencyKeyReused),
            StoreError::Unauthenticated => Self::new(ProblemKind::Unauthenticated),
            StoreError::SessionIdle => Self::new(ProblemKind::SessionIdle),
            StoreError::RefreshRaced => Self::new(ProblemKind::RefreshRaced),
            StoreError::LinkEnded => Self::new(ProblemKind::LinkEnded),
            StoreError::FactorRefused => Self::new(ProblemKind::InvalidFactor),
            StoreError::FactorMissing(permission) => {
                Self::new(ProblemKind::FactorRequired).with("permission", permission)
            }
            StoreError::Forbidden(permission) => Self::new(ProblemKind::Forbidden).with("permission", permission),
            StoreError::ReauthRequired => {
                Self::new(ProblemKind::ReauthRequired).with("reauth_url", "/api/v1/auth/reauth")
            }
            StoreError::Busy => Self::new(ProblemKind::Unavailable),
            StoreError::Broken(cause) => {
                tracing::error!(cause, "a request met a fault");
                Self::new(ProblemKind::Internal)
            }
        }
    }
}
