//! JSON and schema of the domain's own types: ids, instants, dates, amounts and words.
//!
//! Amounts are decimal strings, whole readings are integers, instants are UTC with milliseconds. A value that has the
//! right shape but cannot be right is marked while it is read, so that it is answered with 422 and its pointer, not
//! with 400.

use crate::domain::patch::Patch;
use crate::domain::quantity::Amount;
use crate::domain::time::{Date, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// Stands before and after a refused value's code in an error's text.
const MARK: char = '\u{1}';

/// An error that says: read, but refused.
fn refused<E: serde::de::Error>(code: &str, detail: impl std::fmt::Display) -> E {
    E::custom(format_args!("{MARK}{code}{MARK}{detail}{MARK}"))
}

/// Code and detail of an error that was made by `refused`.
pub(super) fn refusal_in(message: &str) -> Option<(String, String)> {
    let mut parts = message.split(MARK);
    let (_, code, detail) = (parts.next()?, parts.next()?, parts.next()?);
    Some((code.to_owned(), detail.to_owned()))
}

fn text_schema(format: Option<SchemaFormat>, pattern: Option<&str>, length: Option<usize>) -> RefOr<Schema> {
    let object = ObjectBuilder::new().schema_type(Type::String).format(format).pattern(pattern);
    RefOr::T(Schema::Object(object.max_length(length).build()))
}

macro_rules! ids {
    ($($ty:ident),+ $(,)?) => {$(
        impl Serialize for crate::domain::id::$ty {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { serializer.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for crate::domain::id::$ty {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                parse_id(&text).map(Self).ok_or_else(|| refused("format", "must be a UUID in lower case"))
            }
        }
        impl PartialSchema for crate::domain::id::$ty {
            fn schema() -> RefOr<Schema> { text_schema(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)), None, Some(36)) }
        }
        impl ToSchema for crate::domain::id::$ty {}
    )+};
}

/// A UUID as this API writes it: 36 characters, lower case.
pub(super) fn parse_id(text: &str) -> Option<uuid::Uuid> {
    let canonical = text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if canonical { uuid::Uuid::try_parse(text).ok() } else { None }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            refused("format", "must be an RFC 3339 time with its offset, such as 2026-03-02T15:20:00.000Z")
        })
    }
}
impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        text_schema(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)), None, None)
    }
}
impl ToSchema for Timestamp {}

/// A calendar date on the wire: `2026-03-02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub Date);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let date = if text.len() == 10 { text.parse::<Date>().ok() } else { None };
        date.map(Self).ok_or_else(|| refused("format", "must be a calendar date, such as 1984-05-17"))
    }
}
impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        text_schema(Some(SchemaFormat::KnownFormat(KnownFormat::Date)), None, None)
    }
}
impl ToSchema for Day {}

/// A member of a merge patch: absent keeps (`#[serde(default)]`), null clears, a value sets.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Patch<T> {
    /// The same patch of a value in another form.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(form(value)),
        }
    }
}

/// A vocabulary and its name in the document: two modules may use one word for two things, a document may not.
macro_rules! vocabularies {
    ($($ty:ty as $name:literal),+ $(,)?) => {$(
        impl Serialize for $ty {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { serializer.serialize_str(self.as_str()) }
        }
        impl<'de> Deserialize<'de> for $ty {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(|unknown| refused("unknown_word", unknown))
            }
        }
        impl PartialSchema for $ty {
            fn schema() -> RefOr<Schema> {
                let words = <$ty>::WORDS.iter().copied();
                RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()))
            }
        }
        impl ToSchema for $ty {
            fn name() -> std::borrow::Cow<'static, str> { $name.into() }
        }
    )+};
}

macro_rules! amounts {
    ($($ty:ident),+ $(,)?) => {$(
        impl Serialize for crate::domain::quantity::$ty {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { write_amount(*self, serializer) }
        }
        impl<'de> Deserialize<'de> for crate::domain::quantity::$ty {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> { read_amount(deserializer) }
        }
        impl PartialSchema for crate::domain::quantity::$ty {
            fn schema() -> RefOr<Schema> { amount_schema::<Self>() }
        }
        impl ToSchema for crate::domain::quantity::$ty {}
    )+};
}

fn write_amount<A: Amount, S: Serializer>(amount: A, serializer: S) -> Result<S::Ok, S::Error> {
    if A::SCALE == 1 { serializer.serialize_i64(amount.get()) } else { serializer.collect_str(&amount) }
}

fn read_amount<'de, A: Amount, D: Deserializer<'de>>(deserializer: D) -> Result<A, D::Error> {
    let amount = if A::SCALE == 1 {
        A::new(i64::deserialize(deserializer)?)
    } else {
        A::parse(&std::borrow::Cow::<'de, str>::deserialize(deserializer)?)
    };
    amount.map_err(|error| refused(error.code(), &error))
}

fn amount_schema<A: Amount>() -> RefOr<Schema> {
    let object = ObjectBuilder::new();
    let object = if A::SCALE == 1 {
        #[expect(clippy::cast_precision_loss, reason = "a schema's bounds are numbers; these are small")]
        let (least, most) = (A::LEAST as f64, A::MOST as f64);
        object.schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most))
    } else {
        let places = A::SCALE.ilog10();
        object
            .schema_type(Type::String)
            .pattern(Some(format!("^(0|[1-9][0-9]{{0,8}})(\\.[0-9]{{1,{places}}})?$")))
            .max_length(Some(13))
            .examples(A::new(A::SCALE.clamp(A::LEAST, A::MOST)).ok().map(|one| one.to_string()))
    };
    RefOr::T(Schema::Object(object.description(Some(format!("In {}", A::UNIT))).build()))
}

