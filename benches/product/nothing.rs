//! The same request, authenticated, read and validated by the product's own extractors, and answered without storage:
//! the ceiling that a write is measured against.

use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer, web};
use chairside::access::permission::RecordObservation;
use chairside::api::extract::{Act, Id};
use chairside::api::guard::Authority;
use chairside::api::network::Network;
use chairside::api::observations::ObservationBody;
use chairside::domain::id::SessionId;
use chairside::keys::Keys;
use chairside::store::Store;

/// As long as what the product answers.
const ANSWER: &str = r#"{"id":"0190a5c0-0000-7000-8000-000000000010","version":1,"level":"none","rules":[]}"#;

async fn answer(_: Act<RecordObservation, ObservationBody>, _: Id<SessionId>) -> HttpResponse {
    HttpResponse::Created().content_type("application/json").body(ANSWER)
}

/// Serves that one route beside the product; gives back where.
pub fn serve(store: Store, keys: Keys) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let store = Data::new(store);
            let authority = Data::new(Authority::new(keys.tokens));
            let network = Data::new(Network { trusted_proxies: Vec::new(), allowed_hosts: Vec::new() });
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(store.clone())
                    .app_data(authority.clone())
                    .app_data(network.clone())
                    .route("/api/v1/sessions/{id}/observations", web::post().to(answer))
            });
            server.workers(2).listen(listener).unwrap().run().await.unwrap();
        });
    });
    base
}
