//! Signatures: each role once, each bound to the hash of the document that was on the screen.

use super::Made;
use super::capacity::{Capacity, CapacityStatement};
use super::influence::Influence;
use super::item::{self, ItemReply};
use super::state::{Consent, ConsentAct, foreign};
use super::template::check_language;
use crate::domain::digest::Sha256;
use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{ConsentId, PatientId, SignatureId};
use crate::domain::record::Record;
use crate::domain::refusal::{Clash, FieldErrors, Refusal};
use crate::domain::route::Person;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// The largest drawing of a signature, in bytes.
pub const LARGEST_IMAGE: usize = 40_000;
/// How every PNG begins; that all of it can be read is checked where it comes in.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

words! {
    /// In which part somebody signs.
    pub enum SignerRole {
        /// The patient.
        Patient = "patient",
        /// Who may lawfully decide for the patient.
        Surrogate = "surrogate",
        /// The prescriber who explained it.
        Prescriber = "prescriber",
        /// Who saw it signed; attests signature and identity, not content.
        Witness = "witness",
        /// The qualified interpreter.
        Interpreter = "interpreter",
    }

    /// How somebody signs.
    pub enum SignMethod {
        /// Drawn on the tablet.
        Drawn = "drawn",
        /// The name typed.
        Typed = "typed",
        /// A member of staff who proved presence by password or PIN.
        Reauth = "reauth",
    }

    /// By what right a surrogate decides.
    pub enum Authority {
        /// Named by the patient in a health care proxy or power of attorney.
        HealthCareAgent = "health_care_agent",
        /// Appointed by a court.
        Guardian = "guardian",
        /// The next of kin whom the law of the place names when nobody was appointed.
        NextOfKin = "next_of_kin",
        /// A parent, for a child.
        Parent = "parent",
    }
}

/// How long after it was signed a signature may be entered before it is called back-dated, in minutes (decisions.md 34).
pub const ENTERED_LATE_AFTER_MIN: i64 = 15;

impl SignerRole {
    /// What this signature means, as printed beside the name (21 CFR 11.50).
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Patient => "consents",
            Self::Surrogate => "consents for the patient",
            Self::Prescriber => "explained",
            Self::Witness => "witnessed signature",
            Self::Interpreter => "interpreted",
        }
    }
}

/// A member of staff who signs, proved present for this very document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffSigner {
    /// Who.
    pub person: Person,
    /// The name, as printed.
    pub name: String,
    /// Whether this member may prescribe.
    pub prescribes: bool,
}

/// A signature as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignature {
    /// In which part.
    pub role: SignerRole,
    /// How.
    pub method: SignMethod,
    /// The document the signer saw.
    pub document_sha256: Sha256,
    /// The member of staff, when one signs.
    pub staff: Option<StaffSigner>,
    /// The printed name of a signer who is no member of staff.
    pub name: Option<String>,
    /// The paper that gives a surrogate the right; the interpreter's qualification or number.
    pub authority: Option<String>,
    /// By what right a surrogate decides.
    pub authority_kind: Option<Authority>,
    /// What a surrogate is to the patient.
    pub relationship: Option<String>,
    /// The language an interpreter speaks with the patient.
    pub language: Option<String>,
    /// That a witness or interpreter from outside is an adult and not related to the patient.
    pub unrelated_adult: bool,
    /// What the explaining prescriber states.
    pub capacity: Option<CapacityStatement>,
    /// What the patient, or who decides for the patient, answered one by one.
    pub items: Vec<ItemReply>,
    /// The drawing, as PNG.
    pub image: Option<Vec<u8>>,
    /// When it was signed on paper; absent: now.
    pub signed_at: Option<Timestamp>,
}