ids!(ClinicId, AccountId, StaffId, LoginSessionId, RoomId, PatientId, ConditionId, AllergyId, MedicationId);
ids!(EarlierTreatmentId, ScreeningId, OutcomeScoreId, ConsentTemplateId, ConsentId, SignatureId, WithdrawalReportId);
ids!(PolicyId, ProtocolId, TreatmentPlanId, SessionId, OrderId, PreparationId, DosingEventId, ObservationId);
ids!(AlertId, AdverseEventId, SettlementId, TaskId, SigningTokenId, RequestId);
ids!(AlertActionId, BookingId, EscortId, HandoverId, OutcomeScoreReviewId, PatientIdentifierId, PrecheckId);
ids!(ScreeningDecisionId, TransitionId, WithdrawalId, AuditCaseId);
ids!(RestrictionId, BreakGlassId, DisclosureId);
ids!(AbsenceId, AppointmentId);

amounts!(Micrograms, MicrogramsPerMillilitre, MicrolitresPerHour, Microlitres, Grams, Millimetres);
amounts!(MicrogramsPerKilogram, MicrogramsPerKilogramHour, TenthsCelsius, OxygenMillilitresPerMinute);
amounts!(Systolic, Diastolic, HeartRate, RespiratoryRate, OxygenSaturation);

