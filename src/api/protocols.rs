//! Protocols: draft an edition, publish it, list them.

use super::extract::{Act, Id};
use super::reply::{self, Answer};
use super::signed::SignatureView;
use super::{Endpoint, endpoints};
use crate::access::permission::{DraftProtocol, PublishProtocol, ReadProtocols};
use crate::access::permit::Permit;
use crate::domain::digest::Sha256;
use crate::domain::id::{PolicyId, ProtocolId, StaffId};
use crate::domain::protocol::{
    Approver, Envelope, Monitoring, Nebulization, Protocol, ProtocolState, ProtocolText, Stay,
};
use crate::domain::quantity::{Micrograms, MicrogramsPerKilogram, MicrogramsPerKilogramHour, Microlitres};
use crate::domain::route::Route;
use crate::domain::signature::{ActSignature, Shown};
use crate::domain::time::Timestamp;
use crate::domain::waiver::Waivable;
use crate::store::{Proof, Store, Written};
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a new edition says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProtocol)]
pub struct DraftBody {
    /// Stays the same from edition to edition.
    #[schema(example = "migraine-iv", max_length = 60, pattern = "^[a-z0-9-]{1,60}$")]
    code: String,
    /// What people call it.
    #[schema(example = "Refractory migraine, intravenous", max_length = 120)]
    name: String,
    /// How the drug enters.
    route: Route,
    /// The limits of a dose.
    envelope: EnvelopeWire,
    /// When the patient is checked.
    monitoring: MonitoringWire,
    /// How long the patient stays.
    stay: StayWire,
}

/// The limits of a dose.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Envelope)]
pub struct EnvelopeWire {
    #[schema(example = "0.5")]
    start_dose_mg_per_kg: MicrogramsPerKilogram,
    #[schema(example = "1")]
    max_dose_mg_per_kg: MicrogramsPerKilogram,
    /// `"0"` for a nebulized protocol.
    #[schema(example = "0.35")]
    max_bolus_mg_per_kg: MicrogramsPerKilogram,
    /// `"0"` for a nebulized protocol.
    #[schema(example = "1")]
    max_rate_mg_per_kg_per_h: MicrogramsPerKilogramHour,
    /// `"0"` for a nebulized protocol.
    #[schema(example = "0.1")]
    max_step_mg_per_kg_per_h: MicrogramsPerKilogramHour,
    #[schema(example = 10)]
    step_gap_minutes: i64,
    #[schema(example = "120")]
    absolute_cap_mg: Micrograms,
    #[schema(example = 45, minimum = 45, maximum = 90)]
    min_duration_minutes: i64,
    #[schema(example = 90, minimum = 45, maximum = 90)]
    max_duration_minutes: i64,
    #[schema(example = 3)]
    max_per_7_days: i64,
    #[schema(example = 8)]
    max_per_30_days: i64,
    #[schema(example = 12)]
    max_per_365_days: i64,
    /// In dates of the clinic's zone.
    #[schema(example = 2)]
    min_gap_days: i64,
    /// For a nebulized protocol, and for no other.
    nebulization: Option<NebulizationWire>,
}

/// The limits of a nebulized dose.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Nebulization)]
pub struct NebulizationWire {
    #[schema(example = "1.5")]
    max_fill_dose_mg_per_kg: MicrogramsPerKilogram,
    #[schema(example = "5")]
    fill_ml: Microlitres,
    #[schema(example = 5)]
    min_active_minutes: i64,
    #[schema(example = 15)]
    max_active_minutes: i64,
    #[schema(example = 1)]
    max_repeats: i64,
    #[schema(example = 30)]
    repeat_gap_minutes: i64,
}

