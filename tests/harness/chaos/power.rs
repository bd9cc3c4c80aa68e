//! Power cuts, replayed: the real server runs under `strace` while people ask; the system calls
//! tell what was on the disk, and what was acknowledged, at every moment. At many of them the
//! files are put together as the power cut would have left them, and opened.
//!
//! The acknowledgements are in the same trace as the syncs: their order is exact.

mod check;
mod cut;
mod disk;
mod exchange;
mod image;
mod load;
mod record;
mod replay;
mod strace;
mod trace;

use std::time::Duration;

pub use replay::Replayed;

use super::Dice;

/// How a server is treated.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    /// Power cuts wanted at least; more traces are taken until there were so many.
    pub cuts: u64,
    /// Power cuts wanted of one trace.
    pub cuts_per_trace: u64,
    /// Requests of each life of the server; a trace has several lives.
    pub requests: u64,
    /// The fault to be found, for `nightshift-sabotaged`; none takes the shipped binary.
    pub fault: Option<&'static str>,
}

/// Takes traces and cuts the power in them. Panics where files cannot be opened at all.
pub async fn run(plan: &Plan) -> Replayed {
    let mut dice = Dice::new(plan.seed);
    let mut total = Replayed::default();
    while total.cuts < plan.cuts {
        let recording = record::record(plan, &mut dice).await;
        total.add(replay::replay(&recording, plan.cuts_per_trace.min(plan.cuts), &mut dice).await);
    }
    total
}

/// Nothing of a server's answer takes longer, traced on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
