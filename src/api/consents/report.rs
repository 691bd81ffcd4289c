//! The auditor's report: every session started in a period, against the consent in force at its start.

use super::super::extract::Query;
use super::super::page::{self, Cursors};
use super::super::problem::{Problem, UnmetView};
use super::super::reply::{self, Answer};
use super::super::table;
use super::super::{Endpoint, endpoints};
use super::views::FormRefView;
use crate::access::permission::ReadConsentReport;
use crate::access::permit::Permit;
use crate::domain::consent::{Consent, ReviewFinding, Reviewed, Signature, SignerRole, Start, review};
use crate::domain::id::{ConsentId, PatientId, SessionId};
use crate::domain::refusal::Unmet;
use crate::domain::route::{EntrySource, Route};
use crate::domain::time::Timestamp;
use crate::store::{Gather, Held, StartCursor, Store, StoreError};
use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// The longest period of one report, in days.
const LONGEST_DAYS: i64 = 366;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConsentReportFormat)]
pub enum Format {
    /// A page of it.
    Json,
    /// All of it, as a table.
    Csv,
}

/// Which period.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Sessions started from this instant on.
    #[param(example = "2026-03-01T00:00:00.000Z")]
    from: Timestamp,
    /// And before this one; at most 366 days later.
    #[param(example = "2026-04-01T00:00:00.000Z")]
    to: Timestamp,
    /// As it was known then: entries made later are left out. Without it, as known now.
    as_known_at: Option<Timestamp>,
    /// `json` (default), a page at a time, or `csv`, the whole period.
    #[param(inline)]
    format: Option<Format>,
    /// Items of a page; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Where the page begins, as the last page said.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// What was in force at one instant by what was known at one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentVerdict)]
pub struct VerdictView {
    /// Whether consent was in force.
    in_force: bool,
    /// Which.
    consent_id: Option<ConsentId>,
    /// Every reason why none was.
    blocked_by: Vec<UnmetView>,
}

impl VerdictView {
    fn of(verdict: &Result<ConsentId, Vec<Unmet>>) -> Self {
        let blocked_by = verdict.as_ref().err().map(|unmet| unmet.iter().map(UnmetView::of).collect());
        let consent_id = verdict.as_ref().ok().copied();
        Self { in_force: verdict.is_ok(), consent_id, blocked_by: blocked_by.unwrap_or_default() }
    }
}

/// One started session and the consent to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentReportLine)]
pub struct LineView {
    /// The session.
    session_id: SessionId,
    /// Whose.
    patient_id: PatientId,
    /// When drug began to run.
    started_at: Timestamp,
    /// When that was entered.
    recorded_at: Timestamp,
    /// How it was entered, when drug was started outside the system and written down later.
    started_outside: Option<EntrySource>,
    /// The way.
    route: Route,
    /// How much was to be given.
    #[schema(example = "35 mg at 70 kg")]
    dose: String,
    /// What it comes to.
    finding: ReviewFinding,
    /// The consent it was started under.
    consent_id: Option<ConsentId>,
    /// The form version of that consent.
    template: Option<FormRefView>,
    /// When that consent came into force.
    valid_from: Option<Timestamp>,
    /// Signatures of it that were entered long after they were given.
    back_dated: Vec<SignerRole>,
    /// When the patient said again that day that it may begin.
    reaffirmed_at: Option<Timestamp>,
    /// Whether that was on the day of the start.
    reaffirmed_same_day: bool,
    /// By what was known at the start.
    as_known_then: VerdictView,
    /// By what is known since.
    as_known_since: VerdictView,
}

/// One page of the report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentReport)]
pub struct ReportView {
    /// As known when.
    as_known_at: Timestamp,
    /// Oldest start first.
    items: Vec<LineView>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// A consent beside a start: what the line says of it.
pub(super) struct Beside<'a> {
    consent: Option<&'a Consent>,
    signatures: &'a [Signature],
    zone: &'a TimeZone,
}

impl<'a> Beside<'a> {
    pub(super) fn of(
        reviewed: &Reviewed,
        consents: &'a [Consent],
        signatures: &'a [Signature],
        zone: &'a TimeZone,
    ) -> Self {
        let consent = reviewed.consent().and_then(|id| consents.iter().find(|consent| consent.id == id));
        Self { consent, signatures, zone }
    }
}

impl LineView {
    pub(super) fn of(reviewed: &Reviewed, beside: &Beside<'_>) -> Self {
        let (start, consent) = (&reviewed.start, beside.consent);
        let late = beside.signatures.iter().filter(|one| Some(one.consent) == consent.map(|consent| consent.id));
        let same_day = |at: Timestamp| at.date_in(beside.zone) == start.at.date_in(beside.zone);
        Self {
            session_id: start.session,
            patient_id: start.patient,
            started_at: start.at,
            recorded_at: start.recorded_at,
            started_outside: start.outside,
            route: start.route,
            dose: start.dose.to_string(),
            finding: reviewed.finding(),
            consent_id: reviewed.consent(),
            template: consent.map(|consent| FormRefView::of(&consent.form)),
            valid_from: consent.and_then(|consent| consent.validity).map(|validity| validity.from),
            back_dated: late.filter(|one| one.is_back_dated()).map(|one| one.role).collect(),
            reaffirmed_at: start.reaffirmed_at,
            reaffirmed_same_day: start.reaffirmed_at.is_some_and(same_day),
            as_known_then: VerdictView::of(&reviewed.then),
            as_known_since: VerdictView::of(&reviewed.since),
        }
    }