/// When the patient is checked, in minutes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Monitoring)]
pub struct MonitoringWire {
    /// After each start of drug, before the steady rhythm begins; rising.
    #[schema(max_items = 20)]
    first_minutes: Vec<i64>,
    /// The steady rhythm under the drug.
    #[schema(example = 10)]
    every_minutes: i64,
    /// The close rhythm after a bolus, a rise, a resume, a rescue drug or a confirmed act level.
    #[schema(example = 5)]
    close_minutes: i64,
    /// How many checks the close rhythm has.
    #[schema(example = 3)]
    close_checks: i64,
    /// The rhythm of recovery.
    #[schema(example = 15)]
    recovery_minutes: i64,
}

/// The least time a patient stays; every line has to be met.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Stay)]
pub struct StayWire {
    #[schema(example = 60)]
    after_end_minutes: i64,
    #[schema(example = 90)]
    after_start_minutes: i64,
    /// Counts instead when more than `high_dose_mg_per_kg` was given.
    #[schema(example = 120)]
    after_start_high_minutes: i64,
    #[schema(example = "0.75")]
    high_dose_mg_per_kg: MicrogramsPerKilogram,
}

/// A proof of presence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPublication, example = json!({"signing_token": "chsg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}))]
pub struct PublishBody {
    /// From `/auth/reauth`, about this protocol's id.
    #[schema(max_length = 100)]
    signing_token: String,
}

/// One edition of a protocol.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Protocol)]
pub struct ProtocolView {
    id: ProtocolId,
    version: i64,
    /// 1 for the first edition of its code.
    #[schema(example = 1)]
    edition: i64,
    state: ProtocolState,
    /// Nobody for a template that came with the clinic.
    drafted_by: Option<StaffId>,
    drafted_at: Timestamp,
    published_by: Option<StaffId>,
    published_at: Option<Timestamp>,
    /// From when plans and orders may name it.
    effective_at: Option<Timestamp>,
    /// The policy in force when it was published.
    policy_id: Option<PolicyId>,
    #[schema(example = "migraine-iv")]
    code: String,
    #[schema(example = "Refractory migraine, intravenous")]
    name: String,
    route: Route,
    envelope: EnvelopeWire,
    monitoring: MonitoringWire,
    stay: StayWire,
    /// What presence is proved for when it is signed: send it as `subject_sha256`.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    record_sha256: String,
    /// Who signed it, when it is read; the answer of an act leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    signatures: Option<Vec<SignatureView>>,
}

/// Every edition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProtocolList)]
pub struct ListView {
    items: Vec<ProtocolView>,
}

impl ProtocolView {
    fn of(protocol: &Protocol) -> Self {
        let (text, publication) = (&protocol.text, protocol.publication.as_ref());
        Self {
            id: protocol.id,
            version: protocol.version,
            edition: protocol.edition,
            state: protocol.state,
            drafted_by: protocol.drafted_by,
            drafted_at: protocol.drafted_at,
            published_by: publication.map(|publication| publication.by),
            published_at: publication.map(|publication| publication.at),
            effective_at: publication.map(|publication| publication.effective_at),
            policy_id: publication.map(|publication| publication.policy),
            code: text.code.clone(),
            name: text.name.clone(),
            route: text.route,
            envelope: EnvelopeWire::of(&text.envelope),
            monitoring: MonitoringWire::of(&text.monitoring),
            stay: StayWire::of(text.stay),
            record_sha256: Sha256(protocol.record().sha256()).to_string(),
            signatures: None,
        }
    }

    /// With its signatures.
    fn signed(self, all: &[ActSignature]) -> Self {
        Self { signatures: Some(SignatureView::about(all, self.id)), ..self }
    }
}

impl From<DraftBody> for ProtocolText {
    fn from(body: DraftBody) -> Self {
        let DraftBody { code, name, route, envelope, monitoring, stay } = body;
        Self { code, name, route, envelope: envelope.into(), monitoring: monitoring.into(), stay: stay.into() }
    }
}

