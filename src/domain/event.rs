//! Everything that can happen, as data: the vocabulary of the trail.
//!
//! One event is one changed record and one entry of the clinic's trail (engineering.md 8). The stream of events
//! carries the same words.

use super::id::PatientId;
use super::record::Record;
use uuid::Uuid;

words! {
    /// What happened: `<noun>.<past participle>`, one section a noun.
    pub enum EventKind {
        // access
        /// Somebody signed in.
        SignedIn = "auth.signed_in",
        /// A sign-in failed.
        SignInFailed = "auth.sign_in_failed",
        /// A secret was tried too often to be looked at.
        SignInLimited = "auth.sign_in_limited",
        /// A secret was tried for a password that too many failures have disabled.
        PasswordDisabled = "auth.password_disabled",
        /// A token did not count; the reason says why.
        TokenRejected = "auth.token_rejected",
        /// A refresh token was rotated.
        TokenRefreshed = "auth.refreshed",
        /// An answer with a refresh token was lost: it was replaced by another.
        RefreshReplaced = "auth.refresh_replaced",
        /// A refresh token was used twice: its family is revoked.
        RefreshReused = "auth.refresh_reused",
        /// Somebody signed out.
        SignedOut = "auth.signed_out",
        /// A sign-in was ended before its time.
        SignInEnded = "auth.session_ended",
        /// Somebody changed their own password.
        PasswordChanged = "auth.password_changed",
        /// A password was right, and a second factor is asked for.
        FactorAsked = "auth.factor_asked",
        /// Somebody was shown the secret of a second factor.
        FactorOffered = "auth.factor_offered",
        /// Somebody's second factor came into force.
        FactorEnrolled = "auth.factor_enrolled",
        /// Somebody took their own second factor away.
        FactorRemoved = "auth.factor_removed",
        /// A lost second factor was taken away.
        FactorReset = "auth.factor_reset",
        /// Somebody was given recovery codes.
        RecoveryCodesIssued = "auth.recovery_codes_issued",
        /// A recovery code was used.
        RecoveryCodeUsed = "auth.recovery_code_used",
        /// An administrator issued a link to a password.
        LinkIssued = "auth.link_issued",
        /// Somebody chose a password with a link.
        LinkUsed = "auth.link_used",
        /// A person proved presence for one act.
        SigningTokenIssued = "auth.signing_token_issued",
        /// A request was refused for lack of permission.
        Denied = "authz.denied",
        // clinic
        /// The host printed a token for the first clinic.
        BootstrapTokenIssued = "installation.token_issued",
        /// A clinic was set up.
        ClinicCreated = "clinic.created",
        /// A member of staff was added.
        StaffAdded = "staff.added",
        /// A member's roles, name or state changed.
        StaffChanged = "staff.changed",
        /// An absence of a member of staff was noted.
        AbsenceNoted = "staff.absence_noted",
        /// A chair or room was added.
        RoomAdded = "room.added",
        // patients
        /// A patient was registered.
        PatientRegistered = "patient.registered",
        /// A patient's demographics changed.
        PatientChanged = "patient.changed",
        /// A diagnosis was added to the list.
        ConditionRecorded = "condition.recorded",
        /// An allergy, or that none is known, was recorded.
        AllergyRecorded = "allergy.recorded",
        /// A medicine was recorded.
        MedicationRecorded = "medication.recorded",
        /// An earlier treatment was recorded.
        EarlierTreatmentRecorded = "earlier_treatment.recorded",
        // screening
        /// Screening answers were recorded.
        ScreeningRecorded = "screening.recorded",
        /// A prescriber decided on a screening.
        ScreeningDecided = "screening.decided",
        /// An outcome scale was recorded.
        OutcomeScoreRecorded = "outcome_score.recorded",
        /// A prescriber reviewed an alarming score.
        OutcomeScoreReviewed = "outcome_score.reviewed",
        // consent
        /// A form version was drafted.
        ConsentTemplateDrafted = "consent_template.drafted",
        /// A form version was published: its bytes are frozen.
        ConsentTemplatePublished = "consent_template.published",
        /// A consent was drafted from a form.
        ConsentDrafted = "consent.drafted",
        /// Somebody signed a consent.
        ConsentSignatureAdded = "consent.signature_added",
        /// A consent came into force.
        ConsentActivated = "consent.activated",
        /// A consent was replaced by a newer one.
        ConsentSuperseded = "consent.superseded",
        /// A consent was withdrawn.
        ConsentWithdrawn = "consent.withdrawn",
        /// A consent's time ran out.
        ConsentExpired = "consent.expired",
        /// A draft was voided.
        ConsentVoided = "consent.voided",
        /// What a patient withdrew from was recorded.
        WithdrawalRecorded = "withdrawal.recorded",
        /// A wish to withdraw was noted, to be asked again when the patient is sober.
        WithdrawalWishNoted = "consent.withdrawal_wish_noted",
        /// Somebody reported that a patient may want to withdraw.
        WithdrawalReported = "withdrawal.reported",
        /// A clinician resolved such a report or wish.
        WithdrawalReportResolved = "withdrawal.resolved",
        // protocols and plans
        /// A policy version was approved.
        PolicyApproved = "policy.approved",
        /// A protocol version was drafted.
        ProtocolDrafted = "protocol.drafted",
        /// A protocol version was published.
        ProtocolPublished = "protocol.published",
        /// A treatment plan was drafted.
        TreatmentPlanDrafted = "treatment_plan.drafted",
        /// A draft plan was edited.
        TreatmentPlanChanged = "treatment_plan.changed",
        /// A treatment plan was activated.
        TreatmentPlanActivated = "treatment_plan.activated",
        /// A treatment plan was revised.
        TreatmentPlanRevised = "treatment_plan.revised",
        /// A treatment plan was closed.
        TreatmentPlanClosed = "treatment_plan.closed",
        // appointments
        /// A conversation was booked.
        AppointmentBooked = "appointment.booked",
        /// A conversation was moved, reassigned or annotated.
        AppointmentChanged = "appointment.changed",
        /// A conversation was called off.
        AppointmentCancelled = "appointment.cancelled",
        /// Staff and patient met.
        AppointmentAttended = "appointment.attended",
        /// The patient did not come to a conversation, or did not answer.
        AppointmentMissed = "appointment.missed",
        // sessions
        /// A session was booked.
        SessionScheduled = "session.scheduled",
        /// A session was moved, reassigned or annotated.
        SessionChanged = "session.changed",
        /// The patient arrived.
        SessionCheckedIn = "session.checked_in",
        /// A check-in was undone.
        SessionCheckInUndone = "session.check_in_undone",
        /// A session was cancelled.
        SessionCancelled = "session.cancelled",
        /// The patient did not come.
        SessionNoShow = "session.no_show",
        /// A cancelled or missed session was taken up again.
        SessionReinstated = "session.reinstated",
        /// An escort was named or seen.
        SessionEscortSet = "session.escort_set",
        /// The pre-check was signed.
        SessionPrechecked = "session.prechecked",
        /// The prescriber released the session: the order.
        SessionReleased = "session.released",
        /// The drug was prepared and double-checked.
        SessionPrepared = "session.prepared",
        /// Drug began to run.
        SessionStarted = "session.started",
        /// A start was taken back: no drug ran.
        SessionStartRetracted = "session.start_retracted",
        /// Drug was paused.
        SessionPaused = "session.paused",
        /// Drug was resumed.
        SessionResumed = "session.resumed",
        /// Drug was stopped.
        SessionStopped = "session.stopped",
        /// What the pump really did was confirmed at the chair.
        SessionPumpConfirmed = "session.pump_confirmed",
        /// An emergency was raised.
        SessionEmergencyRaised = "session.emergency_raised",
        /// An emergency ended.
        SessionEmergencyEnded = "session.emergency_ended",
        /// The session ended before any drug ran.
        SessionAborted = "session.aborted",
        /// The patient left.
        SessionCompleted = "session.completed",
        /// The books were settled and the session locked.
        SessionClosed = "session.closed",
        /// The nurse in charge changed.
        SessionHandedOver = "session.handed_over",
        // visits
        /// A pre-check was saved, as a draft or signed.
        PrecheckRecorded = "precheck.recorded",
        /// The prescriber signed an order.
        OrderSigned = "order.signed",
        /// A syringe, bag or fill was recorded, or corrected.
        PreparationRecorded = "preparation.recorded",
        /// Somebody said until when they are in the house.
        PresenceSet = "staff.presence_set",
        // dosing
        /// The pump's state or the infusion's counter changed with an entry of the drug record.
        SessionInfusionChanged = "session.infusion_changed",
        /// A dosing event was recorded.
        DosingRecorded = "dosing.recorded",
        /// A dosing event was corrected.
        DosingAmended = "dosing.amended",
        /// The drug of a session was settled: given, wasted, unexplained.
        DrugSettled = "drug.settled",
        // monitoring
        /// A flowsheet row was recorded.
        ObservationRecorded = "observation.recorded",
        /// A flowsheet row was corrected or marked as an error.
        ObservationAmended = "observation.amended",
        /// An alert was raised.
        AlertRaised = "alert.raised",
        /// An alert changed its level.
        AlertChanged = "alert.changed",
        /// A named person acknowledged an alert with an action.
        AlertAcknowledged = "alert.acknowledged",
        /// An alert was resolved.
        AlertResolved = "alert.resolved",
        /// A task was opened for somebody.
        TaskOpened = "task.opened",
        /// A task was done.
        TaskDone = "task.done",
        // audit
        /// An auditor opened a case.
        AuditCaseOpened = "audit_case.opened",
        /// An auditor closed a case.
        AuditCaseClosed = "audit_case.closed",
        /// The detail of an entry was erased; the entry itself stays.
        DetailErased = "audit.detail.erased",
        // host
        /// The host's operator did something from the command line.
        HostActed = "host.acted",
    }
}

