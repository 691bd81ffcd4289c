//! Puts middleware, routes and store together, and runs them.

use crate::access::factor::FactorRule;
use crate::access::limits::Limits;
use crate::access::notary::Notary;
use crate::access::password::Cost;
use crate::api::cors::CrossOrigins;
use crate::api::extract::BodyTime;
use crate::api::guard::Authority;
use crate::api::network::{self, Network};
use crate::api::page::Cursors;
use crate::api::rejection::Rejections;
use crate::api::sign_in::{FrontEnd, Passwords};
use crate::api::{self, edge, endpoint};
use crate::domain::time::Timestamp;
use crate::keys::{Keys, TokenKeys};
use crate::store::Store;
use crate::tls::Certificate;
use crate::watch;
use crate::witness::{self, Outlet, Witness};
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use utoipa_swagger_ui::SwaggerUi;

/// The largest body, in bytes.
const LARGEST_BODY: usize = 512 * 1024;

/// What a server is made of.
pub struct Parts {
    /// The data.
    pub store: Store,
    /// The keys.
    pub keys: Keys,
    /// How old the key that signs may grow before the operator is told, in days.
    pub key_days: u16,
    /// What a password costs to compare.
    pub password_cost: Cost,
    /// How often a secret may be tried.
    pub limits: Limits,
    /// Who must have a second factor.
    pub factor: FactorRule,
    /// The one origin whose pages may keep a sign-in in a cookie.
    pub front_end: FrontEnd,
    /// How often the trails are signed, and where their notes go.
    pub witness: Witness,
    /// The other origins whose pages may read answers.
    pub cross_origins: CrossOrigins,
    /// What stands between it and its clients.
    pub network: Network,
    /// Its certificate; without one it speaks plain HTTP.
    pub tls: Option<Certificate>,
    /// How long a body may take to arrive.
    pub body_time: BodyTime,
}

/// A server on a listener that is open already; await it to run it.
///
/// # Errors
/// When the listener cannot be used, or one hash does not fit into memory.
pub fn start(parts: Parts, listener: TcpListener, workers: usize) -> io::Result<Server> {
    let passwords = Passwords::new(parts.password_cost)
        .ok_or_else(|| io::Error::other("not enough memory for one password hash"))?;
    actix_web::rt::spawn(look_after_checks(parts.store.clone()));
    let outlet = parts.witness.file.map(Outlet::open).transpose()?;
    let every = Duration::from_secs(u64::from(parts.witness.every_minutes) * 60);
    actix_web::rt::spawn(look_after_trails(parts.store.clone(), Arc::clone(&parts.keys.notary), outlet, every));
    let token_keys = Arc::new(parts.keys.tokens);
    actix_web::rt::spawn(look_after_keys(parts.store.clone(), Arc::clone(&token_keys), parts.key_days));
    let notary = web::Data::from(parts.keys.notary);
    let store = web::Data::new(parts.store);
    let (tokens, known) = (Arc::clone(&token_keys.tokens), Arc::clone(&token_keys));
    let newer = Box::new(move |now| known.reread_for_unknown(now));
    let authority = web::Data::new(Authority::new(tokens, newer));
    let rejections = web::Data::new(Rejections::default());
    let cursors = web::Data::new(Cursors::new(parts.keys.cursors));
    let passwords = web::Data::new(passwords);
    let factors = web::Data::new(parts.keys.factors);
    let factor = web::Data::new(parts.factor);
    let limits = web::Data::new(parts.limits);
    let front_end = web::Data::new(parts.front_end);
    let cross_origins = web::Data::new(parts.cross_origins);
    let certificate = parts.tls.map(Arc::new);
    actix_web::rt::spawn(reread_when_told(Arc::clone(&token_keys), certificate.clone()));
    let network = web::Data::new(Network { tls: certificate.is_some(), ..parts.network });
    let body_time = parts.body_time;
    let paths = web::Data::new(edge::Paths::of(&api::all()));
    let document = endpoint::document(&api::all());
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(network::by_name))
            .wrap(from_fn(edge::finish))
            .app_data(store.clone())
            .app_data(authority.clone())
            .app_data(rejections.clone())
            .app_data(cursors.clone())
            .app_data(notary.clone())
            .app_data(passwords.clone())
            .app_data(front_end.clone())
            .app_data(cross_origins.clone())
            .app_data(network.clone())
            .app_data(body_time)
            .app_data(limits.clone())
            .app_data(factors.clone())
            .app_data(factor.clone())
            .app_data(paths.clone())
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .configure(|config| endpoint::mount(config, api::all()))
            .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document.clone()))
            .service(web::redirect("/docs", "/docs/"))
            .default_service(web::route().to(edge::otherwise))
    });
    let server = server.workers(workers).client_request_timeout(Duration::from_secs(10)).shutdown_timeout(20);
    let server = match certificate {
        Some(certificate) => server.listen_rustls_0_23(listener, certificate.server_config()?)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

/// How often a running server asks whether its token keys were replaced: well within the time the old one verifies.
const LOOK_AT_KEYS_EVERY: Duration = Duration::from_secs(5);
const DAY_MINUTES: i64 = 24 * 60;

/// How often the clock looks for overdue checks; they are late by minutes, so seconds do not matter.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks again and again, as long as the server runs. A simulated clock is looked at by whoever moves it.
async fn look_after_checks(store: Store) {
    if store.clock().is_simulated() {
        return;
    }
    let mut ticks = actix_web::rt::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = watch::look(&store, None).await {
            tracing::warn!(%error, "the watcher could not ask which visits are due");
        }
    }
}

