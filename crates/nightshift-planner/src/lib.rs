//! The `Planner` port: from what was asked to a draft of a plan.
//!
//! - [`estimate`]: needs no model and no network; the same ask gives the same draft.
//! - [`cli`]: asks an agent's command line; what it replies is untrusted, and without a usable
//!   reply the estimate stands, with the reason in it.
//! - [`prompt`]: the fixed text around an untrusted request. [`draft`]: from a reply to a draft.
//!
//! Invariants: the person's own words reach the agent unaltered; agent, executor, directories,
//! network and argv never come from a reply.

mod cli;
mod config;
mod draft;
mod estimate;
#[doc(hidden)]
pub mod fuzz;
mod prompt;

pub use cli::AgentPlanner;
pub use config::{ConfigError, Parts, PlannerKind, PlannerSection, build};
pub use estimate::EstimatePlanner;

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the fuzz target needs the ask alone")
)]
mod samples;
