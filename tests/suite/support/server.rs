//! The real server of a test, on a free port.

use super::{ORIGIN, Setup};
use chairside::api::cors::CrossOrigins;
use chairside::api::network::Network;
use chairside::api::sign_in::FrontEnd;
use chairside::keys;
use chairside::server::{self, Parts};
use chairside::store::Store;
use chairside::witness::Witness;

/// Behind a proxy on this machine, with a name of its own.
fn network() -> Network {
    Network {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        allowed_hosts: vec!["clinic.example".into()],
        tls: false,
    }
}

/// Runs the real server on a free port, in a thread of its own.
pub fn serve(store: Store, folder: &std::path::Path, setup: Setup) -> (String, actix_web::dev::ServerHandle) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    // The database may be one that other clinics are in already.
    keys::make_missing(&folder.join("keys"), store.clock().now()).unwrap();
    let keys = keys::load(&folder.join("keys"), "test").unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let Setup { limits, cost, factor, cross_origins, body_time } = setup;
            let parts = Parts {
                store,
                keys,
                key_days: 90,
                password_cost: cost,
                limits,
                factor,
                front_end: FrontEnd(Some(ORIGIN.into())),
                cross_origins: CrossOrigins(cross_origins.iter().map(|origin| (*origin).to_owned()).collect()),
                witness: Witness::default(),
                network: network(),
                tls: None,
                body_time,
            };
            let server = server::start(parts, listener, 2).unwrap();
            send.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (base, receive.recv().unwrap())
}
