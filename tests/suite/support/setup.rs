//! How a test's server is set up.

use chairside::access::factor::FactorRule;
use chairside::access::limits::{Bucket, Limits};
use chairside::access::password::Cost;
use chairside::api::extract::BodyTime;
use std::time::Duration;

/// Cheap on purpose: what argon2 costs is tested where it lives.
pub const CHEAP: Cost = Cost { memory: 64, passes: 1, lanes: 1 };

/// How a test's server is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub limits: Limits,
    pub cost: Cost,
    /// Other origins whose pages may read answers.
    pub cross_origins: &'static [&'static str],
    /// How long a body may take to arrive.
    pub body_time: BodyTime,
    pub factor: FactorRule,
}

/// All tests share one address; what it may try is tested where it lives.
pub const SETUP: Setup = Setup {
    limits: Limits { address: Bucket { burst: 1_000_000, refill_seconds: 1 }, ..Limits::DEFAULT },
    cost: CHEAP,
    cross_origins: &[],
    body_time: BodyTime(Duration::from_secs(10)),
    factor: FactorRule::Optional,
};

/// Whether the full counts of the long run are asked for.
pub fn long() -> bool {
    std::env::var("CHAIRSIDE_TEST_SCALE").as_deref() == Ok("long")
}
