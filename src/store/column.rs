//! How ids, words, amounts, instants, dates and JSON are stored: native types on PostgreSQL, STRICT columns on SQLite.
//!
//! The domain names no database, so its types are made columns here, once, by three lists at the end of the file:
//! `ids!`, `words!` and `amounts!`. A model then uses them like any other column type.

use super::connection::MultiBackend;
use crate::domain::time::{Date, Timestamp};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, HasSqlType, Nullable, Text};
use diesel::sqlite::Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Write as _;

mod sql {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::SqlType;

    /// UUID on PostgreSQL, 16 bytes on SQLite.
    #[derive(SqlType, QueryId, Debug, Clone, Copy, Default)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
    pub struct DbUuid;

    /// TIMESTAMPTZ on PostgreSQL, microseconds since 1970 on SQLite.
    #[derive(SqlType, QueryId, Debug, Clone, Copy, Default)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
    pub struct DbTimestamp;

    /// DATE on PostgreSQL, `YYYY-MM-DD` on SQLite.
    #[derive(SqlType, QueryId, Debug, Clone, Copy, Default)]
    #[diesel(postgres_type(oid = 1082, array_oid = 1182), sqlite_type(name = "Text"))]
    pub struct DbDate;

    /// JSONB on PostgreSQL, text on SQLite; opaque, never filtered on.
    #[derive(SqlType, QueryId, Debug, Clone, Copy, Default)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
    pub struct DbJson;
}
pub use sql::{DbDate, DbJson, DbTimestamp, DbUuid};

impl diesel::sql_types::SqlOrd for DbUuid {}
impl diesel::sql_types::SqlOrd for DbTimestamp {}
impl diesel::sql_types::SqlOrd for DbDate {}

/// A calendar date as a column: the domain's `Date` is a foreign type, so a row holds it in this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateColumn(pub Date);

/// JSON as a column: text that this program wrote and reads back whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// From a value of ours.
    ///
    /// # Errors
    /// When it cannot be JSON, such as a map with keys that are no text.
    pub fn of<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }

    /// Back into a value of ours.
    ///
    /// # Errors
    /// When the stored text is no such value: the row is broken.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

/// Ties a Rust type to the SQL type of its column; the same for every type.
macro_rules! column {
    ($($ty:ty as $sql:ty),+ $(,)?) => {$(
        impl AsExpression<$sql> for $ty {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<'a> AsExpression<$sql> for &'a $ty {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl AsExpression<Nullable<$sql>> for $ty {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<'a> AsExpression<Nullable<$sql>> for &'a $ty {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<DB: Backend> ToSql<Nullable<$sql>, DB> for $ty where $ty: ToSql<$sql, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result { ToSql::<$sql, DB>::to_sql(self, out) }
        }
        impl<DB: Backend> Queryable<$sql, DB> for $ty where Self: FromSql<$sql, DB> {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> { Ok(row) }
        }
    )+};
}

/// Passes a type with native forms on both databases through the connection enum.
macro_rules! both {
    ($($sql:ty),+) => {$(
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata { MultiBackend::lookup_sql_type::<$sql>(lookup) }
        }
    )+};
    ($($ty:ty as $sql:ty),+) => {$(
        impl FromSql<$sql, MultiBackend> for $ty {
            fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> { value.from_sql::<Self, $sql>() }
        }
        impl ToSql<$sql, MultiBackend> for $ty {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((<$sql>::default(), self));
                Ok(IsNull::No)
            }
        }
    )+};
}

both!(DbUuid, DbTimestamp, DbDate, DbJson);
both!(Timestamp as DbTimestamp, DateColumn as DbDate, Json as DbJson);
column!(Timestamp as DbTimestamp, DateColumn as DbDate, Json as DbJson);

macro_rules! ids {
    ($($ty:ty),+ $(,)?) => {$(
        column!($ty as DbUuid);
        both!($ty as DbUuid);
        impl ToSql<DbUuid, Pg> for $ty {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(self.0.as_bytes())?;
                Ok(IsNull::No)
            }
        }
        impl FromSql<DbUuid, Pg> for $ty {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> { Ok(Self(uuid::Uuid::from_slice(value.as_bytes())?)) }
        }
        impl ToSql<DbUuid, Sqlite> for $ty {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value(self.0.as_bytes().as_slice());
                Ok(IsNull::No)
            }
        }
        impl FromSql<DbUuid, Sqlite> for $ty {
            fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(Self(uuid::Uuid::from_slice(value.read_blob())?))
            }
        }
    )+};
}

/// An id whose kind stands in another column, such as the object of a trail entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AnyId(pub uuid::Uuid);

impl From<uuid::Uuid> for AnyId {
    fn from(id: uuid::Uuid) -> Self {
        Self(id)
    }
}