vocabularies!(crate::access::login_session::SignInEnd as "SignInEnd");
vocabularies!(crate::access::role::Role as "Role");
vocabularies!(crate::domain::alert::ActionCode as "ActionCode");
vocabularies!(crate::domain::alert::AlertRoute as "AlertRoute");
vocabularies!(crate::domain::alert::AlertState as "AlertState");
vocabularies!(crate::domain::alert::AlertStep as "AlertStep");
vocabularies!(crate::domain::break_glass::GlassReason as "BreakGlassReason");
vocabularies!(crate::domain::break_glass::GlassState as "BreakGlassState");
vocabularies!(crate::api::access_reports::AccessKind as "AccessKind");
vocabularies!(crate::api::csv::ListFormat as "ListFormat");
vocabularies!(crate::domain::audit_entry::Outcome as "AuditOutcome");
vocabularies!(crate::domain::break_glass::GlassVerdict as "BreakGlassVerdict");
vocabularies!(crate::domain::disclosure::DisclosureAuthority as "DisclosureAuthority");
vocabularies!(crate::domain::allergy::AllergyKind as "AllergyKind");
vocabularies!(crate::domain::allergy::AllergyStatus as "AllergyStatus");
vocabularies!(crate::domain::appointment::AppointmentKind as "AppointmentKind");
vocabularies!(crate::domain::appointment::AppointmentMode as "AppointmentMode");
vocabularies!(crate::domain::appointment::AppointmentState as "AppointmentState");
vocabularies!(crate::domain::chart::ChartStatus as "ChartStatus");
vocabularies!(crate::domain::chart::Severity as "Severity");
vocabularies!(crate::domain::consent::Capacity as "Capacity");
vocabularies!(crate::domain::consent::ClauseId as "ClauseId");
vocabularies!(crate::domain::consent::ConsentAct as "ConsentAct");
vocabularies!(crate::domain::consent::ConsentState as "ConsentState");
vocabularies!(crate::domain::consent::ConsentType as "ConsentType");
vocabularies!(crate::domain::consent::ReportKind as "ReportKind");
vocabularies!(crate::domain::consent::ReportOutcome as "ReportOutcome");
vocabularies!(crate::domain::consent::SaidBy as "SaidBy");
vocabularies!(crate::domain::consent::SignMethod as "SignMethod");
vocabularies!(crate::domain::consent::SignerRole as "SignerRole");
vocabularies!(crate::domain::consent::TemplateState as "TemplateState");
vocabularies!(crate::domain::consent::WithdrawalScope as "WithdrawalScope");
vocabularies!(crate::domain::dosing::DosingKind as "DosingKind");
vocabularies!(crate::domain::dosing::EntryStatus as "DosingStatus");
vocabularies!(crate::domain::dosing::OrderMode as "OrderMode");
vocabularies!(crate::domain::dosing::RescueClass as "RescueClass");
vocabularies!(crate::domain::dosing::RescueRoute as "RescueRoute");
vocabularies!(crate::domain::earlier_treatment::TreatmentClass as "TreatmentClass");
vocabularies!(crate::domain::earlier_treatment::WhyStopped as "WhyStopped");
vocabularies!(crate::domain::medication::MedicineClass as "MedicineClass");
vocabularies!(crate::domain::monitoring::Advice as "Advice");
vocabularies!(crate::domain::monitoring::CheckPart as "CheckPart");
vocabularies!(crate::domain::monitoring::CheckStatus as "CheckStatus");
vocabularies!(crate::domain::monitoring::Condition as "AlertCondition");
vocabularies!(crate::domain::monitoring::Level as "Level");
vocabularies!(crate::domain::observation::AbsentReason as "AbsentReason");
vocabularies!(crate::domain::observation::BpPosition as "BpPosition");
vocabularies!(crate::domain::observation::BpSite as "BpSite");
vocabularies!(crate::domain::observation::Confusion as "Confusion");
vocabularies!(crate::domain::observation::Correction as "ObservationCorrection");
vocabularies!(crate::domain::observation::Gait as "Gait");
vocabularies!(crate::domain::observation::IvSite as "IvSite");
vocabularies!(crate::domain::observation::Measure as "Measure");
vocabularies!(crate::domain::observation::Modality as "Modality");
vocabularies!(crate::domain::observation::Nausea as "Nausea");
vocabularies!(crate::domain::observation::Phase as "Phase");
vocabularies!(crate::domain::observation::RedFlag as "RedFlag");
vocabularies!(crate::domain::observation::Rhythm as "Rhythm");
vocabularies!(crate::domain::observation::Scale as "ScoreScale");
vocabularies!(crate::domain::observation::SedationScale as "SedationScale");
vocabularies!(crate::domain::observation::Source as "ObservationSource");
vocabularies!(crate::domain::observation::Status as "ObservationStatus");
vocabularies!(crate::domain::order::HoldRule as "HoldRule");
vocabularies!(crate::domain::order::LimitedMeasure as "LimitedMeasure");
vocabularies!(crate::domain::outcome_score::Item9 as "Item9");
vocabularies!(crate::domain::outcome_score::OutcomeScale as "OutcomeScale");
vocabularies!(crate::domain::outcome_score::ScoreBand as "ScoreBand");
vocabularies!(crate::domain::outcome_score::Timepoint as "Timepoint");
vocabularies!(crate::domain::patient::Sex as "Sex");
vocabularies!(crate::domain::policy::ScoreSet as "ScoreSet");
vocabularies!(crate::domain::policy::Stricter as "Stricter");
vocabularies!(crate::domain::precheck::DayAnswer as "DayAnswer");
vocabularies!(crate::domain::precheck::DayQuestion as "DayQuestion");
vocabularies!(crate::domain::precheck::Meaning as "SigningMeaning");
vocabularies!(crate::domain::precheck::WeightSource as "WeightSource");
vocabularies!(crate::domain::preparation::Fault as "PreparationFault");
vocabularies!(crate::domain::preparation::PreparationKind as "PreparationKind");
vocabularies!(crate::domain::protocol::ProtocolState as "ProtocolState");
vocabularies!(crate::domain::readiness::Condition as "ReadinessCondition");
vocabularies!(crate::domain::refusal::Override as "Override");
vocabularies!(crate::domain::route::Basis as "Basis");
vocabularies!(crate::domain::route::EntrySource as "EntrySource");
vocabularies!(crate::domain::route::Route as "Route");
vocabularies!(crate::domain::screening::AnswerCode as "AnswerCode");
vocabularies!(crate::domain::screening::AnswerSource as "AnswerSource");
vocabularies!(crate::domain::screening::DecisionState as "DecisionState");
vocabularies!(crate::domain::screening::FindingKind as "FindingKind");
vocabularies!(crate::domain::screening::RiskClass as "RiskClass");
vocabularies!(crate::domain::screening::Verdict as "Verdict");
vocabularies!(crate::domain::session::AbortReason as "AbortReason");
vocabularies!(crate::domain::session::CancelReason as "CancelReason");
vocabularies!(crate::domain::session::Disposition as "Disposition");
vocabularies!(crate::domain::session::EndReason as "EndReason");
vocabularies!(crate::domain::session::PumpState as "PumpState");
vocabularies!(crate::domain::session::SessionEvent as "SessionEvent");
vocabularies!(crate::domain::session::SessionState as "SessionState");
vocabularies!(crate::domain::session::booking::ResourceKind as "ResourceKind");
vocabularies!(crate::domain::session::care::Giver as "Giver");
vocabularies!(crate::domain::session::escort::EscortKind as "EscortKind");
vocabularies!(crate::domain::session::escort::EscortStatus as "EscortStatus");
vocabularies!(crate::domain::settlement::DiscrepancyClass as "DiscrepancyClass");
vocabularies!(crate::domain::settlement::GivenBasis as "GivenBasis");
vocabularies!(crate::domain::task::TaskAudience as "TaskAudience");
vocabularies!(crate::domain::task::TaskKind as "TaskKind");
vocabularies!(crate::domain::treatment_plan::PlanEvent as "PlanEvent");
vocabularies!(crate::domain::treatment_plan::PlanOutcome as "PlanOutcome");
vocabularies!(crate::domain::treatment_plan::PlanState as "PlanState");
vocabularies!(crate::domain::treatment_plan::WeightBasis as "WeightBasis");