/// One signature. A fact: never changed, never taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its id.
    pub id: SignatureId,
    /// The consent.
    pub consent: ConsentId,
    /// In which part.
    pub role: SignerRole,
    /// How.
    pub method: SignMethod,
    /// The name as printed, at the time of signing.
    pub name: String,
    /// The member of staff, when one signed.
    pub person: Option<Person>,
    /// The paper that gives a surrogate the right; the interpreter's qualification or number.
    pub authority: Option<String>,
    /// By what right a surrogate decides.
    pub authority_kind: Option<Authority>,
    /// What a surrogate is to the patient.
    pub relationship: Option<String>,
    /// The language an interpreter speaks with the patient.
    pub language: Option<String>,
    /// The explaining prescriber's finding.
    pub capacity: Option<Capacity>,
    /// What it was found from; older entries have the finding only.
    pub statement: Option<CapacityStatement>,
    /// What was answered one by one.
    pub items: Vec<ItemReply>,
    /// SHA-256 of the document that was signed.
    pub document_sha256: Sha256,
    /// The drawing.
    pub image: Option<Vec<u8>>,
    /// When.
    pub signed_at: Timestamp,
    /// When it was entered; older entries were signed and entered at once.
    pub recorded_at: Option<Timestamp>,
}

/// Adds one signature to a draft.
///
/// # Errors
/// When the consent is no draft, the document changed since it was shown, the role signed already, the patient is
/// under the drug, one person would sign in two parts that need two, or fields are missing.
pub fn sign(
    consent: &Consent,
    present: &[Signature],
    new: NewSignature,
    influence: &Influence,
    made: Made<SignatureId>,
) -> Result<(Signature, Event), Refusal> {
    consent.state().admits(ConsentAct::AddSignature)?;
    if new.document_sha256 != consent.document_sha256 {
        return Err(Refusal::clash(Clash::ChangedSinceDisplay, "The document shown is not the document stored."));
    }
    if present.iter().any(|signature| signature.role == new.role) {
        return Err(Refusal::clash(Clash::AlreadyDone, format!("The {} signed already.", new.role)));
    }
    new.check(consent, present, made.at).finish()?;
    if let Some(obstacle) = new.capacity.as_ref().and_then(CapacityStatement::obstacle) {
        return Err(Refusal::Blocked { event: ConsentAct::AddSignature.as_str(), by: vec![obstacle] });
    }
    let signed_at = new.signed_at.unwrap_or(made.at);
    // The witness saw the patient sign, so both have to happen while the patient can decide.
    if matches!(new.role, SignerRole::Patient | SignerRole::Witness)
        && let Some(obstacle) = influence.obstacle(signed_at, "signing")
    {
        return Err(Refusal::Blocked { event: ConsentAct::AddSignature.as_str(), by: vec![obstacle] });
    }
    refuse_one_person_in_two_parts(&new, present)?;
    let signature = Signature {
        id: made.id,
        consent: consent.id,
        role: new.role,
        method: new.method,
        name: new.staff.as_ref().map(|staff| staff.name.clone()).or(new.name).unwrap_or_default(),
        person: new.staff.map(|staff| staff.person),
        authority: new.authority,
        authority_kind: new.authority_kind,
        relationship: new.relationship,
        language: new.language,
        capacity: new.capacity.as_ref().map(CapacityStatement::finding),
        statement: new.capacity,
        items: new.items,
        document_sha256: new.document_sha256,
        image: new.image,
        signed_at,
        recorded_at: Some(made.at),
    };
    let event = signature.event(consent.patient);
    Ok((signature, event))
}

