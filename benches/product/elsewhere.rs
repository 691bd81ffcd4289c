//! The same load on somebody else's server, as a small file describes it.

use super::load::{Load, Request};
use super::processor::Who;
use super::support::scratch;
use serde::Deserialize;
use serde_json::json;
use std::path::Path;

/// Where the server is, which processes it is made of, and what is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adapter {
    /// `http://127.0.0.1:8000`.
    base: String,
    /// The server's process; its children count with it.
    server: u32,
    /// The process whose children are the database's connections.
    database: Option<u32>,
    loads: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    what: String,
    connections: u32,
    requests: Vec<Request>,
}

pub fn measure(adapter: &Path) {
    let text = std::fs::read_to_string(adapter).expect("the adapter file");
    let Adapter { base, server, database, loads } = serde_json::from_str(&text).expect("an adapter");
    let folder = scratch();
    for Named { what, connections, requests } in loads {
        let load = Load { base: &base, requests: &requests, connections, server: Who::Tree(server), database };
        let mut line = load.run(&folder).json();
        line["database"] = json!("elsewhere");
        line["what"] = json!(what);
        line["connections"] = json!(connections);
        println!("{line}");
    }
}
