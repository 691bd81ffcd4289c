//! The day-of check at the chair: what is asked again before every infusion, because it can have changed since the
//! screening. Unknown is not no: it is kept as unknown and stands in the way of the start (decisions.md 24).
//!
//! Each saving is a new numbered fact; the newest is in force. Nothing that was signed is ever overwritten.

#[cfg(test)]
mod tests;

use crate::domain::event::{Event, EventKind, Subject};
use crate::domain::id::{PrecheckId, StaffId};
use crate::domain::quantity::{Grams, Millimetres};
use crate::domain::record::{Canonical, Record};
use crate::domain::refusal::{FieldErrors, Override, Refusal};
use crate::domain::route::Route;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::domain::visit::{Deed, Visit};

words! {
    /// A question that is asked at every visit (clinical.md 2, "re-ask at every visit"; decisions.md 18 for the last two).
    pub enum DayQuestion {
        /// May the patient be pregnant?
        Pregnancy = "pregnancy",
        /// Any new heart, brain, blood vessel or eye event since the last visit?
        NewHeartBrainEyeEvent = "new_heart_brain_eye_event",
        /// Any new symptom today, dizziness, infection, a different headache?
        NewSymptoms = "new_symptoms",
        /// Any new or changed medicine?
        NewMedicines = "new_medicines",
        /// Any unwanted effect since the last visit?
        AdverseEventSinceLast = "adverse_event_since_last",
        /// Alcohol or other drugs in the last 24 hours?
        AlcoholOrDrugs24h = "alcohol_or_drugs_24h",
        /// Thoughts of suicide or self-harm?
        SuicidalThoughts = "suicidal_thoughts",
        /// Does the patient understand, weigh and choose?
        HasCapacity = "has_capacity",
        /// Asthma or another airway disease? Nebulized only.
        AsthmaOrAirwayDisease = "asthma_or_airway_disease",
        /// Is the room ventilated and exhaled drug scavenged? Nebulized only.
        RoomVentilationConfirmed = "room_ventilation_confirmed",
    }

    /// What was answered.
    pub enum DayAnswer {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// Not known, or not answered by the patient.
        Unknown = "unknown",
        /// The question cannot apply to this patient.
        NotApplicable = "not_applicable",
    }

    /// Where the weight comes from.
    pub enum WeightSource {
        /// On the clinic's scale, today.
        Measured = "measured",
        /// As the patient said.
        Stated = "stated",
    }

    /// What an answer means for the start.
    pub enum Meaning {
        /// Nothing in the way.
        Clear = "clear",
        /// A prescriber has to look, or the start has to wait.
        Concern = "concern",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

impl DayQuestion {
    /// Whether it is asked for this route.
    pub fn is_asked_for(self, route: Route) -> bool {
        !matches!(self, Self::AsthmaOrAirwayDisease | Self::RoomVentilationConfirmed) || route == Route::Nebulized
    }

    /// Whether `not_applicable` is an answer to it: only where the question can be empty of sense.
    pub fn can_be_not_applicable(self) -> bool {
        matches!(self, Self::Pregnancy | Self::AdverseEventSinceLast)
    }

    /// What this answer means.
    pub fn meaning(self, answer: DayAnswer) -> Meaning {
        let wanted = match self {
            Self::HasCapacity | Self::RoomVentilationConfirmed => DayAnswer::Yes,
            _ => DayAnswer::No,
        };
        match answer {
            DayAnswer::Unknown => Meaning::Unknown,
            answer if answer == wanted => Meaning::Clear,
            DayAnswer::NotApplicable if self.can_be_not_applicable() => Meaning::Clear,
            _ => Meaning::Concern,
        }
    }

    /// Who may set a concern aside. Capacity and ventilation have to be put right; pregnancy is an absolute
    /// contraindication in most clinics and goes back to the screening (clinical.md 2).
    pub fn concern_overridable(self) -> Override {
        match self {
            Self::HasCapacity | Self::RoomVentilationConfirmed | Self::Pregnancy => Override::None,
            _ => Override::Prescriber,
        }
    }
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayReply {
    /// What was asked.
    pub question: DayQuestion,
    /// What was answered.
    pub answer: DayAnswer,
    /// In words, where it needs them.
    pub detail: Option<String>,
}

/// What the nurse fills in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrecheckForm {
    /// The answers, each question at most once.
    pub replies: Vec<DayReply>,
    /// Last clear fluid.
    pub clear_fluids_at: Option<Timestamp>,
    /// Last food.
    pub food_at: Option<Timestamp>,
    /// Weight of the day.
    pub weight: Option<Grams>,
    /// Measured or stated.
    pub weight_source: Option<WeightSource>,
    /// Height, where the order doses by ideal or adjusted weight.
    pub height: Option<Millimetres>,
    /// When the patient said again today that they want this.
    pub consent_reaffirmed_at: Option<Timestamp>,
    /// Emergency kit and monitor alarms of this chair were checked today.
    pub kit_ok: Option<bool>,
    /// Where the cannula sits, and its gauge.
    pub iv_site: Option<String>,
    /// Anything else.
    pub note: Option<String>,
    /// Whether the nurse signs it; unsigned is a draft.
    pub sign: bool,
}

/// The day-of check of one session, as saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precheck {
    /// Its id.
    pub id: PrecheckId,
    /// Which visit.
    pub visit: Visit,
    /// 1 for the first saving of this session, then one more each time: the version of the wire.
    pub number: i64,
    /// What was filled in.
    pub form: PrecheckForm,
    /// Who saved it.
    pub recorded_by: StaffId,
    /// When the server saved it.
    pub recorded_at: Timestamp,
}

impl Precheck {
    /// Saves the form, as a draft or signed, on top of the newest saving there is.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every field that cannot be right. A signed form needs an answer to every question of
    /// the route; `unknown` is one.
    pub fn save(
        id: PrecheckId,
        visit: Visit,
        newest: Option<i64>,
        form: PrecheckForm,
        deed: Deed,
    ) -> Result<(Self, Event), Refusal> {
        form.check(visit.route, &deed)?;
        let number = newest.unwrap_or(0).saturating_add(1);
        let precheck = Self { id, visit, number, form, recorded_by: deed.by.staff, recorded_at: deed.at };
        let event = Event::of_patient(
            EventKind::PrecheckRecorded,
            visit.patient,
            Subject::new("precheck", id, number),
            precheck.record(),
        );
        Ok((precheck, event))
    }

    /// The answer to a question, if it was asked.
    pub fn answer(&self, question: DayQuestion) -> Option<DayAnswer> {
        self.form.replies.iter().find(|reply| reply.question == question).map(|reply| reply.answer)
    }

    /// Every question of the route whose answer has this meaning, in the order they are asked; a question without a
    /// reply is unknown.
    pub fn questions_meaning(&self, meaning: Meaning) -> Vec<DayQuestion> {
        let asked = DayQuestion::ALL.iter().copied().filter(|question| question.is_asked_for(self.visit.route));
        asked
            .filter(|question| question.meaning(self.answer(*question).unwrap_or(DayAnswer::Unknown)) == meaning)
            .collect()
    }

    /// The canonical form.
    pub fn record(&self) -> Record {
        let form = &self.form;
        let replies: Vec<Canonical> = form.replies.iter().map(|reply| reply.record().into()).collect();
        Record::new("precheck", 1)
            .with("id", self.id)
            .with("session_id", self.visit.session)
            .with("patient_id", self.visit.patient)
            .with("number", self.number)
            .with("answers", Canonical::List(replies))
            .with("clear_fluids_at", form.clear_fluids_at)
            .with("food_at", form.food_at)
            .amount("weight_g", form.weight)
            .word("weight_source", form.weight_source.map(WeightSource::as_str))
            .amount("height_mm", form.height)
            .with("consent_reaffirmed_at", form.consent_reaffirmed_at)
            .with("kit_ok", form.kit_ok)
            .with("iv_site", form.iv_site.clone())
            .with("note", form.note.clone())
            .with("recorded_by", self.recorded_by)
            .with("recorded_at", self.recorded_at)
            .with("signed", form.sign)
    }
}

impl DayReply {
    fn record(&self) -> Record {
        Record::group()
            .word("question", Some(self.question.as_str()))
            .word("answer", Some(self.answer.as_str()))
            .with("detail", self.detail.clone())
    }
}

impl PrecheckForm {
    fn check(&self, route: Route, deed: &Deed) -> Result<(), Refusal> {
        let mut errors = FieldErrors::none();
        self.check_replies(route, &mut errors);
        deed.refuse_future("/clear_fluids_at", self.clear_fluids_at, &mut errors);
        deed.refuse_future("/food_at", self.food_at, &mut errors);
        deed.refuse_future("/consent_reaffirmed_at", self.consent_reaffirmed_at, &mut errors);
        if self.weight.is_some() != self.weight_source.is_some() {
            errors.add(
                "/weight_source",
                "required",
                "say whether the weight was measured or stated, and only with a weight",
            );
        }
        for (pointer, words, most) in [("/iv_site", &self.iv_site, 100), ("/note", &self.note, 4000)] {
            if let Some(words) = words {
                errors.take(text::checked(pointer, words, 1, most));
            }
        }
        if self.sign {
            for question in DayQuestion::ALL.iter().filter(|question| question.is_asked_for(route)) {
                if !self.replies.iter().any(|reply| reply.question == *question) {
                    errors.add(
                        "/answers",
                        "required",
                        format!("has no answer to {question}: to sign, each question needs one; unknown is one"),
                    );
                }
            }
            if self.kit_ok.is_none() {
                errors.add("/kit_ok", "required", "say whether kit and monitor alarms were checked");
            }
        }
        errors.finish()
    }

    fn check_replies(&self, route: Route, errors: &mut FieldErrors) {
        for (index, reply) in self.replies.iter().enumerate() {
            let pointer = |field: &str| format!("/answers/{index}/{field}");
            if self.replies.iter().take(index).any(|earlier| earlier.question == reply.question) {
                errors.add(pointer("question"), "repeated", "is answered more than once");
            }
            if !reply.question.is_asked_for(route) {
                errors.add(pointer("question"), "not_asked", "is not asked for this route");
            }
            if reply.answer == DayAnswer::NotApplicable && !reply.question.can_be_not_applicable() {
                errors.add(pointer("answer"), "not_applicable", "applies to every patient: yes, no or unknown");
            }
            if let Some(detail) = &reply.detail {
                errors.take(text::checked(&pointer("detail"), detail, 1, 1000));
            }
        }
    }
}

#[cfg(test)]
pub mod samples {
    //! A check with nothing in the way.
    use super::*;
    use crate::domain::quantity::Amount as _;
    use crate::domain::visit::samples::{deed, noon, visit};
    use uuid::Uuid;

    /// Every question of this route answered so that nothing stands in the way.
    pub fn clear_form(route: Route) -> PrecheckForm {
        let reply = |question: DayQuestion| {
            let answer = if question.meaning(DayAnswer::No) == Meaning::Clear { DayAnswer::No } else { DayAnswer::Yes };
            DayReply { question, answer, detail: None }
        };
        PrecheckForm {
            replies: DayQuestion::ALL
                .iter()
                .copied()
                .filter(|question| question.is_asked_for(route))
                .map(reply)
                .collect(),
            clear_fluids_at: Some(noon().plus_minutes(-180)),
            food_at: Some(noon().plus_minutes(-600)),
            weight: Grams::parse("70.5").ok(),
            weight_source: Some(WeightSource::Measured),
            height: None,
            consent_reaffirmed_at: Some(noon().plus_minutes(-20)),
            kit_ok: Some(true),
            iv_site: Some("left forearm, 22 G".to_owned()),
            note: None,
            sign: true,
        }
    }

    /// The same, signed.
    pub fn signed(route: Route) -> Precheck {
        Precheck::save(PrecheckId(Uuid::from_u128(20)), visit(route), None, clear_form(route), deed()).unwrap().0
    }
}