/// Who witnesses must be another human than who explained (decisions.md 20), in whichever order they sign.
fn refuse_one_person_in_two_parts(new: &NewSignature, present: &[Signature]) -> Result<(), Refusal> {
    let other = match new.role {
        SignerRole::Prescriber => SignerRole::Witness,
        SignerRole::Witness => SignerRole::Prescriber,
        SignerRole::Patient | SignerRole::Surrogate | SignerRole::Interpreter => return Ok(()),
    };
    let same = |signature: &&Signature| match (&new.staff, &signature.person) {
        (Some(staff), Some(person)) => signature.role == other && person.is(staff.person),
        // Somebody from outside is known by name only: who decides or translates does not attest it as well.
        (None, None) => {
            new.role == SignerRole::Witness && new.name.as_deref().is_some_and(|name| signature.is_called(name))
        }
        _ => false,
    };
    match present.iter().find(same) {
        Some(other) => {
            let detail = format!("The {} must be another person than the {}.", new.role, other.role);
            Err(Refusal::clash(Clash::SamePerson, detail))
        }
        None => Ok(()),
    }
}

impl NewSignature {
    fn check(&self, consent: &Consent, present: &[Signature], now: Timestamp) -> FieldErrors {
        let mut errors = FieldErrors::none();
        self.check_method(&mut errors);
        self.check_authority(consent, &mut errors);
        self.check_items(consent, present, &mut errors);
        self.check_instant(consent, now, &mut errors);
        match &self.name {
            Some(name) => {
                errors.take(text::checked("/name", name, 1, 200));
            }
            None if self.staff.is_none() => errors.add("/name", "required", "print the signer's name"),
            None => {}
        }
        if let Some(capacity) = &self.capacity {
            capacity.check(&mut errors);
        }
        if (self.role == SignerRole::Prescriber) != self.capacity.is_some() {
            errors.add("/capacity", "prescriber_only", "the explaining prescriber, and nobody else, states capacity");
        }
        if self.role == SignerRole::Prescriber && self.staff.as_ref().is_some_and(|staff| !staff.prescribes) {
            errors.add("/role", "not_a_prescriber", "only a prescriber explains");
        }
        let outsider = matches!(self.role, SignerRole::Witness | SignerRole::Interpreter) && self.staff.is_none();
        if outsider && !self.unrelated_adult {
            let detail = "a witness or interpreter from outside is an adult who is not related to the patient";
            errors.add("/unrelated_adult", "required", detail);
        }
        errors
    }

    fn check_authority(&self, consent: &Consent, errors: &mut FieldErrors) {
        if let Some(authority) = &self.authority {
            errors.take(text::checked("/authority", authority, 1, 200));
        } else if self.role == SignerRole::Interpreter {
            errors.add("/authority", "required", "give the interpreter's qualification or number");
        }
        let surrogate = self.role == SignerRole::Surrogate;
        if surrogate != self.authority_kind.is_some() {
            errors.add("/authority_kind", "surrogate_only", "a surrogate, and nobody else, says by what right");
        }
        match &self.relationship {
            Some(relationship) => {
                errors.take(text::checked("/relationship", relationship, 1, 100));
            }
            None if surrogate => errors.add("/relationship", "required", "say what the surrogate is to the patient"),
            None => {}
        }
        match (&self.language, self.role == SignerRole::Interpreter) {
            (Some(language), true) => {
                check_language("/language", language, errors);
                if foreign(language, &consent.spoken_language) {
                    errors.add("/language", "other_language", "must be the language it is explained in");
                }
            }
            (None, true) => errors.add("/language", "required", "give the language the interpreter speaks"),
            (Some(_), false) => errors.add("/language", "unexpected", "only an interpreter has a language"),
            (None, false) => {}
        }
    }

    /// Whoever decides answers every item of the form; when both sign, once is enough.
    fn check_items(&self, consent: &Consent, present: &[Signature], errors: &mut FieldErrors) {
        let decides = matches!(self.role, SignerRole::Patient | SignerRole::Surrogate);
        let answered = present.iter().any(|signature| !signature.items.is_empty());
        if decides && !(answered && self.items.is_empty()) {
            item::check(&consent.form.items, &self.items, errors);
        } else if !self.items.is_empty() {
            errors.add("/items", "unexpected", "only the patient, or who decides for the patient, answers these");
        }
    }