/// Signs every trail that has grown, again and again, and takes the notes out of the house.
async fn look_after_trails(store: Store, notary: Arc<Notary>, mut outlet: Option<Outlet>, every: Duration) {
    if store.clock().is_simulated() {
        return;
    }
    let mut ticks = actix_web::rt::time::interval(every);
    loop {
        ticks.tick().await;
        if let Err(error) = witness::sign(&store, &notary).await {
            tracing::error!(%error, "nobody could ask which trails have grown");
        }
        if let Some(outlet) = &mut outlet
            && let Err(error) = outlet.publish(&store).await
        {
            tracing::error!(%error, "the checkpoints could not be written to their file");
        }
    }
}

/// Reads the token keys again and again: `chairside keys rotate` needs no restart. Once a day it says that a key is old.
async fn look_after_keys(store: Store, keys: Arc<TokenKeys>, days: u16) {
    if store.clock().is_simulated() {
        return;
    }
    let mut ticks = actix_web::rt::time::interval(LOOK_AT_KEYS_EVERY);
    let mut told_at: Option<Timestamp> = None;
    loop {
        ticks.tick().await;
        match keys.reread() {
            Ok(true) => tracing::info!("the token key was replaced; the old one verifies for fifteen minutes"),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "the token keys could not be read again; those of before stay in use");
            }
        }
        let now = store.clock().now();
        let due = told_at.is_none_or(|told| now > told.plus_minutes(DAY_MINUTES));
        let age = keys.active_since().map_or(0, |made| now.minutes_since(made) / DAY_MINUTES);
        if due && age >= i64::from(days) {
            told_at = Some(now);
            tracing::warn!(days = age, "the token key is old: run `chairside keys rotate`");
        }
    }
}

/// SIGHUP reads certificate and token keys again; connections that are open go on.
#[cfg(unix)]
async fn reread_when_told(keys: Arc<TokenKeys>, certificate: Option<Arc<Certificate>>) {
    use actix_web::rt::signal::unix::{SignalKind, signal};
    let mut told = match signal(SignalKind::hangup()) {
        Ok(told) => told,
        Err(error) => return tracing::error!(%error, "SIGHUP cannot be listened to"),
    };
    while told.recv().await.is_some() {
        match certificate.as_ref().map(|certificate| certificate.reload()) {
            Some(Err(error)) => {
                tracing::error!(%error, "the certificate could not be read; that of before stays in use")
            }
            Some(Ok(())) => tracing::info!("the certificate was read again"),
            None => {}
        }
        if let Err(error) = keys.reread() {
            tracing::error!(%error, "the token keys could not be read again; those of before stay in use");
        }
    }
}

#[cfg(not(unix))]
async fn reread_when_told(_: Arc<TokenKeys>, _: Option<Arc<Certificate>>) {}