impl EnvelopeWire {
    fn of(envelope: &Envelope) -> Self {
        Self {
            start_dose_mg_per_kg: envelope.start_dose,
            max_dose_mg_per_kg: envelope.max_dose,
            max_bolus_mg_per_kg: envelope.max_bolus,
            max_rate_mg_per_kg_per_h: envelope.max_rate,
            max_step_mg_per_kg_per_h: envelope.max_step,
            step_gap_minutes: envelope.step_gap_minutes,
            absolute_cap_mg: envelope.absolute_cap,
            min_duration_minutes: envelope.min_duration_minutes,
            max_duration_minutes: envelope.max_duration_minutes,
            max_per_7_days: envelope.max_per_7_days,
            max_per_30_days: envelope.max_per_30_days,
            max_per_365_days: envelope.max_per_365_days,
            min_gap_days: envelope.min_gap_days,
            nebulization: envelope.nebulization.map(NebulizationWire::of),
        }
    }
}

impl From<EnvelopeWire> for Envelope {
    fn from(wire: EnvelopeWire) -> Self {
        Self {
            start_dose: wire.start_dose_mg_per_kg,
            max_dose: wire.max_dose_mg_per_kg,
            max_bolus: wire.max_bolus_mg_per_kg,
            max_rate: wire.max_rate_mg_per_kg_per_h,
            max_step: wire.max_step_mg_per_kg_per_h,
            step_gap_minutes: wire.step_gap_minutes,
            absolute_cap: wire.absolute_cap_mg,
            min_duration_minutes: wire.min_duration_minutes,
            max_duration_minutes: wire.max_duration_minutes,
            max_per_7_days: wire.max_per_7_days,
            max_per_30_days: wire.max_per_30_days,
            max_per_365_days: wire.max_per_365_days,
            min_gap_days: wire.min_gap_days,
            nebulization: wire.nebulization.map(Nebulization::from),
        }
    }
}

impl NebulizationWire {
    const fn of(neb: Nebulization) -> Self {
        Self {
            max_fill_dose_mg_per_kg: neb.max_fill_dose,
            fill_ml: neb.fill,
            min_active_minutes: neb.min_active_minutes,
            max_active_minutes: neb.max_active_minutes,
            max_repeats: neb.max_repeats,
            repeat_gap_minutes: neb.repeat_gap_minutes,
        }
    }
}

impl From<NebulizationWire> for Nebulization {
    fn from(wire: NebulizationWire) -> Self {
        Self {
            max_fill_dose: wire.max_fill_dose_mg_per_kg,
            fill: wire.fill_ml,
            min_active_minutes: wire.min_active_minutes,
            max_active_minutes: wire.max_active_minutes,
            max_repeats: wire.max_repeats,
            repeat_gap_minutes: wire.repeat_gap_minutes,
        }
    }
}

impl MonitoringWire {
    fn of(monitoring: &Monitoring) -> Self {
        let Monitoring { first_minutes, every_minutes, close_minutes, close_checks, recovery_minutes } =
            monitoring.clone();
        Self { first_minutes, every_minutes, close_minutes, close_checks, recovery_minutes }
    }
}

impl From<MonitoringWire> for Monitoring {
    fn from(wire: MonitoringWire) -> Self {
        let MonitoringWire { first_minutes, every_minutes, close_minutes, close_checks, recovery_minutes } = wire;
        Self { first_minutes, every_minutes, close_minutes, close_checks, recovery_minutes }
    }
}

impl StayWire {
    const fn of(stay: Stay) -> Self {
        let Stay { after_end_minutes, after_start_minutes, after_start_high_minutes, high_dose } = stay;
        Self { after_end_minutes, after_start_minutes, after_start_high_minutes, high_dose_mg_per_kg: high_dose }
    }
}

impl From<StayWire> for Stay {
    fn from(wire: StayWire) -> Self {
        let StayWire { after_end_minutes, after_start_minutes, after_start_high_minutes, high_dose_mg_per_kg } = wire;
        Self { after_end_minutes, after_start_minutes, after_start_high_minutes, high_dose: high_dose_mg_per_kg }
    }
}