macro_rules! vocabularies {
    ($($ty:ty),+ $(,)?) => {$(
        column!($ty as Text);
        impl<DB: Backend> ToSql<Text, DB> for $ty where str: ToSql<Text, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result { self.as_str().to_sql(out) }
        }
        impl<DB: Backend> FromSql<Text, DB> for $ty where String: FromSql<Text, DB> {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> { Ok(Self::parse(&String::from_sql(value)?)?) }
        }
    )+};
}

macro_rules! amounts {
    ($($ty:ty),+ $(,)?) => {$(
        column!($ty as BigInt);
        impl<DB: Backend> ToSql<BigInt, DB> for $ty where i64: ToSql<BigInt, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                crate::domain::quantity::Amount::small(self).to_sql(out)
            }
        }
        impl<DB: Backend> FromSql<BigInt, DB> for $ty where i64: FromSql<BigInt, DB> {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(<Self as crate::domain::quantity::Amount>::new(i64::from_sql(value)?)?)
            }
        }
    )+};
}

/// PostgreSQL counts microseconds, and days, from 2000-01-01.
const PG_EPOCH_MICROS: i64 = 946_684_800_000_000;
const PG_EPOCH: Date = jiff::civil::date(2000, 1, 1);

impl ToSql<DbTimestamp, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&(self.millis() * 1000 - PG_EPOCH_MICROS).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<DbTimestamp, Pg> for Timestamp {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(value.as_bytes().try_into()?);
        Ok(Self::from_millis(micros.saturating_add(PG_EPOCH_MICROS).div_euclid(1000)))
    }
}
impl ToSql<DbTimestamp, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.millis() * 1000);
        Ok(IsNull::No)
    }
}
impl FromSql<DbTimestamp, Sqlite> for Timestamp {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::from_millis(value.read_long().div_euclid(1000)))
    }
}

impl ToSql<DbDate, Pg> for DateColumn {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let days = self.0.since(PG_EPOCH)?.get_days();
        out.write_all(&days.to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<DbDate, Pg> for DateColumn {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let days = i32::from_be_bytes(value.as_bytes().try_into()?);
        Ok(Self(PG_EPOCH.checked_add(jiff::SignedDuration::from_hours(i64::from(days) * 24))?))
    }
}
impl ToSql<DbDate, Sqlite> for DateColumn {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}
impl FromSql<DbDate, Sqlite> for DateColumn {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_text().parse()?))
    }
}

impl ToSql<DbJson, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // The version byte of JSONB's binary form.
        out.write_all(&[1])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<DbJson, Pg> for Json {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [1, text @ ..] => Ok(Self(std::str::from_utf8(text)?.to_owned())),
            _ => Err("unknown version of JSONB".into()),
        }
    }
}
impl ToSql<DbJson, Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}
impl FromSql<DbJson, Sqlite> for Json {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_text().to_owned()))
    }
}

mod lists {
    use super::*;
    use crate::access::role::Role;
    use crate::domain::audit_entry::Outcome;
    use crate::domain::id::*;
    use crate::domain::quantity::*;

    ids!(AnyId, ClinicId, AccountId, StaffId, LoginSessionId, RoomId, PatientId, ConditionId, AllergyId, MedicationId);
    ids!(
        EarlierTreatmentId,
        ScreeningId,
        OutcomeScoreId,
        ConsentTemplateId,
        ConsentId,
        SignatureId,
        WithdrawalReportId
    );
    ids!(PolicyId, ProtocolId, TreatmentPlanId, SessionId, OrderId, PreparationId, DosingEventId, ObservationId);
    ids!(AlertId, AdverseEventId, SettlementId, TaskId, SigningTokenId, RequestId);
    ids!(AlertActionId, BookingId, EscortId, HandoverId, OutcomeScoreReviewId, PatientIdentifierId, PrecheckId);
    ids!(ScreeningDecisionId, TransitionId, WithdrawalId, AuditCaseId);
    ids!(RestrictionId, BreakGlassId, DisclosureId);
    ids!(AbsenceId, AppointmentId);

