//! The drug of a session: what is done with it, what was given, and the acts that stop it, pause it and let it go on.

mod acts;
mod correct;
mod record;
mod resume;
mod summary;
mod views;

use super::Endpoint;

/// Every endpoint of the drug.
pub fn endpoints() -> Vec<Endpoint> {
    let files =
        [record::endpoints(), summary::endpoints(), correct::endpoints(), acts::endpoints(), resume::endpoints()];
    files.into_iter().flatten().collect()
}
