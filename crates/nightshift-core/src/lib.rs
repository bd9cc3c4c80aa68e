//! Words and rules of NightShift: no I/O, no clock, no randomness, no async runtime.
//!
//! Read in this order: [`task`] (what was asked, and the one table of moves), [`plan`] (what we
//! would do, identified by its hash), [`approval`] (who may say yes), [`authorise`] (the one
//! decision every door calls), [`chat`] (what people say and see), [`port`] (what the outside
//! world must offer). Invariants that live here:
//!
//! - A task changes state only by [`task::TaskState::on`].
//! - A [`plan::Plan`] is made only from a checked [`plan::Draft`] and never changes; its hash names it.
//! - Every refusal comes from [`authorise::authorise`]; everything not allowed is refused.

pub mod agent;
pub mod approval;
pub mod authorise;
pub mod backoff;
pub mod card;
pub mod chat;
pub mod command;
pub mod error;
pub mod event;
pub mod id;
pub mod notice;
pub mod plan;
pub mod port;
pub mod secret;
pub mod task;
pub mod time;
pub mod user;
pub mod wording;
