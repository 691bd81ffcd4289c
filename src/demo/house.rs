//! A clinic that is made for a demonstration: its people, its server, its chairs and its forms.

use super::client::{DemoError, Result, Server, Signed, Tablet, text};
use crate::access::factor::FactorRule;
use crate::access::limits::{Bucket, Limits};
use crate::access::password::{self, Cost};
use crate::access::permission::{BootstrapClinic, InviteStaff};
use crate::access::permit::{Origin, Permit, Scope};
use crate::access::role::{Role, Roles};
use crate::api::cors::CrossOrigins;
use crate::api::extract::BodyTime;
use crate::api::network::Network;
use crate::api::reply;
use crate::api::sign_in::FrontEnd;
use crate::clock::{self, Clock};
use crate::domain::id::ClinicId;
use crate::keys;
use crate::server::{self, Parts};
use crate::store::{self, DatabaseUrl, NewClinic, NewStaff, Once, Store};
use crate::witness::Witness;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;

/// How a house is built.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where its data is; must be empty.
    pub database: DatabaseUrl,
    /// The folder of its keys.
    pub keys: PathBuf,
    /// Its IANA zone.
    pub zone: String,
    /// Chairs.
    pub chairs: u16,
    /// Prescribers, and nurses. One of each other role comes with them.
    pub prescribers: u16,
    /// Nurses.
    pub nurses: u16,
    /// What a password costs to compare.
    pub cost: Cost,
}

/// A name to sign in with, what it may do, and its password, to be printed once.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The name.
    pub login: String,
    /// The role.
    pub role: Role,
    /// The password.
    pub password: String,
}

/// A server that runs in this process, until it is stopped.
pub struct Running {
    handle: actix_web::dev::ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
    /// Where it listens.
    pub base: String,
}

/// The people of a clinic at their tablets, its chairs, its approved protocol and its consent form.
#[derive(Debug, Clone)]
pub struct House {
    /// The way to the server.
    pub server: Server,
    /// Prescribers.
    pub prescribers: Vec<Tablet>,
    /// Nurses.
    pub nurses: Vec<Tablet>,
    /// The front desk.
    pub desk: Tablet,
    /// Chairs.
    pub rooms: Vec<String>,
    /// The approved intravenous protocol.
    pub protocol: String,
    /// The published consent form.
    pub form: String,
}

fn broken(error: impl std::fmt::Display) -> DemoError {
    DemoError::House(error.to_string())
}

/// Makes an empty clinic with its people, as the host of the installation does.
///
/// # Errors
/// When the database cannot be used, or has such people already.
pub fn build(plan: &Plan, clock: &Clock) -> Result<Vec<Credential>> {
    store::migrate(&plan.database).map_err(broken)?;
    let store = Store::open(&plan.database, clock.clone(), "chairside").map_err(broken)?;
    let runtime = actix_web::rt::System::new();
    let origin = || Origin { request: clock.new_id(), client_ip: None };
    let permit = Permit::<BootstrapClinic>::host("demo".into(), Scope::Installation, origin())
        .map_err(|denied| broken(denied.permission))?;
    let new = NewClinic { name: "Lakeside Headache Clinic (demonstration)".into(), zone: plan.zone.clone() };
    let (send, receive) = std::sync::mpsc::channel::<ClinicId>();
    let founded = store.write(permit, Once::default(), move |tx| {
        let (clinic, events) = tx.create_clinic(&new)?;
        // The receiver waits in this very function.
        let _ = send.send(clinic);
        Ok(tx.record(events, reply::nothing()))
    });
    runtime.block_on(founded).map_err(broken)?;
    let clinic = receive.recv().map_err(broken)?;
    let mut credentials = Vec::new();
    for (login, name, role) in people(plan) {
        let password = crate::access::password::one_time(crate::clock::random());
        let hash = password::hash(&password, clock::random(), plan.cost).ok_or_else(|| broken("not enough memory"))?;
        let member =
            NewStaff { login: login.clone(), password_hash: hash, display_name: name, roles: Roles::of([role]) };
        let permit = Permit::<InviteStaff>::host("demo".into(), Scope::Clinic(clinic), origin())
            .map_err(|denied| broken(denied.permission))?;
        let added = store.write(permit, Once::default(), move |tx| {
            let (_, event) = tx.add_staff(clinic, &member)?;
            Ok(tx.record(vec![event], reply::nothing()))
        });
        runtime.block_on(added).map_err(broken)?;
        credentials.push(Credential { login, role, password });
    }
    Ok(credentials)
}

