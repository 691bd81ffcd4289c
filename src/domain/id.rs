//! One type for each kind of id, so that a patient's id can never be passed where a session's is meant.

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The bare value, for a place that holds ids of several kinds.
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.as_hyphenated().fmt(f) }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self { id.0 }
        }

        impl From<$name> for super::record::Canonical {
            fn from(id: $name) -> Self { id.0.into() }
        }
    )+};
}

ids! {
    /// A clinic: the unit of tenancy and of scale.
    ClinicId,
    /// A person who can sign in, across all clinics.
    AccountId,
    /// An account's membership of one clinic: the actor of every entry there.
    StaffId,
    /// One sign-in on one device, from login to logout.
    LoginSessionId,
    /// A chair or room where a patient is treated.
    RoomId,
    /// A patient of one clinic.
    PatientId,
    /// A number under which somebody else knows a patient.
    PatientIdentifierId,
    /// A diagnosis on a patient's list.
    ConditionId,
    /// An allergy on a patient's list, or the statement that none is known.
    AllergyId,
    /// A medicine on a patient's list.
    MedicationId,
    /// A treatment the patient tried earlier.
    EarlierTreatmentId,
    /// One set of answers to the screening questions.
    ScreeningId,
    /// A prescriber's decision on one set of answers.
    ScreeningDecisionId,
    /// One set of answers to an outcome scale (HIT-6, PHQ-9, MIDAS, NRS).
    OutcomeScoreId,
    /// A prescriber's review of an alarming score.
    OutcomeScoreReviewId,
    /// One version of a consent form.
    ConsentTemplateId,
    /// One patient's consent.
    ConsentId,
    /// One signature on a consent.
    SignatureId,
    /// One withdrawal of consent.
    WithdrawalId,
    /// Somebody's report that a patient may want to withdraw.
    WithdrawalReportId,
    /// One version of a clinic's policy: thresholds, intervals, limits.
    PolicyId,
    /// One version of a treatment protocol.
    ProtocolId,
    /// One version of a patient's treatment plan.
    TreatmentPlanId,
    /// One visit to the chair.
    SessionId,
    /// One signed or drafted set of day-of answers for one session.
    PrecheckId,
    /// One line of a session's history.
    TransitionId,
    /// One statement about who takes the patient home.
    EscortId,
    /// One hand-over of a session.
    HandoverId,
    /// One absence of a member of staff.
    AbsenceId,
    /// One conversation with a patient.
    AppointmentId,
    /// One resource held by one session.
    BookingId,
    /// The prescriber's order for one session, made by releasing it.
    OrderId,
    /// A syringe, bag or nebulizer fill prepared for one session.
    PreparationId,
    /// Something that happened to the drug: a start, a rate, a bolus, a pause.
    DosingEventId,
    /// One row of the flowsheet.
    ObservationId,
    /// Something that needs a named person's attention.
    AlertId,
    /// One thing a person did about an alert.
    AlertActionId,
    /// An adverse event.
    AdverseEventId,
    /// A drug settlement of a session: given, wasted, unexplained.
    SettlementId,
    /// Work that waits for somebody.
    TaskId,
    /// An auditor's case: the charts it may open.
    AuditCaseId,
    /// A restriction of a patient's chart to those it names.
    RestrictionId,
    /// A restricted chart opened in an emergency.
    BreakGlassId,
    /// One disclosure of a patient's record to somebody outside the clinic.
    DisclosureId,
    /// A proof that a person re-authenticated for one act.
    SigningTokenId,
    /// One request, made by the server.
    RequestId,
}
