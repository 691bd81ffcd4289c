//! The canonical form of a record: the exact bytes that are hashed into the trail.
//!
//! Written by hand for each kind of record, with a version of its own, so that no serialiser and no new column can
//! change what an old hash was made of. A kind that gains a field becomes `v + 1`; old entries are checked with the
//! version they name. Form: RFC 8785 restricted to objects, arrays, strings, integers, booleans and null.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A value of a canonical record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Canonical {
    /// Absent.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number; amounts carry their unit in the key.
    Int(i64),
    /// Text, as stored.
    Text(String),
    /// In order.
    List(Vec<Canonical>),
    /// Keys sorted; ASCII lower case.
    Map(BTreeMap<&'static str, Canonical>),
}

impl Canonical {
    /// The bytes that are hashed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::with_capacity(256);
        self.write(&mut out);
        out.into_bytes()
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Int(number) => {
                let _ = write!(out, "{number}");
            }
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// RFC 8785 3.2.2.2: the two-character escapes where JSON has one, `\u00xx` for other control characters.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

words! {
    /// Every kind of record that the trail speaks of by its hash. A new kind is added here, and with it, in the store,
    /// the way back from its rows to the bytes that were hashed.
    pub enum RecordKind {
        /// What an alert is now.
        Alert = "alert",
        /// What was done about an alert; written beside the alert.
        AlertAction = "alert_action",
        /// A statement about allergies.
        Allergy = "allergy",
        /// A conversation.
        Appointment = "appointment",
        /// An auditor's case.
        AuditCase = "audit_case",
        /// A clinic.
        Clinic = "clinic",
        /// A diagnosis.
        Condition = "condition",
        /// A consent.
        Consent = "consent",
        /// A signature on a consent.
        ConsentSignature = "consent_signature",
        /// A version of a consent form.
        ConsentTemplate = "consent_template",
        /// What a patient withdrew from.
        ConsentWithdrawal = "consent_withdrawal",
        /// An entry of the drug record.
        DosingEvent = "dosing_event",
        /// A treatment before this clinic's.
        EarlierTreatment = "earlier_treatment",
        /// A sign-in.
        LoginSession = "login_session",
        /// A medicine.
        Medication = "medication",
        /// A row of the flowsheet.
        Observation = "observation",
        /// An order.
        Order = "order",
        /// An outcome scale.
        OutcomeScore = "outcome_score",
        /// A prescriber's review of one.
        OutcomeScoreReview = "outcome_score_review",
        /// A patient.
        Patient = "patient",
        /// A version of the policy.
        Policy = "policy",
        /// A saving of the pre-check.
        Precheck = "precheck",
        /// A syringe, bag or fill.
        Preparation = "preparation",
        /// Who is in the house.
        Presence = "presence",
        /// An edition of a protocol.
        Protocol = "protocol",
        /// A chair or room.
        Room = "room",
        /// Screening answers.
        Screening = "screening",
        /// A decision on them.
        ScreeningDecision = "screening_decision",
        /// A session.
        Session = "session",
        /// A statement about an escort.
        SessionEscort = "session_escort",
        /// A hand-over.
        SessionHandover = "session_handover",
        /// A line of a session's history; written beside the session.
        SessionTransition = "session_transition",
        /// The books of a visit's drug.
        Settlement = "settlement",
        /// A member of staff.
        Staff = "staff",
        /// An absence.
        StaffAbsence = "staff_absence",
        /// A task.
        Task = "task",
        /// A treatment plan.
        TreatmentPlan = "treatment_plan",
        /// A report that a patient may want to withdraw.
        WithdrawalReport = "withdrawal_report",
    }
}

macro_rules! from {
    ($($t:ty => |$value:ident| $make:expr;)+) => {$(
        impl From<$t> for Canonical { fn from($value: $t) -> Self { $make } }
    )+};
}

from! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(value);
    i32 => |value| Self::Int(value.into());
    String => |value| Self::Text(value);
    &String => |value| Self::Text(value.clone());
    &str => |value| Self::Text(value.to_owned());
    super::time::Timestamp => |value| Self::Text(value.to_string());
    super::time::Date => |value| Self::Text(value.to_string());
    uuid::Uuid => |value| Self::Text(value.as_hyphenated().to_string());
    Record => |value| Self::Map(value.fields);
}

impl<T: Into<Canonical>> From<Option<T>> for Canonical {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Canonical>> From<Vec<T>> for Canonical {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// One record under construction: `Record::new("patient", 1).with("family_name", &name)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    fields: BTreeMap<&'static str, Canonical>,
}

impl Record {
    /// An empty record of this kind, in version `v` of its form.
    pub fn new(kind: &'static str, v: i64) -> Self {
        Self { fields: BTreeMap::from([("kind", kind.into()), ("v", v.into())]) }
    }

    /// A nested group without kind and version.
    pub fn group() -> Self {
        Self { fields: BTreeMap::new() }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Canonical>) -> Self {
        self.fields.insert(key, value.into());
        self
    }

    /// Adds a word of a vocabulary, or null.
    #[must_use]
    pub fn word(self, key: &'static str, word: Option<&'static str>) -> Self {
        self.with(key, word)
    }

    /// Adds an amount in its small unit, or null; the key names the unit, for example `dose_ug`.
    #[must_use]
    pub fn amount<A: super::quantity::Amount>(self, key: &'static str, amount: Option<A>) -> Self {
        self.with(key, amount.map(super::quantity::Amount::get))
    }

    /// The version of its form.
    pub fn v(&self) -> i64 {
        match self.fields.get("v") {
            Some(Canonical::Int(v)) => *v,
            _ => 0,
        }
    }

    /// The bytes that are hashed.
    pub fn to_bytes(&self) -> Vec<u8> {
        Canonical::Map(self.fields.clone()).to_bytes()
    }

    /// SHA-256 of [`Self::to_bytes`].
    pub fn sha256(&self) -> [u8; 32] {
        use sha2::Digest as _;
        sha2::Sha256::digest(self.to_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_controls_escaped() {
        let record = Record::new("note", 1).with("text", "a\"\\\n\u{1}é").with("n", 3_i64).with("list", vec!["b", "a"]);
        let expected = r#"{"kind":"note","list":["b","a"],"n":3,"text":"a\"\\\n\u0001é","v":1}"#;
        assert_eq!(String::from_utf8(record.to_bytes()).unwrap(), expected);
    }
}
