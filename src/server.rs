//! Puts middleware, routes and store together, and runs them.

use crate::access::limits::Limits;
use crate::access::notary::Notary;
use crate::access::password::Cost;
use crate::api::guard::Authority;
use crate::api::network::{self, Network};
use crate::api::page::Cursors;
use crate::api::sign_in::{FrontEnd, Passwords};
use crate::api::{self, edge, endpoint};
use crate::keys::Keys;
use crate::store::Store;
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
    /// What a password costs to compare.
    pub password_cost: Cost,
    /// How often a secret may be tried.
    pub limits: Limits,
    /// The one origin whose pages may keep a sign-in in a cookie.
    pub front_end: FrontEnd,
    /// How often the trails are signed, and where their notes go.
    pub witness: Witness,
    /// What stands between it and its clients.
    pub network: Network,
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
    let notary = web::Data::from(parts.keys.notary);
    let store = web::Data::new(parts.store);
    let authority = web::Data::new(Authority::new(parts.keys.tokens));
    let cursors = web::Data::new(Cursors::new(parts.keys.cursors));
    let passwords = web::Data::new(passwords);
    let limits = web::Data::new(parts.limits);
    let front_end = web::Data::new(parts.front_end);
    let network = web::Data::new(parts.network);
    let paths = web::Data::new(edge::Paths::of(&api::all()));
    let document = endpoint::document(&api::all());
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(network::by_name))
            .wrap(from_fn(edge::finish))
            .app_data(store.clone())
            .app_data(authority.clone())
            .app_data(cursors.clone())
            .app_data(notary.clone())
            .app_data(passwords.clone())
            .app_data(front_end.clone())
            .app_data(network.clone())
            .app_data(limits.clone())
            .app_data(paths.clone())
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .configure(|config| endpoint::mount(config, api::all()))
            .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document.clone()))
            .service(web::redirect("/docs", "/docs/"))
            .default_service(web::route().to(edge::otherwise))
    });
    let server = server
        .workers(workers)
        .client_request_timeout(Duration::from_secs(10))
        .shutdown_timeout(20)
        .listen(listener)?;
    Ok(server.run())
}

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
