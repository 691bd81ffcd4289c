//! The bodies and views of medicines and earlier treatments.

use super::body::{Spoken, StatementView};
use crate::domain::chart::{ChartStatus, Draft, Listed, StatementFields};
use crate::domain::earlier_treatment::{
    EarlierTreatment, EarlierTreatmentFields, TreatmentClass, WhyStopped, failed_preventive_classes,
};
use crate::domain::id::{EarlierTreatmentId, MedicationId};
use crate::domain::medication::{Medication, MedicationFields, MedicineClass};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A medicine the patient takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMedication, example = json!({"name": "sertraline", "class": "ssri", "dose_text": "100 mg every morning"}))]
pub struct MedicationBody {
    /// Name of the medicine.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Its class.
    class: MedicineClass,
    /// How much, how often, in words.
    #[schema(max_length = 200)]
    dose_text: Option<String>,
    /// When it was last taken.
    last_taken_at: Option<Timestamp>,
    /// `active` without it; `inactive` once it is no longer taken.
    status: Option<ChartStatus>,
    /// The statement this one replaces.
    amends_id: Option<MedicationId>,
    /// Why it replaces it.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A medicine on the list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Medication)]
pub struct MedicationView {
    #[serde(flatten)]
    statement: StatementView,
    #[schema(example = "sertraline")]
    name: String,
    class: MedicineClass,
    antidepressant: bool,
    /// What to think of beside ketamine, if anything.
    caution: Option<&'static str>,
    #[schema(example = "100 mg every morning")]
    dose_text: Option<String>,
    last_taken_at: Option<Timestamp>,
}

/// The medicines of a patient, newest first, with what was replaced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MedicationList)]
pub struct MedicationListView {
    items: Vec<MedicationView>,
}

impl Spoken for Medication {
    type Body = MedicationBody;
    type View = MedicationView;
    type List = MedicationListView;

    fn draft(body: &MedicationBody, now: Timestamp) -> Result<Draft<Self>, Refusal> {
        let statement =
            StatementFields { status: body.status, amends_id: body.amends_id, reason: body.reason.as_deref() };
        let fields = MedicationFields {
            name: body.name.as_deref().unwrap_or_default(),
            class: body.class,
            dose_text: body.dose_text.as_deref(),
            last_taken_at: body.last_taken_at,
        };
        Draft::parse(statement, |errors| fields.parse(now, errors))
    }

    fn view(listed: &Listed<Self>) -> MedicationView {
        let medicine = listed.statement.what.clone();
        MedicationView {
            statement: StatementView::of(listed),
            name: medicine.name,
            class: medicine.class,
            antidepressant: medicine.class.is_antidepressant(),
            caution: medicine.class.caution(),
            dose_text: medicine.dose_text,
            last_taken_at: medicine.last_taken_at,
        }
    }

    fn list(listed: &[Listed<Self>]) -> MedicationListView {
        MedicationListView { items: listed.iter().map(Self::view).collect() }
    }
}

/// A treatment that was tried before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEarlierTreatment, example = json!({"class": "beta_blocker", "name": "propranolol", "dose_text": "80 mg twice a day", "weeks": 16, "why_stopped": "no_effect"}))]
pub struct EarlierTreatmentBody {
    /// Its class.
    class: TreatmentClass,
    /// Its name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Dose, in words.
    #[schema(max_length = 200)]
    dose_text: Option<String>,
    /// For how long.
    #[schema(minimum = 0, maximum = 5200)]
    weeks: Option<i64>,
    /// Why it was stopped.
    why_stopped: WhyStopped,
    /// More about why.
    #[schema(max_length = 1000)]
    detail: Option<String>,
    /// `active`, or `entered_in_error` to strike the statement named.
    status: Option<ChartStatus>,
    /// The statement this one replaces.
    amends_id: Option<EarlierTreatmentId>,
    /// Why it replaces it.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A treatment that was tried before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EarlierTreatment)]
pub struct EarlierTreatmentView {
    #[serde(flatten)]
    statement: StatementView,
    class: TreatmentClass,
    #[schema(example = "propranolol")]
    name: String,
    #[schema(example = "80 mg twice a day")]
    dose_text: Option<String>,
    weeks: Option<i64>,
    why_stopped: WhyStopped,
    detail: Option<String>,
}

/// What was tried before, newest first, with what was replaced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EarlierTreatmentList)]
pub struct EarlierTreatmentListView {
    /// The preventive classes that failed, each once: three make a migraine resistant.
    failed_preventive_classes: Vec<TreatmentClass>,
    items: Vec<EarlierTreatmentView>,
}

impl Spoken for EarlierTreatment {
    type Body = EarlierTreatmentBody;
    type View = EarlierTreatmentView;
    type List = EarlierTreatmentListView;

    fn draft(body: &EarlierTreatmentBody, _: Timestamp) -> Result<Draft<Self>, Refusal> {
        let statement =
            StatementFields { status: body.status, amends_id: body.amends_id, reason: body.reason.as_deref() };
        let fields = EarlierTreatmentFields {
            class: body.class,
            name: body.name.as_deref().unwrap_or_default(),
            dose_text: body.dose_text.as_deref(),
            weeks: body.weeks,
            why_stopped: body.why_stopped,
            detail: body.detail.as_deref(),
        };
        Draft::parse(statement, |errors| fields.parse(errors))
    }

    fn view(listed: &Listed<Self>) -> EarlierTreatmentView {
        let EarlierTreatment { class, name, dose_text, weeks, why_stopped, detail } = listed.statement.what.clone();
        EarlierTreatmentView {
            statement: StatementView::of(listed),
            class,
            name,
            dose_text,
            weeks,
            why_stopped,
            detail,
        }
    }

    fn list(listed: &[Listed<Self>]) -> EarlierTreatmentListView {
        EarlierTreatmentListView {
            failed_preventive_classes: failed_preventive_classes(listed),
            items: listed.iter().map(Self::view).collect(),
        }
    }
}
