//! Who may know that something happened: whoever may read the record it happened to.
//!
//! The stream of events asks here. A new word of the trail does not compile until somebody has said who may hear it;
//! `docs/events.csv` is the reviewed oracle, kept by hand.

use super::permission::{
    Line, ListConsents, ListWithdrawalReports, Permission, ReadAbsences, ReadAlerts, ReadAppointment, ReadAuditCases,
    ReadChart, ReadClinic, ReadConsent, ReadConsentForms, ReadDosing, ReadLoginSessionsOfStaff, ReadObservations,
    ReadPatient, ReadPlans, ReadPolicy, ReadProtocols, ReadRooms, ReadSession, ReadStaff, ReadTrail, ReadVisit,
};
use crate::domain::event::EventKind;

const fn line<P: Permission>() -> Line {
    Line { id: P::ID, roles: P::ROLES, flags: P::FLAGS }
}

macro_rules! audience {
    ($($permission:ident: $($kind:ident),+;)+) => {
        /// The permission that reads what this happened to.
        pub const fn reads(kind: EventKind) -> Line {
            match kind {
                $($(EventKind::$kind)|+ => line::<$permission>(),)+
            }
        }
    };
}

audience! {
    // access: what was tried without success is no record of anybody's
    ReadLoginSessionsOfStaff: SignedIn, TokenRefreshed, RefreshReplaced, RefreshReused, SignedOut, SignInEnded;
    ReadTrail: SignInFailed, SignInLimited, PasswordDisabled, PasswordChanged, SigningTokenIssued, TokenRejected,
        Denied, FactorAsked, FactorOffered, FactorEnrolled, FactorRemoved, FactorReset, RecoveryCodesIssued,
        RecoveryCodeUsed, LinkIssued, LinkUsed, BootstrapTokenIssued, DetailErased, HostActed;
    ReadAuditCases: AuditCaseOpened, AuditCaseClosed;
    // clinic
    ReadClinic: ClinicCreated;
    ReadStaff: StaffAdded, StaffChanged, PresenceSet;
    ReadAbsences: AbsenceNoted;
    ReadRooms: RoomAdded;
    // patients; which list a task is on does not stand in the trail, so only those hear of it who may read every chart
    ReadPatient: PatientRegistered, PatientChanged;
    ReadChart: ConditionRecorded, AllergyRecorded, MedicationRecorded, EarlierTreatmentRecorded, ScreeningRecorded,
        ScreeningDecided, OutcomeScoreRecorded, OutcomeScoreReviewed, TaskOpened, TaskDone;
    // consent
    ReadConsentForms: ConsentTemplateDrafted, ConsentTemplatePublished;
    ListConsents: ConsentDrafted, ConsentSignatureAdded, ConsentActivated, ConsentSuperseded, ConsentWithdrawn,
        ConsentExpired, ConsentVoided;
    ReadConsent: WithdrawalRecorded, WithdrawalWishNoted;
    ListWithdrawalReports: WithdrawalReported, WithdrawalReportResolved;
    // protocols and plans
    ReadPolicy: PolicyApproved;
    ReadProtocols: ProtocolDrafted, ProtocolPublished;
    ReadPlans: TreatmentPlanDrafted, TreatmentPlanChanged, TreatmentPlanActivated, TreatmentPlanRevised,
        TreatmentPlanClosed;
    // appointments and sessions
    ReadAppointment: AppointmentBooked, AppointmentChanged, AppointmentCancelled, AppointmentAttended,
        AppointmentMissed;
    ReadSession: SessionScheduled, SessionChanged, SessionCheckedIn, SessionCheckInUndone, SessionCancelled,
        SessionNoShow, SessionReinstated, SessionEscortSet, SessionPrechecked, SessionReleased, SessionPrepared,
        SessionStarted, SessionStartRetracted, SessionPaused, SessionResumed, SessionStopped, SessionPumpConfirmed,
        SessionEmergencyRaised, SessionEmergencyEnded, SessionAborted, SessionCompleted, SessionClosed,
        SessionHandedOver, SessionInfusionChanged;
    // visits
    ReadVisit: PrecheckRecorded, OrderSigned, PreparationRecorded, DrugSettled;
    ReadDosing: DosingRecorded, DosingAmended;
    ReadObservations: ObservationRecorded, ObservationAmended;
    ReadAlerts: AlertRaised, AlertChanged, AlertAcknowledged, AlertResolved;
}
