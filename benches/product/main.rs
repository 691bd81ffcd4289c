//! What the product does under load, on both databases, as ratios of figures taken in one run on one machine.
//!
//! `scripts/bench` builds it, starts PostgreSQL, runs it and prints the table. Each line of its output is one
//! measurement as JSON; which ratios are wanted stands in `docs/performance.md`.
//!
//! The server runs in this process, the load comes from `wrk` in another, so this process's CPU time is the server's.

#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::print_stdout,
    reason = "a measurement that cannot be taken says so by failing"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "what runs the measurement says through its environment where and how long"
)]

mod elsewhere;
mod load;
mod nothing;
mod processor;
#[path = "../../tests/suite/support/mod.rs"]
#[expect(dead_code, reason = "the tests use all of it, this uses some")]
mod support;
mod work;

use support::Kind;

fn main() {
    if let Ok(adapter) = std::env::var("BENCH_ADAPTER") {
        return elsewhere::measure(std::path::Path::new(&adapter));
    }
    let listed = |variable: &str, name: &str| {
        std::env::var(variable).map_or(true, |only| only.split(',').any(|part| part == name))
    };
    for kind in [Kind::Sqlite, Kind::Postgres] {
        if listed("BENCH_DATABASE", work::name_of(kind)) {
            work::measure(kind, &|name| listed("BENCH_ONLY", name));
        }
    }
}
