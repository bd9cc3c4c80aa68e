//! Statements, one file per aggregate, named as the methods that use them.

pub(crate) mod approval;
pub(crate) mod attempt;
pub(crate) mod beside;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod invariant;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod meta;
pub(crate) mod outbox;
pub(crate) mod page;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod replicas;
pub(crate) mod retention;
pub(crate) mod send;
pub(crate) mod task;
pub(crate) mod timed;