/// One administrator, one front desk, one auditor, and as many prescribers and nurses as planned.
fn people(plan: &Plan) -> Vec<(String, String, Role)> {
    const SURNAMES: [&str; 8] = ["Okafor", "Lee", "Haddad", "Novak", "Silva", "Brandt", "Osei", "Marsh"];
    let named = |role: &str, title: &str, number: u16, kind: Role| {
        let surname = SURNAMES.get(usize::from(number) % SURNAMES.len()).copied().unwrap_or("Doe");
        let round = usize::from(number) / SURNAMES.len();
        let suffix = if round == 0 { String::new() } else { (round + 1).to_string() };
        (format!("{role}.{}{suffix}", surname.to_lowercase()), format!("{surname}{suffix}, {title}"), kind)
    };
    let mut all = vec![
        ("admin.moreno".to_owned(), "Moreno".to_owned(), Role::Admin),
        ("desk.fischer".to_owned(), "Fischer".to_owned(), Role::FrontDesk),
        ("audit.tanaka".to_owned(), "Tanaka".to_owned(), Role::Auditor),
    ];
    all.extend((0..plan.prescribers).map(|number| named("dr", "MD", number, Role::Prescriber)));
    all.extend((0..plan.nurses).map(|number| named("nurse", "RN", number + plan.prescribers, Role::Nurse)));
    all
}

/// All tablets of the house are one address.
const ONE_ADDRESS: Limits = Limits { address: Bucket { burst: 1000, refill_seconds: 1 }, ..Limits::DEFAULT };

/// Starts the server on a listener, in a thread of its own.
///
/// # Errors
/// When the data, the keys or the listener cannot be used.
pub fn serve(plan: &Plan, clock: &Clock, listener: TcpListener) -> Result<Running> {
    let store = open_when_free(plan, clock)?;
    keys::make_missing(&plan.keys, clock.now()).map_err(broken)?;
    let keys = keys::load(&plan.keys, "chairside").map_err(broken)?;
    let base = format!("http://{}", listener.local_addr().map_err(broken)?);
    let parts = Parts {
        store,
        keys,
        key_days: 90,
        password_cost: plan.cost,
        limits: ONE_ADDRESS,
        factor: FactorRule::Optional,
        front_end: FrontEnd::default(),
        cross_origins: CrossOrigins::default(),
        witness: Witness::default(),
        network: Network::default(),
        tls: None,
        body_time: BodyTime::default(),
    };
    let (send, receive) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            match server::start(parts, listener, 2) {
                Ok(server) => {
                    let _ = send.send(Ok(server.handle()));
                    if let Err(error) = server.await {
                        tracing::error!(%error, "the server ended");
                    }
                }
                Err(error) => drop(send.send(Err(error.to_string()))),
            }
        });
    });
    let handle = receive.recv().map_err(broken)?.map_err(DemoError::House)?;
    Ok(Running { handle, thread: Some(thread), base })
}