/// The record an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The kind of record, for example `session`.
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
    /// Its version after the change.
    pub version: i64,
}

impl Subject {
    /// The record of this kind, id and version.
    pub fn new(kind: &'static str, id: impl Into<Uuid>, version: i64) -> Self {
        Self { kind, id: id.into(), version }
    }
}

/// One thing that happened to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub subject: Subject,
    /// Whose record it is, if a patient's.
    pub patient: Option<PatientId>,
    /// The canonical record after the change; its hash links the row to the trail.
    pub record: Option<Record>,
    /// The fact that was written beside it, where there is one: a line of history, what was done about an alert.
    pub fact: Option<Record>,
    /// Why, where a reason was asked for.
    pub reason: Option<String>,
}

impl Event {
    /// An event about a patient's record.
    pub fn of_patient(kind: EventKind, patient: PatientId, subject: Subject, record: Record) -> Self {
        Self { kind, subject, patient: Some(patient), record: Some(record), fact: None, reason: None }
    }

    /// An event about a record that is no patient's.
    pub fn of_clinic(kind: EventKind, subject: Subject, record: Record) -> Self {
        Self { kind, subject, patient: None, record: Some(record), fact: None, reason: None }
    }

    /// Something that happened and changed no record that is kept: a wrong password, a refreshed token.
    pub fn noted(kind: EventKind, subject: Subject) -> Self {
        Self { kind, subject, patient: None, record: None, fact: None, reason: None }
    }

    /// Adds the fact that is written beside the record.
    #[must_use]
    pub fn beside(self, fact: Record) -> Self {
        Self { fact: Some(fact), ..self }
    }

    /// Adds why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}