    fn cells(&self) -> [String; 17] {
        let codes =
            |verdict: &VerdictView| verdict.blocked_by.iter().map(|one| one.code.clone()).collect::<Vec<_>>().join(" ");
        let text = |text: Option<String>| text.unwrap_or_default();
        let form = self.template.as_ref();
        [
            self.session_id.to_string(),
            self.patient_id.to_string(),
            self.started_at.to_string(),
            self.recorded_at.to_string(),
            text(self.started_outside.map(|source| source.to_string())),
            self.route.to_string(),
            self.dose.clone(),
            self.finding.to_string(),
            text(self.consent_id.map(|id| id.to_string())),
            text(form.map(|form| format!("{} {}", form.code, form.form_version))),
            text(form.map(|form| form.language.clone())),
            text(self.valid_from.map(|at| at.to_string())),
            self.back_dated.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" "),
            text(self.reaffirmed_at.map(|at| at.to_string())),
            if self.reaffirmed_same_day { "yes" } else { "no" }.to_owned(),
            codes(&self.as_known_then),
            codes(&self.as_known_since),
        ]
    }
}

/// The columns of the table.
const COLUMNS: [&str; 17] = [
    "session_id",
    "patient_id",
    "started_at",
    "recorded_at",
    "started_outside",
    "route",
    "dose",
    "finding",
    "consent_id",
    "form",
    "language",
    "valid_from",
    "back_dated",
    "reaffirmed_at",
    "reaffirmed_same_day",
    "reasons_known_then",
    "reasons_known_since",
];

/// One page of reviewed starts, and where the next one begins.
fn lines(
    tx: &mut Gather<'_>,
    held: Held,
    asked: &Asked,
    after: Option<StartCursor>,
    limit: u16,
) -> Result<(Vec<LineView>, Option<StartCursor>), StoreError> {
    let zone = tx.zone()?;
    let (mut starts, next) = tx.starts(held, (asked.from, asked.to), after, limit)?;
    // A start that was entered later was not known then.
    starts.retain(|start| start.recorded_at <= asked.known_at);
    let patients: BTreeSet<PatientId> = starts.iter().map(|start| start.patient).collect();
    let facts = tx.consent_facts_of(&patients.into_iter().collect::<Vec<_>>(), held)?;
    let reviewed = |start: Start| {
        let facts = facts.get(&start.patient).ok_or(StoreError::NotFound)?;
        Ok(review(start, facts, asked.known_at))
    };
    let reviewed: Vec<Reviewed> = starts.into_iter().map(reviewed).collect::<Result<_, StoreError>>()?;
    let found: Vec<ConsentId> = reviewed.iter().filter_map(Reviewed::consent).collect();
    let signatures = tx.signatures_of_consents(&found)?;
    let line = |one: &Reviewed| {
        let consents = facts.get(&one.start.patient).map(|facts| facts.consents.as_slice());
        LineView::of(one, &Beside::of(one, consents.unwrap_or_default(), &signatures, &zone))
    };
    Ok((reviewed.iter().map(line).collect(), next))
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
struct Asked {
    from: Timestamp,
    to: Timestamp,
    known_at: Timestamp,
}

/// Every session started in a period, against the consent in force at its start: as known then, and as known since.
/// Starts outside the system and signatures entered late are marked.
#[utoipa::path(get, path = "/api/v1/audit/consent-report", tag = "audit", operation_id = "consent_report_read",
    summary = "Review the consent of every session", params(ReportQuery),
    responses((status = 200, description = "The sessions, oldest start first",
        content((ReportView = "application/json"), (String = "text/csv")))))]
pub async fn report(
    permit: Permit<ReadConsentReport>,
    Query(query): Query<ReportQuery>,
    store: Data<Store>,
    cursors: Data<Cursors>,
) -> Answer {
    let (from, to) = (query.from, query.to);
    if to <= from || to > from.plus_minutes(LONGEST_DAYS * 24 * 60) {
        return Err(Problem::malformed("/to", "must be later than from, by at most 366 days"));
    }
    let name = format!("consent report {from} {to}");
    let (limit, after) = (page::limit(query.limit)?, cursors.read(&name, query.cursor.as_deref())?);
    let (whole, known_at) = (query.format == Some(Format::Csv), query.as_known_at);
    let (items, next, known_at) = store
        .read(permit, move |tx| {
            let (held, known_at) = (tx.snapshot(), known_at.unwrap_or(tx.now()));
            let asked = Asked { from, to, known_at };
            let (mut items, mut next) = lines(tx, held, &asked, after, if whole { page::MOST } else { limit })?;
            while let Some(after) = next.filter(|_| whole) {
                let (more, later) = lines(tx, held, &asked, Some(after), page::MOST)?;
                items.extend(more);
                next = later;
            }
            Ok((items, next, known_at))
        })
        .await?;
    if whole {
        let rows = items.iter().map(LineView::cells);
        return Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").body(table::csv(COLUMNS, rows)));
    }
    let next_cursor = next.and_then(|next| cursors.write(&name, &next));
    reply::listed(&ReportView { as_known_at: known_at, items, next_cursor })
}

/// The report.
pub(super) fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded report]
}