/// The workers of a server that was just stopped let go of the data a moment after it.
fn open_when_free(plan: &Plan, clock: &Clock) -> Result<Store> {
    const TRIES: u32 = 300;
    for _ in 1..TRIES {
        if let Ok(store) = Store::open(&plan.database, clock.clone(), "chairside") {
            return Ok(store);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Store::open(&plan.database, clock.clone(), "chairside").map_err(broken)
}

impl Running {
    /// Answers what is under way, then ends.
    pub fn stop(mut self) {
        actix_web::rt::System::new().block_on(self.handle.stop(true));
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on its own.
            let _ = thread.join();
        }
    }

    /// Whether the server has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(std::thread::JoinHandle::is_finished)
    }

    /// Waits until somebody ends the server.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Everybody at their tablets.
pub struct Team {
    /// Administrator.
    pub admin: Tablet,
    /// Prescribers.
    pub prescribers: Vec<Tablet>,
    /// Nurses.
    pub nurses: Vec<Tablet>,
    /// Front desk.
    pub desk: Tablet,
}

impl Team {
    /// Signs everybody in.
    ///
    /// # Errors
    /// When the server refuses, or a role is not there.
    pub fn sign_in(server: &Server, credentials: &[Credential]) -> Result<Self> {
        let of = |role: Role| -> Result<Vec<Tablet>> {
            let those = credentials.iter().filter(|credential| credential.role == role);
            those.map(|credential| server.sign_in(&credential.login, &credential.password)).collect()
        };
        let one = |role: Role| of(role)?.into_iter().next().ok_or_else(|| broken(format!("nobody is {role}")));
        Ok(Self {
            admin: one(Role::Admin)?,
            prescribers: of(Role::Prescriber)?,
            nurses: of(Role::Nurse)?,
            desk: one(Role::FrontDesk)?,
        })
    }
}

impl House {
    /// The first day: chairs, the protocol approved, the consent form published.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn furnish(server: Server, team: Team, chairs: u16) -> Result<Self> {
        let mut rooms = Vec::new();
        for chair in 1..=chairs {
            let made = team.admin.post("/rooms", json!({"name": format!("Chair {chair}")}))?;
            rooms.push(text(&made, "/rooms", "id")?);
        }
        let Team { prescribers, nurses, desk, .. } = team;
        let director = prescribers.first().ok_or_else(|| broken("nobody is a prescriber"))?;
        let protocol = approve_protocols(director)?;
        let form = publish_form(director, "ketamine-off-label-en", 180)?;
        Ok(Self { server, prescribers, nurses, desk, rooms, protocol, form })
    }

    /// The same house with everybody signed in anew, at another server on the same data.
    ///
    /// # Errors
    /// When somebody cannot sign in.
    pub fn moved_to(self, server: Server, credentials: &[Credential]) -> Result<Self> {
        let Team { prescribers, nurses, desk, .. } = Team::sign_in(&server, credentials)?;
        Ok(Self { server, prescribers, nurses, desk, ..self })
    }

    /// The prescriber who looks after the patient with this number.
    ///
    /// # Errors
    /// When there is none.
    pub fn prescriber(&self, number: usize) -> Result<&Tablet> {
        self.prescribers.get(number % self.prescribers.len().max(1)).ok_or_else(|| broken("nobody is a prescriber"))
    }

    /// The nurse who looks after the patient with this number.
    ///
    /// # Errors
    /// When there is none.
    pub fn nurse(&self, number: usize) -> Result<&Tablet> {
        self.nurses.get(number % self.nurses.len().max(1)).ok_or_else(|| broken("nobody is a nurse"))
    }

    /// Every prescriber says that they are in the house.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn open_for(&self, hours: i64) -> Result<()> {
        let until = self.server.clock().now().plus_minutes(hours * 60).to_string();
        for prescriber in &self.prescribers {
            prescriber.put("/me/presence", None, json!({"on_site": true, "until": until}))?;
        }
        Ok(())
    }
}

/// Approves both seeded protocols; gives back the intravenous one.
fn approve_protocols(director: &Tablet) -> Result<String> {
    let list = director.get("/protocols")?;
    let mut intravenous = None;
    for protocol in list.get("items").and_then(Value::as_array).into_iter().flatten() {
        let id = text(protocol, "/protocols", "id")?;
        let path = format!("/protocols/{id}/publish");
        director.sign(Signed { path: &path, subject: &id, version: None, second: None }, json!({}))?;
        if protocol.get("route").and_then(Value::as_str) == Some("iv") {
            intravenous = Some(id);
        }
    }
    intravenous.ok_or_else(|| broken("there is no intravenous protocol"))
}

/// A form with every clause. Its text is a placeholder for a demonstration and says so.
///
/// # Errors
/// When the server refuses.
pub fn publish_form(director: &Tablet, code: &str, validity_days: i64) -> Result<String> {
    const CLAUSES: [&str; 10] = [
        "off_label_status",
        "purpose_and_evidence",
        "procedure",
        "risks",
        "alternatives",
        "aftercare",
        "right_to_withdraw",
        "rescue_and_transfer",
        "privacy_and_cost",
        "questions_and_copy",
    ];
    let headings = CLAUSES.map(|id| id.replace('_', " "));
    let clauses: Vec<Value> =
        CLAUSES.iter().zip(&headings).map(|(id, heading)| json!({"id": id, "heading": heading})).collect();
    let words = format!(
        "DEMONSTRATION ONLY. A real form is written with counsel and has words under each of its headings.\n{}\n",
        headings.join("\n")
    );
    let body = json!({
        "consent_type": "ketamine_off_label", "code": code, "title": "Consent to treatment with ketamine",
        "language": "en", "clauses": clauses, "validity_days": validity_days, "text": words,
    });
    let draft = director.post("/consent-templates", body)?;
    let id = text(&draft, "/consent-templates", "id")?;
    director.post(&format!("/consent-templates/{id}/publish"), json!({}))?;
    Ok(id)
}
