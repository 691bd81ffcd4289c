//! The bodies and views of diagnoses and allergies, and what every list shares.

use crate::api::wire::Day;
use crate::domain::allergy::{self, Allergy, AllergyFields, AllergyKind, AllergyStatus};
use crate::domain::chart::{ChartItem, ChartStatus, Draft, Listed, Severity, Statement, StatementFields};
use crate::domain::condition::{Condition, ConditionFields};
use crate::domain::consent::{CircumstanceKind, says_pregnant};
use crate::domain::id::{AllergyId, ConditionId, PatientId, StaffId};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What every statement of a chart carries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementView {
    id: Uuid,
    patient_id: PatientId,
    status: ChartStatus,
    /// The statement this one replaces.
    amends_id: Option<Uuid>,
    /// The later statement that replaces this one; null while it stands.
    amended_by_id: Option<Uuid>,
    /// Why it replaces the other.
    #[schema(example = "the patient brought the box")]
    reason: Option<String>,
    recorded_at: Timestamp,
    recorded_by: StaffId,
}

impl StatementView {
    pub(super) fn of<T: ChartItem>(listed: &Listed<T>) -> Self {
        let statement = &listed.statement;
        Self {
            id: statement.id.into(),
            patient_id: statement.patient,
            status: statement.status,
            amends_id: statement.amends.map(Into::into),
            amended_by_id: listed.amended_by.map(Into::into),
            reason: statement.reason.clone(),
            recorded_at: statement.recorded_at,
            recorded_by: statement.recorded_by,
        }
    }
}

/// A thing of a chart on the wire: how its body is read, how its statements and its list are shown.
pub trait Spoken: ChartItem {
    /// What a client sends.
    type Body: serde::de::DeserializeOwned + Send + 'static;
    /// One statement.
    type View: Serialize;
    /// The whole list.
    type List: Serialize;

    /// Checks a body.
    ///
    /// # Errors
    /// With every wrong field.
    fn draft(body: &Self::Body, now: Timestamp) -> Result<Draft<Self>, Refusal>;
    /// Shows a statement.
    fn view(listed: &Listed<Self>) -> Self::View;
    /// Shows the list.
    fn list(listed: &[Listed<Self>]) -> Self::List;
    /// The change in the patient's life that it says, when that calls for a new consent.
    fn changes(_: &Statement<Self>) -> Option<CircumstanceKind> {
        None
    }
}

/// A diagnosis in ICD-10-CM.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCondition, example = json!({"code": "G43.709", "onset_date": "2019-05-01"}))]
pub struct ConditionBody {
    /// ICD-10-CM code.
    #[schema(max_length = 8)]
    code: Option<String>,
    /// The diagnosis in words; a headache is named after its code without them.
    #[schema(max_length = 300)]
    text: Option<String>,
    /// Since when.
    onset_date: Option<Day>,
    /// `active` without it.
    status: Option<ChartStatus>,
    /// The statement this one replaces.
    amends_id: Option<ConditionId>,
    /// Why it replaces it.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A diagnosis.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Condition)]
pub struct ConditionView {
    #[serde(flatten)]
    statement: StatementView,
    #[schema(example = "G43.709")]
    code: String,
    #[schema(example = "Chronic migraine without aura")]
    text: Option<String>,
    /// Whether it is a migraine (`G43`) or another headache syndrome (`G44`).
    headache: bool,
    onset_date: Option<Day>,
}

/// The diagnoses of a patient, newest first, with what was replaced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConditionList)]
pub struct ConditionListView {
    items: Vec<ConditionView>,
}

impl Spoken for Condition {
    type Body = ConditionBody;
    type View = ConditionView;
    type List = ConditionListView;

    fn changes(statement: &Statement<Self>) -> Option<CircumstanceKind> {
        let pregnant = statement.status == ChartStatus::Active && says_pregnant(&statement.what.code);
        pregnant.then_some(CircumstanceKind::Pregnancy)
    }

    fn draft(body: &ConditionBody, _: Timestamp) -> Result<Draft<Self>, Refusal> {
        let statement =
            StatementFields { status: body.status, amends_id: body.amends_id, reason: body.reason.as_deref() };
        let fields = ConditionFields {
            code: body.code.as_deref().unwrap_or_default(),
            text: body.text.as_deref(),
            onset_date: body.onset_date.map(|day| day.0),
        };
        Draft::parse(statement, |errors| fields.parse(errors))
    }

    fn view(listed: &Listed<Self>) -> ConditionView {
        let condition = &listed.statement.what;
        ConditionView {
            statement: StatementView::of(listed),
            code: condition.code.as_str().to_owned(),
            text: condition.text.clone(),
            headache: condition.code.is_headache(),
            onset_date: condition.onset_date.map(Day),
        }
    }

    fn list(listed: &[Listed<Self>]) -> ConditionListView {
        ConditionListView { items: listed.iter().map(Self::view).collect() }
    }
}

/// An allergy, or the statement that none is known.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAllergy, example = json!({"kind": "allergy", "substance": "latex", "reaction": "hives", "severity": "mild"}))]
pub struct AllergyBody {
    /// `none_known` takes no other member.
    kind: AllergyKind,
    /// To what.
    #[schema(max_length = 200)]
    substance: Option<String>,
    /// What happened.
    #[schema(max_length = 500)]
    reaction: Option<String>,
    /// How bad.
    severity: Option<Severity>,
    /// `active` without it.
    status: Option<ChartStatus>,
    /// The statement this one replaces.
    amends_id: Option<AllergyId>,
    /// Why it replaces it.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// An entry of the allergy list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Allergy)]
pub struct AllergyView {
    #[serde(flatten)]
    statement: StatementView,
    kind: AllergyKind,
    #[schema(example = "latex")]
    substance: Option<String>,
    #[schema(example = "hives")]
    reaction: Option<String>,
    severity: Option<Severity>,
}

/// The allergies of a patient, newest first, with what was replaced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AllergyList)]
pub struct AllergyListView {
    /// What the list says as a whole: an empty list is a question nobody asked.
    allergies: AllergyStatus,
    items: Vec<AllergyView>,
}

impl Spoken for Allergy {
    type Body = AllergyBody;
    type View = AllergyView;
    type List = AllergyListView;

    fn draft(body: &AllergyBody, _: Timestamp) -> Result<Draft<Self>, Refusal> {
        let statement =
            StatementFields { status: body.status, amends_id: body.amends_id, reason: body.reason.as_deref() };
        let fields = AllergyFields {
            kind: body.kind,
            substance: body.substance.as_deref(),
            reaction: body.reaction.as_deref(),
            severity: body.severity,
        };
        Draft::parse(statement, |errors| fields.parse(errors))
    }

    fn view(listed: &Listed<Self>) -> AllergyView {
        let (substance, reaction, severity) = match &listed.statement.what {
            Self::NoneKnown => (None, None, None),
            Self::To { substance, reaction, severity } => (Some(substance.clone()), reaction.clone(), *severity),
        };
        let kind = listed.statement.what.kind();
        AllergyView { statement: StatementView::of(listed), kind, substance, reaction, severity }
    }

    fn list(listed: &[Listed<Self>]) -> AllergyListView {
        AllergyListView { allergies: allergy::status(listed), items: listed.iter().map(Self::view).collect() }
    }
}
