//! CPU time, from `/proc`: what a neighbour takes hardly moves it, unlike the clock on the wall.

use std::path::Path;

/// Milliseconds of CPU that this process, or the processes below a parent, have used so far.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    /// The server: this process.
    Server,
    /// The children of a process: the database, whose connections are processes.
    Below(u32),
    /// A process and its children: somebody else's server.
    Tree(u32),
}

/// A tick is a hundredth of a second on every Linux.
const TICK_MS: f64 = 10.0;

pub fn milliseconds(who: Who) -> f64 {
    match who {
        Who::Server => ticks(Path::new("/proc/self/stat")).unwrap().1 * TICK_MS,
        Who::Below(parent) => below(parent) * TICK_MS,
        Who::Tree(root) => {
            let own = ticks(Path::new(&format!("/proc/{root}/stat"))).expect("the server runs").1;
            (own + below(root)) * TICK_MS
        }
    }
}

fn below(parent: u32) -> f64 {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path().join("stat"));
    processes.filter_map(|stat| ticks(&stat)).filter(|(of, _)| *of == parent).map(|(_, ticks)| ticks).sum()
}

/// The parent of a process.
pub fn parent_of(process: u32) -> u32 {
    ticks(Path::new(&format!("/proc/{process}/stat"))).expect("the process runs").0
}

/// Parent, and ticks in user and system mode: fields 4, 14 and 15 of `proc(5)`.
fn ticks(stat: &Path) -> Option<(u32, f64)> {
    let text = std::fs::read_to_string(stat).ok()?;
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some((number(1)?, f64::from(number(11)?) + f64::from(number(12)?)))
}