/// Lists every edition, by code, the newest first.
#[utoipa::path(get, path = "/api/v1/protocols", tag = "protocols", operation_id = "protocols_list", summary = "List the protocols",
    responses((status = 200, description = "Every edition", body = ListView)))]
pub async fn list(permit: Permit<ReadProtocols>, store: Data<Store>) -> Answer {
    let found = store.read(permit, |tx| {
        let all = tx.protocols()?;
        let signatures = tx.signatures_about(all.iter().map(|protocol| protocol.id.uuid()))?;
        Ok((all, signatures))
    });
    let (all, signatures) = found.await?;
    let view = |protocol| ProtocolView::of(protocol).signed(&signatures);
    reply::listed(&ListView { items: all.iter().map(view).collect() })
}

/// Drafts the next edition of a code; a new code begins with edition 1.
#[utoipa::path(post, path = "/api/v1/protocols", tag = "protocols", operation_id = "protocols_draft", summary = "Draft a protocol",
    request_body = DraftBody, responses((status = 201, description = "The draft", body = ProtocolView)))]
pub async fn draft(act: Act<DraftProtocol, DraftBody>, store: Data<Store>) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let written = store.write(permit, once, move |tx| {
        tx.lock_clinic()?;
        let text = ProtocolText::from(body);
        let edition = tx.next_edition(&text.code)?;
        let (protocol, event) = Protocol::draft(tx.new_id(), edition, Some(tx.person()?.staff), tx.now(), text)?;
        tx.insert_protocol(&protocol)?;
        let reply = reply::created("/api/v1/protocols".to_owned(), protocol.version, &ProtocolView::of(&protocol))?;
        Ok(tx.record(vec![event], reply))
    });
    Ok(written.await?)
}

/// Publishes a draft: nothing in it changes from then on. Another prescriber than its author does, or the author what is
/// stricter than before; with a waiver the author also what is looser, and then it waits a day until it may be used.
#[utoipa::path(post, path = "/api/v1/protocols/{id}/publish", tag = "protocols", operation_id = "protocols_publish", summary = "Publish a protocol",
    params(("id" = ProtocolId, Path, description = "The draft")), request_body = PublishBody,
    responses((status = 200, description = "The edition as it is now", body = ProtocolView)))]
pub async fn publish(
    act: Act<PublishProtocol, PublishBody>,
    Id(id): Id<ProtocolId>,
    store: Data<Store>,
) -> Answer<Written> {
    let Act { permit, once, body, .. } = act;
    let proof = Proof::about(&body.signing_token, id);
    let written = store.sign(permit, once, proof, move |tx| {
        tx.lock_clinic()?;
        let draft = tx.protocol(id)?;
        tx.shows(Shown::Record(Sha256(draft.record().sha256())));
        let (policy, previous) = (tx.policy()?, tx.published_protocol(&draft.text.code)?);
        let person = tx.person()?;
        let is_author = match draft.drafted_by {
            Some(author) => tx.is_same_human(author, person)?,
            None => false,
        };
        let waived = tx.is_waived(Waivable::Protocol)?;
        let approver = Approver { by: person.staff, at: tx.now(), is_author, waived };
        let (protocol, event) = draft.publish(approver, &policy, previous.as_ref())?;
        tx.publish_protocol(&protocol)?;
        let alone = is_author.then(|| Waivable::Protocol.used(id, person.staff, approver.at));
        let review = alone.map(|review| tx.open_task(review)).transpose()?.flatten();
        let reply = reply::ok(protocol.version, &ProtocolView::of(&protocol))?;
        Ok(tx.record(std::iter::once(event).chain(review).collect(), reply))
    });
    Ok(written.await?)
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![guarded list, guarded draft, guarded publish]
}