    vocabularies!(Outcome, Role);
    vocabularies!(crate::access::limits::LimitKind);
    vocabularies!(crate::access::login_session::SignInEnd);
    vocabularies!(crate::domain::alert::ActionCode);
    vocabularies!(crate::domain::alert::AlertState);
    vocabularies!(crate::domain::alert::AlertStep);
    vocabularies!(crate::domain::break_glass::GlassReason);
    vocabularies!(crate::domain::break_glass::GlassVerdict);
    vocabularies!(crate::domain::disclosure::DisclosureAuthority);
    vocabularies!(crate::domain::allergy::AllergyKind);
    vocabularies!(crate::domain::appointment::AppointmentKind);
    vocabularies!(crate::domain::appointment::AppointmentMode);
    vocabularies!(crate::domain::appointment::AppointmentState);
    vocabularies!(crate::domain::chart::ChartStatus);
    vocabularies!(crate::domain::chart::Severity);
    vocabularies!(crate::domain::consent::Capacity);
    vocabularies!(crate::domain::consent::ClauseId);
    vocabularies!(crate::domain::consent::ConsentAct);
    vocabularies!(crate::domain::consent::ConsentState);
    vocabularies!(crate::domain::consent::ConsentType);
    vocabularies!(crate::domain::consent::ReportKind);
    vocabularies!(crate::domain::consent::ReportOutcome);
    vocabularies!(crate::domain::consent::SaidBy);
    vocabularies!(crate::domain::consent::SignMethod);
    vocabularies!(crate::domain::consent::SignerRole);
    vocabularies!(crate::domain::consent::TemplateState);
    vocabularies!(crate::domain::consent::WithdrawalScope);
    vocabularies!(crate::domain::dosing::DosingKind);
    vocabularies!(crate::domain::dosing::OrderMode);
    vocabularies!(crate::domain::dosing::RescueClass);
    vocabularies!(crate::domain::dosing::RescueRoute);
    vocabularies!(crate::domain::earlier_treatment::TreatmentClass);
    vocabularies!(crate::domain::earlier_treatment::WhyStopped);
    vocabularies!(crate::domain::medication::MedicineClass);
    vocabularies!(crate::domain::monitoring::CheckPart);
    vocabularies!(crate::domain::monitoring::CheckStatus);
    vocabularies!(crate::domain::monitoring::Condition);
    vocabularies!(crate::domain::monitoring::Level);
    vocabularies!(crate::domain::observation::BpPosition);
    vocabularies!(crate::domain::observation::BpSite);
    vocabularies!(crate::domain::observation::Confusion);
    vocabularies!(crate::domain::observation::Correction);
    vocabularies!(crate::domain::observation::Gait);
    vocabularies!(crate::domain::observation::IvSite);
    vocabularies!(crate::domain::observation::Nausea);
    vocabularies!(crate::domain::observation::Phase);
    vocabularies!(crate::domain::observation::Rhythm);
    vocabularies!(crate::domain::observation::SedationScale);
    vocabularies!(crate::domain::observation::Source);
    vocabularies!(crate::domain::order::HoldRule);
    vocabularies!(crate::domain::order::LimitedMeasure);
    vocabularies!(crate::domain::outcome_score::OutcomeScale);
    vocabularies!(crate::domain::outcome_score::Timepoint);
    vocabularies!(crate::domain::patient::Sex);
    vocabularies!(crate::domain::policy::ScoreSet);
    vocabularies!(crate::domain::precheck::WeightSource);
    vocabularies!(crate::domain::preparation::PreparationKind);
    vocabularies!(crate::domain::protocol::ProtocolState);
    vocabularies!(crate::domain::route::Basis);
    vocabularies!(crate::domain::route::EntrySource);
    vocabularies!(crate::domain::route::Route);
    vocabularies!(crate::domain::screening::DecisionState);
    vocabularies!(crate::domain::screening::Verdict);
    vocabularies!(crate::domain::session::AbortReason);
    vocabularies!(crate::domain::session::CancelReason);
    vocabularies!(crate::domain::session::Disposition);
    vocabularies!(crate::domain::session::EndReason);
    vocabularies!(crate::domain::session::PumpState);
    vocabularies!(crate::domain::session::SessionEvent);
    vocabularies!(crate::domain::session::SessionState);
    vocabularies!(crate::domain::session::booking::ResourceKind);
    vocabularies!(crate::domain::session::care::Giver);
    vocabularies!(crate::domain::session::escort::EscortKind);
    vocabularies!(crate::domain::session::escort::EscortStatus);
    vocabularies!(crate::domain::settlement::DiscrepancyClass);
    vocabularies!(crate::domain::settlement::GivenBasis);
    vocabularies!(crate::domain::task::TaskAudience);
    vocabularies!(crate::domain::task::TaskKind);
    vocabularies!(crate::domain::treatment_plan::PlanOutcome);
    vocabularies!(crate::domain::treatment_plan::PlanState);
    vocabularies!(crate::domain::treatment_plan::WeightBasis);

    amounts!(Micrograms, MicrogramsPerMillilitre, MicrolitresPerHour, Microlitres, Grams, Millimetres);
    amounts!(MicrogramsPerKilogram, MicrogramsPerKilogramHour, TenthsCelsius, OxygenMillilitresPerMinute);
    amounts!(Systolic, Diastolic, HeartRate, RespiratoryRate, OxygenSaturation);
}
