//! The permission table: one line for each thing somebody may be allowed to do, with the roles that may.
//!
//! This is the whole policy. `docs/permissions.csv` is its reviewed oracle, kept by hand; the OpenAPI document's
//! `x-roles` and the test of every endpoint × role × clinic come from here.

mod kinds;

pub use kinds::{Flag, Line, Permission};

use super::role::Role;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $id:literal for [$($role:ident),*] $(with [$($flag:ident),*])?;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}
            impl Permission for $name {
                const ID: &'static str = $id;
                const ROLES: &'static [Role] = &[$(Role::$role),*];
                const FLAGS: &'static [Flag] = &[$($(Flag::$flag),*)?];
            }
        )+
        /// Every permission.
        pub const TABLE: &[Line] = &[$(Line { id: <$name>::ID, roles: <$name>::ROLES, flags: <$name>::FLAGS }),+];
    };
}

permissions! {
    // access
    /// Sign in, choose a clinic, rotate a refresh token.
    SignIn = "auth.login" for [] with [Strangers];
    /// Choose a password with a link.
    UseLink = "auth.link" for [] with [Strangers];
    /// Make the first clinic and its first administrator, with the token of the host.
    ClaimInstallation = "installation.claim" for [] with [Strangers];
    /// End one's own sign-in.
    SignOut = "auth.logout" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Enrolling];
    /// Prove presence for one act, alone or as second person.
    ProvePresence = "auth.reauth" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Enrolling];
    /// Change one's own password.
    ChangeOwnPassword = "self.password.change" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// See whether one has a second factor.
    ReadOwnFactor = "self.factor.read" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Enrolling];
    /// Set up a second factor, the first or another.
    EnrolFactor = "self.factor.enrol" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Signed, Enrolling];
    /// Put it in force with its first code.
    ConfirmFactor = "self.factor.confirm" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Enrolling];
    /// Get new recovery codes.
    RenewRecoveryCodes = "self.factor.recovery" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Signed];
    /// Take one's own second factor away.
    RemoveFactor = "self.factor.remove" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Signed];
    /// See where one is signed in.
    ReadLoginSessions = "self.sessions.list" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// End one's own sign-in on another device.
    EndLoginSession = "self.sessions.end" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Signed];
    /// See where a member is signed in.
    ReadLoginSessionsOfStaff = "user.sessions.list" for [Admin];
    /// Issue a link for a member to choose a new password with.
    IssueLink = "user.reset.issue" for [Admin] with [Signed];
    /// Take away a second factor whose owner lost it; another member vouches for them.
    ResetFactor = "user.factor.reset" for [Admin] with [Signed];
    /// End every sign-in of a member.
    EndLoginSessionsOfStaff = "user.sessions.end" for [Admin] with [Signed];
    /// Read one's own profile.
    ReadSelf = "self.profile" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Enrolling];

    // trail
    /// Read the trail: who saw a chart, what a person did.
    ReadTrail = "audit.read" for [Auditor] with [Discloses];
    /// Open an audit case: a number, a reason, and the charts it may open until when.
    OpenAuditCase = "audit.case.open" for [Auditor] with [Keyed];
    /// See which cases there are.
    ReadAuditCases = "audit.case.read" for [Auditor];
    /// End a case before its time.
    CloseAuditCase = "audit.case.close" for [Auditor] with [Keyed];
    /// Sign what the trail has become.
    SignCheckpoint = "audit.checkpoint.sign" for [Admin, Auditor] with [Jobs];
    /// Read the signed checkpoints: a root is no secret, and more copies are more witnesses.
    ReadCheckpoints = "audit.checkpoint.read" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// Prove that an entry is in the trail, or that the trail only grew.
    ProveTrail = "audit.verify" for [Admin, Auditor];

    // clinic
    /// Set up a clinic with its first administrator.
    BootstrapClinic = "clinic.bootstrap" for [] with [Host];
    /// Give somebody a new password: who forgot it, or whose old one too many guesses have disabled.
    ResetPassword = "account.password.reset" for [] with [Host];
    /// Erase the detail of an entry of the trail.
    EraseDetail = "audit.detail.erase" for [] with [Host];
    /// Take away a second factor that nobody in the house can.
    ResetFactorOnHost = "account.factor.reset" for [] with [Host];
    /// Read the clinic's settings.
    ReadClinic = "clinic.settings.read" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// See who works here, to pick a nurse or a witness.
    ReadStaff = "staff.directory.read" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// Add a member of staff.
    InviteStaff = "user.invite" for [Admin] with [Host];
    /// Change a member's name, state or roles.
    ChangeStaff = "user.role.change" for [Admin] with [Matched];
    /// Note that a member of staff is away.
    NoteAbsence = "staff.absence.note" for [Admin, Prescriber, Nurse, FrontDesk] with [Keyed];
    /// See when staff are away, and whom that concerns.
    ReadAbsences = "staff.absence.read" for [Admin, Prescriber, Nurse, FrontDesk] with [Discloses];
    /// See the chairs.
    ReadRooms = "room.read" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// Add a chair.
    AddRoom = "room.create" for [Admin];

    // patients
    /// Find patients by name, birth date, number or phone.
    SearchPatients = "patient.search" for [Prescriber, Nurse, FrontDesk] with [Discloses, Cased];
    /// Read a patient; the front desk sees the card only.
    ReadPatient = "patient.card.read" for [Prescriber, Nurse, FrontDesk] with [Cased];
    /// Register a patient.
    RegisterPatient = "patient.create" for [Prescriber, Nurse, FrontDesk];
    /// Correct a patient's demographics.
    ChangePatient = "patient.card.update" for [Prescriber, Nurse, FrontDesk] with [Matched];
    /// Read what is known of a patient: lists, screening, scores.
    ReadChart = "patient.clinical.read" for [Prescriber, Nurse] with [Cased];
    /// Add or correct a diagnosis.
    RecordCondition = "condition.record" for [Prescriber];
    /// Add or correct an allergy, a medicine or an earlier treatment.
    RecordHistory = "history.record" for [Prescriber, Nurse];

    // screening
    /// Record screening answers.
    RecordScreening = "screening.record" for [Prescriber, Nurse] with [Keyed];
    /// Clear a patient, or not.
    DecideScreening = "screening.decide" for [Prescriber] with [Keyed];
    /// Record an outcome score.
    RecordOutcomeScore = "outcome_score.record" for [Prescriber, Nurse] with [Keyed];
    /// Review a score whose item 9 is positive or missing.
    ReviewOutcomeScore = "outcome_score.review" for [Prescriber] with [Keyed];

    // protocols and plans
    /// Read the policy in force.
    ReadPolicy = "policy.read" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// Approve a new version of the policy.
    ApprovePolicy = "policy.approve" for [Prescriber] with [Signed, Keyed];
    /// Read the protocols.
    ReadProtocols = "protocol.read" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// Draft an edition of a protocol.
    DraftProtocol = "protocol.draft" for [Prescriber];
    /// Publish one.
    PublishProtocol = "protocol.approve" for [Prescriber] with [Signed];
    /// Read treatment plans; the front desk sees their cards only.
    ReadPlans = "plan.read" for [Prescriber, Nurse, FrontDesk] with [Cased];
    /// Draft a plan.
    DraftPlan = "plan.create" for [Prescriber];
    /// Change a draft.
    ChangePlan = "plan.update" for [Prescriber] with [Matched];
    /// Sign a plan.
    ActivatePlan = "plan.activate" for [Prescriber] with [Signed, Keyed, Matched];
    /// Replace a plan in force.
    RevisePlan = "plan.revise" for [Prescriber] with [Signed, Keyed];
    /// End a plan.
    ClosePlan = "plan.close" for [Prescriber] with [Keyed];
    /// See how far a plan has come.
    ReadPlanProgress = "plan.progress.read" for [Prescriber, Nurse] with [Cased];
    // consent
    /// Read consent forms.
    ReadConsentForms = "consent_form.read" for [Admin, Prescriber, Nurse, FrontDesk, Auditor];
    /// Draft a version of a consent form.
    DraftConsentForm = "consent_form.draft" for [Admin, Prescriber];
    /// Freeze a version of a consent form.
    PublishConsentForm = "consent_form.publish" for [Prescriber];
    /// See which consents a patient has, and until when: no diagnosis, no dose.
    ListConsents = "consent.list" for [Prescriber, Nurse, FrontDesk] with [Cased];
    /// See whose consent expires soon.
    ListExpiringConsents = "consent.expiring.list" for [Prescriber, Nurse, FrontDesk] with [Discloses];
    /// Present a form to a patient.
    PresentConsent = "consent.capture" for [Prescriber, Nurse] with [Keyed];
    /// Read a consent, its signatures and its document.
    ReadConsent = "consent.read" for [Prescriber, Nurse] with [Cased];
    /// Ask whether a consent is in force.
    CheckConsent = "consent.check" for [Prescriber, Nurse] with [Cased];
    /// Add a signature: clinicians capture the patient's, any member but the explainer may witness.
    AddConsentSignature = "consent.signature.add" for [Admin, Prescriber, Nurse, FrontDesk, Auditor] with [Keyed];
    /// Bring a consent into force.
    ActivateConsent = "consent.sign" for [Prescriber] with [Keyed, Matched];
    /// Withdraw a consent: the patient's right, never in a queue.
    WithdrawConsent = "consent.withdraw" for [Prescriber, Nurse] with [Urgent];
    /// Take back a draft.
    VoidConsent = "consent.void" for [Prescriber] with [Keyed];
    /// Report that a patient may want to withdraw.
    ReportWithdrawal = "withdrawal.report" for [Prescriber, Nurse, FrontDesk] with [Keyed];
    /// See such reports.
    ListWithdrawalReports = "withdrawal.report.list" for [Prescriber, Nurse, FrontDesk];
    /// Record what the patient answered.
    ResolveWithdrawalReport = "withdrawal.report.resolve" for [Prescriber, Nurse] with [Keyed];
    // appointments
    /// Book a conversation.
    BookAppointment = "appointment.book" for [Prescriber, Nurse, FrontDesk] with [Keyed];
    /// See the conversations of a day.
    ListAppointments = "appointment.list" for [Prescriber, Nurse, FrontDesk] with [Discloses];
    /// Read a conversation.
    ReadAppointment = "appointment.read" for [Prescriber, Nurse, FrontDesk];
    /// Move, reassign or annotate a conversation.
    ChangeAppointment = "appointment.change" for [Prescriber, Nurse, FrontDesk] with [Matched];
    /// Call a conversation off, or say whether it took place.
    SettleAppointment = "appointment.settle" for [Prescriber, Nurse, FrontDesk] with [Keyed, Matched];
    // sessions
    /// Book a visit.
    BookSession = "session.book" for [Prescriber, Nurse, FrontDesk] with [Keyed];
    /// Find a free time.
    ReadAvailability = "schedule.read" for [Prescriber, Nurse, FrontDesk];
    /// See the day chair by chair; the front desk sees initials only.
    ReadBoard = "session.board" for [Prescriber, Nurse, FrontDesk] with [Discloses];
    /// List visits; the front desk sees cards.
    ListSessions = "session.list" for [Prescriber, Nurse, FrontDesk] with [Discloses, Cased];
    /// Read a visit; the front desk sees a card.
    ReadSession = "session.read" for [Prescriber, Nurse, FrontDesk] with [Cased];
    /// Read what happened to a visit.
    ReadSessionHistory = "session.history.read" for [Prescriber, Nurse] with [Cased];
    /// Move, reassign or annotate a visit that is only booked.
    ChangeSession = "schedule.change" for [Prescriber, Nurse, FrontDesk] with [Matched];
    /// Note that a patient arrived.
    CheckInSession = "session.check_in" for [Prescriber, Nurse, FrontDesk] with [Keyed, Matched];
    /// Take an arrival back.
    UndoCheckIn = "session.undo_check_in" for [Prescriber, Nurse, FrontDesk] with [Keyed, Matched];
    /// Call a visit off.
    CancelSession = "session.cancel" for [Prescriber, Nurse, FrontDesk] with [Keyed, Matched];
    /// Note that a patient did not come.
    MarkNoShow = "session.no_show" for [Prescriber, Nurse, FrontDesk] with [Keyed, Matched];
    /// Take a cancelled or missed visit up again.
    ReinstateSession = "session.reinstate" for [Prescriber, Nurse, FrontDesk] with [Keyed, Matched];
    /// Name or see who takes the patient home.
    SetEscort = "session.escort.set" for [Prescriber, Nurse, FrontDesk];
    /// Put another person in charge.
    HandOverSession = "session.hand_over" for [Prescriber, Nurse] with [Keyed];
    /// End a visit before any drug ran.
    AbortSession = "session.abort" for [Prescriber, Nurse] with [Keyed];

    // monitoring
    /// Chart a row of the flowsheet; no proof of presence, ever (decisions.md 6).
    RecordObservation = "observation.record" for [Prescriber, Nurse] with [Keyed];
    /// Replay rows that a tablet kept offline; each row brings its own key.
    ReplayObservations = "observation.replay" for [Prescriber, Nurse];
    /// Read the flowsheet and which checks are due.
    ReadObservations = "observation.read" for [Prescriber, Nurse] with [Cased];
    /// Correct a row, or say that it should never have been.
    AmendObservation = "observation.amend" for [Prescriber, Nurse] with [Keyed];
    /// Move a row to the patient it belongs to.
    MoveObservation = "observation.move" for [Prescriber, Nurse] with [Keyed];
    /// See alerts.
    ReadAlerts = "alert.read" for [Prescriber, Nurse] with [Cased];
    /// Answer an alert with an action.
    AcknowledgeAlert = "alert.acknowledge" for [Prescriber, Nurse] with [Keyed];
    /// Record how an alert ended.
    ResolveAlert = "alert.resolve" for [Prescriber, Nurse] with [Keyed];
    /// See one's own list of tasks.
    ReadTasks = "task.read" for [Prescriber, Nurse, FrontDesk, Auditor];
    /// Finish a task of one's own list.
    DoTask = "task.done" for [Prescriber, Nurse, FrontDesk, Auditor] with [Keyed];
    /// Look at a visit: an overdue check, the planned end, the next booking of the chair.
    WatchChecks = "check.watch" for [] with [Jobs];
    /// Look whether a consent soon runs out.
    WatchConsents = "consent.watch" for [] with [Jobs];
    // visits
    /// Read pre-check, order, preparations, settlement, and what stands in the way.
    ReadVisit = "visit.read" for [Prescriber, Nurse] with [Cased];
    /// Save and sign the day-of check.
    SavePrecheck = "visit.precheck" for [Prescriber, Nurse];
    /// Release a session by signing its order.
    SignOrder = "order.sign" for [Prescriber] with [Signed, Keyed];
    /// Record what was drawn up; also the act a second person checks.
    PrepareDrug = "visit.prepare" for [Prescriber, Nurse] with [Keyed];
    /// Start the drug: the time-out at the chair.
    StartSession = "session.start" for [Prescriber, Nurse] with [Signed, Keyed];
    /// Take a false start back: no drug ran.
    RetractStart = "session.retract_start" for [Prescriber, Nurse] with [Keyed];
    /// Discharge the patient.
    CompleteSession = "session.discharge" for [Prescriber, Nurse] with [Keyed];
    /// Settle the drug; also the act a witness signs.
    SettleDrug = "stock.waste" for [Prescriber, Nurse] with [Signed, Keyed];
    /// Lock the record of a visit.
    CloseSession = "session.close" for [Prescriber, Nurse] with [Signed, Keyed];
    /// Say that one is in the house.
    SetPresence = "self.presence" for [Prescriber, Nurse];
    // dosing
    /// Read the drug record and what was given.
    ReadDosing = "dose.read" for [Prescriber, Nurse] with [Cased];
    /// Record what is done with the drug.
    RecordDose = "dose.record" for [Prescriber, Nurse] with [Keyed];
    /// Correct an entry of the drug record, or move it to the right patient.
    AmendDose = "dose.amend" for [Prescriber, Nurse] with [Keyed];
    /// Pause the drug.
    PauseSession = "session.pause" for [Prescriber, Nurse] with [Urgent];
    /// Go on after a pause.
    ResumeSession = "session.resume" for [Prescriber, Nurse] with [Keyed];
    /// Stop the drug.
    StopSession = "session.stop" for [Prescriber, Nurse] with [Urgent];
    /// Say at the chair what the pump did.
    ConfirmPump = "session.pump_confirm" for [Prescriber, Nurse];
    /// Raise the alarm.
    RaiseEmergency = "session.emergency" for [Prescriber, Nurse, FrontDesk] with [Urgent];
    /// Say that the alarm is over.
    EndEmergency = "session.emergency_end" for [Prescriber, Nurse];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::role::Roles;

    #[test]
    fn every_permission_has_an_id_of_its_own_and_somebody() {
        let mut ids: Vec<_> = TABLE.iter().map(|line| line.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), TABLE.len());
        for line in TABLE {
            let others = line.flags.iter().any(|flag| matches!(flag, Flag::Strangers | Flag::Jobs | Flag::Host));
            assert!(!line.roles.is_empty() || others, "{} is nobody's", line.id);
        }
    }

    #[test]
    fn nobody_without_a_role_may_anything() {
        assert!(!ReadPatient::allows(&Roles::default()));
        assert!(!ReadPatient::allows(&Roles::of([Role::Admin, Role::Auditor])));
        assert!(ReadPatient::allows(&Roles::of([Role::Admin, Role::Nurse])));
    }
}
