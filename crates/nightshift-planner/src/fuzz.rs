//! What a planning agent replies, for the fuzz targets.

use nightshift_core::plan::Draft;
use nightshift_core::port::Ask;
use nightshift_core::secret::{Scrubber, Secret};

use crate::EstimatePlanner;
use crate::draft::Reply;

/// A secret that the scrubber knows.
pub const SECRET: &str = "xoxb-planner-secret";

/// An ask as most are.
pub fn ask() -> Ask {
    crate::samples::ask()
}

/// The draft without a reply, and the one with it, or why there is none.
pub fn draft(ask: &Ask, reply: &str) -> (Draft, Result<Draft, String>) {
    let base = EstimatePlanner
        .draft(ask)
        .expect("invariant: an ask with an agent has an estimate");
    let scrubber = Scrubber::new([Secret::new(SECRET)]);
    let read = Reply::read(reply).and_then(|reply| reply.onto(base.clone(), ask, &scrubber));
    (base, read.map_err(|error| error.to_string()))
}