    /// A form signed on paper is entered with the time on the paper: never before it was shown, never ahead of now.
    fn check_instant(&self, consent: &Consent, now: Timestamp, errors: &mut FieldErrors) {
        let Some(at) = self.signed_at else { return };
        if at < consent.drafted.1 || at > now {
            errors.add("/signed_at", "range", "must be between the presentation of the document and now");
        }
        if self.method == SignMethod::Reauth {
            errors.add("/signed_at", "unexpected", "staff sign when they prove their presence");
        }
    }

    fn check_method(&self, errors: &mut FieldErrors) {
        let by_staff = self.staff.is_some();
        let right = match self.role {
            SignerRole::Patient | SignerRole::Surrogate => !by_staff && self.method != SignMethod::Reauth,
            SignerRole::Prescriber => by_staff && self.method == SignMethod::Reauth,
            SignerRole::Witness | SignerRole::Interpreter => by_staff == (self.method == SignMethod::Reauth),
        };
        if !right {
            let detail = "staff sign with reauth and a signing token, everybody else drawn or typed";
            errors.add("/method", "method_for_role", detail);
        }
        match (&self.image, self.method) {
            (Some(image), SignMethod::Drawn) if image.starts_with(PNG) && image.len() <= LARGEST_IMAGE => {}
            (Some(_), SignMethod::Drawn) => {
                errors.add("/image_base64", "image", format!("must be a PNG of at most {LARGEST_IMAGE} bytes"));
            }
            (None, SignMethod::Drawn) => errors.add("/image_base64", "required", "send the drawing"),
            (Some(_), _) => errors.add("/image_base64", "unexpected", "only a drawn signature has an image"),
            (None, _) => {}
        }
    }
}

impl Signature {
    fn event(&self, patient: PatientId) -> Event {
        let subject = Subject::new("consent_signature", self.id, 1);
        Event::of_patient(EventKind::ConsentSignatureAdded, patient, subject, self.record())
    }

    fn is_called(&self, name: &str) -> bool {
        let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        plain(&self.name) == plain(name)
    }

    /// Whether it was entered so long after it was signed that a reader should know.
    pub fn is_back_dated(&self) -> bool {
        self.recorded_at.is_some_and(|at| self.signed_at.plus_minutes(ENTERED_LATE_AFTER_MIN) < at)
    }

    /// Whether it was there at this instant.
    pub fn is_known_at(&self, at: Timestamp) -> bool {
        self.recorded_at.unwrap_or(self.signed_at) <= at
    }

    /// SHA-256 of the drawing.
    pub fn image_sha256(&self) -> Option<Sha256> {
        self.image.as_deref().map(Sha256::of)
    }

    /// The canonical record. The drawing is in it by its hash.
    pub fn record(&self) -> Record {
        let Some(recorded_at) = self.recorded_at else { return self.fields(1) };
        let items = self.items.iter().map(ItemReply::record).collect::<Vec<_>>();
        self.fields(2)
            .word("authority_kind", self.authority_kind.map(Authority::as_str))
            .with("relationship", self.relationship.as_ref())
            .with("language", self.language.as_ref())
            .with("capacity_statement", self.statement.as_ref().map(CapacityStatement::record))
            .with("items", items)
            .with("recorded_at", recorded_at)
    }

    fn fields(&self, v: i64) -> Record {
        Record::new("consent_signature", v)
            .with("id", self.id)
            .with("consent_id", self.consent)
            .with("role", self.role.as_str())
            .with("method", self.method.as_str())
            .with("meaning", self.role.meaning())
            .with("name", &self.name)
            .with("staff_id", self.person.map(|person| person.staff))
            .with("account_id", self.person.map(|person| person.account))
            .with("authority", self.authority.as_ref())
            .word("capacity", self.capacity.map(Capacity::as_str))
            .with("document_sha256", self.document_sha256)
            .with("image_sha256", self.image_sha256())
            .with("signed_at", self.signed_at)
    }
}
