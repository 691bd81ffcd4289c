//! Is it alive, is it ready, which version is it.

use super::problem::{Problem, ProblemKind};
use super::reply::{self, Answer};
use super::{Endpoint, endpoints};
use crate::store::Store;
use actix_web::web::Data;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use utoipa::ToSchema;

/// Whether the server is about to stop: it is not ready any more, and asks each client to open another connection.
#[derive(Debug, Default)]
pub struct Leaving(AtomicBool);

impl Leaving {
    /// From now on it leaves.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it does.
    pub fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthView {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Which version this is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub struct VersionView {
    /// The program.
    #[schema(example = "chairside")]
    name: &'static str,
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", operation_id = "health_live", summary = "Is the process alive", responses((status = 200, description = "It is", body = HealthView)))]
pub async fn live() -> Answer {
    reply::listed(&HealthView { status: "ok" })
}

/// The process can do its work: the database answers, and nobody has told it to stop.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "health_ready", summary = "Can it do its work", responses((status = 200, description = "It can", body = HealthView)))]
pub async fn ready(store: Data<Store>, leaving: Data<Leaving>) -> Answer {
    if leaving.is_so() {
        return Err(Problem::new(ProblemKind::Unavailable).because("this server is about to stop"));
    }
    store.ready().await.map_err(|_| Problem::new(ProblemKind::Unavailable))?;
    reply::listed(&HealthView { status: "ok" })
}

/// Name and version.
#[utoipa::path(get, path = "/version", tag = "operations", operation_id = "version_read", summary = "Which version is this", responses((status = 200, description = "This one", body = VersionView)))]
pub async fn version() -> Answer {
    reply::listed(&VersionView { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") })
}

/// Everything here.
pub fn endpoints() -> Vec<Endpoint> {
    endpoints![public live, public ready, public version]
}
